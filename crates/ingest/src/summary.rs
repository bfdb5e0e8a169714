//! What was read, and what is worth a look in it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use goldpan_artifact::Digest;
use serde::Serialize;

use crate::error::{At, Place};

/// How many rows of each kind are named.
const NAMED: usize = 20;

/// What [`ingest`](crate::ingest) read and wrote. No row disappears: the rows of the input are
/// `rows`, `left_out` and `outside`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows written.
    pub rows: u64,
    /// Of these, rows with a label.
    pub labelled: u64,
    /// The classes, in the order of their numbers.
    pub classes: Vec<ClassCount>,
    /// Rows written whose text is empty or white space.
    pub blank: Noted,
    /// Rows written whose text occurred before.
    pub duplicates: Repeats,
    /// Of these, rows whose label is another than that of the text's first row.
    pub conflicts: Repeats,
    /// Rows left out because the dataset's rule gives them no class, like a rating of 0.
    pub left_out: Noted,
    /// Rows whose label does not count, by what a labelling tool says beside it.
    pub withheld: Noted,
    /// Rows whose id of the user's occurred before.
    pub repeated_keys: Noted,
    /// Rows without an id of the user's, where a column of ids was asked for.
    pub without_key: Noted,
    /// Rows that belong to other splits of the dataset.
    pub outside: u64,
    /// What was renamed, as the user asked.
    pub renamed: Vec<Renamed>,
    /// Lines without any character, which are no rows.
    pub empty_lines: u64,
    /// Bytes of the table.
    pub bytes: u64,
    /// Digest of the table.
    pub digest: Digest,
}

/// A class and how many rows have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// A label that was renamed, and how many rows have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The label in the file.
    pub from: String,
    /// The class.
    pub to: String,
    /// Rows with that label.
    pub rows: u64,
}

/// Rows of one kind: how many, and where the first ones are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// How many there are.
    pub count: u64,
    /// The first 20.
    pub first: Vec<At>,
}

impl Noted {
    pub(crate) fn note(&mut self, at: impl FnOnce() -> At) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(at());
        }
    }
}

/// Rows that repeat an earlier one: how many, and the first pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// How many there are.
    pub count: u64,
    /// The first 20.
    pub first: Vec<Repeat>,
}

impl Repeats {
    fn note(&mut self, repeat: impl FnOnce() -> Repeat) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(repeat());
        }
    }
}

/// A row, and the earlier one that it repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repeat {
    /// The row.
    pub at: At,
    /// The first row with the same text.
    pub earlier: At,
}

/// Finds ids of the user that occurred before, and rows that have none.
#[derive(Default)]
pub(crate) struct Keys {
    seen: HashSet<u128>,
    pub repeated: Noted,
    pub none: Noted,
}

impl Keys {
    /// Notes a row's id.
    pub fn note(&mut self, key: Option<&str>, at: impl FnOnce() -> At) {
        match key.filter(|key| !key.trim().is_empty()) {
            None => self.none.note(at),
            Some(key) if !self.seen.insert(hash(key)) => self.repeated.note(at),
            Some(_) => {}
        }
    }
}

/// A 128-bit hash.
fn hash(text: &str) -> u128 {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(hash)
}

/// Finds texts that occurred before, by a 128-bit hash: about 60 bytes of memory for each text.
#[derive(Default)]
pub(crate) struct Seen {
    first: HashMap<u128, (u32, Place, Option<i32>)>,
    pub duplicates: Repeats,
    pub conflicts: Repeats,
}

impl Seen {
    /// Notes a row: its text, the number of its file, its place there, and its label.
    pub fn note(
        &mut self,
        text: &str,
        (file, place): (u32, Place),
        label: Option<i32>,
        at: impl Fn(u32, Place) -> At,
    ) {
        let (first_file, first_place, first_label) = match self.first.entry(hash(text)) {
            Entry::Occupied(first) => *first.get(),
            Entry::Vacant(empty) => {
                empty.insert((file, place, label));
                return;
            }
        };
        let repeat = || Repeat {
            at: at(file, place),
            earlier: at(first_file, first_place),
        };
        self.duplicates.note(repeat);
        if label.is_some() && first_label.is_some() && label != first_label {
            self.conflicts.note(repeat);
        }
    }
}
