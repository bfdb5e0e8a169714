//! A store: its place, and the questions that can be asked without changing it.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::action::{Action, Key};
use crate::error::Error;
use crate::gc::{Collect, GcReport};
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::missing::Missing;
use crate::object::ObjectId;
use crate::record::Record;
use crate::session::Session;
use crate::why::Why;
use crate::{files, gc, look, why};

/// The format of the store's folders and files.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Format {
    format: u32,
}

/// A store of finished work in a folder. Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    layout: Layout,
}

impl Store {
    /// The store at `root`. A store that is not there yet is empty; nothing is created before
    /// the first [`session`](Self::session).
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Layout::new(root.into());
        let not_a_folder = || Error::NotAFolder {
            path: layout.root().to_owned(),
        };
        match fs::metadata(layout.root()) {
            Ok(metadata) if !metadata.is_dir() => return Err(not_a_folder()),
            Ok(_) => {}
            // A link that leads nowhere, or a file where a folder above should be.
            Err(_) if layout.root().is_symlink() => return Err(not_a_folder()),
            Err(source) if source.kind() == io::ErrorKind::NotADirectory => {
                return Err(not_a_folder());
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::read(layout.root(), source)),
        }
        let path = layout.format();
        if let Some(bytes) = files::read(&path)? {
            match serde_json::from_slice(&bytes) {
                Ok(Format { format }) if format > FORMAT => {
                    return Err(Error::NewerStore {
                        path,
                        found: format,
                        known: FORMAT,
                    });
                }
                Ok(_) => {}
                Err(source) => return Err(Error::DamagedFormat { path, source }),
            }
        }
        Ok(Self { layout })
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        self.layout.root()
    }

    /// The record of an action whose result is there, whole by names and lengths. Nothing is
    /// hashed, so this takes microseconds. A damaged result counts as none, and is logged.
    pub fn find(&self, action: &Action) -> Result<Option<Record>, Error> {
        match self.look(&action.key())? {
            Ok(record) => Ok(Some(record)),
            Err(missing) => {
                if missing.is_damage() {
                    tracing::warn!("{}: {missing}; it will be made again", action.name());
                }
                Ok(None)
            }
        }
    }

    /// Like [`find`](Self::find) by the key alone, saying what is missing.
    pub fn look(&self, key: &Key) -> Result<Result<Record, Missing>, Error> {
        look::look(&self.layout, key)
    }

    /// Why an action that was not found has to run.
    pub fn why(&self, action: &Action) -> Result<Why, Error> {
        why::why(&self.layout, action)
    }

    /// The records of all finished actions, in the order of their keys; damaged ones are left out.
    /// Whether their objects are still there is not looked at.
    pub fn records(&self) -> Result<Vec<Record>, Error> {
        let entries = files::list(&self.layout.actions())?;
        let key = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            name.to_str()?.strip_suffix(".json")?.parse::<Key>().ok()
        };
        let mut keys: Vec<Key> = entries.iter().filter_map(key).collect();
        keys.sort();
        let mut records = Vec::new();
        for key in keys {
            records.extend(Record::load(&self.layout, &key)?.ok());
        }
        Ok(records)
    }

    /// The folder in which an object's files lie.
    pub fn object_dir(&self, object: &ObjectId) -> PathBuf {
        self.layout.object(object)
    }

    /// Reads all of an object and compares it with the digests.
    pub fn verify(&self, object: &ObjectId) -> Result<(), Error> {
        look::verify(&self.layout, object)
    }

    /// Starts to use the store for work: creates what is missing of it, and keeps
    /// [`gc`](Self::gc) away until the session is dropped. While `gc` works this waits;
    /// `on_wait` is called every 50 ms and may call it off.
    pub fn session(&self, on_wait: &mut dyn FnMut() -> ControlFlow<()>) -> Result<Session, Error> {
        let layout = &self.layout;
        for folder in [
            layout.objects(),
            layout.actions(),
            layout.all_pending(),
            layout.all_scratch(),
            layout.locks(),
            layout.runs(),
            layout.last_folder(),
        ] {
            files::create_folder(&folder)?;
        }
        let session = Session::new(self.clone(), on_wait)?;
        if files::length(&layout.format())?.is_none() {
            files::write_json(&layout.format(), &Format { format: FORMAT })?;
        }
        Ok(session)
    }

    /// Whether an object is there, by its manifest.
    pub(crate) fn has(&self, object: &ObjectId) -> Result<bool, Error> {
        let manifest = Manifest::load(&self.layout.object(object))?;
        Ok(manifest.is_some_and(|manifest| ObjectId::of(&manifest.files) == *object))
    }

    /// Removes all that no run's folder links to, or linked to lately: objects, their records, and what
    /// crashed or abandoned work left.
    ///
    /// # Errors
    ///
    /// When a run is in progress, or the folder of a run does not tell what it linked to.
    pub fn gc(&self, collect: Collect) -> Result<GcReport, Error> {
        gc::gc(&self.layout, collect)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}
