//! Folders and files on the disk: creating, listing, syncing and removing them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use goldpan_artifact::atomic;
use serde::Serialize;

use crate::error::Error;

/// Creates a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| Error::write(path, source))
}

/// Removes a folder and all in it, if it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::write(path, source)),
        _ => Ok(()),
    }
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::write(path, source)),
        _ => Ok(()),
    }
}

/// Reads a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if is_absent(&source) => Ok(None),
        Err(source) => Err(Error::read(path, source)),
    }
}

/// Writes a value as JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    atomic::write_atomically(path, |file| {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        file.write_all(&text)
    })?;
    Ok(())
}

/// The length of a plain file in bytes; `None` if there is none.
pub(crate) fn length(path: &Path) -> Result<Option<u64>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
        Err(source) if is_absent(&source) => Ok(None),
        Err(source) => Err(Error::read(path, source)),
    }
}

/// The bytes of a file, or of all files under a folder.
pub(crate) fn size(path: &Path) -> Result<u64, Error> {
    let metadata = fs::symlink_metadata(path).map_err(|source| Error::read(path, source))?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let sizes = list(path)?.into_iter().map(|entry| size(&entry.path()));
    sizes.sum()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// What lies in a folder, by name; nothing if the folder is not there.
pub(crate) fn list(path: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::read(path, source)),
    };
    let mut entries = entries
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::read(path, source))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

/// Whether a file's name is that of one that is being written.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// Calls `found` with every file or link under a folder that was being written and never finished.
pub(crate) fn sweep(
    folder: &Path,
    found: &mut dyn FnMut(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    for entry in list(folder)? {
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(|source| Error::read(&path, source))?;
        if kind.is_dir() {
            sweep(&path, found)?;
        } else if entry.file_name().to_str().is_some_and(is_temporary) {
            found(&path)?;
        }
    }
    Ok(())
}

/// The plain files and the folders under a folder, each before what lies in it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Files as (name relative to the folder with `/` between parts, path).
    pub(crate) files: Vec<(String, PathBuf)>,
    /// Folders below the folder.
    pub(crate) folders: Vec<PathBuf>,
}

impl Tree {
    /// Walks the folder. Links, devices and names that are no UTF-8 are errors.
    pub(crate) fn of(folder: &Path) -> Result<Self, Error> {
        let mut tree = Self::default();
        tree.walk(folder, "")?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<(), Error> {
        for entry in list(folder)? {
            let path = entry.path();
            let kind = entry
                .file_type()
                .map_err(|source| Error::read(&path, source))?;
            let name = match entry.file_name().into_string() {
                Ok(name) if is_plain(&name) => format!("{prefix}{name}"),
                _ => return Err(Error::NotAPlainFile { path }),
            };
            if kind.is_dir() {
                self.folders.push(path.clone());
                self.walk(&path, &format!("{name}/"))?;
            } else if kind.is_file() {
                self.files.push((name, path));
            } else {
                return Err(Error::NotAPlainFile { path });
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.chars().any(char::is_control) && !name.contains('\\')
}

/// True for a relative path with `/` between plain names, which leads nowhere else.
pub(crate) fn is_inner_path(path: &str) -> bool {
    !path.is_empty()
        && is_plain(path)
        && path.split('/').all(|part| !part.is_empty())
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Makes a file's content last, and lets nobody write to it any more.
pub(crate) fn seal(path: &Path) -> Result<(), Error> {
    let seal = || {
        let file = File::open(path)?;
        file.sync_all()?;
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions)
    };
    seal().map_err(|source| Error::write(path, source))
}

/// Makes the names in a folder last.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        // Some network file systems can't sync a folder.
        Err(source)
            if !matches!(
                source.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Err(Error::write(path, source))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_paths_stay_inside() {
        for good in ["model", "seed-0/margin/round-1/labels", "a.b"] {
            assert!(is_inner_path(good), "{good}");
        }
        for bad in [
            "", "/", "/etc", "..", "a/../b", "a//b", "a/", "./a", "a\nb", "a\\b",
        ] {
            assert!(!is_inner_path(bad), "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_tree_with_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/a"), "x").unwrap();
        let tree = Tree::of(folder.path()).unwrap();
        assert_eq!(tree.files[0].0, "sub/a");
        assert_eq!(tree.folders, [folder.path().join("sub")]);
        std::os::unix::fs::symlink("/etc/hosts", folder.path().join("b")).unwrap();
        assert!(matches!(
            Tree::of(folder.path()),
            Err(Error::NotAPlainFile { path }) if path.ends_with("b")
        ));
    }
}
