//! How a model is trained.

use goldpan_model::{LoraConfig, Target};
use serde::Serialize;
use std::num::NonZeroUsize;

/// Settings of a training. [`TrainConfig::default`] is the published experiment's procedure, except
/// for the learning rate, which it leaves open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Passes over the labelled texts.
    pub epochs: NonZeroUsize,
    /// Texts in a step.
    pub batch_size: NonZeroUsize,
    /// The highest learning rate, at the end of the warm-up.
    pub learning_rate: f64,
    /// The share of all steps that the learning rate rises over, 0 to 1.
    pub warmup_ratio: f64,
    /// AdamW's decoupled weight decay, on every trainable tensor.
    pub weight_decay: f64,
    /// Tokens that a text is cut at; without it, as much as the model takes.
    pub max_length: Option<NonZeroUsize>,
    /// What is adapted.
    pub lora: LoraConfig,
    /// Decides the initial tensors and the order of the texts.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: NonZeroUsize::MIN.saturating_add(3),
            batch_size: NonZeroUsize::MIN.saturating_add(15),
            learning_rate: 5e-4,
            warmup_ratio: 0.06,
            weight_decay: 0.1,
            max_length: None,
            lora: LoraConfig {
                rank: 8,
                alpha: 16.0,
                targets: [Target::Query, Target::Value].into(),
                layers: None,
            },
            seed: 0,
        }
    }
}

/// A setting that no training can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {value} is not possible: it must be {expected}")]
pub struct ConfigError {
    /// The setting.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub expected: &'static str,
}

impl TrainConfig {
    /// Checks that every number is in its range.
    ///
    /// # Errors
    ///
    /// With the first setting that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, value: &dyn ToString, expected| {
            Err(ConfigError {
                key,
                value: value.to_string(),
                expected,
            })
        };
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return wrong("learning_rate", &self.learning_rate, "a number above 0");
        }
        if !(0.0..=1.0).contains(&self.warmup_ratio) {
            return wrong("warmup_ratio", &self.warmup_ratio, "a number from 0 to 1");
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return wrong("weight_decay", &self.weight_decay, "a number of at least 0");
        }
        if self.lora.rank == 0 {
            return wrong("lora.rank", &self.lora.rank, "at least 1");
        }
        if !(self.lora.alpha.is_finite() && self.lora.alpha > 0.0) {
            return wrong("lora.alpha", &self.lora.alpha, "a number above 0");
        }
        if self.lora.targets.is_empty() {
            return wrong("lora.targets", &"[]", "at least one linear layer");
        }
        if self
            .lora
            .layers
            .as_ref()
            .is_some_and(|layers| layers.is_empty())
        {
            return wrong(
                "lora.layers",
                &"[]",
                "at least one layer, or left out for all",
            );
        }
        Ok(())
    }
}
