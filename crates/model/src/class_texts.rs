//! Classes as texts say them, for classifying without training.

use serde::Serialize;

/// A class with the texts that stand for it: words for a gap, or descriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassTexts {
    /// The class's name.
    pub name: String,
    /// Its words or descriptions, in any number above 0.
    pub texts: Vec<String>,
}
