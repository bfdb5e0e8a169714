//! A linear layer: frozen, adapted by LoRA, or trained.

use crate::adaptation::Adaptation;
use crate::config::EncoderConfig;
use crate::device::Device;
use crate::error::Error;
use crate::weights::Weights;
use burn::tensor::Tensor;
use goldpan_kernels::{FrozenLinear, gelu};

/// `x W^T + b` with the weight as Hugging Face stores it, `[outputs, inputs]`.
#[derive(Clone)]
pub(crate) struct Linear {
    /// The name that its trained tensors begin with.
    name: String,
    frozen: FrozenLinear,
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
        let weight = weights.view(&format!("{file_name}.weight"), &[outputs, inputs])?;
        let bias = weights.values(&format!("{file_name}.bias"), &[outputs])?;
        Ok(Self {
            name: config.trained_name(name),
            frozen: FrozenLinear::new(&weight, bias, device.precision(), device.tensors()),
        })
    }

    /// The layer without what is trained.
    pub fn frozen(&self) -> &FrozenLinear {
        &self.frozen
    }

    /// Whether the layer's own weight is trained, or LoRA adapts it.
    pub fn is_changed(&self, trained: Adaptation<'_>) -> bool {
        trained.changes(&self.name)
    }

    /// LoRA's A and B and their scale, where they are all that is done to the layer.
    pub fn low_rank(&self, trained: Adaptation<'_>) -> Option<(Tensor<2>, Tensor<2>, f32)> {
        trained.low_rank(&self.name)
    }

    /// The weight and the bias `[1, outputs]`, by name.
    pub fn tensors(&self) -> [(String, Tensor<2>); 2] {
        [
            (format!("{}.weight", self.name), self.frozen.weight()),
            (
                format!("{}.bias", self.name),
                self.frozen.bias().unsqueeze(),
            ),
        ]
    }

    /// `x W^T + b`, and LoRA's part.
    pub fn adapted(&self, x: Tensor<2>, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        let Some(trained) = adaptation else {
            return self.frozen.forward(x);
        };
        if let Some((weight, bias)) = trained.whole(&self.name) {
            return x.matmul(weight.transpose()) + bias;
        }
        match trained.update(&self.name, &x) {
            Some((low, up)) => self.frozen.forward_adapted(x, low, up),
            None => self.frozen.forward(x),
        }
    }

    /// The exact GELU of [`Linear::adapted`].
    pub fn adapted_gelu(&self, x: Tensor<2>, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        match adaptation.is_some_and(|trained| self.is_changed(trained)) {
            true => gelu(self.adapted(x, adaptation)),
            false => self.frozen.forward_gelu(x),
        }
    }
}
