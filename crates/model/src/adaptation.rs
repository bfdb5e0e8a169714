//! Trained tensors beside or in place of frozen ones.

use crate::dropout::Dropout;
use crate::parameters::Parameters;
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

/// Trained tensors that stand in for the frozen ones or, as LoRA's, add to them.
#[derive(Clone, Copy)]
pub(crate) struct Adaptation<'a> {
    pub parameters: &'a Parameters,
    pub scales: &'a Scales,
    /// Dropout, in training.
    pub dropout: Option<&'a Dropout>,
}

impl Adaptation<'_> {
    /// The tensor `part` of a module, where it is trained.
    pub fn tensor(&self, module: &str, part: &str) -> Option<Tensor<2>> {
        self.parameters.get(&format!("{module}.{part}")).cloned()
    }

    /// A module's own weight and bias `[1, length]`, where they are trained.
    pub fn whole(&self, module: &str) -> Option<(Tensor<2>, Tensor<2>)> {
        Some((self.tensor(module, "weight")?, self.tensor(module, "bias")?))
    }

    /// LoRA's A and B of a module and their scale, where they are all that is done to it.
    pub fn low_rank(&self, module: &str) -> Option<(Tensor<2>, Tensor<2>, f32)> {
        let dropped = self.dropout.is_some_and(|dropout| dropout.adapter > 0.0);
        if dropped || self.whole(module).is_some() {
            return None;
        }
        let a = self.tensor(module, "lora_A.weight")?;
        let b = self.tensor(module, "lora_B.weight")?;
        Some((a, b, self.scales.of(module)))
    }

    /// LoRA's update of a module, `low up^T`, where it is adapted: `low` is `scale * x A^T`,
    /// `[tokens, rank]`, and `up` is B, `[outputs, rank]`.
    pub fn update(&self, module: &str, x: &Tensor<2>) -> Option<(Tensor<2>, Tensor<2>)> {
        let a = self.tensor(module, "lora_A.weight")?;
        let b = self.tensor(module, "lora_B.weight")?;
        let x = match self.dropout {
            Some(dropout) => dropout.on_adapter(x.clone(), module),
            None => x.clone(),
        };
        Some((x.matmul(a.transpose()) * self.scales.of(module), b))
    }

    /// Whether a module's own weight is trained, or LoRA adapts it.
    pub fn changes(&self, module: &str) -> bool {
        ["weight", "lora_A.weight"]
            .into_iter()
            .any(|part| self.tensor(module, part).is_some())
    }
}
