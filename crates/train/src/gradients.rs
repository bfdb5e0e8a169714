//! Gradients of named tensors: summed over the passes of a step, and clipped.

use burn::tensor::{Gradients, Tensor};
use goldpan_model::Parameters;
use std::collections::BTreeMap;

/// The gradients of one step.
#[derive(Default)]
pub(crate) struct NamedGradients(BTreeMap<String, Tensor<2>>);

impl NamedGradients {
    /// Adds the gradients of a backward pass.
    pub fn add(&mut self, parameters: &Parameters, gradients: &Gradients) {
        for (name, parameter) in parameters.iter() {
            let Some(gradient) = parameter.grad(gradients) else {
                continue;
            };
            let sum = match self.0.remove(name) {
                Some(before) => before + gradient,
                None => gradient,
            };
            self.0.insert(name.to_owned(), sum);
        }
    }

    /// The Euclidean norm over all tensors.
    fn norm(&self) -> f64 {
        let square = |gradient: &Tensor<2>| {
            let sum = gradient.clone().square().sum();
            f64::from(sum.into_scalar::<f32>())
        };
        self.0.values().map(square).sum::<f64>().sqrt()
    }

    /// Scales the gradients to the norm `most` where theirs is larger: Pascanu et al. 2013,
    /// arXiv:1211.5063, with the small number that PyTorch's `clip_grad_norm_` adds.
    pub fn clip(&mut self, most: f64) {
        let scale = most / (self.norm() + 1e-6);
        if scale < 1.0 {
            for gradient in self.0.values_mut() {
                *gradient = gradient.clone() * scale;
            }
        }
    }

    /// Takes the gradient of a tensor out.
    pub fn take(&mut self, name: &str) -> Option<Tensor<2>> {
        self.0.remove(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn gradients() -> NamedGradients {
        let tensor = |values: [[f32; 2]; 1]| Tensor::from_data(values, &Device::flex());
        let tensors = [("a", tensor([[3.0, 0.0]])), ("b", tensor([[0.0, 4.0]]))];
        let named = tensors.map(|(name, tensor)| (name.to_owned(), tensor));
        NamedGradients(named.into())
    }

    #[test]
    fn a_norm_that_is_too_large_is_scaled_down() {
        let mut clipped = gradients();
        assert!((clipped.norm() - 5.0).abs() < 1e-6);
        clipped.clip(1.0);
        assert!((clipped.norm() - 1.0).abs() < 1e-5);
        let a: Vec<f32> = clipped.take("a").unwrap().into_data().iter().collect();
        assert!((a[0] - 0.6).abs() < 1e-5 && a[1] == 0.0);
    }

    #[test]
    fn a_norm_within_the_bound_stays() {
        let mut kept = gradients();
        kept.clip(5.1);
        let b: Vec<f32> = kept.take("b").unwrap().into_data().iter().collect();
        assert_eq!(b, [0.0, 4.0]);
    }
}
