//! Why a place has not what was asked for.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::http_error::HttpError;

/// Why a place has not what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The environment variable is not set.
    #[error("not set")]
    NotSet,
    /// There is no such file or folder.
    #[error("not there")]
    NotThere,
    /// A folder lacks some files.
    #[error("the folder lacks {}", .files.join(", "))]
    Lacks {
        /// The missing files.
        files: Vec<String>,
    },
    /// A folder has weights in no format that is known, and may lack other files too.
    #[error("the folder lacks {}weights, in any of {}", listed(.files), .sought.join(", "))]
    LacksWeights {
        /// The other files that are missing.
        files: Vec<String>,
        /// The files that could hold the weights.
        sought: Vec<&'static str>,
    },
    /// The path is a file's.
    #[error("a file: a dataset's name is a folder of splits; give a single file as input instead")]
    NotAFolder,
    /// A folder has no file for the split.
    #[error("the folder has no file for the split `{split}`{}", has_splits(.splits))]
    NoSplit {
        /// The split.
        split: String,
        /// The splits that it has.
        splits: Vec<String>,
    },
    /// The folder holds an adapter, which needs a base model beside it.
    #[error(
        "the folder holds an adapter, not a base model: give the base model here and the adapter apart"
    )]
    Adapter,
    /// Cached files are not what was downloaded.
    #[error("{} is not what was downloaded", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// An environment variable forbids it.
    #[error("not asked, for {variable} is set")]
    Offline {
        /// The variable.
        variable: &'static str,
    },
    /// The catalogue has no entry of that name.
    #[error("no dataset of that name; it has {}", .known.join(", "))]
    NotInCatalogue {
        /// The names it has.
        known: Vec<String>,
    },
    /// The name cannot be a repository's.
    #[error("not asked, for this is no `owner/name`")]
    NotARepository,
    /// The hub refuses.
    #[error("{url} answered {status}: {}", denied(*.status, *.with_token))]
    Denied {
        /// The address.
        url: String,
        /// 401 or 403.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The repository has no weights that can be read.
    #[error("it has none of {}: convert its weights to safetensors", .sought.join(", "))]
    NoWeights {
        /// The files that could hold the weights.
        sought: Vec<&'static str>,
    },
    /// A server failed, or cannot be reached.
    #[error(transparent)]
    Http(#[from] Arc<HttpError>),
    /// The index does not speak the JSON API, or lies.
    #[error(
        "{url} does not answer in the JSON of PEP 691 ({source}): set PIP_INDEX_URL to an index that does"
    )]
    NotJson {
        /// The address.
        url: String,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// The weights' index is not readable.
    #[error("{file} is not as it should be: {source}")]
    BadWeightIndex {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The weights' index names a file outside the folder.
    #[error("{list} names `{file}`, which is no plain file name")]
    BadShardName {
        /// The weights' index.
        list: String,
        /// The name.
        file: String,
    },
    /// The index has the package, but not the file.
    #[error("it does not list {file}")]
    NotListed {
        /// The file.
        file: String,
    },
    /// The index lists another content than the catalogue.
    #[error("it lists {file} with sha256 {listed} instead of {expected}: nothing is downloaded")]
    Disagrees {
        /// The file.
        file: String,
        /// The catalogue's sha256.
        expected: String,
        /// The index's.
        listed: String,
    },
    /// The index names an address that cannot be used.
    #[error("it gives the address `{address}` for {file}, which is not followed")]
    BadFileAddress {
        /// The file.
        file: String,
        /// The address.
        address: String,
    },
    /// An archive cannot be read.
    #[error("{archive} cannot be unpacked: {source}")]
    Archive {
        /// The archive's name.
        archive: String,
        /// The reason.
        source: io::Error,
    },
    /// An archive lacks a file.
    #[error("{archive} has no {member}")]
    NoMember {
        /// The archive's name.
        archive: String,
        /// The file.
        member: String,
    },
    /// A file of an archive is not the expected one.
    #[error("{member} has sha256 {actual} instead of {expected}: nothing of it is used")]
    MemberDigest {
        /// The file.
        member: String,
        /// The catalogue's sha256.
        expected: String,
        /// The file's.
        actual: String,
    },
}

fn has_splits(splits: &[String]) -> String {
    match splits {
        [] => String::new(),
        splits => format!("; it has {}", splits.join(", ")),
    }
}

fn listed(files: &[String]) -> String {
    files.iter().map(|file| format!("{file}, ")).collect()
}

fn denied(status: u16, with_token: bool) -> &'static str {
    match (status, with_token) {
        (401, false) => {
            "there is no such repository, or it is private: check the name, or set HF_TOKEN"
        }
        (401, true) => {
            "the token is not valid, or there is no such repository: check HF_TOKEN and the name"
        }
        (_, false) => "access needs a token: set HF_TOKEN",
        (_, true) => {
            "the token has no access: accept the repository's terms on its page, or use another token"
        }
    }
}
