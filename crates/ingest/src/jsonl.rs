//! JSONL: a JSON object on each line.

use std::fmt;
use std::io::BufRead;
use std::path::Path;

use goldpan_sources::Column;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::Error;
use crate::lines::Lines;
use crate::row::{Names, Row, Source, Value, Wanted};

pub(crate) struct Jsonl {
    lines: Lines,
    names: Names,
    numbers: bool,
    /// Columns that were asked for and not seen yet, and the fields of the first row.
    unseen: Vec<Column>,
    wanted: Wanted,
    first: Vec<String>,
    /// The first line was not yet given out.
    waiting: bool,
}

impl Jsonl {
    pub fn open(path: &Path, reader: Box<dyn BufRead>, wanted: &Wanted) -> Result<Self, Error> {
        let mut lines = Lines::new(path, reader);
        if !lines.advance()? {
            return Err(Error::NoRows {
                paths: vec![path.to_owned()],
            });
        }
        let columns = wanted.main.iter().chain(&wanted.label).chain(&wanted.key);
        for column in columns.chain(&wanted.metadata) {
            if let Column::Index(index) = column {
                return Err(Error::PlacelessColumn {
                    path: path.to_owned(),
                    index: *index,
                });
            }
        }
        let first = parse(&lines, Fields)?;
        // All but the text may be missing in the first row, so only the text is looked up there.
        let main = Wanted {
            label: Vec::new(),
            key: None,
            metadata: Vec::new(),
            ..wanted.clone()
        };
        let found = main.find(path, &first, true)?;
        let has = |column: &&Column| first.iter().any(|name| *name == column.to_string());
        let label = wanted.label.iter().find(has).or(wanted.label.first());
        Ok(Self {
            names: Names {
                main: found.names.main,
                label: label.map(Column::to_string),
                key: wanted.key.as_ref().map(Column::to_string),
                metadata: wanted.metadata.iter().map(Column::to_string).collect(),
                ..found.names
            },
            numbers: wanted.numbers,
            unseen: label
                .filter(|_| wanted.label_required)
                .into_iter()
                .chain(&wanted.metadata)
                .cloned()
                .collect(),
            wanted: wanted.clone(),
            first,
            lines,
            waiting: true,
        })
    }

    fn wrong(&self, column: &str, found: &'static str, wanted: &'static str) -> Error {
        Error::ValueType {
            at: self.lines.at(),
            column: column.to_owned(),
            found,
            wanted,
        }
    }
}

impl Source for Jsonl {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.lines.advance()? {
            return match self.unseen.first() {
                Some(column) => Err(self
                    .wanted
                    .no_column(self.lines.path(), column, &self.first)),
                None => Ok(false),
            };
        }
        row.place = self.lines.place();
        let picked = parse(&self.lines, Pick(&self.names))?;
        let names = &self.names;
        let main = picked.main.unwrap_or(Value::Null).main(self.numbers);
        let wanted = if self.numbers { "an id" } else { "text" };
        match main.map_err(|found| self.wrong(&names.main, found, wanted))? {
            Some(main) => row.main.push_str(&main),
            None => {
                return Err(Error::NoText {
                    at: self.lines.at(),
                    column: names.main.clone(),
                });
            }
        }
        if let (Some(value), Some(name)) = (picked.label, &names.label) {
            self.unseen.retain(|column| column.to_string() != *name);
            let label = value.plain();
            row.label = label.map_err(|found| self.wrong(name, found, "a label"))?;
        }
        if let (Some(value), Some(name)) = (picked.key, &names.key) {
            let key = value.plain();
            row.key = key.map_err(|found| self.wrong(name, found, "an id"))?;
        }
        for (value, name) in picked.metadata.into_iter().zip(&names.metadata) {
            if value.is_some() {
                self.unseen.retain(|column| column.to_string() != *name);
            }
            let value = value.unwrap_or(Value::Null).plain();
            row.keep(value.map_err(|found| self.wrong(name, found, "a text or number"))?);
        }
        Ok(true)
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn empty_lines(&self) -> u64 {
        self.lines.empty
    }
}

/// Parses the last line as one object.
fn parse<'de, S: DeserializeSeed<'de>>(lines: &'de Lines, seed: S) -> Result<S::Value, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(lines.text()?);
    let value = seed.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Error::Json {
        at: lines.at(),
        column: error.column(),
        problem: problem(&error),
    })
}

/// The reason without the place, which is that of a line taken alone.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// The names of an object's fields.
struct Fields;

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
            names.push(name);
        }
        Ok(names)
    }
}

/// The values of the wanted fields of an object.
struct Pick<'n>(&'n Names);

#[derive(Default)]
struct Picked {
    main: Option<Value>,
    label: Option<Value>,
    key: Option<Value>,
    metadata: Vec<Option<Value>>,
}

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = Picked;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Picked, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Picked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Picked, A::Error> {
        let mut picked = Picked {
            metadata: vec![None; self.0.metadata.len()],
            ..Picked::default()
        };
        while let Some(name) = map.next_key::<String>()? {
            let is = |column: &Option<String>| column.as_ref() == Some(&name);
            let (main, label, key) = (name == self.0.main, is(&self.0.label), is(&self.0.key));
            let metadata = self.0.metadata.contains(&name);
            if !(main || label || key || metadata) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: Value = map.next_value()?;
            for (kept, column) in picked.metadata.iter_mut().zip(&self.0.metadata) {
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
            if main {
                picked.main = Some(value);
            }
        }
        Ok(picked)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Truth(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }
}
