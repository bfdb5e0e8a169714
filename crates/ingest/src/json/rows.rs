//! Rows out of JSON objects, wherever in the file they are.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

use goldpan_sources::Column;

use super::scan::{Keys, Scan, Spot};
use super::shape::{self, Shape};
use crate::alike::column_key;
use crate::columns::{likely_labels, no_labels};
use crate::error::{At, Error, Place};
use crate::note::Notes;
use crate::row::{Names, Row, Source, Wanted};
use crate::tool::Verdict;
use crate::value::Value;

/// The most names of fields that are looked at.
const FIELDS: usize = 1000;

/// Rows of a JSON file.
pub(crate) struct Json {
    scan: Scan,
    shape: Shape,
    /// Whether the first row is under way.
    begun: bool,
    /// The names of the row's fields, and of the object that the rows are in.
    keys: Keys,
    outer: Keys,
    names: Names,
    numbers: bool,
    /// Columns that were asked for and not seen yet, and the fields of the first row.
    unseen: Vec<Column>,
    wanted: Wanted,
    first: Vec<String>,
    /// Whether a row had a label field, and the names of fields that nobody asked for.
    labelled: bool,
    others: BTreeSet<String>,
    /// Those of them that are called as labels are.
    likely: BTreeSet<String>,
    /// Rows without a label field that have one that is called as labels are: how many, and the
    /// first one with the field.
    elsewhere: u64,
    first_elsewhere: Option<(Place, String)>,
}

impl Json {
    /// Opens the rows. `reopen` gives the file's text from the start: the first value is looked
    /// at before any row is read.
    pub fn open(
        path: &Path,
        reopen: impl Fn() -> Result<Box<dyn BufRead>, Error>,
        reader: Box<dyn BufRead>,
        wanted: &Wanted,
        notes: &Notes,
    ) -> Result<Self, Error> {
        let columns = wanted.main.iter().chain(&wanted.label).chain(&wanted.key);
        for column in columns.chain(&wanted.metadata) {
            if let Column::Index(index) = column {
                return Err(Error::PlacelessColumn {
                    path: path.to_owned(),
                    index: *index,
                });
            }
        }
        let invalid = wanted.layout.invalid_text;
        // What is found ahead is counted when the rows are read.
        let ahead = Notes::new(path);
        let mut look = Scan::new(path, reopen()?, invalid, ahead.clone());
        let (shape, first) = shape::find(&mut look, wanted)?;
        notes.say_all(&ahead);
        let scan = Scan::new(path, reader, invalid, notes.clone());
        // All but the text may be missing in the first row.
        let there = Wanted {
            label_required: false,
            key: None,
            metadata: Vec::new(),
            ..wanted.clone()
        };
        let found = there.find(path, &first, true)?;
        let label = found.names.label.map(Column::Name);
        let label = label.or_else(|| wanted.label.first().cloned());
        Ok(Self {
            names: Names {
                label: label.as_ref().map(Column::to_string),
                key: wanted.key.as_ref().map(Column::to_string),
                metadata: wanted.metadata.iter().map(Column::to_string).collect(),
                ..found.names
            },
            numbers: wanted.numbers,
            unseen: label
                .filter(|_| wanted.label_required)
                .into_iter()
                .chain(wanted.metadata.iter().cloned())
                .collect(),
            wanted: wanted.clone(),
            labelled: false,
            others: BTreeSet::new(),
            likely: BTreeSet::new(),
            elsewhere: 0,
            first_elsewhere: None,
            first,
            scan,
            shape,
            begun: false,
            keys: Keys::default(),
            outer: Keys::default(),
        })
    }

    /// Goes to the next row; false after the last one.
    fn advance(&mut self) -> Result<bool, Error> {
        let first = !std::mem::replace(&mut self.begun, true);
        let some = match &self.shape {
            Shape::Sequence => self.scan.peek()?.is_some(),
            Shape::List => self.in_list(first)?,
            Shape::Under(key) => {
                let key = key.clone();
                self.under(&key, first)?
            }
            Shape::Values => {
                if first {
                    self.scan.expect(b'{', "an object `{`")?;
                }
                let some = match first {
                    true => self.scan.peek()? != Some(b'}'),
                    false => self.scan.comma(b'}')?,
                };
                match some {
                    true => drop(self.scan.key(&mut self.outer)?),
                    false => self.end()?,
                }
                some
            }
        };
        Ok(some)
    }

