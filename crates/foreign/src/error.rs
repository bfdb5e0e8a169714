//! What can be wrong with a table that another program wrote.

use std::io;
use std::path::PathBuf;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: check that the path is right and may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is of a format that tables are not read from.
    #[error(
        "{path} is {found}: give an Arrow, Feather, Parquet, .npy or .npz file (`goldpan embed` and \
         `goldpan predict` write Arrow files)"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: &'static str,
    },
    /// An Arrow file or stream is damaged.
    #[error("{path} cannot be read as Arrow: write it anew")]
    Arrow {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: arrow_schema::ArrowError,
    },
    /// A Parquet file is damaged.
    #[error("{path} cannot be read as Parquet: write it anew")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: parquet::errors::ParquetError,
    },
    /// An .npy or .npz file is damaged, or its array is of another kind.
    #[error("{path}: {flaw}")]
    Numpy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: String,
    },
    /// The file as a whole is wrong.
    #[error("{path}: {flaw}")]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A row is wrong.
    #[error("{path}, row {row}: {flaw}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// The table cannot be kept, or Goldpan's own be opened.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// There is no place for a temporary table.
    #[error("cannot make a temporary file: set TMPDIR to a folder with space left")]
    Temporary {
        /// The system's reason.
        source: io::Error,
    },
}

