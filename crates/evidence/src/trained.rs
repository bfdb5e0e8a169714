//! What is known of each trained model, and what is asked of all of them.

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
    /// Validation accuracy of the best epoch, in [0, 1].
    pub peak: f64,
    /// Validation accuracy of the last epoch, in [0, 1].
    pub last: f64,
    /// Accuracy on texts that no epoch was chosen by, in [0, 1].
    pub test: Option<f64>,
    /// Whether the arm was stopped after this model, before rounds that other seeds or arms go on to.
    pub stopped: bool,
}

/// Which accuracy is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Validation accuracy of the best epoch. It flatters: the epoch was chosen by it.
    #[default]
    Peak,
    /// Validation accuracy of the last epoch.
    Last,
    /// Accuracy on texts that no epoch was chosen by.
    Test,
}

impl Measure {
    /// Every measure, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Peak, Self::Last, Self::Test];

    /// What is measured, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peak => "validation accuracy of the best epoch",
            Self::Last => "validation accuracy of the last epoch",
            Self::Test => "test accuracy",
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
    /// Which accuracy is compared.
    pub measure: Measure,
    /// The arm that others are compared with.
    pub baseline: String,
    /// The accuracy that labels are counted to; where `None`, what the baseline ends with.
    pub target: Option<f64>,
    /// The seed of the bootstrap.
    pub seed: u64,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            measure: Measure::Peak,
            baseline: "random".to_owned(),
            target: None,
            seed: 0,
        }
    }
}
