//! Low-rank adaptation: Hu et al. 2021, arXiv:2106.09685.

use crate::config::EncoderConfig;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A linear layer that LoRA can adapt, in every encoder layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// `attention.self.query`.
    Query,
    /// `attention.self.key`.
    Key,
    /// `attention.self.value`.
    Value,
    /// `attention.output.dense`.
    AttentionOutput,
    /// `intermediate.dense`.
    Intermediate,
    /// `output.dense` of the feed-forward part.
    Output,
}

impl Target {
    /// All targets, in the order of the forward pass.
    pub const ALL: [Self; 6] = [
        Self::Query,
        Self::Key,
        Self::Value,
        Self::AttentionOutput,
        Self::Intermediate,
        Self::Output,
    ];

    /// The module's path inside its layer.
    pub fn path(self) -> &'static str {
        match self {
            Self::Query => "attention.self.query",
            Self::Key => "attention.self.key",
            Self::Value => "attention.self.value",
            Self::AttentionOutput => "attention.output.dense",
            Self::Intermediate => "intermediate.dense",
            Self::Output => "output.dense",
        }
    }

    /// The name by which users and PEFT's `target_modules` know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            other => other.path(),
        }
    }

    /// Inputs and outputs of the layer.
    pub fn shape(self, config: &EncoderConfig) -> (usize, usize) {
        match self {
            Self::Query | Self::Key | Self::Value | Self::AttentionOutput => {
                (config.hidden, config.hidden)
            }
            Self::Intermediate => (config.hidden, config.intermediate),
            Self::Output => (config.intermediate, config.hidden),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no LoRA target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no LoRA target: use query, key, value, attention.output.dense, intermediate.dense or \
     output.dense"
)]
pub struct ParseTargetError(String);

impl FromStr for Target {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|target| target.name() == text || target.path() == text)
            .ok_or_else(|| ParseTargetError(text.to_owned()))
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// What is adapted, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoraConfig {
    /// The inner dimension r.
    pub rank: usize,
    /// The product is scaled by alpha / r.
    pub alpha: f32,
    /// The adapted linear layers.
    pub targets: BTreeSet<Target>,
    /// The adapted encoder layers, from 0; all of them where `None`.
    pub layers: Option<BTreeSet<usize>>,
    /// The share of an adapter's inputs that is dropped in training.
    pub dropout: f32,
}

impl LoraConfig {
    /// What B A x is multiplied with.
    pub fn scale(&self) -> f32 {
        self.alpha / self.rank as f32
    }

    /// Whether encoder layer `layer` is adapted.
    pub fn adapts(&self, layer: usize) -> bool {
        self.layers
            .as_ref()
            .is_none_or(|layers| layers.contains(&layer))
    }

    /// Checks that every adapted layer exists.
    ///
    /// # Errors
    ///
    /// With the first that does not.
    pub fn check(&self, config: &EncoderConfig) -> Result<(), Error> {
        let last = config.layers - 1;
        match self.layers.iter().flatten().find(|&&layer| layer > last) {
            Some(&layer) => Err(Error::Layer { layer, last }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_known_by_name_and_path() {
        for target in Target::ALL {
            assert_eq!(target.name().parse(), Ok(target));
            assert_eq!(target.path().parse(), Ok(target));
        }
        assert!("querry".parse::<Target>().is_err());
    }
}
