//! What can go wrong in a pipeline.

use std::io;
use std::path::PathBuf;

use crate::spec::Invalid;

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
    /// The pipeline file says something that can't be done.
    #[error("{0}")]
    Spec(Invalid),
}
