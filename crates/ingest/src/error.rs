//! What can go wrong when texts are read, told with file, line and column.

use std::fmt;
use std::io;
use std::path::PathBuf;

use goldpan_sources::{Column, Format};
use serde::Serialize;

use crate::alike::{class_key, difference, shown};
use crate::missing::may_be_mark;
use crate::numeral::Numeral;

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
    /// A line of a JSON file, and the character of that line.
    Spot {
        /// The line.
        line: u64,
        /// The character; of a line longer than 4,294,967,295, no more than that.
        column: u32,
    },
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Line(line) => write!(f, "{}, line {line}", self.path.display()),
            Place::Row(row) => write!(f, "{}, row {row}", self.path.display()),
            Place::Spot { line, column } => {
                let path = self.path.display();
                write!(f, "{path}, line {line}, character {column}")
            }
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
    #[error(
        "`{}` cannot be a class: each class needs a name of its own, on one line and without white \
         space around it",
        shown(.name)
    )]
    ClassName {
        /// The name.
        name: String,
    },
    /// Two classes that are numbers have equal ones.
    #[error(
        "`{first}` and `{second}` cannot be two classes: labels that are equal as numbers are one"
    )]
    EqualClasses {
        /// The first.
        first: String,
        /// The second.
        second: String,
    },
    /// A class is called as what means that there is no label.
    #[error("`{name}` cannot be a class and mean that there is no label: leave it out of one list")]
    MissingClass {
        /// The name.
        name: String,
    },
    /// A class is to get two new names.
    #[error("`{name}` has two new names: rename each class once")]
    RenamedTwice {
        /// The old name.
        name: String,
    },
    /// A renaming that is none.
    #[error("`{text}` renames nothing: give OLD=NEW, and names that hold `=` in double quotes")]
    Rename {
        /// What was given.
        text: String,
    },
    /// A list of names whose quotes do not match.
    #[error(
        "`{text}` is no list of names: a quote opens a name and another closes it; write it twice \
         inside a name"
    )]
    Quotes {
        /// What was given.
        text: String,
    },
    /// Labels are to be numbers of classes that are not known.
    #[error(
        "labels cannot be read as numbers of classes without the classes' names: name them with \
         --classes (classes in a pipeline)"
    )]
    NumbersOfNothing,
    /// A file of the classes' names is none.
    #[error(
        "{path} cannot be read as names of classes: {problem}; give one name on each line, or a \
         list in a .json or .yaml file"
    )]
    ClassFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
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
        "cannot tell the format of {path} from its name: say whether it is tsv, csv, jsonl, json, parquet or arrow"
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
    /// The file is of a kind that is never read, or not in this form.
    #[error("{path} is {found}: {advice}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// The file ends before its content does.
    #[error("{path} is cut short: its {what} ends too early; fetch or write it again")]
    CutShort {
        /// The file.
        path: PathBuf,
        /// What ends too early.
        what: &'static str,
    },
    /// Something else follows packed data.
    #[error(
        "{path}: something else than {packing} data follows after byte {at}, where that ends; is the file damaged, or are two joined in it?"
    )]
    Trailing {
        /// The file.
        path: PathBuf,
        /// The packing.
        packing: &'static str,
        /// How many bytes of the file are packed data.
        at: u64,
    },
    /// Packed data cannot be unpacked.
    #[error("{path} is damaged: its {packing} data cannot be unpacked; fetch or write it again")]
    Unpack {
        /// The file.
        path: PathBuf,
        /// The packing.
        packing: &'static str,
        /// The decompressor's reason.
        source: io::Error,
    },
    /// A name is that of no encoding.
    #[error(
        "`{name}` is no encoding that is known: use a name such as utf-8, utf-16, utf-32, windows-1252, windows-1251, iso-8859-15, shift_jis, euc-kr, gb18030 or big5"
    )]
    UnknownEncoding {
        /// The name.
        name: String,
    },
    /// Several characters may stand between the fields of a file.
    #[error(
        "cannot tell what stands between the fields of {path}, it may be {}: say it with --delimiter",
        .choices.join(" or ")
    )]
    Delimiters {
        /// The file.
        path: PathBuf,
        /// The characters.
        choices: Vec<String>,
    },
    /// A name occurs twice in a header.
    #[error(
        "{path} has two columns called `{column}`, the {} and the {}: give each a name of its own",
        ordinal(.places.0), ordinal(.places.1)
    )]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
        /// The first two places with that name, from 0.
        places: (usize, usize),
    },
    /// A name occurs twice in a JSON object.
    #[error("{at}: the field `{field}` occurs twice in this object; which is meant?")]
    RepeatedField {
        /// Where it occurs again.
        at: At,
        /// The name.
        field: String,
    },
    /// A JSON object has no list of rows under the key given.
    #[error("{path} has no list of objects under the key `{key}`: it has {}", list(.names))]
    NoRecords {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The keys of the object, if it is one.
        names: Vec<String>,
    },
    /// A JSON object has several lists that may be the rows.
    #[error(
        "{path} has several lists of objects, {}: say which with --records", list(.keys)
    )]
    SeveralRecords {
        /// The file.
        path: PathBuf,
        /// Their keys.
        keys: Vec<String>,
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
    /// Several columns could be meant.
    #[error(
        "{path} has no column `{}`, and several could be meant: {}; name the right one",
        shown(.column), list(.columns)
    )]
    AmbiguousColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns that could be meant.
        columns: Vec<String>,
    },
    /// A later row of a JSON file calls a field otherwise.
    #[error(
        "{at}: the field `{}` may be meant for `{}`; call it the same in all rows", shown(.field),
        shown(.column)
    )]
    MixedField {
        /// The field.
        at: At,
        /// Its name.
        field: String,
        /// The name in other rows, or that was asked for.
        column: String,
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
    #[error("{at} has {found} columns instead of {expected}{}", separators(*.found, *.expected, *.format, .delimiter))]
    ColumnCount {
        /// The row.
        at: At,
        /// How many the first line has.
        expected: usize,
        /// How many the row has.
        found: usize,
        /// The file's format.
        format: Format,
        /// What stands between columns.
        delimiter: String,
    },
    /// A line is not UTF-8.
    #[error("{at}, byte {byte} is not UTF-8: {}", encodings(*.guess))]
    NotUtf8 {
        /// The line.
        at: At,
        /// The first wrong byte of the line, from 1.
        byte: u64,
        /// The encoding that it may be.
        guess: Option<&'static str>,
    },
    /// A line is no text in another encoding.
    #[error(
        "{at}, character {character} is not {encoding}: give the right --encoding, or --invalid-text replace"
    )]
    NotText {
        /// The line.
        at: At,
        /// The first wrong character of the line, from 1.
        character: u64,
        /// The encoding.
        encoding: &'static str,
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
        "{at}: a quote opens a field and is never closed; double the quotes inside a quoted field, or give --quoting none if quotes are text"
    )]
    OpenQuote {
        /// Where it opens.
        at: At,
    },
    /// Something other than a comma follows a quoted field of a CSV file.
    #[error("{at}: text follows a closing quote (on line {line}); {advice}")]
    StrayQuote {
        /// Where the field opens.
        at: At,
        /// The line of the quote.
        line: u64,
        /// What to do about it.
        advice: &'static str,
    },
    /// A line is no JSON object.
    #[error("{at}, column {column}: {problem}")]
    Json {
        /// The row.
        at: At,
        /// The character of the line, from 1.
        column: u64,
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
    #[error(
        "{at}, column `{column}`: `{}` is not a class; the classes are {}{}",
        shown(.value), list(.classes), advice(.value, .classes)
    )]
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
    /// A label should be the number of a class, and none has it.
    #[error(
        "{at}, column `{column}`: `{value}` is not the number of a class; there are {}, numbered from \
         0: {}",
        .classes.len(), list(.classes)
    )]
    LabelNumber {
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
    #[error(
        "{at}, column `{column}`: several texts have the key `{value}`; name texts by row number in \
         a column `id`, with --join row"
    )]
    AmbiguousKey {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The key.
        value: String,
    },
    /// Numbers that could be keys of texts as well as their row numbers.
    #[error(
        "{at}, column `{column}`: `{value}` is the key of one text (\"{}\") and the row number of \
         another (\"{}\"); say which is meant with --join key or --join row",
        excerpt(.as_key), excerpt(.as_row)
    )]
    AmbiguousJoin {
        /// The row.
        at: Box<At>,
        /// The column.
        column: String,
        /// The number.
        value: String,
        /// The text with that key.
        as_key: String,
        /// The text in that row.
        as_row: String,
    },
    /// A row's id or key is that of another text than the row has.
    #[error(
        "{at}: `{value}` in the column `{column}` is the text \"{}\", but the row has the text \
         \"{}\"; say which is right with --join text, --join key or --join row",
        excerpt(.expected), excerpt(.found)
    )]
    OtherText {
        /// The row.
        at: Box<At>,
        /// The column of ids or keys.
        column: String,
        /// The id or key.
        value: String,
        /// The text that has it.
        expected: String,
        /// The text that the row has.
        found: String,
    },
    /// No text is the row's text.
    #[error("{at}, column `{column}`: \"{}\" is none of the texts in {texts}", excerpt(.text))]
    UnknownText {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The row's text.
        text: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// Several texts are the row's text.
    #[error(
        "{at}, column `{column}`: \"{}\" is the text of several rows ({}); name the one that is \
         meant by its key or row number",
        excerpt(.text), ids_list(.ids)
    )]
    AmbiguousText {
        /// The row.
        at: At,
        /// The column.
        column: String,
        /// The row's text.
        text: String,
        /// The texts' ids.
        ids: Vec<u64>,
    },
    /// Ids of a labelling tool's own.
    #[error(
        "{path} is an export of {tool}, which numbers its own tasks: `{column}` may be no row number. \
         Keep the texts, or keys of yours, in the export; or give --join row if `{column}` is the \
         row number"
    )]
    ToolIds {
        /// The file.
        path: PathBuf,
        /// The tool.
        tool: &'static str,
        /// The column of ids.
        column: String,
    },
    /// Rows can only be joined with a table of texts.
    #[error(
        "{path} names texts by its column `{column}`, which needs the texts themselves: give --texts"
    )]
    NeedsTexts {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// Rows are to be joined by a key that the texts do not have.
    #[error(
        "{path} has the column `{column}`, but the texts in {texts} have no keys: ingest them with \
         --id-column, or name them by row number in a column `id`"
    )]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// A file has no column to join its rows by in the way that was asked for.
    #[error("{path} has no column to join its rows by {by}: it has {}", list(.columns))]
    NoJoinColumn {
        /// The file.
        path: PathBuf,
        /// What rows were to be joined by.
        by: &'static str,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// The labels seem to be in another column.
    #[error(
        "{path} has no column `label`; if {} has the labels, say so with --label-column",
        list(.likely)
    )]
    NoLabelColumn {
        /// The file.
        path: PathBuf,
        /// The columns that may have them.
        likely: Vec<String>,
    },
    /// A text has two labels.
    #[error(
        "{at}: the label is `{second}`, and {earlier} says `{first}` of the same text (\"{text}\"); \
         leave one of them"
    )]
    ConflictingLabels {
        /// The row.
        at: Box<At>,
        /// The first row with the text.
        earlier: Box<At>,
        /// The first row's label.
        first: String,
        /// The row's label.
        second: String,
        /// The text's beginning, or its id.
        text: String,
    },
    /// A row that says which class a text is not.
    #[error(
        "{at}: `reject` says which class the text is not, which is no label; leave such rows out"
    )]
    Rejected {
        /// The row.
        at: At,
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

/// Names as ``a, b`` for people, a long list cut short.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", shown(name)));
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

/// What a label that is no class may be.
fn advice(value: &str, classes: &[String]) -> String {
    let named = classes.iter().all(|name| Numeral::parse(name).is_none());
    let number = Numeral::parse(value).and_then(|number| number.index());
    let alike = |name: &&String| class_key(name) == class_key(value);
    if may_be_mark(value) {
        format!(
            "; if `{value}` means that there is no label, give --missing-labels '{value}' \
             (missing_labels in a pipeline)"
        )
    } else if named && number.is_some_and(|number| number < classes.len()) {
        "; if labels are the classes' numbers, from 0, give --label-numbers (label_numbers: true in \
         a pipeline)"
            .to_owned()
    } else if let Some(name) = classes.iter().find(alike) {
        let (label, class) = difference(value, name);
        format!(
            "; `{}` has {class} where the label has {label}: if it is meant, rename the label with \
             --rename-class",
            shown(name)
        )
    } else {
        String::new()
    }
}

/// The beginning of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    const LENGTH: usize = 60;
    let line: String = text.chars().take(LENGTH).collect();
    let line = shown(&line.replace(['\n', '\r', '\t'], " "));
    match text.chars().nth(LENGTH) {
        None => line,
        Some(_) => line + "...",
    }
}

