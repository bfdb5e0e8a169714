//! What can go wrong in a pipeline.

use std::io;
use std::path::PathBuf;

use crate::exec::{StageError, Told};
use crate::plan::UnknownStage;
use crate::spec::{Invalid, NotText};

/// An error of a pipeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pipeline file can't be read.
    #[error("cannot read the pipeline {path}")]
    ReadSpec {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The pipeline file is no text.
    #[error("cannot read the pipeline {path}")]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it is none.
        #[source]
        source: NotText,
    },
    /// The pipeline file says something that can't be done.
    #[error("{0}")]
    Spec(Invalid),
    /// The texts cannot give what the file asks for.
    #[error("{0}")]
    Unfit(Invalid),
    /// The options name a stage that is not in the pipeline.
    #[error(transparent)]
    UnknownStage(#[from] UnknownStage),
    /// A model or dataset cannot be found; no stage was started.
    #[error(transparent)]
    Sources(goldpan_sources::Error),
    /// A dataset cannot be read as the catalogue says.
    #[error(transparent)]
    Ingest(#[from] goldpan_ingest::Error),
    /// The device cannot be opened.
    #[error(transparent)]
    Model(#[from] goldpan_model::Error),
    /// A file cannot be read or written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// The results cannot be compared.
    #[error(transparent)]
    Evidence(#[from] goldpan_evidence::Error),
    /// The report cannot be made.
    #[error("the report cannot be made")]
    Report(#[from] goldpan_report::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Store(goldpan_store::Error),
    /// A stage that must be done already is not.
    #[error(
        "the result of {stage} is needed and not in the store: run the pipeline without --only or \
         --from first"
    )]
    NotDone {
        /// The stage.
        stage: String,
    },
    /// The loop's metric is of a class that no validation text has.
    #[error(
        "no text of {stage} is `{class}`, so its F1 cannot be told: give validation texts of that class, or \
         another loop.metric"
    )]
    NoTextOfClass {
        /// The table of the validation texts.
        texts: PathBuf,
        /// Its stage.
        stage: String,
        /// The class.
        class: String,
    },
    /// A selection needs more memory than it may.
    #[error("{stage} does not fit")]
    OverMemory {
        /// The selection.
        stage: String,
        /// How much it needs, and what needs less.
        #[source]
        source: Box<goldpan_select::Error>,
    },
    /// The system gives no threads for a training.
    #[error("no threads for a training can be started")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// A stage failed. What was done before is in the store.
    #[error("{stage} failed")]
    Stage {
        /// The stage.
        stage: String,
        /// Its error, in a pipeline's words.
        #[source]
        told: Told,
        /// Its error.
        error: Box<StageError>,
    },
    /// The user stopped the run. What was done is in the store; the next run goes on from there.
    #[error("stopped")]
    Cancelled,
}

impl From<goldpan_store::Error> for Error {
    fn from(error: goldpan_store::Error) -> Self {
        match error {
            goldpan_store::Error::Interrupted { .. } => Self::Cancelled,
            other => Self::Store(other),
        }
    }
}

impl From<goldpan_sources::Error> for Error {
    fn from(error: goldpan_sources::Error) -> Self {
        match error {
            goldpan_sources::Error::Cancelled => Self::Cancelled,
            other => Self::Sources(other),
        }
    }
}
