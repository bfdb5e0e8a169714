//! How a model is trained.

use crate::class_weights::ClassWeights;
use crate::schedule::ScheduleKind;
use crate::validation_metric::ValidationMetric;
use crate::weight_decay::WeightDecay;
use goldpan_model::{LoraConfig, Target, Tuning};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// The most that epochs, steps and texts in one may be.
const MOST: usize = 1_000_000_000;

/// Settings of a training. [`TrainConfig::default`] is the published experiment's procedure, but that it works with
/// few labels, too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Passes over the labelled texts, of which each is several where they are few (`min_steps`).
    pub epochs: NonZeroUsize,
    /// The fewest steps: few labelled texts are gone through several times in an epoch.
    pub min_steps: usize,
    /// What a head that the base model does not have starts from.
    pub new_head: NewHeadStart,
    /// Texts in a forward pass.
    pub batch_size: NonZeroUsize,
    /// Forward passes in a step, whose loss is the mean over all their texts.
    pub gradient_accumulation: NonZeroUsize,
    /// The highest learning rate, at the end of the warm-up.
    pub learning_rate: f64,
    /// How the learning rate goes on after the warm-up.
    pub schedule: ScheduleKind,
    /// The share of all steps that the learning rate rises over, 0 to 1.
    pub warmup_ratio: f64,
    /// AdamW's decoupled weight decay, by group of tensors.
    pub weight_decay: WeightDecay,
    /// Gradients whose norm over all tensors is larger are scaled to it.
    pub clip_norm: Option<f64>,
    /// The share of the target that is spread evenly over all classes: Szegedy et al. 2016,
    /// arXiv:1512.00567.
    pub label_smoothing: f64,
    /// What a text's loss is multiplied with, by its class.
    pub class_weights: ClassWeights,
    /// The share of the head's inputs that is dropped.
    pub classifier_dropout: f64,
    /// What the kept epoch is best in.
    pub validation_metric: ValidationMetric,
    /// Epochs without a better one after which the training ends; without it, all are done.
    pub patience: Option<NonZeroUsize>,
    /// Tokens that a text is cut at; without it, as much as the model takes.
    pub max_length: Option<NonZeroUsize>,
    /// What is trained.
    pub tuning: Tuning,
    /// Decides the initial tensors, the order of the texts and what is dropped.
    pub seed: u64,
}

/// What a head that the base model does not have starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "start of a head", rename_all = "lowercase")]
pub enum NewHeadStart {
    /// Logistic regression on the labelled texts, so that training begins where a linear probe ends: Kumar et al.
    /// 2022, arXiv:2202.10054.
    Solved,
    /// Random numbers.
    Random,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            min_steps: 200,
            new_head: NewHeadStart::Solved,
            ..Self::published()
        }
    }
}

