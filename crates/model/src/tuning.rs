//! Which part of a model is trained.

use crate::class_texts::ClassTexts;
use crate::config::EncoderConfig;
use crate::error::Error;
use crate::lora::LoraConfig;
use goldpan_kernels::Precision;
use serde::Serialize;
use std::fmt;

/// Which part of a model is trained; the classification head always is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tuning {
    /// Low-rank adapters beside frozen layers.
    Lora(LoraConfig),
    /// Every tensor: full fine-tuning.
    Full,
    /// The head alone, a linear probe: Alain and Bengio 2016, arXiv:1610.01644.
    Head,
    /// A logistic regression on sentence embeddings, solved to convergence; the model is left as it is.
    Probe(ProbeConfig),
    /// What does best with labelled texts that are held out: the probe, with or without the votes of the
    /// nearest texts, or adapters of the encoder below it.
    Auto(AutoConfig),
}

/// Settings of the choice between ways of training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutoConfig {
    /// Those of its probe.
    pub probe: ProbeConfig,
    /// The most steps of a training through the encoder, of 32 texts each; it is not tried where they are 0.
    pub steps: usize,
    /// That of its products with frozen weights. What is chosen is measured in the device's.
    pub precision: Precision,
}

impl Default for AutoConfig {
    fn default() -> Self {
        Self {
            probe: ProbeConfig::default(),
            steps: 600,
            precision: Precision::Bf16,
        }
    }
}

/// Settings of a probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProbeConfig {
    /// What the sum of the losses is multiplied with, scikit-learn's `C`; without it, half the number of
    /// classes.
    pub strength: Option<f64>,
    /// Descriptions of the classes, by which texts are told apart before any label is; none at all, or of
    /// each class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassTexts>,
}

impl Tuning {
    /// The settings of a probe, where one is solved.
    pub fn probe(&self) -> Option<&ProbeConfig> {
        match self {
            Self::Probe(probe) => Some(probe),
            Self::Auto(auto) => Some(&auto.probe),
            Self::Lora(_) | Self::Full | Self::Head => None,
        }
    }

    /// The kind alone.
    pub fn kind(&self) -> TuningKind {
        match self {
            Self::Lora(_) => TuningKind::Lora,
            Self::Full => TuningKind::Full,
            Self::Head => TuningKind::Head,
            Self::Probe(_) => TuningKind::Probe,
            Self::Auto(_) => TuningKind::Auto,
        }
    }

    /// What LoRA's products are multiplied with.
    pub(crate) fn scale(&self) -> f32 {
        match self {
            Self::Lora(lora) => lora.scale(),
            Self::Full | Self::Head | Self::Probe(_) | Self::Auto(_) => 0.0,
        }
    }

    /// Checks that every adapted layer exists.
    pub(crate) fn check(&self, config: &EncoderConfig) -> Result<(), Error> {
        match self {
            Self::Lora(lora) => lora.check(config),
            Self::Full | Self::Head | Self::Probe(_) | Self::Auto(_) => Ok(()),
        }
    }
}

/// A way of training, without its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TuningKind {
    /// Low-rank adapters and the head.
    #[default]
    Lora,
    /// Every tensor.
    Full,
    /// The head alone.
    Head,
    /// A logistic regression on sentence embeddings.
    Probe,
    /// Low-rank adapters below such a regression: what `auto` may become.
    Adapted,
    /// Whatever does best; a model's folder says what that was.
    Auto,
}

impl TuningKind {
    /// Whether a model's folder has a probe.
    pub fn has_probe(self) -> bool {
        matches!(self, Self::Probe | Self::Adapted)
    }
}

impl fmt::Display for TuningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lora => "lora",
            Self::Full => "full",
            Self::Head => "head",
            Self::Probe => "probe",
            Self::Adapted => "adapters and a probe",
            Self::Auto => "auto",
        })
    }
}
