//! Where everything lies in a store.

use std::path::{Path, PathBuf};

use goldpan_artifact::Digest;

use crate::action::Key;
use crate::object::ObjectId;

/// The paths of one store.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn format(&self) -> PathBuf {
        self.root.join("store.json")
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    pub(crate) fn object(&self, id: &ObjectId) -> PathBuf {
        self.object_shelf(id).join(id.to_string())
    }

    /// The folder that holds the object's folder: the first two digits of its name.
    pub(crate) fn object_shelf(&self, id: &ObjectId) -> PathBuf {
        self.objects().join(&id.to_string()[..2])
    }

    pub(crate) fn actions(&self) -> PathBuf {
        self.root.join("actions")
    }

    pub(crate) fn record(&self, key: &Key) -> PathBuf {
        self.actions().join(format!("{key}.json"))
    }

    /// Names hold spaces and slashes, so the file is called by the name's digest.
    pub(crate) fn last(&self, name: &str) -> PathBuf {
        let digest = Digest::of(name.as_bytes()).to_string();
        self.last_folder().join(format!("{digest}.json"))
    }

    pub(crate) fn last_folder(&self) -> PathBuf {
        self.root.join("last")
    }

    pub(crate) fn all_scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    pub(crate) fn scratch(&self, key: &Key) -> PathBuf {
        self.all_scratch().join(key.to_string())
    }

    pub(crate) fn all_pending(&self) -> PathBuf {
        self.root.join("pending")
    }

    pub(crate) fn pending(&self, key: &Key) -> PathBuf {
        self.all_pending().join(key.to_string())
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    pub(crate) fn run_lock(&self) -> PathBuf {
        self.locks().join("run.lock")
    }

    pub(crate) fn folder_lock(&self, run: &str) -> PathBuf {
        self.locks().join(format!("{run}.folder.lock"))
    }

    pub(crate) fn action_lock(&self, key: &Key) -> PathBuf {
        self.locks().join(format!("{key}.lock"))
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }
}
