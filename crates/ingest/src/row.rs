//! One row of an input, whatever its format, and the columns it is taken from.

use goldpan_sources::{Column, Layout};

use crate::carried::Carried;
use crate::error::{Error, Place};
use crate::tool::Verdict;

/// A row's values of the columns asked for. Reused from row to row.
#[derive(Debug)]
pub(crate) struct Row {
    pub place: Place,
    /// The text, or the id in a file of labels.
    pub main: String,
    pub label: Option<String>,
    pub key: Option<String>,
    /// What a labelling tool says of the label.
    pub verdict: Verdict,
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
            verdict: Verdict::Counts,
            metadata: Vec::new(),
        }
    }
}

impl Row {
    pub fn clear(&mut self) {
        self.main.clear();
        self.label = None;
        self.key = None;
        self.verdict = Verdict::Counts;
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

    /// The names of classes that the file carries itself, as far as it was read.
    fn carried(&self) -> Option<&Carried> {
        None
    }

    /// Empty lines passed over so far.
    fn empty_lines(&self) -> u64 {
        0
    }

    /// Warns of what is worth a word of the file, as far as it was read.
    fn warn(&self) {}
}

/// What a source is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The text column, or that of ids: the first of these that there is. Where none is given, any
    /// column will do: only the names of the columns are wanted.
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
    /// How a text file is written.
    pub layout: Layout,
}

/// The names of the columns that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub main: String,
    pub label: Option<String>,
    pub key: Option<String>,
    /// The column in which a labelling tool says whether labels count.
    pub verdict: Option<String>,
    pub metadata: Vec<String>,
    /// All columns of the file, or the fields of its first row.
    pub columns: Vec<String>,
    /// What a person should know of how the columns were found.
    pub remarks: Vec<String>,
    /// What a person should know where there is no label column.
    pub no_label: Option<String>,
}

/// The places of the columns that were found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub main: usize,
    pub label: Option<usize>,
    pub key: Option<usize>,
    pub verdict: Option<usize>,
    pub metadata: Vec<usize>,
    pub names: Names,
}
