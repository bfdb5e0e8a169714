//! A linear layer: frozen, adapted by LoRA, or trained.

use crate::adaptation::Adaptation;
use crate::{EncoderConfig, Error, Weights};
use burn::tensor::{Device, Tensor};
use goldpan_kernels::bias_gelu;

/// `x W^T + b` with the weight as Hugging Face stores it, `[outputs, inputs]`.
#[derive(Clone)]
pub(crate) struct Linear {
    /// The name that its trained tensors begin with.
    name: String,
    /// The weight seen as `[inputs, outputs]`.
    transposed: Tensor<2>,
    bias: Tensor<1>,
}

impl Linear {
    /// Loads the layer `prefix` + `name`; `shape` is inputs and outputs.
    pub fn load(
        weights: &Weights,
        prefix: &str,
        name: &str,
        (inputs, outputs): (usize, usize),
        config: &EncoderConfig,
        device: &Device,
    ) -> Result<Self, Error> {
        let file_name = format!("{prefix}{name}");
        let weight = weights.matrix(&format!("{file_name}.weight"), [outputs, inputs], device)?;
        Ok(Self {
            name: config.trained_name(name),
            transposed: weight.transpose(),
            bias: weights.vector(&format!("{file_name}.bias"), outputs, device)?,
        })
    }

    /// The weight and the bias `[1, outputs]`, by name.
    pub fn tensors(&self) -> [(String, Tensor<2>); 2] {
        let weight = self.transposed.clone().transpose();
        let bias = self.bias.clone().unsqueeze();
        [
            (format!("{}.weight", self.name), weight),
            (format!("{}.bias", self.name), bias),
        ]
    }

    /// `x W^T + b`, and LoRA's part.
    pub fn adapted(&self, x: Tensor<2>, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        let (product, bias) = self.product(x, adaptation);
        match bias {
            Some(bias) => product + bias,
            None => product + self.bias.clone().unsqueeze(),
        }
    }

    /// The exact GELU of [`Linear::adapted`].
    pub fn adapted_gelu(&self, x: Tensor<2>, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        let (product, bias) = self.product(x, adaptation);
        match bias {
            // The kernel takes its bias as a constant.
            Some(bias) => bias_gelu(product + bias, self.bias.zeros_like()),
            None => bias_gelu(product, self.bias.clone()),
        }
    }

    /// `x W^T`, plus `scale * (x A^T) B^T` where the layer is adapted; and the bias `[1, outputs]`
    /// where it is trained.
    fn product(
        &self,
        x: Tensor<2>,
        adaptation: Option<Adaptation<'_>>,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let frozen = |x: Tensor<2>| x.matmul(self.transposed.clone());
        let Some(trained) = adaptation else {
            return (frozen(x), None);
        };
        if let Some((weight, bias)) = trained.whole(&self.name) {
            return (x.matmul(weight.transpose()), Some(bias));
        }
        match trained.product(&self.name, &x) {
            Some(added) => (frozen(x) + added, None),
            None => (frozen(x), None),
        }
    }
}
