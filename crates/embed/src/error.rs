//! What can go wrong in the embed stage.

/// An error of the embed stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user stopped the work; nothing was written.
    #[error("stopped")]
    Cancelled,
    /// The model cannot be loaded or run.
    #[error("the model cannot embed these texts")]
    Model(#[source] goldpan_model::Error),
    /// The vectors cannot be written.
    #[error("the embeddings cannot be written")]
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
