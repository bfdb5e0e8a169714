//! What can go wrong when texts are read, told with file, line and column.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use goldpan_sources::{Column, Format};
use serde::Serialize;

/// A row of an input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct At {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub place: Place,
}

/// A place in a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The line of a text file on which the row starts.
    Line(u64),
    /// The row of a Parquet or Arrow file.
    Row(u64),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Line(line) => write!(f, "{}, line {line}", self.path.display()),
            Place::Row(row) => write!(f, "{}, row {row}", self.path.display()),
        }
    }
}

/// An error of reading texts or labels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file to read is given.
    #[error("no input: give at least one file")]
    NoInput,
    /// A class has no name, or two have the same.
    #[error("`{name}` cannot be a class: each class needs a name of its own")]
    ClassName {
        /// The name.
        name: String,
    },
    /// A metadata column would have the name of another column of the table.
    #[error(
        "`{name}` cannot be kept as metadata: a table has one column of that name; give each once, and rename those called id, text, label or key"
    )]
    MetadataName {
        /// The name.
        name: String,
    },
    /// A rule for numbers needs exactly two classes.
    #[error("the sign of a number tells two classes apart, not {classes}")]
    SignClasses {
        /// How many classes there are.
        classes: usize,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: check that the path is right and may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's or the decompressor's reason.
        source: io::Error,
    },
    /// Neither the extension nor the first bytes tell the format.
    #[error(
        "cannot tell the format of {path} from its name: say whether it is tsv, csv, jsonl, parquet or arrow"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are those of another format.
    #[error("{path} is {found}, not {expected}: name the right format, or convert the file")]
    WrongFormat {
        /// The file.
        path: PathBuf,
        /// The format that was to be read.
        expected: Format,
        /// What the file is.
        found: &'static str,
    },
    /// A format that is read at random places is compressed as a whole.
    #[error("{path} is compressed as a whole, which {format} files cannot be: decompress it first")]
    Compressed {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
    },
    /// The file has no line, not even a header.
    #[error("{path} is empty: it should start with a line that names its columns")]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// There is no row at all in the input.
    #[error("there is no row to keep in {}", path_list(.paths))]
    NoRows {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A column that was asked for is not there.
    #[error("{path} has no column `{column}`{}: it has {}", meant(.nearest), list(.columns))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: Column,
        /// The columns it has.
        columns: Vec<String>,
        /// The one that may be meant.
        nearest: Option<String>,
    },
    /// None of the usual text columns is there.
    #[error("{path} has none of the columns {}: it has {}; {}", list(.wanted), list(.columns), which(*.ids))]
    NoMainColumn {
        /// The file.
        path: PathBuf,
        /// The columns that are looked for.
        wanted: Vec<String>,
        /// The columns it has.
        columns: Vec<String>,
        /// Whether a column of ids is looked for, not of texts.
        ids: bool,
    },
    /// A column is asked for by name where there are no names.
    #[error(
        "{path} is read without a header, so the column `{column}` has no name: give its place, from 0"
    )]
    NamelessColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: Column,
    },
    /// A column is asked for by its place where there is no order.
    #[error(
        "{path}: fields of a JSON object have no order, so there is no column {index}: give its name"
    )]
    PlacelessColumn {
        /// The file.
        path: PathBuf,
        /// The place asked for.
        index: usize,
    },
    /// A column has values that are no text, number or truth value.
    #[error("{path}: the column `{column}` holds {found}, which cannot be read as {wanted}")]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What it is wanted as.
        wanted: &'static str,
    },
    /// A row has more or fewer columns than the first line.
    #[error("{at} has {found} columns instead of {expected}{}", separators(*.found, *.expected, *.format))]
    ColumnCount {
        /// The row.
        at: At,
        /// How many the first line has.
        expected: usize,
        /// How many the row has.
        found: usize,
        /// The file's format.
        format: Format,
    },
    /// A line is not UTF-8.
    #[error("{at}, byte {byte} is not UTF-8: convert the file to UTF-8")]
    NotUtf8 {
        /// The row.
        at: At,
        /// The first wrong byte of the line or field, from 1.
        byte: usize,
    },
    /// A line is longer than any text should be.
    #[error("{at} is longer than {limit} bytes: is the file of another format?")]
    TooLong {
        /// The row.
        at: At,
        /// The limit in bytes.
        limit: usize,
    },
    /// A quoted field of a CSV file never ends.
    #[error(
        "{at}: a quote opens a field and is never closed; double the quotes inside a quoted field"
    )]
    OpenQuote {
        /// The row in which it opens.
        at: At,
    },
    /// Something other than a comma follows a quoted field of a CSV file.
    #[error(
        "{at}: text follows a closing quote (on line {line}); double the quotes inside a quoted field"
    )]
    StrayQuote {
        /// The row in which the field opens.
        at: At,
        /// The line of the quote.
        line: u64,
    },
    /// A line is no JSON object.
    #[error("{at}, column {column}: {problem}")]
    Json {
        /// The row.
        at: At,
        /// The byte of the line, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// A row has no text.
    #[error("{at}: there is no text in the column `{column}`; remove the row or fill it in")]
    NoText {
        /// The row.
        at: At,
        /// The column.
        column: String,
    },
    /// A value is of another type than its column should have.
    #[error("{at}, column `{column}`: {found} is not {wanted}")]
    ValueType {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The value's type.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A label is not a class.
    #[error("{at}, column `{column}`: `{value}` is not a class; the classes are {}", list(.classes))]
    UnknownLabel {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The label.
        value: String,
        /// The classes.
        classes: Vec<String>,
    },
    /// A label that should be a number is not.
    #[error("{at}, column `{column}`: `{value}` is not a number")]
    NotANumber {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// The labels have too many different values.
    #[error(
        "{at}, column `{column}`: more than {limit} different labels so far; is it the right column?"
    )]
    TooManyClasses {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The limit.
        limit: usize,
    },
    /// Labels are given as names, and no classes are known.
    #[error(
        "{at}, column `{column}`: the texts have no classes that `{value}` could be one of; give them classes when they are ingested"
    )]
    NoClasses {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The label.
        value: String,
    },
    /// A row has no label where each needs one.
    #[error("{at}: there is no label, as other rows have; label it or remove the row")]
    NoLabel {
        /// The row.
        at: At,
    },
    /// An id is no whole number.
    #[error("{at}, column `{column}`: `{value}` is not an id, which is a whole number from 0")]
    BadId {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// No text has this id or key.
    #[error("{at}, column `{column}`: no text has `{value}`; the texts are in {texts}")]
    UnknownId {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The id or key.
        value: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// Two texts have the same key, so it cannot say which is meant.
    #[error("{at}, column `{column}`: several texts have the key `{value}`; use ids instead")]
    AmbiguousKey {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The key.
        value: String,
    },
    /// An id occurs twice.
    #[error("{at}, column `{column}`: `{value}` occurred before; give each text once")]
    RepeatedId {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The id or key.
        value: String,
    },
    /// The file changed while it was read twice.
    #[error("{path} changed while it was read: start again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file cannot be read.
    #[error("{path} cannot be read as Parquet")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The reader's reason.
        source: parquet::errors::ParquetError,
    },
    /// An Arrow file, or a batch of rows, cannot be read.
    #[error("{path} cannot be read as {format}")]
    Arrow {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// The reader's reason.
        source: arrow_schema::ArrowError,
    },
    /// The table cannot be written or read.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// The user stopped it. Nothing is left behind.
    #[error("stopped while reading texts")]
    Cancelled,
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }
}

/// Names as ``a, b`` for people, a long list cut short.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => {}
        more => text += &format!(" and {more} more"),
    }
    if names.is_empty() {
        text += "none";
    }
    text
}

fn path_list(paths: &[PathBuf]) -> String {
    let shown = paths.iter().map(|path| path.display().to_string());
    shown.collect::<Vec<_>>().join(", ")
}

fn which(ids: bool) -> &'static str {
    match ids {
        true => "call the one with the ids so",
        false => "name the one with the texts",
    }
}

fn meant(nearest: &Option<String>) -> String {
    let hint = nearest
        .as_ref()
        .map(|name| format!(" (is `{name}` meant?)"));
    hint.unwrap_or_default()
}

fn separators(found: usize, expected: usize, format: Format) -> &'static str {
    match (format, found > expected) {
        (Format::Tsv, true) => ": does a text hold a TAB?",
        (Format::Csv, true) => ": put texts with commas in quotes",
        (Format::Tsv, false) => ": columns are apart by one TAB each",
        _ => "",
    }
}
