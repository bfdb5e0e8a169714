//! Tables of texts, with their labels, the user's own keys, and columns of metadata.

use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;

use arrow2::array::Array;

use crate::builder::{self, Numbers};
use crate::columns::FileColumns;
use crate::digest::Digest;
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::origin::{OfTexts, TextsHasher, file_name};
use crate::refused::damaged;
use crate::schema::{self, Description};
use crate::writer::{Rows, TableWriter, Written, checked_label, checked_names, checked_width};

const ID: usize = 0;
const TEXT: usize = 1;
const LABEL: usize = 2;
const KEY: usize = 3;
const METADATA: usize = 4;

/// A mapped table of texts. Rows are numbered from 0; access past the end panics, as with slices.
pub struct Texts {
    frame: Frame,
    labelled: bool,
    digest: OnceLock<Digest>,
}

impl Texts {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::Texts], Check::All)?)
    }

    /// Checks what every row of this kind has to be.
    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
        frame
            .check_ids(ID)
            .and_then(|()| frame.check_labels(LABEL))
            .map_err(|damage| damaged(frame.path(), damage))?;
        Ok(Self {
            labelled: frame.has_values(LABEL),
            digest: frame
                .description()
                .texts
                .map_or_else(OnceLock::new, OnceLock::from),
            frame,
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.frame.len()
    }

    /// True where there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the table lies.
    pub fn path(&self) -> &Path {
        self.frame.path()
    }

    /// The digest of the texts and their ids, in the order of the rows. Labels, keys and metadata
    /// are no part of it. It is read from the table; one of format 1 has none, so all of its texts
    /// are read when this is first asked.
    pub fn texts_digest(&self) -> Digest {
        *self.digest.get_or_init(|| {
            let mut hasher = TextsHasher::new();
            for row in 0..self.len() {
                hasher.row(self.id(row), self.text(row));
            }
            hasher.finish()
        })
    }

    /// These texts, as tables that are made from them tell of them.
    pub fn of_texts(&self) -> OfTexts {
        OfTexts {
            digest: self.texts_digest(),
            file: file_name(self.path()),
            rows: self.len() as u64,
        }
    }

    /// The names of the classes, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        &self.frame.description().classes
    }

    /// What the columns of the texts' file were called, as far as that is known.
    pub fn columns(&self) -> &FileColumns {
        &self.frame.description().file_columns
    }

    /// True where at least one row has a label.
    pub fn has_labels(&self) -> bool {
        self.labelled
    }

    /// The id of row `row`, unique in the table.
    pub fn id(&self, row: usize) -> u64 {
        self.frame.value(ID, row)
    }

    /// The ids of all rows, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.frame.ids(ID)
    }

    /// The text of row `row`.
    pub fn text(&self, row: usize) -> &str {
        self.frame.text(TEXT, row)
    }

    /// The texts of all rows, each once.
    pub fn distinct(&self) -> HashSet<&str> {
        (0..self.len()).map(|row| self.text(row)).collect()
    }

    /// The ids of the texts that none of `others` has, character by character, in order.
    pub fn unshared(&self, others: &[Self]) -> Vec<u64> {
        let known: HashSet<&str> = others.iter().flat_map(Self::distinct).collect();
        let own = (0..self.len()).filter(|&row| !known.contains(self.text(row)));
        own.map(|row| self.id(row)).collect()
    }

    /// The label of row `row`: the number of a class.
    pub fn label(&self, row: usize) -> Option<i32> {
        self.frame.optional(LABEL, row)
    }

    /// The user's own key of row `row`.
    pub fn key(&self, row: usize) -> Option<&str> {
        self.frame.optional_text(KEY, row)
    }

    /// The names of the metadata columns, in order: what else the user knows of each text.
    pub fn metadata(&self) -> &[String] {
        &self.frame.description().metadata
    }

    /// The value in row `row` of the metadata column numbered `column`, from 0.
    pub fn metadata_value(&self, row: usize, column: usize) -> Option<&str> {
        let columns = self.metadata().len();
        assert!(column < columns, "metadata column {column} of {columns}");
        self.frame.optional_text(METADATA + column, row)
    }
}

