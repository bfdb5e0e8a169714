//! The error that lists every place where a name was looked for, and what to do.

use std::fmt;
use std::path::PathBuf;

use crate::failure::Failure;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A folder of weights, configuration and tokenizer.
    Model,
    /// A file of texts.
    Dataset,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
        })
    }
}

/// Every place that was tried for a name, why each failed, and what to do. Its message has a line
/// for each.
#[derive(Debug)]
pub struct NotFound {
    /// What was looked for.
    pub subject: Subject,
    /// Its name.
    pub name: String,
    /// The places, in the order tried.
    pub tried: Vec<Attempt>,
    /// What can be done, most useful first.
    pub remedies: Vec<Remedy>,
}

impl std::error::Error for NotFound {}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} `{}` was found; tried:", self.subject, self.name)?;
        for attempt in &self.tried {
            write!(f, "\n  - {}: {}", attempt.place, attempt.failure)?;
        }
        f.write_str("\nto go on:")?;
        for remedy in &self.remedies {
            write!(f, "\n  - {remedy}")?;
        }
        Ok(())
    }
}

/// A place that was tried.
#[derive(Debug)]
pub struct Attempt {
    /// The place.
    pub place: Place,
    /// Why it has not what was asked for.
    pub failure: Failure,
}

/// Where a model or dataset may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The name itself, as a path.
    Path(PathBuf),
    /// A folder under the one that an environment variable names.
    Folder {
        /// The variable.
        variable: &'static str,
        /// The folder, where the variable is set.
        path: Option<PathBuf>,
    },
    /// The cache of earlier downloads.
    Cache(PathBuf),
    /// The catalogue of known names.
    Catalogue,
    /// A repository on the hub.
    Hub {
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repository: String,
        /// The revision asked for.
        revision: String,
    },
    /// A package in a package index.
    Index {
        /// The index's address.
        url: String,
        /// The package.
        package: String,
        /// The version asked for.
        version: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "path {}", path.display()),
            Self::Folder {
                variable,
                path: Some(path),
            } => write!(f, "${variable}, {}", path.display()),
            Self::Folder { variable, .. } => write!(f, "${variable}"),
            Self::Catalogue => f.write_str("catalogue"),
            Self::Cache(path) => write!(f, "cache, {}", path.display()),
            Self::Hub {
                endpoint,
                repository,
                revision,
            } => {
                let short: String = revision.chars().take(12).collect();
                write!(f, "hub {endpoint}, {repository} at {short}")
            }
            Self::Index {
                url,
                package,
                version,
            } => write!(f, "package index {url}, {package} {version}"),
        }
    }
}

/// Something to do about a name that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A known name is meant.
    Meant {
        /// That name.
        name: String,
    },
    /// Put the files into a folder.
    Put {
        /// The variable that names the folder above.
        variable: &'static str,
        /// The folder, below the variable's.
        folder: String,
        /// The files.
        files: Vec<String>,
    },
    /// Reach the hub.
    ReachHub,
    /// Show the hub a token.
    Token,
    /// Reach the package index.
    ReachIndex,
    /// No longer forbid the network.
    Unset {
        /// The variable.
        variable: &'static str,
    },
    /// Give the name as a path.
    Path,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meant { name } => write!(f, "if `{name}` is meant, write that"),
            Self::Put {
                variable,
                folder,
                files,
            } => write!(
                f,
                "put {} into ${variable}/{folder}, with {variable} set",
                files.join(", ")
            ),
            Self::ReachHub => f.write_str(
                "connect this machine to the hub, or set HF_ENDPOINT to a mirror of it that can be reached",
            ),
            Self::Token => f.write_str("set HF_TOKEN to a token that may read the repository"),
            Self::ReachIndex => f.write_str(
                "connect this machine to the package index, or set PIP_INDEX_URL to one that can be reached",
            ),
            Self::Unset { variable } => write!(f, "unset {variable}"),
            Self::Path => f.write_str("give the path of a folder or file instead of a name"),
        }
    }
}