fn ids_list(ids: &[u64]) -> String {
    let shown = ids.iter().take(5).map(u64::to_string);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if ids.len() > 5 {
        text += &format!(" and {} more", ids.len() - 5);
    }
    text
}

fn path_list(paths: &[PathBuf]) -> String {
    let shown = paths.iter().map(|path| path.display().to_string());
    shown.collect::<Vec<_>>().join(", ")
}

fn which(ids: bool) -> &'static str {
    match ids {
        true => "call the one that says which text is meant so",
        false => "name the one with the texts",
    }
}

fn meant(nearest: &Option<String>) -> String {
    let hint = nearest
        .as_ref()
        .map(|name| format!(" (is `{name}` meant?)"));
    hint.unwrap_or_default()
}

fn separators(found: usize, expected: usize, format: Format, delimiter: &str) -> String {
    match (format, found > expected) {
        (Format::Tsv, true) => ": does a text hold a TAB?".to_owned(),
        (Format::Csv, true) if delimiter == "`,`" => ": put texts with commas in quotes".to_owned(),
        (_, true) => format!(": put texts with {delimiter} in quotes"),
        (Format::Tsv, false) => ": columns are apart by one TAB each".to_owned(),
        _ => String::new(),
    }
}

/// What to do about bytes that are not UTF-8.
fn encodings(guess: Option<&str>) -> String {
    let example = guess.unwrap_or("windows-1252");
    let perhaps = match guess {
        Some(guess) => format!("it may be {guess}; "),
        None => String::new(),
    };
    format!(
        "{perhaps}say in which encoding it is, such as --encoding {}, or give --invalid-text replace",
        example.to_ascii_lowercase()
    )
}

/// `1st`, `2nd`, of a place from 0.
fn ordinal(place: usize) -> String {
    let number = place + 1;
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}
