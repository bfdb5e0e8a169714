//! The use of a store by a run: claiming actions, and its folder of links.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::action::{Action, Key};
use crate::error::Error;
use crate::lock::{Lock, Mode};
use crate::pending::Pending;
use crate::record::Record;
use crate::runs::RunFolder;
use crate::store::Store;
use crate::{files, why};

/// A run's use of a store. While it lives nothing is garbage-collected.
#[derive(Debug)]
pub struct Session {
    store: Store,
    _lock: Lock,
}

/// Whether a result that is there may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Use it.
    Allowed,
    /// Do the action again.
    Forbidden,
}

/// The outcome of claiming an action.
#[derive(Debug)]
pub enum Claim {
    /// Its result is there; perhaps another process has just made it.
    Found(Record),
    /// It is this caller's to do, and nobody else does it.
    Pending(Pending),
}

impl Session {
    pub(crate) fn new(
        store: Store,
        on_wait: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let lock = Lock::wait(&store.layout().run_lock(), Mode::Shared, on_wait)?;
        Ok(Self { store, _lock: lock })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Takes an action to do it, unless its result is there. While another process or thread
    /// does the same action this waits for it; `on_wait` is called every 50 ms and may call it
    /// off.
    pub fn claim(
        &self,
        action: &Action,
        reuse: Reuse,
        on_wait: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Claim, Error> {
        let find = || match reuse {
            Reuse::Allowed => self.store.find(action),
            Reuse::Forbidden => Ok(None),
        };
        if let Some(record) = find()? {
            return Ok(Claim::Found(record));
        }
        let layout = self.store.layout();
        let lock = Lock::wait(&layout.action_lock(&action.key()), Mode::Exclusive, on_wait)?;
        match find()? {
            Some(record) => Ok(Claim::Found(record)),
            None => Pending::new(self.store.clone(), action.clone(), lock).map(Claim::Pending),
        }
    }

    /// Notes that this action is now what its name stands for, so that the next difference is
    /// told against it. [`Pending::commit`] does this by itself; call it for results found.
    pub fn remember(&self, action: &Action) -> Result<(), Error> {
        why::remember(self.store.layout(), action)
    }

    /// The checkpoints that unfinished work with this key left, if any.
    pub fn scratch(&self, key: &Key) -> Option<PathBuf> {
        let path = self.store.layout().scratch(key);
        path.is_dir().then_some(path)
    }

    /// The folder `runs/NAME`, created if it is missing.
    pub fn run_folder(&self, name: &str) -> Result<RunFolder, Error> {
        if !files::is_inner_path(name) || name.contains('/') {
            return Err(Error::BadName { name: name.into() });
        }
        let path = self.store.layout().runs().join(name);
        match fs::create_dir(&path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::write(&path, source))
            }
            Err(_) if !path.is_dir() => Err(Error::NotARunFolder { path }),
            _ => RunFolder::new(self.store.clone(), path),
        }
    }
}
