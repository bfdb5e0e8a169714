//! File locks between threads and processes. The system drops them when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;

/// How often a waiting thread looks again.
const POLL: Duration = Duration::from_millis(50);

/// A lock that lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// Closing the file is not enough: a process that another thread is just starting has it open, too, until it runs
/// its program.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "unlocking");
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Shared,
    Exclusive,
}

impl Lock {
    /// Takes the lock, waiting for others. `on_wait` is called before each wait and may break.
    pub(crate) fn wait(
        path: &Path,
        mode: Mode,
        on_wait: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        loop {
            if let Some(lock) = Self::attempt(path, mode)? {
                return Ok(lock);
            }
            if on_wait().is_break() {
                let path = path.to_owned();
                return Err(Error::Interrupted { path });
            }
            std::thread::sleep(POLL);
        }
    }

    /// Takes the lock if nobody holds it in a way that excludes this one.
    pub(crate) fn attempt(path: &Path, mode: Mode) -> Result<Option<Self>, Error> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|source| Error::write(path, source))?;
        let outcome = match mode {
            Mode::Shared => file.try_lock_shared(),
            Mode::Exclusive => file.try_lock(),
        };
        match outcome {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::write(path, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_though_its_file_is_open_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::attempt(&path, Mode::Exclusive).unwrap().unwrap();
        assert!(Lock::attempt(&path, Mode::Shared).unwrap().is_none());
        // As a child has it between fork and exec.
        let elsewhere = lock.file.try_clone().unwrap();
        drop(lock);
        assert!(Lock::attempt(&path, Mode::Exclusive).unwrap().is_some());
        drop(elsewhere);
    }
}
