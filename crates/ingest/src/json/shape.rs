//! Where in a JSON file the rows are, found by a look at its first value.

use std::path::Path;

use super::scan::{Keys, Scan};
use crate::dialect::is_main;
use crate::error::Error;
use crate::row::Wanted;

/// Where the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Objects one after the other, whatever their lines.
    Sequence,
    /// The objects of a list.
    List,
    /// The objects of the list under this key of an object.
    Under(String),
    /// The objects under the keys of an object.
    Values,
}

/// The most keys under which rows may be that are named in a message.
const MOST: usize = 16;

/// What to do about tables by column, as pandas writes them unless told otherwise.
const BY_RECORD: &str = "write its rows with df.to_json(path, orient=\"records\", lines=True)";

/// Finds the rows, and the names of the first one's fields.
pub(super) fn find(scan: &mut Scan, wanted: &Wanted) -> Result<(Shape, Vec<String>), Error> {
    let path = scan.path().to_owned();
    let records = wanted.layout.records.as_deref();
    let none = || Error::NoRows {
        paths: vec![path.clone()],
    };
    match scan.peek()? {
        None => Err(none()),
        Some(b'[') => {
            if let Some(key) = records {
                return Err(no_list(&path, key, &[]));
            }
            scan.bump();
            match scan.peek()? {
                Some(b'{') => Ok((Shape::List, fields(scan)?)),
                Some(b']') => Err(none()),
                Some(b'[') => Err(refused(
                    &path,
                    "a JSON list of lists, which name no columns",
                    BY_RECORD,
                )),
                found => {
                    scan.value()?;
                    match found {
                        Some(_) => Err(refused(
                            &path,
                            "a JSON list of values, which name no columns",
                            "write a list of objects such as {\"text\": \"...\"}",
                        )),
                        None => Err(none()),
                    }
                }
            }
        }
        Some(b'{') => of_object(scan, wanted, records, &path),
        found => Err(scan.instead(found, "an object `{` or a list `[`")),
    }
}

fn refused(path: &Path, found: &'static str, advice: &'static str) -> Error {
    Error::Refused {
        path: path.to_owned(),
        found,
        advice,
    }
}

fn no_list(path: &Path, key: &str, names: &[String]) -> Error {
    Error::NoRecords {
        path: path.to_owned(),
        key: key.to_owned(),
        names: names.to_vec(),
    }
}

/// The names of the fields of an object that is next.
fn fields(scan: &mut Scan) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    scan.object(&mut Keys::default(), |scan, name, _| {
        names.push(name);
        scan.skip()
    })?;
    Ok(names)
}

/// What an object's fields hold.
#[derive(Default)]
struct Look {
    names: Vec<String>,
    /// A field that is the text column has a plain value, or a column of them.
    text: bool,
    column: bool,
    /// Lists of objects that have the text column, with the fields of their first one.
    lists: Vec<(String, Vec<String>)>,
    /// A list of lists.
    table: bool,
    /// Fields that are objects, and the fields of the first one.
    objects: usize,
    first: Vec<String>,
    /// The list that was asked for, with the fields of its first object.
    records: Option<Vec<String>>,
}

fn of_object(
    scan: &mut Scan,
    wanted: &Wanted,
    records: Option<&str>,
    path: &Path,
) -> Result<(Shape, Vec<String>), Error> {
    let mut look = Look::default();
    let is_text = |names: &[String]| names.iter().any(|name| is_main(wanted, name));
    scan.object(&mut Keys::default(), |scan, name, _| {
        let main = is_main(wanted, &name);
        match scan.peek()? {
            Some(b'[') => {
                let inner = in_list(scan)?;
                look.column |= main && inner == Inner::Plain;
                look.table |= inner == Inner::List;
                if let Inner::Object(fields) = inner {
                    if records == Some(&*name) {
                        look.records = Some(fields);
                    } else if is_text(&fields) && look.lists.len() < MOST {
                        look.lists.push((name.clone(), fields));
                    }
                }
            }
            Some(b'{') => {
                let (plain, fields) = in_object(scan)?;
                look.column |= main && plain;
                if look.objects == 0 {
                    look.first = fields;
                }
                look.objects += 1;
            }
            _ => {
                scan.value()?;
                look.text |= main;
            }
        }
        look.names.push(name);
        Ok(())
    })?;
    if let Some(key) = records {
        return match look.records {
            Some(fields) => Ok((Shape::Under(key.to_owned()), fields)),
            None => Err(no_list(path, key, &look.names)),
        };
    }
    let alone = scan.peek()?.is_none();
    let has = |name: &str| look.names.iter().any(|other| other == name);
    if look.text || !alone {
        return Ok((Shape::Sequence, look.names));
    }
    match look.lists.as_slice() {
        [] => {}
        [(key, fields)] => {
            scan.notes().say(format_args!(
                "is one JSON object; the rows are taken from the list under its key `{key}`"
            ));
            return Ok((Shape::Under(key.clone()), fields.clone()));
        }
        several => {
            return Err(Error::SeveralRecords {
                path: path.to_owned(),
                keys: several.iter().map(|(key, _)| key.clone()).collect(),
            });
        }
    }
    if look.column {
        return Err(refused(path, "JSON by column, not by row", BY_RECORD));
    }
    if look.table && has("columns") {
        let found = "JSON with rows apart from the names of their columns";
        return Err(refused(path, found, BY_RECORD));
    }
    if look.objects == look.names.len() && is_text(&look.first) {
        scan.notes().say(
            "is one JSON object of objects; each is taken for a row, and its key is passed over",
        );
        return Ok((Shape::Values, look.first));
    }
    Ok((Shape::Sequence, look.names))
}

/// What a list begins with.
#[derive(PartialEq, Eq)]
enum Inner {
    Nothing,
    Plain,
    List,
    Object(Vec<String>),
}

/// Passes over a list, and says what it begins with.
fn in_list(scan: &mut Scan) -> Result<Inner, Error> {
    scan.bump();
    let inner = match scan.peek()? {
        Some(b']') => {
            scan.bump();
            return Ok(Inner::Nothing);
        }
        Some(b'{') => Inner::Object(fields(scan)?),
        Some(b'[') => {
            scan.skip()?;
            Inner::List
        }
        _ => {
            scan.value()?;
            Inner::Plain
        }
    };
    while scan.comma(b']')? {
        scan.skip()?;
    }
    Ok(inner)
}

/// Passes over an object; says whether its first value is plain, and what its fields are called
/// if there are not many.
fn in_object(scan: &mut Scan) -> Result<(bool, Vec<String>), Error> {
    const MANY: usize = 1000;
    let (mut plain, mut names) = (false, Vec::new());
    scan.object(&mut Keys::default(), |scan, name, _| {
        if names.is_empty() {
            plain = !matches!(scan.peek()?, Some(b'{' | b'['));
        }
        if names.len() < MANY {
            names.push(name);
        }
        scan.skip()
    })?;
    Ok((plain, names))
}
