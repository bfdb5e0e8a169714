//! What can go wrong in the predict stage.

/// An error of the predict stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user stopped the work; nothing was written.
    #[error("stopped")]
    Cancelled,
    /// The model cannot be loaded or run.
    #[error("the model cannot classify these texts")]
    Model(#[source] goldpan_model::Error),
    /// The predictions cannot be written.
    #[error("the predictions cannot be written")]
    Artifact(#[from] goldpan_artifact::Error),
}

impl From<goldpan_model::Error> for Error {
    fn from(error: goldpan_model::Error) -> Self {
        match error {
            goldpan_model::Error::Cancelled => Self::Cancelled,
            other => Self::Model(other),
        }
    }
}
