//! Cross-entropy with class weights and label smoothing, as PyTorch's `CrossEntropyLoss`.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The loss of a step, which may take several forward passes.
pub(crate) struct Loss {
    /// `[1, classes]`; equal weights where `None`.
    weights: Option<Vec<f32>>,
    smoothing: f64,
}

impl Loss {
    /// `weights` has one for each class; `smoothing` is the share of the target that is spread
    /// evenly.
    pub fn new(weights: Option<Vec<f32>>, smoothing: f64) -> Self {
        Self { weights, smoothing }
    }

    /// What the texts with these labels weigh together: the loss of a step is its texts' sum
    /// divided by this.
    pub fn weight(&self, labels: &[i32]) -> f64 {
        let of = |&label: &i32| match &self.weights {
            Some(weights) => f64::from(weights[label as usize]),
            None => 1.0,
        };
        labels.iter().map(of).sum()
    }

    /// The sum of the losses of texts with logits `[texts, classes]`, divided by `weight`: `[1]`.
    pub fn of(&self, logits: Tensor<2>, labels: &[i32], weight: f64, device: &Device) -> Tensor<1> {
        let [texts, classes] = logits.dims();
        let index = TensorData::new(labels.to_vec(), [texts, 1]);
        let index = Tensor::<2, Int>::from_data(index, device);
        let mut log_probabilities = log_softmax(logits, 1);
        if let Some(weights) = &self.weights {
            let weights = TensorData::new(weights.clone(), [1, classes]);
            log_probabilities = log_probabilities * Tensor::from_data(weights, device);
        }
        let chosen = log_probabilities.clone().gather(1, index).sum();
        let total = match self.smoothing {
            0.0 => chosen,
            smoothing => {
                let even = log_probabilities.sum() * (smoothing / classes as f64);
                chosen * (1.0 - smoothing) + even
            }
        };
        (total / weight).neg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 12] = [
        0.3, -1.2, 2.0, 1.5, 0.2, -0.7, -0.4, 0.9, 0.1, 2.2, -0.3, 0.8,
    ];
    const LABELS: [i32; 4] = [2, 0, 0, 1];
    const WEIGHTS: [f32; 3] = [0.5, 2.0, 1.25];

    /// The loss and the gradient of the logits.
    fn loss(loss: &Loss, rows: std::ops::Range<usize>, weight: f64) -> (f32, Vec<f32>) {
        let device = Device::flex();
        let logits = LOGITS[rows.start * 3..rows.end * 3].to_vec();
        let logits = Tensor::<2>::from_data(TensorData::new(logits, [rows.len(), 3]), &device);
        let logits = logits.autodiff().require_grad();
        let labels = &LABELS[rows];
        let value = loss.of(logits.clone(), labels, weight, &device);
        let gradient = logits.grad(&value.backward()).unwrap();
        (value.into_scalar(), gradient.into_data().iter().collect())
    }

    fn assert_loss(weighted: bool, smoothing: f64, value: f32, gradient: [f32; 12]) {
        let case = Loss::new(weighted.then(|| WEIGHTS.to_vec()), smoothing);
        let (got, got_gradient) = loss(&case, 0..4, case.weight(&LABELS));
        assert!((got - value).abs() < 1e-6, "{got} is not {value}");
        for (got, expected) in got_gradient.iter().zip(gradient) {
            assert!((got - expected).abs() < 1e-6, "{got_gradient:?}");
        }
    }

    /// The values of torch 2.15's `CrossEntropyLoss` and its gradient.
    #[test]
    fn it_is_that_of_pytorch() {
        assert_loss(
            false,
            0.0,
            1.288_440_3,
            [
                0.0373297, 0.0083294, -0.0456591, -0.0692773, 0.0492527, 0.0200246, -0.2104306,
                0.1451918, 0.0652389, 0.1881564, -0.2345552, 0.0463988,
            ],
        );
        assert_loss(
            false,
            0.1,
            1.313_440_3,
            [
                0.0289964, -3.9e-06, -0.0289924, -0.0526107, 0.0409193, 0.0116913, -0.193764,
                0.1368584, 0.0569055, 0.1798231, -0.2178885, 0.0380655,
            ],
        );
        assert_loss(
            true,
            0.0,
            1.624_568_2,
            [
                0.0439173, 0.0097993, -0.0537166, -0.0326011, 0.0231777, 0.0094234, -0.0990262,
                0.0683255, 0.0307006, 0.3541768, -0.4415156, 0.0873389,
            ],
        );
        assert_loss(
            true,
            0.2,
            1.708_699_5,
            [
                0.0360742, -0.0215733, -0.0145009, 0.008599, -0.0012415, -0.0073575, -0.0777536,
                0.0574506, 0.020303, 0.3197704, -0.380951, 0.0611806,
            ],
        );
    }

    #[test]
    fn the_parts_of_a_step_add_up_to_the_whole() {
        let case = Loss::new(Some(WEIGHTS.to_vec()), 0.1);
        let weight = case.weight(&LABELS);
        let (whole, gradient) = loss(&case, 0..4, weight);
        let (first, mut gradients) = loss(&case, 0..3, weight);
        let (second, rest) = loss(&case, 3..4, weight);
        gradients.extend(rest);
        assert!((first + second - whole).abs() < 1e-6);
        for (got, expected) in gradients.iter().zip(gradient) {
            assert!((got - expected).abs() < 1e-7);
        }
    }
}
