//! What LoRA adds to frozen linear layers.

use crate::Parameters;
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// What the LoRA product of each module is multiplied with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scales {
    default: f32,
    by_module: BTreeMap<String, f32>,
}

impl Scales {
    /// The same for all modules.
    pub fn uniform(scale: f32) -> Self {
        Self::new(scale, BTreeMap::new())
    }

    /// Those of `by_module`, and `default` for every other module.
    pub fn new(default: f32, by_module: BTreeMap<String, f32>) -> Self {
        Self { default, by_module }
    }

    /// The scale of a module, by its path in the model, such as `bert.pooler.dense`.
    pub fn of(&self, module: &str) -> f32 {
        self.by_module.get(module).copied().unwrap_or(self.default)
    }
}

/// LoRA tensors and what their products are multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct Adaptation<'a> {
    pub parameters: &'a Parameters,
    pub scales: &'a Scales,
}

impl Adaptation<'_> {
    /// `scale * (x A^T) B^T`, or `None` where the module is not adapted.
    pub fn product(&self, module: &str, x: Tensor<2>) -> Option<Tensor<2>> {
        let tensor = |part: &str| self.parameters.get(&format!("{module}.{part}.weight"));
        let (a, b) = (tensor("lora_A")?, tensor("lora_B")?);
        let low = x.matmul(a.clone().transpose()) * self.scales.of(module);
        Some(low.matmul(b.clone().transpose()))
    }
}