    /// Goes to the next object of a list, or of the list after it.
    fn in_list(&mut self, first: bool) -> Result<bool, Error> {
        if !first && self.scan.comma(b']')? {
            return Ok(true);
        }
        loop {
            if self.scan.peek()?.is_none() {
                return Ok(false);
            }
            self.scan.expect(b'[', "nothing more or another list")?;
            if self.scan.peek()? != Some(b']') {
                return Ok(true);
            }
            self.scan.bump();
        }
    }

    /// Goes to the next object of the list under `key`.
    fn under(&mut self, key: &str, first: bool) -> Result<bool, Error> {
        if first {
            self.scan.expect(b'{', "an object `{`")?;
            loop {
                let (name, _) = self.scan.key(&mut self.outer)?;
                if name == key {
                    break;
                }
                self.scan.skip()?;
                if !self.scan.comma(b'}')? {
                    return Ok(false);
                }
            }
            self.scan.expect(b'[', "a list `[`")?;
            if self.scan.peek()? != Some(b']') {
                return Ok(true);
            }
            self.scan.bump();
        } else if self.scan.comma(b']')? {
            return Ok(true);
        }
        while self.scan.comma(b'}')? {
            self.scan.key(&mut self.outer)?;
            self.scan.skip()?;
        }
        self.end()?;
        Ok(false)
    }

    /// Checks that nothing follows.
    fn end(&mut self) -> Result<(), Error> {
        match self.scan.peek()? {
            None => Ok(()),
            found => Err(self.scan.instead(found, "nothing more")),
        }
    }

    fn wrong(&self, spot: Spot, column: &str, found: &'static str, wanted: &'static str) -> Error {
        Error::ValueType {
            at: self.scan.at(spot),
            column: column.to_owned(),
            found,
            wanted,
        }
    }

    /// Reads the row that is next.
    fn pick(&mut self) -> Result<Picked, Error> {
        let (names, first) = (&self.names, &self.first);
        let (others, likely) = (&mut self.others, &mut self.likely);
        // A field that later rows call otherwise must not be lost.
        let same = |name: &str, column: &Option<String>| {
            let column = column.as_deref();
            column.is_some_and(|column| column_key(column) == column_key(name))
        };
        let mut picked = Picked {
            metadata: vec![None; names.metadata.len()],
            ..Picked::default()
        };
        match self.scan.peek()? {
            Some(b'{') => {}
            Some(b',') => {
                let problem = "a comma between objects: put all of them in a list, `[` to `]`";
                return Err(self.scan.wrong(self.scan.spot(), problem));
            }
            found => return Err(self.scan.instead(found, "an object `{`")),
        }
        self.scan.object(&mut self.keys, |scan, name, at| {
            let is = |column: &Option<String>| column.as_ref() == Some(&name);
            let (main, label, key) = (name == names.main, is(&names.label), is(&names.key));
            let (metadata, verdict) = (names.metadata.contains(&name), is(&names.verdict));
            if !(main || label || key || metadata || verdict) {
                let new = !others.contains(&name) && others.len() < FIELDS;
                if new && !first.contains(&name) {
                    for column in [&names.label, &names.key] {
                        if same(&name, column) {
                            return Err(Error::MixedField {
                                at: scan.at(at),
                                field: name,
                                column: column.clone().unwrap_or_default(),
                            });
                        }
                    }
                }
                if new {
                    if !likely_labels(&[&name]).is_empty() {
                        likely.insert(name.clone());
                    }
                    others.insert(name.clone());
                }
                if picked.likely.is_none() && likely.contains(&name) {
                    picked.likely = Some(name);
                }
                return scan.skip();
            }
            scan.peek()?;
            let spot = scan.spot();
            let value = (scan.value()?, spot);
            for (kept, column) in picked.metadata.iter_mut().zip(&names.metadata) {
                if *column == name {
                    *kept = Some(value.clone());
                }
            }
            if label {
                picked.label = Some(value.clone());
            }
            if key {
                picked.key = Some(value.clone());
            }
            if verdict {
                picked.verdict = Verdict::of(value.0.clone());
            }
            if main {
                picked.main = Some(value);
            }
            Ok(())
        })?;
        Ok(picked)
    }

