//! What is known of each trained model, and what is asked of all of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A trained model, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// The arm; `None` for the model of the start, from which all arms of its seed go on.
    pub arm: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The round, 0 for the start.
    pub round: u32,
    /// Labelled texts that it learned from.
    pub labelled: u64,
    /// The question's [`Metric`] on the validation texts, of the kept epoch, in [0, 1].
    pub peak: f64,
    /// The same of the last epoch, in [0, 1].
    pub last: f64,
    /// The metric on texts that no epoch was chosen by, in [0, 1].
    pub test: Option<f64>,
    /// Validation loss of the kept epoch. Models of an arm that are equal in it and in all else are one
    /// model, whatever their seeds.
    #[serde(default)]
    pub loss: Option<f64>,
    /// The class that the kept epoch's model answers to every validation text, where it is only one.
    #[serde(default)]
    pub only: Option<String>,
    /// What was trained, where that was chosen for each model, in words.
    #[serde(default)]
    pub chosen: Option<String>,
    /// Whether the arm was stopped after this model, before rounds that other seeds or arms go on to.
    pub stopped: bool,
}

/// What arms are compared by. In a pipeline file `accuracy`, `macro-f1` or `{ f1: CLASS }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "metric", rename_all = "kebab-case")]
pub enum Metric {
    /// The share of texts that are given the right class.
    #[default]
    Accuracy,
    /// The plain mean of the classes' F1.
    MacroF1,
    /// The F1 of the class with this name.
    F1(String),
}

/// `accuracy`, `macro-F1`, `F1 of spam`
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accuracy => f.pad("accuracy"),
            Self::MacroF1 => f.pad("macro-F1"),
            Self::F1(class) => f.pad(&format!("F1 of {class}")),
        }
    }
}

/// Which models and texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The best epoch on the validation texts. It flatters: the epoch was chosen on them.
    #[default]
    Peak,
    /// The last epoch on the validation texts.
    Last,
    /// The best epoch on texts that no epoch was chosen by.
    Test,
}

impl Measure {
    /// Every measure, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Peak, Self::Last, Self::Test];

    /// What is measured, in words: `validation accuracy of the best epoch`.
    pub fn name(self, metric: &Metric) -> String {
        match self {
            Self::Peak => format!("validation {metric} of the best epoch"),
            Self::Last => format!("validation {metric} of the last epoch"),
            Self::Test => format!("test {metric}"),
        }
    }

    pub(crate) fn of(self, model: &Trained) -> Option<f64> {
        match self {
            Self::Peak => Some(model.peak),
            Self::Last => Some(model.last),
            Self::Test => model.test,
        }
    }
}

/// What is asked of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Which models and texts are compared.
    pub measure: Measure,
    /// What they are compared by.
    #[serde(default)]
    pub metric: Metric,
    /// The arm that others are compared with; nothing is compared where `None`.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The value of the metric that labels are counted to; where `None`, what the baseline ends with.
    pub target: Option<f64>,
    /// The seed of the bootstrap.
    pub seed: u64,
}

impl Question {
    /// What is asked where others are compared with this arm.
    pub fn against(baseline: &str) -> Self {
        Self {
            baseline: Some(baseline.to_owned()),
            ..Self::default()
        }
    }
}

impl Default for Question {
    fn default() -> Self {
        Self {
            measure: Measure::Peak,
            metric: Metric::Accuracy,
            baseline: None,
            target: None,
            seed: 0,
        }
    }
}
