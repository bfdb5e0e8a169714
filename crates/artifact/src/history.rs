//! Tables of how a training run went.

use std::path::Path;

use arrow2::array::Array;

use crate::builder::{self, Numbers};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::schema::{self, Description};
use crate::writer::{Rows, TableWriter, Written};

const EPOCH: usize = 0;
const STEP: usize = 1;
/// The first of the measures, which are in the order of [`HistoryRow`]'s fields.
const MEASURES: usize = 2;
const MEASURE_COUNT: usize = 5;

/// One step of training, or one epoch.
///
/// A step has its loss and learning rate; an epoch its mean loss and what was measured on the
/// validation set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistoryRow {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Steps taken so far in the whole run.
    pub step: u64,
    /// Cross-entropy on the training set, in nats.
    pub loss: Option<f32>,
    /// The learning rate.
    pub learning_rate: Option<f32>,
    /// Cross-entropy on the validation set, in nats.
    pub validation_loss: Option<f32>,
    /// The share of the validation set that is right.
    pub validation_accuracy: Option<f32>,
    /// The mean of the classes' F1 on the validation set.
    pub validation_macro_f1: Option<f32>,
}

impl HistoryRow {
    fn measures(&self) -> [Option<f32>; MEASURE_COUNT] {
        [
            self.loss,
            self.learning_rate,
            self.validation_loss,
            self.validation_accuracy,
            self.validation_macro_f1,
        ]
    }
}

/// A mapped history.
pub struct History {
    frame: Frame,
}

impl History {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::History], Check::All)?)
    }

    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
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

    /// Row `row`; past the end it panics, as with slices.
    pub fn row(&self, row: usize) -> HistoryRow {
        let measure = |number| self.frame.optional(MEASURES + number, row);
        HistoryRow {
            epoch: self.frame.value(EPOCH, row),
            step: self.frame.value(STEP, row),
            loss: measure(0),
            learning_rate: measure(1),
            validation_loss: measure(2),
            validation_accuracy: measure(3),
            validation_macro_f1: measure(4),
        }
    }

    /// All rows, in order.
    pub fn rows(&self) -> Vec<HistoryRow> {
        (0..self.len()).map(|row| self.row(row)).collect()
    }
}

/// Writes a history, one row at a time.
pub struct HistoryWriter {
    table: TableWriter<Waiting>,
}

#[derive(Default)]
struct Waiting {
    epochs: Numbers<u32>,
    steps: Numbers<u64>,
    measures: [Numbers<f32>; MEASURE_COUNT],
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        let mut columns = vec![
            builder::numbers(&mut self.epochs),
            builder::numbers(&mut self.steps),
        ];
        columns.extend(self.measures.iter_mut().map(builder::numbers));
        Ok(columns)
    }
}

impl HistoryWriter {
    /// Starts the table at `path`.
    pub fn create(path: impl AsRef<Path>, producer: Producer) -> Result<Self, Error> {
        let description = Description::new(Kind::History, producer, schema::history());
        Ok(Self {
            table: TableWriter::create(path.as_ref(), &description, Waiting::default())?,
        })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &HistoryRow) -> Result<(), Error> {
        let rows = &mut self.table.rows;
        rows.epochs.push(Some(row.epoch));
        rows.steps.push(Some(row.step));
        for (column, value) in rows.measures.iter_mut().zip(row.measures()) {
            column.push(value);
        }
        self.table.pushed(12 + 4 * MEASURE_COUNT)
    }

    /// Writes what is left and puts the table in place.
    pub fn finish(self) -> Result<Written, Error> {
        self.table.finish()
    }
}
