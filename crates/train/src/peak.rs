//! The best epoch.

use goldpan_model::Parameters;
use serde::{Deserialize, Serialize};

/// An epoch and its validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peak {
    pub epoch: usize,
    pub accuracy: f64,
    pub macro_f1: f64,
    pub loss: f64,
    /// The F1 of each class.
    #[serde(default)]
    pub f1: Vec<f64>,
    /// How many texts each class was answered to.
    #[serde(default)]
    pub predicted: Vec<u64>,
}

/// The peak epoch's tensors.
pub(crate) struct Best {
    pub peak: Peak,
    pub parameters: Parameters,
}
