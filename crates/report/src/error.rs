//! What can go wrong with a report.

use std::io;
use std::path::PathBuf;

use plotters::drawing::DrawingAreaErrorKind;

/// An error of a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The results cannot be compared.
    #[error(transparent)]
    Evidence(#[from] goldpan_evidence::Error),
    /// A table of the run cannot be read, or the report not written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// A chart cannot be drawn.
    #[error(
        "a chart of the report cannot be drawn: this is a mistake in goldpan, please report it"
    )]
    Chart(#[from] DrawingAreaErrorKind<io::Error>),
    /// A folder cannot be made.
    #[error("cannot make the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No thread could be started.
    #[error(
        "no thread can be started to lay out the map of the embeddings: end other programs, or raise \
             the limit of processes"
    )]
    Threads {
        /// The reason.
        source: rayon::ThreadPoolBuildError,
    },
    /// A folder does not say what its run holds.
    #[error(
        "cannot read {path}: it is written at the end of the run of a pipeline with a loop, so this \
         pipeline has no loop, or an older version ran it: run it again, which takes what is done from \
         the store"
    )]
    NoContents {
        /// The file that is missing.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What a folder says of its run is not what a run writes.
    #[error("{path} is damaged, or another version's: run the pipeline again to write it anew")]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// No text is meant.
    #[error("no text of {pool} has the id or key `{text}`: `goldpan show {pool}` lists some")]
    UnknownText {
        /// The table of texts.
        pool: PathBuf,
        /// What was asked for.
        text: String,
    },
    /// Several texts are meant.
    #[error(
        "the texts {first} and {second} of {pool} both have the key `{key}`: name one by its id"
    )]
    RepeatedKey {
        /// The table of texts.
        pool: PathBuf,
        /// The key.
        key: String,
        /// The id of the first.
        first: u64,
        /// The id of the second.
        second: u64,
    },
}
