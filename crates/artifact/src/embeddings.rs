//! Tables of embeddings: one vector for each text.

use std::path::Path;

use arrow2::array::Array;
use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::builder::{self, Numbers, Vectors};
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::{Kind, Producer};
use crate::mapping::Access;
use crate::origin::Origin;
use crate::refused::damaged;
use crate::schema::{self, ColumnType, Description, Precision};
use crate::writer::{Rows, TableWriter, Written, checked_dimension, checked_width};

const ID: usize = 0;
const EMBEDDING: usize = 1;

/// A mapped table of embeddings. Rows are numbered from 0; access past the end panics, as with
/// slices.
pub struct Embeddings {
    frame: Frame,
    dimension: usize,
    precision: Precision,
}

/// Consecutive rows of a table of embeddings, as they lie in the mapping.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The number of the first row.
    pub start: usize,
    /// The rows' ids.
    pub ids: &'a [u64],
    /// The rows' vectors, one after another: `ids.len() * dimension` values.
    pub values: Values<'a>,
}

/// Vectors' values in their stored precision. They are aligned to their own size, not to more.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision.
    F16(&'a [f16]),
}

impl Embeddings {
    /// Opens and checks the table at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_frame(Frame::open(path.as_ref(), &[Kind::Embeddings], Check::All)?)
    }

    /// Checks what every row of this kind has to be.
    pub(crate) fn from_frame(frame: Frame) -> Result<Self, Error> {
        frame
            .check_ids(ID)
            .map_err(|damage| damaged(frame.path(), damage))?;
        let (precision, dimension) = match frame.description().columns[EMBEDDING].kind {
            ColumnType::Vector { precision, width } => (precision, width),
            _ => (Precision::F32, 0),
        };
        Ok(Self {
            frame,
            dimension,
            precision,
        })
    }

    /// Tells the system how the table is about to be read.
    pub fn expect(&self, access: Access) {
        self.frame.expect(access);
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

    /// Values in each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How values are stored.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The id of row `row`, unique in the table.
    pub fn id(&self, row: usize) -> u64 {
        self.frame.value(ID, row)
    }

    /// The ids of all rows, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.frame.ids(ID)
    }

    /// The vector of row `row`, where vectors are stored in single precision.
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        match self.precision {
            Precision::F32 => Some(self.frame.vector(EMBEDDING, row, self.dimension)),
            Precision::F16 => None,
        }
    }

    /// Copies the vector of row `row` into `out`, whose length has to be the dimension.
    pub fn row_f32(&self, row: usize, out: &mut [f32]) {
        match self.precision {
            Precision::F32 => {
                out.copy_from_slice(self.frame.vector(EMBEDDING, row, self.dimension));
            }
            Precision::F16 => self
                .frame
                .vector::<f16>(EMBEDDING, row, self.dimension)
                .convert_to_f32_slice(out),
        }
    }

    /// All rows in order, in the pieces in which they lie in the file.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk<'_>> + '_ {
        let chunk = |(number, start): (usize, usize)| Chunk {
            start,
            ids: self.frame.values(number, ID),
            values: match self.precision {
                Precision::F32 => Values::F32(self.frame.values(number, EMBEDDING)),
                Precision::F16 => Values::F16(self.frame.values(number, EMBEDDING)),
            },
        };
        let starts = self.frame.batches().iter().map(|batch| batch.start);
        starts.enumerate().map(chunk)
    }
}

/// Writes a table of embeddings, one row at a time.
pub struct EmbeddingsWriter {
    table: TableWriter<Waiting>,
    row_bytes: usize,
}

struct Waiting {
    ids: Numbers<u64>,
    vectors: Vectors,
}

impl Rows for Waiting {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        Ok(vec![builder::numbers(&mut self.ids), self.vectors.take()?])
    }
}

impl EmbeddingsWriter {
    /// Starts the table at `path`, of vectors of `dimension` values stored in `precision`.
    pub fn create(
        path: impl AsRef<Path>,
        dimension: usize,
        precision: Precision,
        producer: Producer,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        checked_dimension(path, "embedding", dimension)?;
        let columns = schema::embeddings(precision, dimension);
        let description = Description::new(Kind::Embeddings, producer, columns);
        let waiting = Waiting {
            ids: Numbers::new(),
            vectors: Vectors::new(precision, dimension),
        };
        Ok(Self {
            table: TableWriter::create(path, &description, waiting)?,
            row_bytes: 8 + dimension * precision.bytes(),
        })
    }

    /// Adds a row: its id, unique in the table, and its vector. Half precision rounds to the
    /// nearest value, ties to even.
    ///
    /// An id that occurs twice is an error here or, at the latest, in [`finish`](Self::finish).
    pub fn push(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        let width = self.table.rows.vectors.width;
        checked_width(&self.table, "embedding", vector.len(), width)?;
        self.table.note_id(id)?;
        self.table.rows.ids.push(Some(id));
        self.table.rows.vectors.push(vector);
        self.table.pushed(self.row_bytes)
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
