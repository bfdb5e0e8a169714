//! Where vectors come from.

use std::sync::OnceLock;

use goldpan_artifact::{Access, Embeddings};
use goldpan_geometry::{Points, squared_lengths};

use crate::error::Error;
use crate::join::Rows;

/// The vectors of a table, read from the mapped file whenever they are asked for.
#[derive(Clone)]
pub(crate) struct Vectors<'a> {
    table: &'a Embeddings,
    rows: Rows,
    /// The squared lengths, once they were asked for.
    squares: OnceLock<Vec<f32>>,
}

impl Points for Vectors<'_> {
    fn dimension(&self) -> usize {
        self.table.dimension()
    }

    fn bytes(&self) -> usize {
        self.table.dimension() * self.table.precision().bytes()
    }

    fn copy(&self, row: u32, vector: &mut [f32]) {
        self.table.row_f32(self.rows.of(row), vector);
    }

    fn expect(&self, access: Access) {
        self.table.expect(access);
    }
}

/// The squared length that the longest vector needs for distances to be more than rounding errors.
const SHORTEST: f32 = 1e-30;

impl<'a> Vectors<'a> {
    /// The vectors of `table` at `rows`.
    pub(crate) fn new(table: &'a Embeddings, rows: Rows) -> Self {
        Self {
            table,
            rows,
            squares: OnceLock::new(),
        }
    }

    /// The squared lengths of the pool's vectors, computed once.
    ///
    /// # Errors
    ///
    /// When one is not finite, or so long that distances overflow.
    pub(crate) fn squared_lengths(&self) -> Result<&[f32], Error> {
        if let Some(squares) = self.squares.get() {
            return Ok(squares);
        }
        let count = match &self.rows {
            Rows::Same => self.table.len(),
            Rows::At(rows) => rows.len(),
        };
        let squares = squared_lengths(self, count).map_err(|row| self.wrong(row))?;
        if squares.iter().all(|square| *square < SHORTEST) {
            let (path, longest) = (self.table.path().to_owned(), self.longest(count));
            if longest > 0.0 {
                return Err(Error::TooShort { path, longest });
            }
        }
        Ok(self.squares.get_or_init(|| squares))
    }

    /// The length of the longest vector, in double precision.
    fn longest(&self, count: usize) -> f64 {
        let mut vector = vec![0.0; self.dimension()];
        let square = |row| {
            self.copy(row, &mut vector);
            vector.iter().map(|value| f64::from(*value).powi(2)).sum()
        };
        (0..count as u32).map(square).fold(0.0, f64::max).sqrt()
    }

    fn wrong(&self, row: u32) -> Error {
        let mut vector = vec![0.0; self.dimension()];
        self.copy(row, &mut vector);
        let path = self.table.path().to_owned();
        let row = self.rows.of(row);
        let id = self.table.id(row);
        match vector.iter().position(|value| !value.is_finite()) {
            Some(position) => Error::Embedding {
                path,
                row,
                id,
                position,
                value: vector[position],
            },
            None => Error::TooLong { path, row, id },
        }
    }
}
