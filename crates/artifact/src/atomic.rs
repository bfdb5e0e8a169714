//! Files that appear whole or not at all: temporary file, sync, rename, sync of the folder.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::mapping::check_mapped;

const SUFFIX: &str = ".tmp";
/// Letters and digits between a temporary file's prefix and suffix: what `tempfile` puts there.
const RANDOM: usize = 6;
/// How long a temporary file has to be left alone before it can be one of a process that was killed. Some file systems
/// keep locks from other machines, where a slow stage may write next to nothing for minutes.
const LEFT: Duration = Duration::from_secs(24 * 3600);

/// Writes the file at `path` through `write`, replacing what is there only when all of it is on
/// the disk. When `write` fails, the old file stays as it was.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = temporary(path).map_err(failed)?;
    write(file.as_file_mut()).map_err(failed)?;
    check_mapped()?;
    publish(file, path).map_err(failed)
}

/// Writes `bytes` to the file at `path`, whole or not at all.
pub fn write_bytes(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    write_atomically(path, |file| file.write_all(bytes))
}

/// The folder in which `path` lies.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of `path`, hidden and named after it, removed on drop. Those that killed processes
/// left there for the same path are removed, too.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let Some(name) = path.file_name() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    remove_left(folder(path), &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a plain `File::create` asks for; the process's umask still applies.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder(path))?;
    // The lock says that this process lives.
    let _ = file.as_file().try_lock();
    Ok(file)
}

/// Removes the temporary files whose names begin with `prefix` and that no process holds. What cannot be removed stays:
/// it is in nobody's way.
fn remove_left(folder: &Path, prefix: &OsStr) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let random = name.strip_prefix(prefix.as_encoded_bytes());
        let random = random.and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
        let ours =
            |random: &[u8]| random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric);
        if random.is_some_and(ours) && is_left(&entry) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a temporary file is one that no process works on.
fn is_left(entry: &DirEntry) -> bool {
    let Ok(about) = entry.metadata() else {
        return false;
    };
    let age = about.modified().ok().and_then(|time| time.elapsed().ok());
    about.is_file()
        && age.is_some_and(|age| age > LEFT)
        && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
}

/// Syncs `file`, renames it to `path` and syncs the folder.
pub(crate) fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder(path))
}

/// Syncs a folder, so that the names in it last. Some file systems cannot: that is no error.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(PathBuf::from(folder))?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_whole_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.json");
        write_bytes(&path, b"one").unwrap();
        write_bytes(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["metrics.json"]);
    }

    #[test]
    fn what_killed_processes_left_is_removed_by_the_next_write_to_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.arrow");
        let old = std::time::SystemTime::now() - 2 * LEFT;
        let left = |name: &str| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(old).unwrap();
            file
        };
        drop(left(".t.arrow.killed.tmp"));
        drop(left(".u.arrow.killed.tmp"));
        drop(left(".t.arrow.notes"));
        drop(left(".t.arrow.my.notes.tmp"));
        drop(left(".t.arrow.minutes.tmp"));
        let alive = left(".t.arrow.living.tmp");
        alive.try_lock().unwrap();
        let new = File::create(folder.path().join(".t.arrow.recent.tmp")).unwrap();
        // A file that this process writes is locked.
        let own = temporary(&path).unwrap();
        own.as_file().set_modified(old).unwrap();
        write_bytes(&path, b"whole").unwrap();
        let mut expected = [
            ".t.arrow.living.tmp",
            ".t.arrow.minutes.tmp",
            ".t.arrow.my.notes.tmp",
            ".t.arrow.notes",
            ".t.arrow.recent.tmp",
            ".u.arrow.killed.tmp",
            own.path().file_name().unwrap().to_str().unwrap(),
            "t.arrow",
        ];
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        drop(new);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.json");
        write_bytes(&path, b"old").unwrap();
        let result = write_atomically(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(result, Err(Error::Write { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["metrics.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, ours) = (folder.path().join("plain"), folder.path().join("ours"));
        std::fs::write(&plain, b"").unwrap();
        write_bytes(&ours, b"").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&plain), mode(&ours));
    }

    #[test]
    fn a_missing_folder_or_name_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_bytes(folder.path().join("none/file"), b"").is_err());
        assert!(write_bytes("/", b"").is_err());
    }
}