/// What is wrong with a table or a row, and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A column's name occurs twice.
    #[error("two columns are called `{0}`: rename one")]
    RepeatedColumn(String),
    /// The index of pandas is of other rows.
    #[error(
        "the index that pandas wrote goes from {start} to {stop} by steps of {step}, and there are {rows} \
         rows: write the ids of the texts as a column `id`"
    )]
    PandasRange {
        /// Its first number.
        start: i64,
        /// The number after its last.
        stop: i64,
        /// From one number to the next.
        step: i64,
        /// The file's rows.
        rows: u64,
    },
    /// No column has vectors.
    #[error(
        "no column has vectors: it has {columns}; write a column `embedding` with a list of floating \
         point numbers in each row, or a column for each dimension, named 0, 1, 2, ..."
    )]
    NoVectors {
        /// The columns and their types.
        columns: String,
    },
    /// Several columns have vectors.
    #[error("the columns {0} all have vectors: keep one, or name one `embedding`")]
    SeveralVectors(String),
    /// A column of vectors has another type of values.
    #[error("`{column}` has {found}: {remedy}")]
    VectorType {
        /// The column.
        column: String,
        /// What it has.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A dimension is missing among the columns.
    #[error("the columns {first} to {last} are dimensions, and {missing} is missing among them")]
    MissingDimension {
        /// The first column.
        first: String,
        /// The last column.
        last: String,
        /// The column that is not there.
        missing: String,
    },
    /// Vectors have no values.
    #[error("its vectors have no values")]
    NoDimensions,
    /// A value is missing.
    #[error("`{column}` is null (pandas writes NaN so): every row needs a value")]
    Null {
        /// The column.
        column: String,
    },
    /// A value inside a vector is missing.
    #[error("value {at} of `{column}` is null (pandas writes NaN so): every row needs all values")]
    NullValue {
        /// The column.
        column: String,
        /// The value's place in the vector, from 0.
        at: usize,
    },
    /// A value is not finite, or too large.
    #[error("value {at} of `{column}` is {value:?}, which is no finite number of 32 bits")]
    NotFinite {
        /// The column.
        column: String,
        /// The value's place in the vector, from 0.
        at: usize,
        /// The value.
        value: f64,
    },
    /// A vector has another length than the first.
    #[error("the vector has {found} values, and the first row's has {expected}")]
    Length {
        /// The length of the first row's.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
    /// A sparse vector contradicts itself.
    #[error("the sparse vector in `{column}` has places that do not ascend below its size")]
    Sparse {
        /// The column.
        column: String,
    },
    /// A column of ids has another type.
    #[error("`{column}` has {found}: ids are whole numbers or text")]
    IdType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// A value is no id.
    #[error("`{column}` is {value:?}: an id is a whole number, as `goldpan show` lists them")]
    BadId {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// An id occurs twice.
    #[error("`{column}` is {value:?}, which an earlier row has too: give each text one row")]
    RepeatedId {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// An id or key that no text has.
    #[error("`{column}` is {value:?}, which no text in {texts} has")]
    UnknownId {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// A key that several texts have.
    #[error("`{column}` is {value:?}, which several texts in {texts} have as their key: use ids")]
    AmbiguousKey {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// Ids could be Goldpan's or the user's.
    #[error(
        "`{column}` may hold the numbers of the rows in {texts} or the keys that its texts have: name \
         it `key` for keys, and `row` for row numbers"
    )]
    TwoReadings {
        /// The column.
        column: String,
        /// The table of texts.
        texts: PathBuf,
    },
    /// Two columns of ids name different texts.
    #[error(
        "`{column}` and another column of ids name different texts: keep the one that is right"
    )]
    TwoColumns {
        /// The second column.
        column: String,
    },
    /// A text is another than its id stands for.
    #[error(
        "`{column}` is not the text with the id {id} of {texts}: the rows are of other texts, or in another \
         order; give each row its `id` or `key`"
    )]
    OtherText {
        /// The column of texts.
        column: String,
        /// The id.
        id: u64,
        /// The table of texts.
        texts: PathBuf,
    },
    /// Keys without texts that have them.
    #[error("`{column}` holds keys: give the texts that have them with --texts")]
    KeysAlone {
        /// The column.
        column: String,
    },
    /// Rows without ids are not as many as the texts.
    #[error("it has {found} rows without ids, and {texts} has {expected} texts: add a column `id`")]
    Rows {
        /// Rows of the table.
        found: u64,
        /// The table of texts.
        texts: PathBuf,
        /// Rows of the texts.
        expected: u64,
    },
    /// No column has predictions.
    #[error(
        "no columns have predictions: it has {columns}; write a column `probabilities` or `logits` with \
         a list of numbers in each row, or a column for each class, named as the class"
    )]
    NoPredictions {
        /// The columns and their types.
        columns: String,
    },
    /// Only the best class's score is there.
    #[error(
        "it has the score of one class in each row, and there are {classes} classes: write the \
         probability of every class"
    )]
    OneScore {
        /// How many classes there are.
        classes: usize,
    },
    /// A class has no column.
    #[error("class `{class}` has no column: it has {columns}; write one for each of {classes}")]
    MissingClass {
        /// The class.
        class: String,
        /// The columns.
        columns: String,
        /// All classes.
        classes: String,
    },
    /// Another number of classes.
    #[error("it has {found} values in each row, and {texts} has the classes {classes}")]
    ClassCount {
        /// Values in a row.
        found: usize,
        /// The table of texts.
        texts: String,
        /// Its classes.
        classes: String,
    },
    /// A label is none of the classes.
    #[error("`{label}` is none of the classes {classes}")]
    UnknownClass {
        /// The label.
        label: String,
        /// The classes.
        classes: String,
    },
    /// A row lacks a class, or has one twice.
    #[error("class `{class}` has {found} scores instead of one")]
    ScoreCount {
        /// The class.
        class: String,
        /// How many scores it has.
        found: usize,
    },
    /// Fewer than two classes.
    #[error(
        "it has predictions of {}, and there have to be two or more: write one probability for each class, \
         those that no text has included",
        match .0 { 1 => "one class".to_owned(), classes => format!("{classes} classes") }
    )]
    FewClasses(usize),
    /// A probability is out of range, or they do not sum to one.
    #[error(
        "the values {values} are no probabilities ({why}): if they are logits, name the column \
         `logits`, or the columns `logit_CLASS`"
    )]
    NoProbabilities {
        /// The first values.
        values: String,
        /// What is wrong.
        why: String,
    },
    /// Logits and probabilities contradict each other.
    #[error(
        "logits and probabilities contradict each other for class {class} ({logits} and \
         {given}): keep one of the two"
    )]
    Contradiction {
        /// The class's number.
        class: usize,
        /// What the logits make of it.
        logits: f64,
        /// The probability given.
        given: f64,
    },
}
