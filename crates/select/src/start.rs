//! Where farthest-first begins while nothing is labelled.

use serde::{Deserialize, Serialize};

/// The first pick of `diversity` while nothing is labelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A row drawn by the seed.
    #[default]
    Random,
    /// The row nearest to the mean of all embeddings (in f64), the lowest on ties.
    Medoid,
}

impl Start {
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
