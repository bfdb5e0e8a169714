//! What several rows and files say of one text, put together.

use std::collections::HashMap;

use goldpan_artifact::{Labelled, Texts};

use crate::classes::Classes;
use crate::error::{At, Error, excerpt};

/// What a row says of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// It has this class.
    Class(i32),
    /// It is labelled, as the texts' table says.
    Labelled,
    /// It was shown, and has no label.
    Nothing,
}

/// A row about a text.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: u64,
    pub at: At,
    pub says: Says,
}

/// What was said of each text so far, in the order of the first rows.
pub(super) struct Merge<'a> {
    texts: Option<&'a Texts>,
    classes: Option<&'a Classes>,
    entries: Vec<Entry>,
    places: HashMap<u64, usize>,
}

impl<'a> Merge<'a> {
    pub fn new(texts: Option<&'a Texts>, classes: Option<&'a Classes>) -> Self {
        Self {
            texts,
            classes,
            entries: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Adds what a file says. A label counts for more than none; two labels have to agree.
    pub fn add(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        for entry in entries {
            let place = *self.places.entry(entry.id).or_insert(self.entries.len());
            let Some(known) = self.entries.get_mut(place) else {
                self.entries.push(entry);
                continue;
            };
            match (known.says, entry.says) {
                (Says::Class(first), Says::Class(second)) if first != second => {
                    return Err(self.conflict(place, &entry, first, second));
                }
                (Says::Class(_), _) | (_, Says::Nothing) => {}
                (_, Says::Class(_)) | (Says::Nothing, _) => *known = entry,
                (Says::Labelled, Says::Labelled) => {}
            }
        }
        Ok(())
    }

    fn conflict(&self, place: usize, entry: &Entry, first: i32, second: i32) -> Error {
        let name = |class: i32| {
            let names = self.classes.map_or(&[][..], Classes::names);
            let name = usize::try_from(class)
                .ok()
                .and_then(|class| names.get(class));
            name.map_or_else(|| class.to_string(), String::clone)
        };
        let row = |texts: &&Texts| texts.ids().position(|id| id == entry.id);
        let text = self
            .texts
            .and_then(|texts| Some(excerpt(texts.text(row(&texts)?))));
        Error::ConflictingLabels {
            at: Box::new(entry.at.clone()),
            earlier: Box::new(self.entries[place].at.clone()),
            first: name(first),
            second: name(second),
            text: text.unwrap_or_else(|| entry.id.to_string()),
        }
    }

    /// The labelled texts, and those that were shown and have no label.
    ///
    /// Where any row gives a label, the texts that have theirs from the table get it here; those
    /// that have none there count as shown.
    pub fn finish(self) -> (Labelled, Vec<u64>) {
        let some = self
            .entries
            .iter()
            .any(|entry| matches!(entry.says, Says::Class(_)));
        let mut own = HashMap::new();
        if let Some(texts) = self.texts.filter(|_| some) {
            let label = |(row, id)| Some((id, texts.label(row)?));
            own.extend(texts.ids().enumerate().filter_map(label));
        }
        let (mut ids, mut labels, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for entry in self.entries {
            let label = match entry.says {
                Says::Class(class) => Some(class),
                Says::Labelled if some => own.get(&entry.id).copied(),
                Says::Labelled => {
                    ids.push(entry.id);
                    continue;
                }
                Says::Nothing => None,
            };
            match label {
                Some(label) => {
                    ids.push(entry.id);
                    labels.push(label);
                }
                None => without.push(entry.id),
            }
        }
        let labels = some.then_some(labels);
        (Labelled { ids, labels }, without)
    }
}