impl TrainConfig {
    /// The published experiment's procedure, except for the learning rate, which it leaves open.
    pub fn published() -> Self {
        Self {
            epochs: NonZeroUsize::MIN.saturating_add(3),
            min_steps: 0,
            new_head: NewHeadStart::Random,
            batch_size: NonZeroUsize::MIN.saturating_add(15),
            gradient_accumulation: NonZeroUsize::MIN,
            learning_rate: 5e-4,
            schedule: ScheduleKind::Linear,
            warmup_ratio: 0.06,
            weight_decay: WeightDecay::default(),
            clip_norm: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::None,
            classifier_dropout: 0.0,
            validation_metric: ValidationMetric::Accuracy,
            patience: None,
            max_length: None,
            tuning: Tuning::Lora(Self::default_lora()),
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
    /// The published experiment's adapters.
    pub fn default_lora() -> LoraConfig {
        LoraConfig {
            rank: 8,
            alpha: 16.0,
            targets: [Target::Query, Target::Value].into(),
            layers: None,
            dropout: 0.0,
        }
    }

    /// Texts in a step.
    pub fn step_size(&self) -> usize {
        self.batch_size
            .get()
            .saturating_mul(self.gradient_accumulation.get())
    }

    /// How often this many labelled texts are gone through in an epoch.
    pub fn passes(&self, texts: usize) -> usize {
        let an_epoch = texts.div_ceil(self.step_size());
        let steps = self.epochs.get().saturating_mul(an_epoch);
        self.min_steps.div_ceil(steps.max(1)).max(1)
    }

    /// Checks that every number is in its range.
    ///
    /// # Errors
    ///
    /// With the first setting that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// All settings that are out of their range.
    pub fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Problems::default();
        let (rate, smoothing) = (self.learning_rate, self.label_smoothing);
        problems.number("learning_rate", rate, |x| x > 0.0, "a number above 0");
        for (key, value) in [
            ("epochs", self.epochs.get()),
            ("min_steps", self.min_steps),
            ("batch_size", self.batch_size.get()),
            ("gradient_accumulation", self.gradient_accumulation.get()),
        ] {
            if value > MOST {
                problems.add(key, value, "at most a thousand million");
            }
        }
        problems.share("warmup_ratio", self.warmup_ratio);
        for (key, value) in self.weight_decay.by_key() {
            problems.number(key, value, |x| x >= 0.0, "a number of 0 or more");
        }
        if let Some(norm) = self.clip_norm {
            problems.number("clip_norm", norm, |x| x > 0.0, "a number above 0");
        }
        problems.part("label_smoothing", smoothing);
        problems.part("classifier_dropout", self.classifier_dropout);
        if let ClassWeights::Given(weights) = &self.class_weights {
            for &weight in weights {
                problems.number("class_weights", weight, |x| x > 0.0, "numbers above 0");
            }
        }
        match &self.tuning {
            Tuning::Lora(lora) => problems.lora(lora),
            Tuning::Probe(_) | Tuning::Auto(_) | Tuning::Full | Tuning::Head => {}
        }
        if let Some(strength) = self.tuning.probe().and_then(|probe| probe.strength) {
            problems.number("probe.strength", strength, |x| x > 0.0, "a number above 0");
        }
        problems.0
    }
}

#[derive(Default)]
struct Problems(Vec<ConfigError>);

impl Problems {
    fn add(&mut self, key: &'static str, value: impl ToString, expected: &'static str) {
        self.0.push(ConfigError {
            key,
            value: value.to_string(),
            expected,
        });
    }

    fn number(
        &mut self,
        key: &'static str,
        value: f64,
        fits: impl Fn(f64) -> bool,
        expected: &'static str,
    ) {
        if !(value.is_finite() && fits(value)) {
            self.add(key, value, expected);
        }
    }

    fn share(&mut self, key: &'static str, value: f64) {
        let fits = |x| (0.0..=1.0).contains(&x);
        self.number(key, value, fits, "a number from 0 to 1");
    }

    fn part(&mut self, key: &'static str, value: f64) {
        let fits = |x| (0.0..1.0).contains(&x);
        self.number(key, value, fits, "a number of 0 or more and below 1");
    }

    fn lora(&mut self, lora: &LoraConfig) {
        if lora.rank == 0 {
            self.add("lora.rank", lora.rank, "at least 1");
        }
        let alpha = f64::from(lora.alpha);
        self.number("lora.alpha", alpha, |x| x > 0.0, "a number above 0");
        self.part("lora.dropout", f64::from(lora.dropout));
        if lora.targets.is_empty() {
            self.add("lora.targets", "[]", "at least one linear layer");
        }
        if lora.layers.as_ref().is_some_and(|layers| layers.is_empty()) {
            let expected = "at least one layer, or left out for all";
            self.add("lora.layers", "[]", expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_whose_products_would_overflow_are_refused() {
        let of = |min_steps| TrainConfig {
            min_steps,
            ..TrainConfig::default()
        };
        assert_eq!(of(MOST).check(), Ok(()));
        let error = of(usize::MAX).check().unwrap_err();
        assert_eq!(error.key, "min_steps");
        assert_eq!(of(MOST).passes(1), MOST / 4);
    }
}
