//! One row of an input, whatever its format, and the columns it is taken from.

use std::path::Path;

use goldpan_sources::Column;

use crate::Error;
use crate::error::Place;

/// A row's values of the columns asked for. Reused from row to row.
#[derive(Debug)]
pub(crate) struct Row {
    pub place: Place,
    /// The text, or the id in a file of labels.
    pub main: String,
    pub label: Option<String>,
    pub key: Option<String>,
    /// One for each metadata column asked for; an empty text counts as none.
    pub metadata: Vec<Option<String>>,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            place: Place::Line(0),
            main: String::new(),
            label: None,
            key: None,
            metadata: Vec::new(),
        }
    }
}

impl Row {
    pub fn clear(&mut self) {
        self.main.clear();
        self.label = None;
        self.key = None;
        self.metadata.clear();
    }

    /// Adds the value of the next metadata column.
    pub fn keep(&mut self, value: Option<String>) {
        self.metadata.push(value.filter(|text| !text.is_empty()));
    }
}

/// Rows out of one file.
pub(crate) trait Source {
    /// Reads the next row, or tells that there is none.
    fn next(&mut self, row: &mut Row) -> Result<bool, Error>;

    /// Names of the columns, for messages.
    fn names(&self) -> &Names;

    /// Empty lines passed over so far.
    fn empty_lines(&self) -> u64 {
        0
    }
}

/// What a source is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The text column, or that of ids: the first of these that there is.
    pub main: Vec<Column>,
    /// Whether numbers are taken for the main column: ids may be, texts may not.
    pub numbers: bool,
    /// The label column: the first of these that there is.
    pub label: Vec<Column>,
    pub label_required: bool,
    pub key: Option<Column>,
    pub metadata: Vec<Column>,
    /// Whether the first line of a TSV or CSV file names its columns.
    pub header: bool,
}

/// The names of the columns that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub main: String,
    pub label: Option<String>,
    pub key: Option<String>,
    pub metadata: Vec<String>,
}

/// The places of the columns that were found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub main: usize,
    pub label: Option<usize>,
    pub key: Option<usize>,
    pub metadata: Vec<usize>,
    pub names: Names,
}

impl Wanted {
    /// Finds the columns in a file that has `names`; without a header these are places.
    pub fn find(&self, path: &Path, names: &[String], header: bool) -> Result<Found, Error> {
        let at = |column: &Column| match column {
            Column::Index(index) => (*index < names.len()).then_some(*index),
            Column::Name(name) => names
                .iter()
                .position(|other| header && other == name)
                .or_else(|| name.parse().ok().filter(|&index| index < names.len())),
        };
        let missing = |column: &Column| match column {
            Column::Name(name) if !header && name.parse::<usize>().is_err() => {
                Error::NamelessColumn {
                    path: path.to_owned(),
                    column: column.clone(),
                }
            }
            _ => self.no_column(path, column, names),
        };
        let main = match (self.main.iter().find_map(at), self.main.as_slice()) {
            (Some(main), _) => main,
            (None, [column]) => return Err(missing(column)),
            (None, columns) => {
                return Err(Error::NoMainColumn {
                    path: path.to_owned(),
                    wanted: columns.iter().map(Column::to_string).collect(),
                    columns: names.to_vec(),
                    ids: self.numbers,
                });
            }
        };
        let label = match (self.label.iter().find_map(at), self.label.first()) {
            (None, Some(column)) if self.label_required => return Err(missing(column)),
            (label, _) => label,
        };
        let key = match &self.key {
            Some(column) => Some(at(column).ok_or_else(|| missing(column))?),
            None => None,
        };
        let metadata = self.metadata.iter();
        let metadata = metadata.map(|column| at(column).ok_or_else(|| missing(column)));
        let metadata: Vec<usize> = metadata.collect::<Result<_, _>>()?;
        Ok(Found {
            main,
            label,
            key,
            names: Names {
                main: names[main].clone(),
                label: label.map(|label| names[label].clone()),
                key: key.map(|key| names[key].clone()),
                metadata: metadata.iter().map(|&index| names[index].clone()).collect(),
            },
            metadata,
        })
    }

    /// The error for a column that is not among `names`.
    pub fn no_column(&self, path: &Path, column: &Column, names: &[String]) -> Error {
        let text = column.to_string();
        let alike =
            |name: &&String| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
        let best = names.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
        Error::NoColumn {
            path: path.to_owned(),
            column: column.clone(),
            columns: names.to_vec(),
            nearest: best.filter(|name| alike(name) > 0.75).cloned(),
        }
    }
}

/// A value that is not known to be text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Truth(bool),
    Whole(i128),
    Number(f64),
    /// A list or object.
    Nested,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Truth(_) => "a truth value",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Nested => "a list or object",
        }
    }

    /// The value as a label, key or metadata: null is none, and 1.0 is 1.
    pub fn plain(self) -> Result<Option<String>, &'static str> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Truth(truth) => Ok(Some(truth.to_string())),
            Self::Whole(number) => Ok(Some(number.to_string())),
            Self::Number(number) if number.is_nan() => Ok(None),
            Self::Number(number) => Ok(Some(number.to_string())),
            Self::Nested => Err(self.kind()),
        }
    }

    /// The value as a text, or as an id where numbers are taken too.
    pub fn main(self, numbers: bool) -> Result<Option<String>, &'static str> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Whole(number) if numbers => Ok(Some(number.to_string())),
            other => Err(other.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(main: &[&str], label: Option<&str>) -> Wanted {
        Wanted {
            main: main.iter().map(|&name| name.into()).collect(),
            numbers: false,
            label: label.map(Column::from).into_iter().collect(),
            label_required: label.is_some(),
            key: None,
            metadata: Vec::new(),
            header: true,
        }
    }

    fn find(wanted: &Wanted, names: &[&str], header: bool) -> Result<Found, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let found = wanted.find(Path::new("a.csv"), &names, header);
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_then_by_place() {
        let found = find(&wanted(&["text", "1"], None), &["label", "1", "x"], true).unwrap();
        assert_eq!((found.main, found.names.main.as_str()), (1, "1"));
        let found = find(&wanted(&["2"], Some("0")), &["0", "1", "2"], false).unwrap();
        assert_eq!((found.main, found.label), (2, Some(0)));
    }

    #[test]
    fn missing_columns_are_told_with_the_nearest() {
        let error = find(&wanted(&["txet"], None), &["label", "text"], true).unwrap_err();
        assert_eq!(
            error,
            "a.csv has no column `txet` (is `text` meant?): it has `label`, `text`"
        );
        let error = find(&wanted(&["text", "sentence"], None), &["a"], true).unwrap_err();
        assert_eq!(
            error,
            "a.csv has none of the columns `text`, `sentence`: it has `a`; name the one with the texts"
        );
        let error = find(&wanted(&["text"], None), &["0", "1"], false).unwrap_err();
        assert!(error.contains("give its place, from 0"), "{error}");
        let error = find(&wanted(&["7"], None), &["0", "1"], false).unwrap_err();
        assert_eq!(error, "a.csv has no column `7`: it has `0`, `1`");
    }
}
