//! A run's folder: links to the objects it used, for people and for garbage collection.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::files;
use crate::links::Links;
use crate::lock::{Lock, Mode};
use crate::object::ObjectId;
use crate::place::Place;
use crate::store::Store;

/// The folder `runs/NAME` of a store. What its links lead to survives `gc`.
#[derive(Debug)]
pub struct RunFolder {
    store: Store,
    path: PathBuf,
    /// What the list of links in the folder says, as far as this process knows.
    listed: Mutex<BTreeMap<String, ObjectId>>,
    /// Whether it was told that the links had been lost.
    told: AtomicBool,
}

/// A run's hold on its folder: see [`RunFolder::lock`].
#[derive(Debug)]
pub struct FolderLock {
    _lock: Lock,
}

impl RunFolder {
    pub(crate) fn new(store: Store, path: PathBuf) -> Result<Self, Error> {
        let listed = Links::load(&path)?.current;
        Ok(Self {
            store,
            path,
            listed: Mutex::new(listed),
            told: AtomicBool::new(false),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names that are linked, as far as the folder's list tells.
    pub fn names(&self) -> BTreeSet<String> {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.keys().cloned().collect()
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
        if self.is_linked(name, object)? && self.is_listed(name, object) {
            return Ok(());
        }
        // Otherwise another run may remove the folder while it is empty.
        let lock = self.lock(&mut || ControlFlow::Continue(()))?;
        self.link_locked(&lock, name, object)
    }

    /// As [`RunFolder::link`], for who holds the folder.
    ///
    /// # Errors
    ///
    /// When something else lies in the link's place that is no copy of an object of this store.
    pub fn link_locked(
        &self,
        _lock: &FolderLock,
        name: &str,
        object: &ObjectId,
    ) -> Result<(), Error> {
        if self.is_linked(name, object)? {
            return self.list(name, object);
        }
        let path = self.path.join(name);
        let target = self.target(name, object);
        let folder = path.parent().unwrap_or(&self.path);
        files::create_folder(folder)?;
        if let Some(before) = self.make_room(&path)? {
            self.list(name, &before)?;
        }
        // First the list: what is linked is never without it. Another run may have taken it out.
        self.append(name, object)?;
        let temporary = folder.join(format!(".{}.{}.tmp", object, std::process::id()));
        files::remove_file(&temporary)?;
        std::os::unix::fs::symlink(&target, &temporary)
            .map_err(|source| Error::write(&temporary, source))?;
        fs::rename(&temporary, &path).map_err(|source| {
            // The first error is the one to tell.
            let _ = files::remove_file(&temporary);
            Error::write(&path, source)
        })
    }

    /// Takes away what copying a store made of a link at `path`; the object that was linked.
    fn make_room(&self, path: &Path) -> Result<Option<ObjectId>, Error> {
        let place = Place::of(path)?;
        let object = match place {
            Place::Nothing => return Ok(None),
            Place::Link(object) => return Ok(object),
            Place::Copy(object) if self.store.has(&object)? => {
                files::remove_folder(path)?;
                Some(object)
            }
            Place::Folder if is_bare(path)? => {
                files::remove_folder(path)?;
                None
            }
            Place::Text(object) => {
                files::remove_file(path)?;
                Some(object)
            }
            Place::EmptyFile => {
                files::remove_file(path)?;
                None
            }
            Place::Copy(_) | Place::Folder | Place::File => {
                return Err(Error::NotALink { path: path.into() });
            }
        };
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{} is no link: the store was copied without its links, and they are put back",
                path.display()
            );
        }
        Ok(object)
    }

    /// Puts back the links that are lost and whose objects are there, as the folder's list tells; how
    /// many. What lies in their place and is no copy stays.
    pub fn restore(&self, lock: &FolderLock) -> Result<usize, Error> {
        let mut restored = 0;
        for (name, object) in Links::load(&self.path)?.current {
            if self.is_linked(&name, &object)? || !self.store.has(&object)? {
                continue;
            }
            match self.link_locked(lock, &name, &object) {
                Err(Error::NotALink { .. }) => {}
                linked => {
                    linked?;
                    restored += 1;
                }
            }
        }
        Ok(restored)
    }

    fn is_linked(&self, name: &str, object: &ObjectId) -> Result<bool, Error> {
        if !files::is_inner_path(name) {
            return Err(Error::BadName { name: name.into() });
        }
        let old = fs::read_link(self.path.join(name));
        Ok(old.is_ok_and(|old| old == self.target(name, object)))
    }

    fn is_listed(&self, name: &str, object: &ObjectId) -> bool {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.get(name) == Some(object)
    }

    /// Notes a link in the folder's list.
    fn list(&self, name: &str, object: &ObjectId) -> Result<(), Error> {
        match self.is_listed(name, object) {
            true => Ok(()),
            false => self.append(name, object),
        }
    }

    fn append(&self, name: &str, object: &ObjectId) -> Result<(), Error> {
        Links::append(&self.path, name, object)?;
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.insert(name.to_owned(), *object);
        Ok(())
    }

    /// Removes all links to objects but those of these names, and folders that become empty. Other files
    /// stay. What was linked until now counts as superseded.
    pub fn keep_only(&self, names: &BTreeSet<String>) -> Result<(), Error> {
        let mut dropped = Vec::new();
        self.prune(&self.path, "", names, &mut dropped)?;
        let before = Links::load(&self.path)?;
        let mut links = Links::load(&self.path)?;
        links.finish(names, dropped);
        if links != before {
            links.save(&self.path)?;
        }
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        *listed = links.current;
        Ok(())
    }

    fn prune(
        &self,
        folder: &Path,
        prefix: &str,
        names: &BTreeSet<String>,
        dropped: &mut Vec<(String, ObjectId)>,
    ) -> Result<(), Error> {
        for entry in files::list(folder)? {
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kept = names.contains(&name);
            match Place::of(&path)? {
                Place::Folder => {
                    self.prune(&path, &format!("{name}/"), names, dropped)?;
                    if files::list(&path)?.is_empty() {
                        files::remove_folder(&path)?;
                    }
                }
                Place::Link(Some(object)) | Place::Text(object) if !kept => {
                    dropped.push((name, object));
                    files::remove_file(&path)?;
                }
                Place::Copy(object) if !kept && self.store.has(&object)? => {
                    dropped.push((name, object));
                    files::remove_folder(&path)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the temporary files that killed processes left in the folder: who holds the lock is the
    /// only one to write there.
    pub fn sweep(&self, _lock: &FolderLock) -> Result<(), Error> {
        files::sweep(&self.path, &mut |path| files::remove_file(path))
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

/// Whether a folder holds no file, at any depth.
fn is_bare(folder: &Path) -> Result<bool, Error> {
    for entry in files::list(folder)? {
        let path = entry.path();
        if Place::of(&path)? != Place::Folder || !is_bare(&path)? {
            return Ok(false);
        }
    }
    Ok(true)
}
