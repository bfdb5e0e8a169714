//! The cache of downloads: one folder for each model version and dataset file, and their locks.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use goldpan_artifact::Progress;

use crate::error::Error;
use crate::partial::sha256_file;

/// The folder of one model or dataset: `ROOT/models/OWNER--NAME`, `ROOT/datasets/NAME`.
pub(crate) struct Entry {
    root: PathBuf,
    kind: &'static str,
    name: String,
}

impl Entry {
    pub fn new(root: &Path, kind: &'static str, name: &str) -> Self {
        Self {
            root: root.to_owned(),
            kind,
            name: name.replace(['/', '\\'], "--"),
        }
    }

    /// The folder of a version of it.
    pub fn version(&self, version: &str) -> PathBuf {
        self.folder().join(version.replace(['/', '\\'], "--"))
    }

    /// The folder of all its versions.
    pub fn folder(&self) -> PathBuf {
        self.root.join(self.kind).join(&self.name)
    }

    /// Waits until no other process fetches the same, and keeps others waiting until the lock is
    /// dropped.
    pub fn lock(&self, progress: &dyn Progress) -> Result<Lock, Error> {
        let folder = self.root.join("locks");
        fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
        let path = folder.join(format!("{}--{}.lock", self.kind, self.name));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::write(&path))?;
        let mut waited = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::Error(source)) => return Err(Error::Write { path, source }),
                Err(TryLockError::WouldBlock) if progress.cancelled() => {
                    return Err(Error::Cancelled);
                }
                Err(TryLockError::WouldBlock) => {
                    if !waited {
                        tracing::info!(name = %self.name, "waiting for another process that fetches it");
                    }
                    waited = true;
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }
}

/// A lock on an entry, released on drop.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file releases it, too, but not while a process that is just starting has it open.
        let _ = self.0.unlock();
    }
}

/// The path of a file to appear in `folder`, whose folders are made.
pub(crate) fn place_for(folder: &Path, file: &str) -> Result<PathBuf, Error> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Error::write(parent))?;
    Ok(path)
}

/// Whether the file is there, with this sha256 where it is known.
pub(crate) fn has(path: &Path, sha256: Option<&str>) -> Result<bool, Error> {
    match (path.is_file(), sha256) {
        (false, _) => Ok(false),
        (true, None) => Ok(true),
        (true, Some(sha256)) => Ok(sha256_file(path).map_err(Error::read(path))? == sha256),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use goldpan_artifact::Silent;

    use super::*;

    #[test]
    fn entries_have_folders_of_their_own() {
        let entry = Entry::new(Path::new("/c"), "models", "owner/name");
        assert_eq!(entry.folder(), Path::new("/c/models/owner--name"));
        assert_eq!(
            entry.version("refs/pr/1"),
            Path::new("/c/models/owner--name/refs--pr--1")
        );
    }

    #[test]
    fn one_holder_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let entry = Entry::new(root.path(), "models", "a/b");
        let lock = entry.lock(&Silent).unwrap();
        let released = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let lock = entry.lock(&Silent).unwrap();
                assert!(released.load(Ordering::SeqCst));
                drop(lock);
            });
            std::thread::sleep(Duration::from_millis(120));
            released.store(true, Ordering::SeqCst);
            drop(lock);
            waiting.join().unwrap();
        });
    }
}
