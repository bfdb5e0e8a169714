//! Which texts are labelled, from a table or from a file that a person wrote.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use goldpan_artifact::{Labelled, Texts, peek};
use goldpan_sources::Column;

use crate::error::{At, Error, Place};
use crate::input::{self, Count};
use crate::labels::Classes;
use crate::row::{Names, Row, Wanted};

/// Reads which texts are labelled; labels are named by the classes of `texts`.
///
/// See [`labelled_in`].
pub fn labelled(path: &Path, texts: Option<&Texts>) -> Result<Labelled, Error> {
    labelled_in(path, texts, texts.map_or(&[], Texts::classes))
}

/// Reads which texts are labelled, from a selection or labels table, or from a JSONL, CSV or TSV
/// file with a column `id`, or `key` for the user's own ids, and perhaps a column `label`.
///
/// A label is the name or number of one of `classes`; those of a labels table, which has classes
/// of its own, are matched by name. With `texts`, every id must be one of
/// theirs. No id may occur twice, and either all rows or none have a label.
pub fn labelled_in(
    path: &Path,
    texts: Option<&Texts>,
    classes: &[String],
) -> Result<Labelled, Error> {
    if is_arrow(path)? {
        let mut labelled = Labelled::open_arrow(path)?;
        check_known(path, &labelled.ids, texts)?;
        rename(path, &mut labelled, classes)?;
        return Ok(labelled);
    }
    let mut main = vec![Column::from("id")];
    main.extend(texts.map(|_| Column::from("key")));
    let wanted = Wanted {
        main,
        numbers: true,
        label: vec![Column::from("label")],
        label_required: false,
        key: None,
        metadata: Vec::new(),
        header: true,
    };
    let mut source = input::open(path, None, &wanted, &Count::default())?;
    let names = source.names().clone();
    let mut reader = Reader {
        path,
        texts,
        classes: Classes::new(classes),
        ids: texts.map(ids_of),
        keys: texts.filter(|_| names.main == "key").map(keys_of),
        names,
        seen: HashSet::new(),
        unlabelled: None,
        read: Labelled::default(),
    };
    let mut row = Row::default();
    while source.next(&mut row)? {
        reader.row(&row)?;
    }
    Ok(reader.read)
}

/// Whether the file is an Arrow file, by its first bytes.
fn is_arrow(path: &Path) -> Result<bool, Error> {
    let mut first = Vec::with_capacity(6);
    let file = File::open(path).map_err(Error::read(path))?;
    let read = file.take(6).read_to_end(&mut first);
    read.map_err(Error::read(path))?;
    Ok(first == b"ARROW1")
}

fn ids_of(texts: &Texts) -> HashSet<u64> {
    texts.ids().collect()
}

/// The id of each key; nothing for a key that several texts have.
fn keys_of(texts: &Texts) -> HashMap<&str, Option<u64>> {
    let mut keys = HashMap::new();
    for row in 0..texts.len() {
        if let Some(key) = texts.key(row) {
            keys.entry(key)
                .and_modify(|id| *id = None)
                .or_insert(Some(texts.id(row)));
        }
    }
    keys
}

/// An error where a table names a text that is not among `texts`.
fn check_known(path: &Path, ids: &[u64], texts: Option<&Texts>) -> Result<(), Error> {
    let Some(texts) = texts else {
        return Ok(());
    };
    let known = ids_of(texts);
    match ids.iter().zip(1..).find(|(id, _)| !known.contains(id)) {
        None => Ok(()),
        Some((id, row)) => Err(Error::UnknownId {
            at: At {
                path: path.to_owned(),
                place: Place::Row(row),
            },
            column: "id".to_owned(),
            value: id.to_string(),
            texts: texts.path().to_owned(),
        }),
    }
}

/// Numbers a table's labels by `classes`, where its own classes are others.
fn rename(path: &Path, labelled: &mut Labelled, classes: &[String]) -> Result<(), Error> {
    let own = peek(path)?.classes;
    let Some(labels) = labelled.labels.as_mut().filter(|_| own != classes) else {
        return Ok(());
    };
    if classes.is_empty() {
        return Ok(());
    }
    for (label, row) in labels.iter_mut().zip(1..) {
        let name = usize::try_from(*label)
            .ok()
            .and_then(|label| own.get(label));
        let number = classes
            .iter()
            .zip(0..)
            .find(|(class, _)| Some(*class) == name);
        *label = match number {
            Some((_, number)) => number,
            None => {
                return Err(Error::UnknownLabel {
                    at: At {
                        path: path.to_owned(),
                        place: Place::Row(row),
                    },
                    column: "label".to_owned(),
                    value: name.cloned().unwrap_or_else(|| label.to_string()),
                    classes: classes.to_vec(),
                });
            }
        };
    }
    Ok(())
}

struct Reader<'a> {
    path: &'a Path,
    texts: Option<&'a Texts>,
    classes: Classes,
    ids: Option<HashSet<u64>>,
    keys: Option<HashMap<&'a str, Option<u64>>>,
    names: Names,
    seen: HashSet<u64>,
    /// The first row without a label.
    unlabelled: Option<At>,
    read: Labelled,
}

impl Reader<'_> {
    fn at(&self, row: &Row) -> At {
        At {
            path: self.path.to_owned(),
            place: row.place,
        }
    }

    fn row(&mut self, row: &Row) -> Result<(), Error> {
        let id = self.id(row)?;
        if !self.seen.insert(id) {
            return Err(Error::RepeatedId {
                at: self.at(row),
                column: self.names.main.clone(),
                value: row.main.clone(),
            });
        }
        self.read.ids.push(id);
        let label = row.label.as_deref().map(str::trim);
        match label.filter(|label| !label.is_empty()) {
            Some(label) => {
                let label = self.label(row, label)?;
                self.read.labels.get_or_insert_default().push(label);
            }
            None => {
                let at = self.at(row);
                self.unlabelled.get_or_insert(at);
            }
        }
        match (&self.unlabelled, &self.read.labels) {
            (Some(at), Some(_)) => Err(Error::NoLabel { at: at.clone() }),
            _ => Ok(()),
        }
    }

    fn id(&self, row: &Row) -> Result<u64, Error> {
        let (at, column, value) = (self.at(row), self.names.main.clone(), row.main.clone());
        let Some(texts) = self.texts else {
            let id = value.trim().parse();
            return id.map_err(|_| Error::BadId { at, column, value });
        };
        let texts = texts.path().to_owned();
        let unknown = |at, column, value| Error::UnknownId {
            at,
            column,
            value,
            texts,
        };
        if let Some(keys) = &self.keys {
            return match keys.get(value.as_str()) {
                Some(Some(id)) => Ok(*id),
                Some(None) => Err(Error::AmbiguousKey { at, column, value }),
                None => Err(unknown(at, column, value)),
            };
        }
        match value.trim().parse() {
            Ok(id) if self.ids.as_ref().is_none_or(|ids| ids.contains(&id)) => Ok(id),
            Ok(_) => Err(unknown(at, column, value)),
            Err(_) => Err(Error::BadId { at, column, value }),
        }
    }

    fn label(&self, row: &Row, label: &str) -> Result<i32, Error> {
        let (at, value) = (self.at(row), label.to_owned());
        let column = self.names.label.clone().unwrap_or_default();
        match self.classes.number(label) {
            Some(number) => Ok(number),
            None if self.classes.names().is_empty() => Err(Error::NoClasses { at, column, value }),
            None => Err(Error::UnknownLabel {
                at,
                column,
                value,
                classes: self.classes.names().to_vec(),
            }),
        }
    }
}
