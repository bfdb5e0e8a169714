//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use crate::object::ObjectId;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk is full.
    #[error(
        "cannot write {path}: the disk is full; free some space (`goldpan gc` removes what no run uses) \
         and run again: finished stages are kept"
    )]
    Full {
        /// What was being written.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The store can't be written to.
    #[error(
        "cannot write {path}: no permission to write there; make it writable or use another store"
    )]
    ReadOnly {
        /// What was being written.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// A file or folder can't be written.
    #[error("cannot write {path}")]
    Write {
        /// What was being written.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// A file or folder can't be read.
    #[error("cannot read {path}")]
    Read {
        /// What was being read.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The place of the store is something else than a folder.
    #[error(
        "cannot open the store {path}: it is not a folder, and cannot become one; name another with \
         --store"
    )]
    NotAFolder {
        /// The store's place.
        path: PathBuf,
    },
    /// A newer goldpan made the store.
    #[error(
        "cannot open the store {path}: it has format {found} and this goldpan reads up to {known}; \
         use a newer goldpan or another store"
    )]
    NewerStore {
        /// The store's format file.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// The file that says the store's format is damaged.
    #[error("cannot open the store: {path} is damaged; remove that file if the store is yours")]
    DamagedFormat {
        /// The store's format file.
        path: PathBuf,
        /// Why it can't be read.
        #[source]
        source: serde_json::Error,
    },
    /// Waiting for another process was called off.
    #[error("stopped waiting for another process, which holds {path}")]
    Interrupted {
        /// The lock waited for.
        path: PathBuf,
    },
    /// A run is in progress, so nothing may be removed.
    #[error("a run is using the store {path}; wait until it ends")]
    InUse {
        /// The store's place.
        path: PathBuf,
    },
    /// A stage finished without writing a file.
    #[error("{action}: the stage wrote no file to {path}")]
    NoFiles {
        /// The action's name.
        action: String,
        /// Where its files were expected.
        path: PathBuf,
    },
    /// A stage left something that can't be kept in the store.
    #[error("{path} can't be kept: an object holds plain files with plain names only")]
    NotAPlainFile {
        /// The thing found.
        path: PathBuf,
    },
    /// An object's manifest is missing or can't be read.
    #[error("object {object} has no usable manifest at {path}; run again to make it anew")]
    NoManifest {
        /// The object.
        object: ObjectId,
        /// The manifest's place.
        path: PathBuf,
    },
    /// An object's content is not what its name says.
    #[error("object {object} is damaged: {path} is not what was written; run again with --force")]
    Damaged {
        /// The object.
        object: ObjectId,
        /// The file that differs.
        path: PathBuf,
    },
    /// A link's name leads out of the run's folder.
    #[error(
        "{name:?} can't name a run or a link in its folder: use letters, digits, `-`, `_`, `.` and `/`"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// Something lies where a link to an object belongs.
    #[error(
        "{path} is not a link, and no copy of a result that is in the store: where the store was copied \
         without its links, copy it with `cp -a`, `rsync -a` or `tar`; if it is yours, move it away"
    )]
    NotALink {
        /// The place.
        path: PathBuf,
    },
    /// The place of a run's folder is something else than a folder.
    #[error("{path} is the place of the run's folder, and is not a folder: move it away")]
    NotARunFolder {
        /// The place.
        path: PathBuf,
    },
    /// A run's folder does not tell which objects it holds on to.
    #[error(
        "{path} does not say which results it uses: its links are lost, as where a store was copied \
         without them, so nothing is removed; run its pipeline again with this store, which takes what is \
         done and links it anew, or delete {path} to give up its results"
    )]
    Unfollowed {
        /// The run's folder, or the link.
        path: PathBuf,
    },
    /// The folder of the runs is missing.
    #[error(
        "{path} is missing, so nothing says which results are used, and nothing is removed: copy it from \
         where the store was copied from, or make it, empty, to give up all results"
    )]
    NoRuns {
        /// The folder.
        path: PathBuf,
    },
    /// The list of a run's links is damaged.
    #[error(
        "{path} is damaged, so that it does not say which results the run uses: delete it where the links \
         beside it are whole, and run the pipeline again"
    )]
    DamagedLinks {
        /// The list.
        path: PathBuf,
    },
    /// A file can't be digested or written by the artifact crate.
    #[error(transparent)]
    Artifact(goldpan_artifact::Error),
}

impl From<goldpan_artifact::Error> for Error {
    fn from(error: goldpan_artifact::Error) -> Self {
        match error {
            goldpan_artifact::Error::Write { path, source } => Self::write(&path, source),
            goldpan_artifact::Error::Read { path, source } => Self::Read { path, source },
            other => Self::Artifact(other),
        }
    }
}

impl Error {
    /// An error while reading `path`.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// An error while writing `path`: tells a full disk and a read-only place from the rest.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            _ => Self::Write { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disks_and_read_only_places_are_told_apart() {
        let path = Path::new("artifacts/x");
        let of = |code: i32| Error::write(path, io::Error::from_raw_os_error(code));
        let (enospc, erofs, eacces, eio) = (28, 30, 13, 5);
        assert!(matches!(of(enospc), Error::Full { .. }));
        assert!(matches!(of(erofs), Error::ReadOnly { .. }));
        assert!(matches!(of(eacces), Error::ReadOnly { .. }));
        assert!(matches!(of(eio), Error::Write { .. }));
        assert_eq!(
            of(enospc).to_string(),
            "cannot write artifacts/x: the disk is full; free some space (`goldpan gc` removes what no \
             run uses) and run again: finished stages are kept"
        );
    }
}
