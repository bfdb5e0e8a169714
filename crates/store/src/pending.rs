//! An action being done: its folder, and the step that makes its result visible.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::action::Action;
use crate::error::Error;
use crate::files::Tree;
use crate::lock::Lock;
use crate::manifest::{MANIFEST, Manifest};
use crate::object::{FileEntry, ObjectId};
use crate::record::Record;
use crate::store::Store;
use crate::{files, look, why};

/// An action that this process is doing. Dropped without [`commit`](Self::commit), it leaves
/// its checkpoints and nothing else.
#[derive(Debug)]
pub struct Pending {
    store: Store,
    action: Action,
    folder: PathBuf,
    scratch: PathBuf,
    _lock: Lock,
}

impl Pending {
    pub(crate) fn new(store: Store, action: Action, lock: Lock) -> Result<Self, Error> {
        let key = action.key();
        let folder = store.layout().pending(&key);
        let scratch = store.layout().scratch(&key);
        // A process that was killed may have left some files. Nobody else uses them: we hold
        // the lock.
        files::remove_folder(&folder)?;
        files::create_folder(&folder)?;
        Ok(Self {
            store,
            action,
            folder,
            scratch,
            _lock: lock,
        })
    }

    /// The empty folder in which the stage writes its result.
    pub fn dir(&self) -> &Path {
        &self.folder
    }

    /// The action.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// A folder for checkpoints, with what an interrupted attempt at this action left there.
    /// It is removed by [`commit`](Self::commit).
    pub fn scratch(&self) -> Result<&Path, Error> {
        files::create_folder(&self.scratch)?;
        Ok(&self.scratch)
    }

    /// Removes the checkpoints, to start from nothing.
    pub fn forget_scratch(&self) -> Result<(), Error> {
        files::remove_folder(&self.scratch)
    }

    /// Keeps what the stage wrote: seals and digests the files, moves them into place, and
    /// records the action, all synced in that order. Whenever this is cut short, either the
    /// whole result is there afterwards or none of it.
    pub fn commit(self, summary: Value, took: Duration) -> Result<Record, Error> {
        goldpan_artifact::check_mapped()?;
        let files = self.seal()?;
        let record = Record::new(&self.action, files, summary, took);
        self.publish(&record.object)?;
        let layout = self.store.layout();
        record.save(layout)?;
        why::remember(layout, &self.action)?;
        files::remove_folder(&self.scratch)?;
        Ok(record)
    }

    /// Syncs and digests the files and writes the manifest beside them.
    fn seal(&self) -> Result<BTreeMap<String, FileEntry>, Error> {
        let tree = Tree::of(&self.folder)?;
        if tree.files.is_empty() {
            return Err(Error::NoFiles {
                action: self.action.name().to_owned(),
                path: self.folder.clone(),
            });
        }
        let mut entries = BTreeMap::new();
        for (name, path) in tree.files {
            files::seal(&path)?;
            let entry = FileEntry {
                digest: goldpan_artifact::digest_file(&path)?,
                bytes: files::length(&path)?.unwrap_or_default(),
            };
            entries.insert(name, entry);
        }
        for folder in &tree.folders {
            files::sync_folder(folder)?;
        }
        let manifest = Manifest { files: entries };
        manifest.save(&self.folder)?;
        files::seal(&self.folder.join(MANIFEST))?;
        Ok(manifest.files)
    }

    /// Moves the sealed folder to the object's place, unless a whole object is there.
    fn publish(&self, object: &ObjectId) -> Result<(), Error> {
        let layout = self.store.layout();
        let shelf = layout.object_shelf(object);
        files::create_folder(&shelf)?;
        files::sync_folder(&layout.objects())?;
        let target = layout.object(object);
        loop {
            match fs::rename(&self.folder, &target) {
                Ok(()) => return files::sync_folder(&shelf),
                Err(source) if !target.exists() => return Err(Error::write(&target, source)),
                Err(_) => {}
            }
            if look::verify(layout, object).is_ok() {
                return Ok(());
            }
            self.set_aside(&target)?;
        }
    }

    /// Takes a damaged object away, so that a whole one can be put in its place.
    fn set_aside(&self, target: &Path) -> Result<(), Error> {
        let aside = self.folder.with_extension("damaged");
        files::remove_folder(&aside)?;
        match fs::rename(target, &aside) {
            Err(source) if target.exists() => Err(Error::write(target, source)),
            _ => files::remove_folder(&aside),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Err(error) = files::remove_folder(&self.folder) {
            tracing::warn!("{}: {error}", self.action.name());
        }
    }
}
