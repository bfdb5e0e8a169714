//! Tables of what an experiment's models achieved.

use std::path::Path;

use arrow2::array::Array;

use crate::builder::{self, Numbers};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::schema::{self, Description};
use crate::writer::{Rows, TableWriter, Written};

const ARM: usize = 0;
const SEED: usize = 1;
const ROUND: usize = 2;
const LABELLED: usize = 3;
const EPOCH: usize = 4;
/// The first of the measures, which are in the order of [`ResultRow`]'s fields.
const MEASURES: usize = 5;
const MEASURE_COUNT: usize = 6;
const OBJECT: usize = MEASURES + MEASURE_COUNT;

/// A model that was measured on the validation texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultRow {
    /// The arm, `start` for the model of the start, `zero-shot` for one that was not trained.
    pub arm: String,
    /// The seed; `None` for a model that was not trained.
    pub seed: Option<u64>,
    /// The round, 0 for the start.
    pub round: u32,
    /// Labelled texts that it learned from.
    pub labelled: u64,
    /// The epoch that was kept, from 1; `None` for a model that was not trained.
    pub epoch: Option<u64>,
    /// Validation accuracy of that epoch, in [0, 1].
    pub accuracy: f32,
    /// Validation loss of that epoch, in nats.
    pub loss: f32,
    /// Validation macro-F1 of that epoch, in [0, 1].
    pub macro_f1: f32,
    /// How long the training took.
    pub seconds: f32,
    /// Validation accuracy of the last epoch; `None` for a model that was not trained.
    pub last_accuracy: Option<f32>,
    /// Accuracy on texts that no epoch was chosen by, where it was measured.
    pub test_accuracy: Option<f32>,
    /// The object that holds the model.
    pub object: String,
}

/// A mapped table of results.
pub struct Results {
    frame: Frame,
}

impl Results {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::Results], Check::All)?)
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
    pub fn row(&self, row: usize) -> ResultRow {
        let measure = |number: usize| self.frame.value(MEASURES + number, row);
        ResultRow {
            arm: self.frame.text(ARM, row).to_owned(),
            seed: self.frame.optional(SEED, row),
            round: self.frame.value(ROUND, row),
            labelled: self.frame.value(LABELLED, row),
            epoch: self.frame.optional(EPOCH, row),
            accuracy: measure(0),
            loss: measure(1),
            macro_f1: measure(2),
            seconds: measure(3),
            last_accuracy: self.frame.optional(MEASURES + 4, row),
            test_accuracy: self.frame.optional(MEASURES + 5, row),
            object: self.frame.text(OBJECT, row).to_owned(),
        }
    }

    /// All rows, in order.
    pub fn rows(&self) -> Vec<ResultRow> {
        (0..self.len()).map(|row| self.row(row)).collect()
    }
}

/// Writes a table of results, one row at a time.
pub struct ResultsWriter {
    table: TableWriter<Waiting>,
}

#[derive(Default)]
struct Waiting {
    arms: builder::Texts,
    seeds: Numbers<u64>,
    rounds: Numbers<u32>,
    labelled: Numbers<u64>,
    epochs: Numbers<u64>,
    measures: [Numbers<f32>; MEASURE_COUNT],
    objects: builder::Texts,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        let mut columns = vec![
            builder::texts(&mut self.arms),
            builder::numbers(&mut self.seeds),
            builder::numbers(&mut self.rounds),
            builder::numbers(&mut self.labelled),
            builder::numbers(&mut self.epochs),
        ];
        columns.extend(self.measures.iter_mut().map(builder::numbers));
        columns.push(builder::texts(&mut self.objects));
        Ok(columns)
    }
}

impl ResultsWriter {
    /// Starts the table at `path`.
    pub fn create(path: impl AsRef<Path>, producer: Producer) -> Result<Self, Error> {
        let description = Description::new(Kind::Results, producer, schema::results());
        Ok(Self {
            table: TableWriter::create(path.as_ref(), &description, Waiting::default())?,
        })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &ResultRow) -> Result<(), Error> {
        let measures = [
            Some(row.accuracy),
            Some(row.loss),
            Some(row.macro_f1),
            Some(row.seconds),
            row.last_accuracy,
            row.test_accuracy,
        ];
        let rows = &mut self.table.rows;
        rows.arms.push(Some(&row.arm));
        rows.seeds.push(row.seed);
        rows.rounds.push(Some(row.round));
        rows.labelled.push(Some(row.labelled));
        rows.epochs.push(row.epoch);
        for (column, value) in rows.measures.iter_mut().zip(measures) {
            column.push(value);
        }
        rows.objects.push(Some(&row.object));
        let texts = row.arm.len() + row.object.len();
        self.table.pushed(44 + 4 * MEASURE_COUNT + texts)
    }

    /// Writes what is left and puts the table in place.
    pub fn finish(self) -> Result<Written, Error> {
        self.table.finish()
    }
}
