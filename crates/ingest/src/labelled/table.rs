//! Selections and tables of labels that Goldpan wrote.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use goldpan_artifact::{Labelled, Texts, peek};

use super::merge::{Entry, Says};
use crate::classes::Classes;
use crate::error::{At, Error, Place};

/// Whether the file is a table that Goldpan wrote, damaged ones included.
pub(super) fn is_own(path: &Path) -> Result<bool, Error> {
    let mut first = Vec::with_capacity(6);
    let file = File::open(path).map_err(Error::read(path))?;
    let read = file.take(6).read_to_end(&mut first);
    read.map_err(Error::read(path))?;
    Ok(first == b"ARROW1" && !peek(path).is_err_and(|error| error.is_foreign()))
}

/// Reads a table. Its labels are matched with `classes` by the names of its own.
pub(super) fn read(
    path: &Path,
    texts: Option<&Texts>,
    classes: Option<&Classes>,
) -> Result<Vec<Entry>, Error> {
    let labelled = Labelled::open_arrow(path)?;
    let at = |row: usize| At {
        path: path.to_owned(),
        place: Place::Row(row as u64 + 1),
    };
    if let Some(texts) = texts {
        let known: HashSet<u64> = texts.ids().collect();
        let unknown = labelled.ids.iter().position(|id| !known.contains(id));
        if let Some(row) = unknown {
            return Err(Error::UnknownId {
                at: at(row),
                column: "id".to_owned(),
                value: labelled.ids[row].to_string(),
                texts: texts.path().to_owned(),
            });
        }
    }
    let own = peek(path)?.classes;
    let says = |row: usize| match (&labelled.labels, classes) {
        (None, _) | (_, None) => Ok(Says::Labelled),
        (Some(labels), Some(classes)) => {
            // The texts of a test, say, may have no classes; then the table's own will do.
            let name = usize::try_from(labels[row])
                .ok()
                .and_then(|label| own.get(label));
            match name.filter(|_| !classes.names().is_empty()) {
                None => Ok(Says::Class(labels[row])),
                Some(name) => classes.named(name, || at(row), "label").map(Says::Class),
            }
        }
    };
    (0..labelled.ids.len())
        .map(|row| {
            Ok(Entry {
                id: labelled.ids[row],
                at: at(row),
                says: says(row)?,
            })
        })
        .collect()
}
