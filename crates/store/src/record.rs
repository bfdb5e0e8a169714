//! The record that an action was done: what it made, from what, in how long.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{Action, Key};
use crate::error::Error;
use crate::layout::Layout;
use crate::missing::Missing;
use crate::object::{FileEntry, ObjectId};
use crate::{action, files};

/// The format of record files; part of each, so that older ones can be told from damaged ones.
const FORMAT: u32 = 1;

/// The record of a finished action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    format: u32,
    /// The action's key.
    pub key: Key,
    /// The action's kind.
    pub kind: String,
    /// The name under which the action was done first.
    pub name: String,
    /// The parts of the key.
    pub parts: Map<String, Value>,
    /// What the action made.
    pub object: ObjectId,
    /// The object's files by name.
    pub files: BTreeMap<String, FileEntry>,
    /// What the stage says of its result.
    pub summary: Value,
    /// How long the stage worked, in seconds of the whole machine: of a training beside others, its share.
    pub seconds: f64,
}

impl Record {
    /// A record of this action having made these files.
    pub(crate) fn new(
        action: &Action,
        files: BTreeMap<String, FileEntry>,
        summary: Value,
        took: Duration,
    ) -> Self {
        Self {
            format: FORMAT,
            key: action.key(),
            kind: action.kind().to_owned(),
            name: action.name().to_owned(),
            parts: action.parts().clone(),
            object: ObjectId::of(&files),
            files,
            summary,
            seconds: took.as_secs_f64(),
        }
    }

    /// Reads the record of an action.
    pub(crate) fn load(layout: &Layout, key: &Key) -> Result<Result<Self, Missing>, Error> {
        let path = layout.record(key);
        let Some(bytes) = files::read(&path)? else {
            return Ok(Err(Missing::Record));
        };
        Ok(match serde_json::from_slice::<Self>(&bytes) {
            Ok(record) if record.is_sound() && record.key == *key => Ok(record),
            _ => Err(Missing::DamagedRecord { path }),
        })
    }

    /// Writes the record, whole or not at all.
    pub(crate) fn save(&self, layout: &Layout) -> Result<(), Error> {
        files::write_json(&layout.record(&self.key), self)
    }

    /// True when key and object are those of the parts and files, so nothing in it was altered
    /// that decides what is used.
    fn is_sound(&self) -> bool {
        self.format == FORMAT
            && self.key == action::key(&self.kind, &self.parts)
            && self.object == ObjectId::of(&self.files)
            && self.files.keys().all(|name| files::is_inner_path(name))
    }
}
