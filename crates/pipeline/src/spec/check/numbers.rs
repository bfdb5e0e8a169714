//! Numbers in their ranges, and the settings that are made of numbers.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::num::NonZeroUsize;

use crate::spec::check::context::Context;
use crate::spec::options::{LoraOptions, TrainOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::{LoraSettings, LoraTarget, TrainingSettings};

/// What holds where a pipeline file says nothing: the usual values for LoRA on RoBERTa-base.
mod standard {
    pub(super) const EPOCHS: u64 = 4;
    pub(super) const BATCH_SIZE: u64 = 16;
    pub(super) const LEARNING_RATE: f64 = 5e-4;
    pub(super) const WARMUP_RATIO: f64 = 0.06;
    pub(super) const WEIGHT_DECAY: f64 = 0.1;
    pub(super) const RANK: u64 = 8;
    pub(super) const ALPHA: f64 = 16.0;
}

impl Context<'_> {
    /// A whole number above 0.
    pub(super) fn count(&mut self, path: &KeyPath, value: u64) -> Option<NonZeroUsize> {
        let count = usize::try_from(value).ok().and_then(NonZeroUsize::new);
        count.or_else(|| self.out_of_range(path, value, "a whole number above 0"))
    }

    /// A whole number above 0, where one may be given.
    pub(super) fn optional_count(
        &mut self,
        path: &KeyPath,
        value: Option<u64>,
    ) -> Option<Option<NonZeroUsize>> {
        match value {
            None => Some(None),
            Some(value) => self.count(path, value).map(Some),
        }
    }

    /// A finite number in a range.
    pub(super) fn number(
        &mut self,
        path: &KeyPath,
        value: f64,
        fits: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Option<f64> {
        match fits(value) && value.is_finite() {
            // -0 and 0 are the same setting.
            true => Some(value + 0.0),
            false => self.out_of_range(path, value, expected),
        }
    }

    fn out_of_range<T>(
        &mut self,
        path: &KeyPath,
        found: impl Display,
        expected: &'static str,
    ) -> Option<T> {
        let found = found.to_string();
        self.wrong(path, ProblemKind::OutOfRange { found, expected })
    }

    /// Values of a list, none twice.
    pub(super) fn distinct<T: Ord + Clone + Display>(
        &mut self,
        path: &KeyPath,
        values: &[T],
    ) -> Option<BTreeSet<T>> {
        let mut set = BTreeSet::new();
        for (i, value) in values.iter().enumerate() {
            if !set.insert(value.clone()) {
                let found = value.to_string();
                return self.wrong(&path.index(i), ProblemKind::Repeated { found });
            }
        }
        Some(set)
    }

    /// How a model is trained: `path` leads to the training options, `model` to the adapter's.
    pub(super) fn training(
        &mut self,
        path: &KeyPath,
        options: &TrainOptions,
        model: &KeyPath,
        lora: Option<&LoraOptions>,
    ) -> Option<TrainingSettings> {
        let epochs = self.count(
            &path.key("epochs"),
            options.epochs.unwrap_or(standard::EPOCHS),
        );
        let batch_size = self.count(
            &path.key("batch_size"),
            options.batch_size.unwrap_or(standard::BATCH_SIZE),
        );
        let learning_rate = self.number(
            &path.key("learning_rate"),
            options.learning_rate.unwrap_or(standard::LEARNING_RATE),
            |value| value > 0.0,
            "a number above 0",
        );
        let warmup_ratio = self.number(
            &path.key("warmup_ratio"),
            options.warmup_ratio.unwrap_or(standard::WARMUP_RATIO),
            |value| (0.0..=1.0).contains(&value),
            "a number from 0 to 1",
        );
        let weight_decay = self.number(
            &path.key("weight_decay"),
            options.weight_decay.unwrap_or(standard::WEIGHT_DECAY),
            |value| value >= 0.0,
            "a number of 0 or more",
        );
        let max_length = self.optional_count(&path.key("max_length"), options.max_length);
        let lora = match lora {
            Some(lora) => self.lora(&model.key("lora"), lora),
            None => self.lora(&model.key("lora"), &LoraOptions::default()),
        };
        Some(TrainingSettings {
            epochs: epochs?,
            batch_size: batch_size?,
            learning_rate: learning_rate?,
            warmup_ratio: warmup_ratio?,
            weight_decay: weight_decay?,
            max_length: max_length?,
            precision: options.precision.unwrap_or_default(),
            lora: lora?,
        })
    }

    fn lora(&mut self, path: &KeyPath, options: &LoraOptions) -> Option<LoraSettings> {
        let rank = self.count(&path.key("rank"), options.rank.unwrap_or(standard::RANK));
        let alpha = self.number(
            &path.key("alpha"),
            options.alpha.unwrap_or(standard::ALPHA),
            |value| value > 0.0,
            "a number above 0",
        );
        let targets = match &options.targets {
            None => Some([LoraTarget::Query, LoraTarget::Value].into()),
            Some(targets) => self.some_of(&path.key("targets"), targets, "name a linear layer"),
        };
        let layers = match &options.layers {
            None => Some(None),
            Some(layers) => self
                .some_of(
                    &path.key("layers"),
                    layers,
                    "leave it out to adapt every layer",
                )
                .map(Some),
        };
        Some(LoraSettings {
            rank: rank?,
            alpha: alpha?,
            targets: targets?,
            layers: layers?,
        })
    }

    /// At least one value, none twice.
    pub(super) fn some_of<T: Ord + Clone + Display>(
        &mut self,
        path: &KeyPath,
        values: &[T],
        expected: &'static str,
    ) -> Option<BTreeSet<T>> {
        if values.is_empty() {
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        self.distinct(path, values)
    }
}
