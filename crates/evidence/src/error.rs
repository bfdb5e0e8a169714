//! What can be wrong with the rows of an experiment.

use crate::trained::Metric;

/// Rows that cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two rows tell of the same model.
    #[error(
        "there are two rows for arm {arm}, seed {seed}, round {round}: keep the one that counts"
    )]
    Twice {
        /// The arm, or `start`.
        arm: String,
        /// The seed.
        seed: u64,
        /// The round.
        round: u32,
    },
    /// An accuracy, or an F1, that is none.
    #[error(
        "the {metric} of arm {arm}, seed {seed}, round {round} is {accuracy}, and must lie between \
         0 and 1: leave the row out or train the model again"
    )]
    Accuracy {
        /// The arm, or `start`.
        arm: String,
        /// The seed.
        seed: u64,
        /// The round.
        round: u32,
        /// What was measured.
        metric: Metric,
        /// Its value.
        accuracy: f64,
    },
}