/// Writes a table of texts, one row at a time.
pub struct TextsWriter {
    table: TableWriter<Waiting>,
    classes: usize,
    digest: TextsHasher,
}

#[derive(Default)]
struct Waiting {
    ids: Numbers<u64>,
    texts: builder::Texts,
    labels: Numbers<i32>,
    keys: builder::Texts,
    metadata: Vec<builder::Texts>,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        let mut columns = vec![
            builder::numbers(&mut self.ids),
            builder::texts(&mut self.texts),
            builder::numbers(&mut self.labels),
            builder::texts(&mut self.keys),
        ];
        columns.extend(self.metadata.iter_mut().map(builder::texts));
        Ok(columns)
    }
}

impl TextsWriter {
    /// Starts the table at `path`. Labels are numbers of `classes`, whose names differ; without
    /// classes there are no labels.
    pub fn create(
        path: impl AsRef<Path>,
        classes: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        Self::create_with(path, classes, &[], producer)
    }

    /// Starts a table that has one more column of texts for each name of `metadata`: the names
    /// differ, and none is `id`, `text`, `label` or `key`.
    ///
    /// Without such names the table is that of [`create`](Self::create), byte for byte.
    pub fn create_with(
        path: impl AsRef<Path>,
        classes: &[String],
        metadata: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        Self::create_from(path, classes, metadata, FileColumns::default(), producer)
    }

    /// Starts a table as [`create_with`](Self::create_with) does, that says what the columns of the
    /// file it is read from are called.
    pub fn create_from(
        path: impl AsRef<Path>,
        classes: &[String],
        metadata: &[String],
        file_columns: FileColumns,
        producer: Producer,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let columns = schema::texts(metadata);
        checked_names(path, &schema::column_names(&columns))?;
        let mut description = Description::new(Kind::Texts, producer, columns);
        description.classes = checked_names(path, classes)?;
        description.metadata = metadata.to_vec();
        description.file_columns = file_columns;
        let waiting = Waiting {
            metadata: vec![builder::Texts::new(); metadata.len()],
            ..Waiting::default()
        };
        Ok(Self {
            table: TableWriter::create(path, &description, waiting)?,
            classes: classes.len(),
            digest: TextsHasher::new(),
        })
    }

    /// Adds a row: its id, unique in the table, its text, its label and the user's own key.
    ///
    /// An id that occurs twice is an error here or, at the latest, in [`finish`](Self::finish).
    pub fn push(
        &mut self,
        id: u64,
        text: &str,
        label: Option<i32>,
        key: Option<&str>,
    ) -> Result<(), Error> {
        self.push_with::<&str>(id, text, label, key, &[])
    }

    /// Adds a row as [`push`](Self::push) does, with one value for each metadata column.
    pub fn push_with<S: AsRef<str>>(
        &mut self,
        id: u64,
        text: &str,
        label: Option<i32>,
        key: Option<&str>,
        metadata: &[Option<S>],
    ) -> Result<(), Error> {
        let expected = self.table.rows.metadata.len();
        checked_width(&self.table, "metadata", metadata.len(), expected)?;
        if let Some(label) = label {
            checked_label(&self.table, label, self.classes)?;
        }
        self.table.note_id(id)?;
        self.digest.row(id, text);
        let rows = &mut self.table.rows;
        rows.ids.push(Some(id));
        rows.texts.push(Some(text));
        rows.labels.push(label);
        rows.keys.push(key);
        let mut bytes = 36 + text.len() + key.map_or(0, str::len);
        for (column, value) in rows.metadata.iter_mut().zip(metadata) {
            let value = value.as_ref().map(S::as_ref);
            column.push(value);
            bytes += 8 + value.map_or(0, str::len);
        }
        self.table.pushed(bytes)
    }

    /// Writes what is left and puts the table in place.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.table.texts = Some(self.digest.finish());
        self.table.finish()
    }
}
