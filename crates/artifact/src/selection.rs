//! Tables of texts picked for labelling, best first, and why each was picked.

use std::path::Path;

use arrow2::array::Array;

use crate::builder::{self, Numbers};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::origin::Origin;
use crate::refused::damaged;
use crate::schema::{self, Description};
use crate::writer::{Rows, TableWriter, Written, checked_names, checked_width};

const RANK: usize = 0;
const ID: usize = 1;
const SCORE: usize = 2;
const OBJECTIVES: usize = 3;

/// A selection's ranks are numbers of 4 bytes.
const MOST_ROWS: u64 = u32::MAX as u64;

/// A mapped selection. Rows are numbered from 0; access past the end panics, as with slices.
pub struct Selection {
    frame: Frame,
}

impl Selection {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::Selection], Check::All)?)
    }

    /// Checks what every row of this kind has to be.
    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
        frame
            .check_ids(ID)
            .and_then(|()| frame.check_ranks(RANK))
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

    /// The names of the objectives.
    pub fn objectives(&self) -> &[String] {
        &self.frame.description().objectives
    }

    /// The rank of row `row`, which is its number.
    pub fn rank(&self, row: usize) -> u32 {
        self.frame.value(RANK, row)
    }

    /// The id of row `row`, unique in the table.
    pub fn id(&self, row: usize) -> u64 {
        self.frame.value(ID, row)
    }

    /// The ids of all rows, best first.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.frame.ids(ID)
    }

    /// The score by which row `row` was picked.
    pub fn score(&self, row: usize) -> f32 {
        self.frame.value(SCORE, row)
    }

    /// The value in row `row` of the objective numbered `objective`.
    pub fn objective(&self, row: usize, objective: usize) -> f32 {
        self.frame.value(OBJECTIVES + objective, row)
    }

    /// True where the table says where each pick lies.
    pub fn has_nearest(&self) -> bool {
        self.frame.description().has_nearest()
    }

    /// Where the pick of row `row` lies; nothing where the table does not say so.
    pub fn nearest(&self, row: usize) -> Nearest {
        if !self.has_nearest() {
            return Nearest::default();
        }
        let first = OBJECTIVES + self.objectives().len();
        let pair = |column: usize| {
            let id = self.frame.optional(column, row);
            id.zip(self.frame.optional(column + 1, row))
        };
        Nearest {
            labelled: pair(first),
            earlier: pair(first + 2),
        }
    }
}

/// Where a pick lies among the texts: ids and distances between embeddings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nearest {
    /// The nearest labelled text.
    pub labelled: Option<(u64, f32)>,
    /// The nearest of the picks before this one.
    pub earlier: Option<(u64, f32)>,
}

/// Writes a selection, best row first.
pub struct SelectionWriter {
    table: TableWriter<Waiting>,
}

struct Waiting {
    ranks: Numbers<u32>,
    ids: Numbers<u64>,
    scores: Numbers<f32>,
    objectives: Vec<Numbers<f32>>,
    nearest: Option<[Places; 2]>,
}

/// Ids and distances.
#[derive(Default)]
struct Places {
    ids: Numbers<u64>,
    distances: Numbers<f32>,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        let mut columns = vec![
            builder::numbers(&mut self.ranks),
            builder::numbers(&mut self.ids),
            builder::numbers(&mut self.scores),
        ];
        columns.extend(self.objectives.iter_mut().map(builder::numbers));
        for places in self.nearest.iter_mut().flatten() {
            columns.push(builder::numbers(&mut places.ids));
            columns.push(builder::numbers(&mut places.distances));
        }
        Ok(columns)
    }
}

impl SelectionWriter {
    /// Starts the table at `path`, with one column for each of `objectives`: their names differ,
    /// and none is `rank`, `id` or `score`.
    pub fn create(
        path: impl AsRef<Path>,
        objectives: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        Self::start(path.as_ref(), objectives, producer, false)
    }

    /// As [`create`](Self::create), with columns for where each pick lies, whose names are no
    /// objective's: `nearest_labelled` and `nearest_earlier` hold ids, `nearest_labelled_distance`
    /// and `nearest_earlier_distance` distances, all null where there is none.
    pub fn with_nearest(
        path: impl AsRef<Path>,
        objectives: &[String],
        producer: Producer,
    ) -> Result<Self, Error> {
        Self::start(path.as_ref(), objectives, producer, true)
    }

    fn start(
        path: &Path,
        objectives: &[String],
        producer: Producer,
        nearest: bool,
    ) -> Result<Self, Error> {
        let columns = schema::selection(objectives, nearest);
        checked_names(path, &schema::column_names(&columns))?;
        let mut description = Description::new(Kind::Selection, producer, columns);
        description.objectives = objectives.to_vec();
        let waiting = Waiting {
            ranks: Numbers::new(),
            ids: Numbers::new(),
            scores: Numbers::new(),
            objectives: vec![Numbers::new(); objectives.len()],
            nearest: nearest.then(Default::default),
        };
        Ok(Self {
            table: TableWriter::create(path, &description, waiting)?,
        })
    }

    /// Adds the next best row: its id, unique in the table, the score by which it was picked, and
    /// one value for each objective.
    ///
    /// An id that occurs twice is an error here or, at the latest, in [`finish`](Self::finish).
    pub fn push(&mut self, id: u64, score: f32, objectives: &[f32]) -> Result<(), Error> {
        self.push_near(id, score, objectives, Nearest::default())
    }

    /// As [`push`](Self::push), with where the pick lies: nothing unless the table was started
    /// [`with_nearest`](Self::with_nearest).
    pub fn push_near(
        &mut self,
        id: u64,
        score: f32,
        objectives: &[f32],
        nearest: Nearest,
    ) -> Result<(), Error> {
        if self.table.rows.nearest.is_none() {
            let given = [nearest.labelled, nearest.earlier].iter().flatten().count();
            checked_width(&self.table, "nearest", given, 0)?;
        }
        let expected = self.table.rows.objectives.len();
        checked_width(&self.table, "objectives", objectives.len(), expected)?;
        let rank = u32::try_from(self.table.count())
            .ok()
            .filter(|rank| u64::from(*rank) < MOST_ROWS)
            .ok_or_else(|| Error::TooManyRows {
                path: self.table.path().to_owned(),
                limit: MOST_ROWS,
            })?;
        self.table.note_id(id)?;
        let rows = &mut self.table.rows;
        rows.ranks.push(Some(rank));
        rows.ids.push(Some(id));
        rows.scores.push(Some(score));
        for (column, value) in rows.objectives.iter_mut().zip(objectives) {
            column.push(Some(*value));
        }
        let near = [nearest.labelled, nearest.earlier];
        for (places, near) in rows.nearest.iter_mut().flatten().zip(near) {
            places.ids.push(near.map(|(id, _)| id));
            places.distances.push(near.map(|(_, distance)| distance));
        }
        let more = if rows.nearest.is_some() { 24 } else { 0 };
        self.table.pushed(16 + 4 * expected + more)
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
