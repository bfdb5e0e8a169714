//! Texts of a class are drawn together, and those of other classes apart: supervised contrastive learning (Khosla et
//! al. 2020, arXiv:2004.11362) beside cross-entropy, as Gunel et al. 2021 (arXiv:2011.01403) tune with few labels. All
//! pairs of a batch count, so that a text goes through the encoder once for all of its pairs.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// What cosines are divided by.
const TEMPERATURE: f64 = 0.2;
/// Added to a text's similarity with itself, which is no pair.
const ITSELF: f32 = -1e9;

/// The loss of vectors of length 1, `[texts, dimension]`: for each text the mean of `-ln p(other)` over the others of
/// its class, where `p` is the softmax of its cosines with all others; averaged with what `weights` gives to each
/// class. A text that is alone in its class adds nothing. `[1]`; `None` where no two texts have one class.
pub(crate) fn contrastive(
    vectors: Tensor<2>,
    labels: &[i32],
    weights: Option<&[f32]>,
    device: &Device,
) -> Option<Tensor<1>> {
    let texts = labels.len();
    let weight = |label: i32| weights.map_or(1.0, |weights| weights[label as usize]);
    let total: f32 = labels.iter().map(|&label| weight(label)).sum();
    let mut pairs = vec![0.0_f32; texts * texts];
    let mut alone = vec![0.0_f32; texts * texts];
    for (text, &label) in labels.iter().enumerate() {
        let others = (0..texts).filter(|other| *other != text && labels[*other] == label);
        let others: Vec<usize> = others.collect();
        for &other in &others {
            pairs[text * texts + other] = weight(label) / (total * others.len() as f32);
        }
        alone[text * texts + text] = ITSELF;
    }
    if pairs.iter().all(|pair| *pair == 0.0) {
        return None;
    }
    let square = |values| Tensor::<2>::from_data(TensorData::new(values, [texts, texts]), device);
    let cosines = vectors.clone().matmul(vectors.transpose());
    let log_probabilities = log_softmax(cosines / TEMPERATURE + square(alone), 1);
    Some((log_probabilities * square(pairs)).sum().neg())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [[f32; 3]; 5] = [
        [0.6, 0.8, 0.0],
        [0.0, 0.6, 0.8],
        [0.8, 0.0, 0.6],
        [-0.6, 0.0, 0.8],
        [0.0, -1.0, 0.0],
    ];
    const LABELS: [i32; 5] = [0, 1, 0, 1, 2];

    /// The loss and the gradient of the vectors.
    fn loss(rows: &[[f32; 3]], labels: &[i32], weights: Option<&[f32]>) -> (f32, Vec<f32>) {
        let device = Device::flex();
        let values = TensorData::new(rows.concat(), [rows.len(), 3]);
        let vectors = Tensor::<2>::from_data(values, &device);
        let vectors = vectors.autodiff().require_grad();
        let value = contrastive(vectors.clone(), labels, weights, &device).unwrap();
        let gradient = vectors.grad(&value.backward()).unwrap();
        let value = value.into_scalar::<f32>();
        (value, gradient.into_data().iter::<f32>().collect())
    }

    /// By the formula, in f64.
    fn by_hand(rows: &[[f32; 3]], labels: &[i32], weights: &[f64]) -> f64 {
        let cosine = |a: usize, b: usize| -> f64 {
            let pairs = rows[a].iter().zip(&rows[b]);
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for a in 0..rows.len() {
            let others: Vec<usize> = (0..rows.len()).filter(|b| *b != a).collect();
            let all: f64 = others.iter().map(|&b| (cosine(a, b) / 0.2).exp()).sum();
            let same = others.iter().filter(|&&b| labels[b] == labels[a]);
            let losses: Vec<f64> = same.map(|&b| all.ln() - cosine(a, b) / 0.2).collect();
            let weight = weights[labels[a] as usize];
            total += weight;
            if !losses.is_empty() {
                sum += weight * losses.iter().sum::<f64>() / losses.len() as f64;
            }
        }
        sum / total
    }

    #[test]
    fn it_is_the_formula() {
        for weights in [[1.0, 1.0, 1.0], [0.5, 2.0, 1.25]] {
            let expected = by_hand(&ROWS, &LABELS, &weights);
            let given = weights.map(|weight| weight as f32);
            let (got, _) = loss(&ROWS, &LABELS, Some(&given));
            assert!(
                (f64::from(got) - expected).abs() < 1e-5,
                "{got}, {expected}"
            );
        }
        let equal = loss(&ROWS, &LABELS, None).0;
        assert_eq!(equal, loss(&ROWS, &LABELS, Some(&[1.0; 3])).0);
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        let (_, gradient) = loss(&ROWS, &LABELS, None);
        for (index, got) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut rows = ROWS;
                rows[index / 3][index % 3] += by;
                by_hand(&rows, &LABELS, &[1.0; 3])
            };
            let expected = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!(
                (f64::from(*got) - expected).abs() < 1e-3,
                "{got}, {expected}"
            );
        }
    }

    #[test]
    fn where_all_are_alone_there_is_nothing_to_learn() {
        let device = Device::flex();
        let vectors = Tensor::<2>::from_data(TensorData::new(ROWS[..2].concat(), [2, 3]), &device);
        assert!(contrastive(vectors.clone(), &[0, 1], None, &device).is_none());
        assert!(contrastive(vectors, &[1, 1], None, &device).is_some());
    }
}
