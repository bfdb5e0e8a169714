//! Tables of predictions: logits and probabilities of every class for each text.

use std::path::Path;

use arrow2::array::Array;

use crate::builder::{self, Numbers, Vectors};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::origin::Origin;
use crate::refused::damaged;
use crate::schema::{self, Description, Precision};
use crate::writer::{Rows, TableWriter, Written, checked_dimension, checked_names, checked_width};

const ID: usize = 0;
const LOGITS: usize = 1;
const PROBABILITIES: usize = 2;

/// A mapped table of predictions. Rows are numbered from 0; access past the end panics, as with
/// slices.
pub struct Predictions {
    frame: Frame,
}

impl Predictions {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(
            path.as_ref(),
            &[Kind::Predictions],
            Check::All,
        )?)
    }

    /// Checks what every row of this kind has to be.
    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
        frame
            .check_ids(ID)
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

    /// The same table, which is called by another path in messages: that of the file it is a copy of.
    #[must_use]
    pub fn shown_as(mut self, path: &Path) -> Self {
        self.frame.show_as(path);
        self
    }

    /// What the table was made from, as far as it says so.
    pub fn origin(&self) -> &Origin {
        &self.frame.description().origin
    }

    /// The names of the classes, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        &self.frame.description().classes
    }

    /// The id of row `row`, unique in the table.
    pub fn id(&self, row: usize) -> u64 {
        self.frame.value(ID, row)
    }

    /// The ids of all rows, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.frame.ids(ID)
    }

    /// One logit for each class, in row `row`.
    pub fn logits(&self, row: usize) -> &[f32] {
        self.frame.vector(LOGITS, row, self.classes().len())
    }

    /// One probability for each class, in row `row`.
    pub fn probabilities(&self, row: usize) -> &[f32] {
        self.frame.vector(PROBABILITIES, row, self.classes().len())
    }
}

/// Writes a table of predictions, one row at a time.
pub struct PredictionsWriter {
    table: TableWriter<Waiting>,
}

struct Waiting {
    ids: Numbers<u64>,
    logits: Vectors,
    probabilities: Vectors,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        Ok(vec![
            builder::numbers(&mut self.ids),
            self.logits.take()?,
            self.probabilities.take()?,
        ])
    }
}

impl PredictionsWriter {
    /// Starts the table at `path`, of predictions of `classes`: at least one, with differing
    /// names.
    pub fn create(
        path: impl AsRef<Path>,
        classes: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        checked_dimension(path, "logits", classes.len())?;
        let columns = schema::predictions(classes.len());
        let mut description = Description::new(Kind::Predictions, producer, columns);
        description.classes = checked_names(path, classes)?;
        let waiting = Waiting {
            ids: Numbers::new(),
            logits: Vectors::new(Precision::F32, classes.len()),
            probabilities: Vectors::new(Precision::F32, classes.len()),
        };
        Ok(Self {
            table: TableWriter::create(path, &description, waiting)?,
        })
    }

    /// Adds a row: its id, unique in the table, and one logit and one probability for each class.
    ///
    /// An id that occurs twice is an error here or, at the latest, in [`finish`](Self::finish).
    pub fn push(&mut self, id: u64, logits: &[f32], probabilities: &[f32]) -> Result<(), Error> {
        let width = self.table.rows.logits.width;
        checked_width(&self.table, "logits", logits.len(), width)?;
        checked_width(&self.table, "probabilities", probabilities.len(), width)?;
        self.table.note_id(id)?;
        let rows = &mut self.table.rows;
        rows.ids.push(Some(id));
        rows.logits.push(logits);
        rows.probabilities.push(probabilities);
        self.table.pushed(8 + 8 * width)
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
