//! What epochs are compared by.

use crate::train::Peak;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The measurement on the validation set that the kept epoch is best in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "validation metric", rename_all = "kebab-case")]
pub enum ValidationMetric {
    /// The highest accuracy, as in the published experiment.
    #[default]
    Accuracy,
    /// The highest macro-averaged F1.
    MacroF1,
    /// The lowest loss.
    Loss,
}

impl ValidationMetric {
    /// Whether `new` is better than `old`; a tie is not.
    pub(crate) fn improves(self, new: &Peak, old: &Peak) -> bool {
        match self {
            Self::Accuracy => new.accuracy > old.accuracy,
            Self::MacroF1 => new.macro_f1 > old.macro_f1,
            Self::Loss => new.loss < old.loss,
        }
    }
}

impl fmt::Display for ValidationMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro-f1",
            Self::Loss => "loss",
        })
    }
}