    /// A sentence where some rows have the label field, and others one that may be meant for it.
    fn mixed(&self) -> Option<String> {
        let (place, field) = self.first_elsewhere.clone()?;
        let at = At {
            path: self.scan.path().to_owned(),
            place,
        };
        let label = self.names.label.as_deref().unwrap_or_default();
        let rows = match self.elsewhere {
            1 => "1 row has".to_owned(),
            rows => format!("{rows} rows have"),
        };
        Some(format!(
            "{at} first: {rows} no `{label}`, but `{field}`, which is not read; give all labels one name"
        ))
    }

    /// A label, key or metadata value as text; a number as it is written where it is to be `exact`.
    fn plain(
        &self,
        (value, spot): (Value, Spot),
        name: &str,
        exact: bool,
        wanted: &'static str,
    ) -> Result<Option<String>, Error> {
        match value {
            // Written as other formats give it: 5.0 is 5.
            Value::Digits(text) if !exact && text.contains(['.', 'e', 'E']) => {
                Ok(Some(match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => number.to_string(),
                    _ => text,
                }))
            }
            Value::Number(number) if number.is_infinite() => {
                Err(self.wrong(spot, name, "Infinity", wanted))
            }
            value => value
                .plain()
                .map_err(|found| self.wrong(spot, name, found, wanted)),
        }
    }
}

/// The values of the wanted fields of an object.
#[derive(Default)]
struct Picked {
    main: Option<(Value, Spot)>,
    label: Option<(Value, Spot)>,
    key: Option<(Value, Spot)>,
    verdict: Verdict,
    metadata: Vec<Option<(Value, Spot)>>,
    /// The first field that nobody asked for and that is called as labels are.
    likely: Option<String>,
}

impl Source for Json {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !self.advance()? {
            if !self.labelled && self.names.no_label.is_none() {
                let others: Vec<&String> = self.others.iter().collect();
                let wanted = self.wanted.label.first();
                let without = |wanted| no_labels(self.scan.path(), wanted, &others);
                self.names.no_label = wanted.and_then(without);
            }
            if self.labelled {
                self.names.no_label = self.mixed();
            }
            return match self.unseen.first() {
                None => Ok(false),
                Some(column) => {
                    let path = self.scan.path();
                    Err(self.wanted.no_column(path, column, &self.first))
                }
            };
        }
        self.scan.peek()?;
        let start = self.scan.spot();
        row.place = start.place();
        let picked = self.pick()?;
        let (main, spot) = match picked.main {
            Some((value, spot)) => {
                let main = value.main(self.numbers);
                let wanted = if self.numbers { "an id" } else { "text" };
                let main =
                    main.map_err(|found| self.wrong(spot, &self.names.main, found, wanted))?;
                (main, spot.exact())
            }
            None => (None, row.place),
        };
        match main {
            Some(main) => row.main = main,
            None => {
                return Err(Error::NoText {
                    at: At {
                        path: self.scan.path().to_owned(),
                        place: spot,
                    },
                    column: self.names.main.clone(),
                });
            }
        }
        if let (None, Some(likely)) = (&picked.label, picked.likely) {
            self.elsewhere += 1;
            self.first_elsewhere.get_or_insert((row.place, likely));
        }
        if let (Some(label), Some(name)) = (picked.label, &self.names.label.clone()) {
            self.unseen.retain(|column| column.to_string() != *name);
            let (value, spot) = label;
            row.label = match value {
                Value::List(_) => value
                    .label()
                    .map_err(|found| self.wrong(spot, name, found, "a label"))?,
                value => self.plain((value, spot), name, false, "a label")?,
            };
            self.labelled = true;
            self.names.no_label = None;
        }
        row.verdict = picked.verdict;
        if let (Some(key), Some(name)) = (picked.key, &self.names.key) {
            row.key = self.plain(key, name, true, "an id")?;
        }
        for (value, name) in picked.metadata.into_iter().zip(&self.names.metadata) {
            if value.is_some() {
                self.unseen.retain(|column| column.to_string() != *name);
            }
            row.keep(match value {
                Some(value) => self.plain(value, name, false, "a text or number")?,
                None => None,
            });
        }
        Ok(true)
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn empty_lines(&self) -> u64 {
        self.scan.empty
    }
}
