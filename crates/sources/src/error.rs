//! What can go wrong when a name is resolved.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::failure::Failure;
use crate::http_error::HttpError;
use crate::not_found::NotFound;

/// An error of resolving a name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No place has what the name stands for.
    #[error(transparent)]
    NotFound(Box<NotFound>),
    /// The dataset has no such split.
    #[error("the dataset `{dataset}` has no split `{split}`: its splits are {}", .splits.join(", "))]
    UnknownSplit {
        /// The dataset.
        dataset: String,
        /// The split asked for.
        split: String,
        /// The splits there are.
        splits: Vec<String>,
    },
    /// There is no folder to keep downloads in.
    #[error("no folder to keep downloads in: set GOLDPAN_CACHE, XDG_CACHE_HOME or HOME")]
    NoCacheFolder,
    /// An environment variable holds no usable address.
    #[error("{variable} is no address of a web server: it should look like {example}")]
    BadAddress {
        /// The variable.
        variable: &'static str,
        /// What it should look like.
        example: &'static str,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {path}: check that it may be read")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder of the cache cannot be written.
    #[error(
        "cannot write {path}: check that it may be written and has space left, or set GOLDPAN_CACHE to another folder"
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be digested or published.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// The user stopped it. What was downloaded stays, and the next call goes on from there.
    #[error("stopped while fetching; the next run goes on where this one ended")]
    Cancelled,
}

impl Error {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}

/// Why a place did not give what was asked for: a reason to try the next one, or to stop.
pub(crate) enum Miss {
    Failure(Failure),
    Fatal(Error),
}

impl From<Failure> for Miss {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<HttpError> for Miss {
    fn from(error: HttpError) -> Self {
        Self::Failure(Failure::Http(Arc::new(error)))
    }
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

impl From<goldpan_artifact::Error> for Miss {
    fn from(error: goldpan_artifact::Error) -> Self {
        Self::Fatal(error.into())
    }
}
