//! A frozen linear layer.

use crate::{Error, Weights};
use burn::tensor::{Device, Tensor};

/// `x W^T + b` with the weight as Hugging Face stores it, `[outputs, inputs]`.
#[derive(Clone)]
pub(crate) struct Linear {
    /// The weight seen as `[inputs, outputs]`.
    transposed: Tensor<2>,
    pub bias: Tensor<1>,
}

impl Linear {
    pub fn load(
        weights: &Weights,
        name: &str,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Result<Self, Error> {
        let weight = weights.matrix(&format!("{name}.weight"), [outputs, inputs], device)?;
        Ok(Self {
            transposed: weight.transpose(),
            bias: weights.vector(&format!("{name}.bias"), outputs, device)?,
        })
    }

    /// `x W^T`, without the bias.
    pub fn product(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.transposed.clone())
    }

    /// `x W^T + b`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.product(x) + self.bias.clone().unsqueeze()
    }
}
