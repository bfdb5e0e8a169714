//! A run's folder: links to the objects it used, for people and for garbage collection.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::lock::{Lock, Mode};
use crate::{Error, ObjectId, Store, files};

/// The folder `runs/NAME` of a store. What its links lead to survives `gc`.
#[derive(Debug)]
pub struct RunFolder {
    store: Store,
    path: PathBuf,
}

/// A run's hold on its folder: see [`RunFolder::lock`].
#[derive(Debug)]
pub struct FolderLock {
    _lock: Lock,
}

impl RunFolder {
    pub(crate) fn new(store: Store, path: PathBuf) -> Self {
        Self { store, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other runs of the same name from changing the folder until the lock is dropped. `on_wait` is
    /// called while another one does, and may break.
    pub fn lock(&self, on_wait: &mut dyn FnMut() -> ControlFlow<()>) -> Result<FolderLock, Error> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let path = self.store.layout().folder_lock(&name);
        let _lock = Lock::wait(&path, Mode::Exclusive, on_wait)?;
        Ok(FolderLock { _lock })
    }

    /// Links `name`, such as `seed-0/margin/round-1/model`, to an object, in one step in place
    /// of an older link.
    pub fn link(&self, name: &str, object: &ObjectId) -> Result<(), Error> {
        if self.is_linked(name, object)? {
            return Ok(());
        }
        // Otherwise another run may remove the folder while it is empty.
        let lock = self.lock(&mut || ControlFlow::Continue(()))?;
        self.link_locked(&lock, name, object)
    }

    /// As [`RunFolder::link`], for who holds the folder.
    pub fn link_locked(
        &self,
        _lock: &FolderLock,
        name: &str,
        object: &ObjectId,
    ) -> Result<(), Error> {
        if self.is_linked(name, object)? {
            return Ok(());
        }
        let path = self.path.join(name);
        let target = self.target(name, object);
        let folder = path.parent().unwrap_or(&self.path);
        files::create_folder(folder)?;
        let temporary = folder.join(format!(".{}.{}.tmp", object, std::process::id()));
        files::remove_file(&temporary)?;
        std::os::unix::fs::symlink(&target, &temporary)
            .map_err(|source| Error::write(&temporary, source))?;
        fs::rename(&temporary, &path).map_err(|source| Error::write(&path, source))
    }

    fn is_linked(&self, name: &str, object: &ObjectId) -> Result<bool, Error> {
        if !files::is_inner_path(name) {
            return Err(Error::BadName { name: name.into() });
        }
        let old = fs::read_link(self.path.join(name));
        Ok(old.is_ok_and(|old| old == self.target(name, object)))
    }

    /// Removes all links but those of these names, and folders that become empty. Other files
    /// stay.
    pub fn keep_only(&self, names: &BTreeSet<String>) -> Result<(), Error> {
        self.prune(&self.path, "", names)
    }

    fn prune(&self, folder: &Path, prefix: &str, names: &BTreeSet<String>) -> Result<(), Error> {
        for entry in files::list(folder)? {
            let path = entry.path();
            let kind = entry
                .file_type()
                .map_err(|source| Error::read(&path, source))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                self.prune(&path, &format!("{name}/"), names)?;
                if files::list(&path)?.is_empty() {
                    files::remove_folder(&path)?;
                }
            } else if kind.is_symlink() && !names.contains(&name) {
                files::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// The link's target relative to where the link lies, so that a store can be moved.
    fn target(&self, name: &str, object: &ObjectId) -> PathBuf {
        // runs/NAME, and one more for each folder in the link's name.
        let up = 2 + name.matches('/').count();
        let inside = self.store.object_dir(object);
        let inside = inside.strip_prefix(self.store.root()).unwrap_or(&inside);
        Path::new(&"../".repeat(up)).join(inside)
    }
}

/// The objects that the runs' folders link to.
pub(crate) fn roots(runs: &Path) -> Result<BTreeSet<ObjectId>, Error> {
    let mut roots = BTreeSet::new();
    collect(runs, &mut roots)?;
    Ok(roots)
}

fn collect(folder: &Path, roots: &mut BTreeSet<ObjectId>) -> Result<(), Error> {
    for entry in files::list(folder)? {
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(|source| Error::read(&path, source))?;
        if kind.is_dir() {
            collect(&path, roots)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).map_err(|source| Error::read(&path, source))?;
            let parts = target
                .components()
                .filter_map(|part| part.as_os_str().to_str());
            roots.extend(parts.filter_map(|part| part.parse::<ObjectId>().ok()));
        }
    }
    Ok(())
}
