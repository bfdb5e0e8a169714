//! Tables of labels, and where each label came from.

use std::path::Path;

use arrow2::array::Array;

use crate::builder::{self, Numbers};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::origin::Origin;
use crate::refused::damaged;
use crate::schema::{self, Description};
use crate::writer::{Rows, TableWriter, Written, checked_label, checked_names};

const ID: usize = 0;
const LABEL: usize = 1;
const SOURCE: usize = 2;
const ROUND: usize = 3;

/// A mapped table of labels. Rows are numbered from 0; access past the end panics, as with slices.
pub struct Labels {
    frame: Frame,
}

impl Labels {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::Labels], Check::All)?)
    }

    /// Checks what every row of this kind has to be.
    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
        frame
            .check_ids(ID)
            .and_then(|()| frame.check_labels(LABEL))
            .map_err(|damage| damaged(frame.path(), damage))?;
        Ok(Self { frame })
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

    /// What the table was made from, as far as it says so.
    pub fn origin(&self) -> &Origin {
        &self.frame.description().origin
    }

    /// The names of the classes, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        &self.frame.description().classes
    }

    /// The id of the text that row `row` labels, unique in the table.
    pub fn id(&self, row: usize) -> u64 {
        self.frame.value(ID, row)
    }

    /// The ids of all rows, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.frame.ids(ID)
    }

    /// The label of row `row`: the number of a class.
    pub fn label(&self, row: usize) -> i32 {
        self.frame.value(LABEL, row)
    }

    /// Where the label of row `row` came from: `dataset`, `human`, ...
    pub fn source(&self, row: usize) -> &str {
        self.frame.text(SOURCE, row)
    }

    /// The round of labelling that gave row `row`.
    pub fn round(&self, row: usize) -> u32 {
        self.frame.value(ROUND, row)
    }
}

/// Writes a table of labels, one row at a time.
pub struct LabelsWriter {
    table: TableWriter<Waiting>,
    classes: usize,
}

#[derive(Default)]
struct Waiting {
    ids: Numbers<u64>,
    labels: Numbers<i32>,
    sources: builder::Texts,
    rounds: Numbers<u32>,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        Ok(vec![
            builder::numbers(&mut self.ids),
            builder::numbers(&mut self.labels),
            builder::texts(&mut self.sources),
            builder::numbers(&mut self.rounds),
        ])
    }
}

impl LabelsWriter {
    /// Starts the table at `path`. Labels are numbers of `classes`, whose names differ.
    pub fn create(
        path: impl AsRef<Path>,
        classes: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut description = Description::new(Kind::Labels, producer, schema::labels());
        description.classes = checked_names(path, classes)?;
        Ok(Self {
            table: TableWriter::create(path, &description, Waiting::default())?,
            classes: classes.len(),
        })
    }

    /// Adds a row: the id of the text, unique in the table, its label, where the label came from
    /// and in which round.
    ///
    /// An id that occurs twice is an error here or, at the latest, in [`finish`](Self::finish).
    pub fn push(&mut self, id: u64, label: i32, source: &str, round: u32) -> Result<(), Error> {
        checked_label(&self.table, label, self.classes)?;
        self.table.note_id(id)?;
        let rows = &mut self.table.rows;
        rows.ids.push(Some(id));
        rows.labels.push(Some(label));
        rows.sources.push(Some(source));
        rows.rounds.push(Some(round));
        self.table.pushed(24 + source.len())
    }

    /// Says what the table is made from.
    #[must_use]
    pub fn made_from(mut self, origin: Origin) -> Self {
        self.table.origin = origin;
        self
    }

    /// Writes what is left and puts the table in place.
    pub fn finish(self) -> Result<Written, Error> {
        self.table.finish()
    }
}
