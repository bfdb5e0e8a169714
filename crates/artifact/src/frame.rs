//! An open table of any kind: a mapping, where its columns lie in it, and typed access to them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::checksum;
use crate::error::Error;
use crate::footer::Footer;
use crate::kind::Kind;
use crate::layout::{Batch, Place, layout};
use crate::mapping::{Access, Mapping};
use crate::origin::{OfTexts, Origin, file_name};
use crate::refused::{damaged, refused};
use crate::schema::Description;

/// How much is checked when a table is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Everything, the checksum included where the file is small enough.
    All,
    /// Everything but checksum and manifest, as for a hostile file whose checksum is right.
    #[cfg(test)]
    Structure,
    /// Only footer and layout: enough to say what the file is.
    Layout,
}

/// A mapped table whose structure was checked.
pub(crate) struct Frame {
    mapping: Mapping,
    path: PathBuf,
    description: Description,
    batches: Vec<Batch>,
    places: Vec<Place>,
    rows: usize,
    /// Rows of every batch but the last; 0 where they differ.
    stride: usize,
}

impl Frame {
    /// Opens the table at `path`, which has to be of one of the kinds `expected`.
    pub(crate) fn open(
        path: &Path,
        expected: &'static [Kind],
        check: Check,
    ) -> Result<Self, Error> {
        let mapping = Mapping::open(path)?;
        let footer = Footer::read(&mapping).map_err(|refusal| refused(path, refusal))?;
        let kind = footer.description.kind;
        if !expected.contains(&kind) {
            return Err(Error::WrongKind {
                path: path.to_owned(),
                expected,
                found: kind,
            });
        }
        if check == Check::All {
            checksum::check_at_open(path, &mapping, &footer)?;
        }
        let columns = footer.description.expected_columns();
        if columns != footer.description.columns {
            return Err(Error::Columns {
                path: path.to_owned(),
                kind,
                expected: columns,
                found: footer.description.columns,
            });
        }
        let layout = layout(&mapping, &footer, &columns).map_err(|damage| damaged(path, damage))?;
        let frame = Self {
            stride: stride(&layout.batches),
            description: footer.description,
            path: path.to_owned(),
            batches: layout.batches,
            places: layout.places,
            rows: layout.rows,
            mapping,
        };
        if check != Check::Layout {
            frame
                .check_columns()
                .map_err(|damage| damaged(path, damage))?;
        }
        Ok(frame)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the table another path in messages.
    pub(crate) fn show_as(&mut self, path: &Path) {
        self.path = path.to_owned();
    }

    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    /// What the table was made from, as far as it says so.
    pub(crate) fn origin(&self) -> Origin {
        match self.description.texts {
            None => self.description.origin.clone(),
            Some(digest) => Origin::of(OfTexts {
                digest,
                file: file_name(&self.path),
                rows: self.rows as u64,
            }),
        }
    }

    /// Tells the system how the table is about to be read.
    pub(crate) fn expect(&self, access: Access) {
        self.mapping.expect(access);
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The file's length in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.mapping.len() as u64
    }

    pub(crate) fn batches(&self) -> &[Batch] {
        &self.batches
    }

    pub(crate) fn place(&self, batch: usize, column: usize) -> &Place {
        &self.places[batch * self.description.columns.len() + column]
    }

    /// The batch in which `row` lies, and the row's number there.
    pub(crate) fn locate(&self, row: usize) -> (usize, usize) {
        assert!(
            row < self.rows,
            "row {row} of a table of {} rows",
            self.rows
        );
        let batch = match self.stride {
            0 => self.batches.partition_point(|batch| batch.start <= row) - 1,
            stride => row / stride,
        };
        (batch, row - self.batches[batch].start)
    }

    /// The bytes of a column's values, in one batch.
    pub(crate) fn value_bytes(&self, batch: usize, column: usize) -> &[u8] {
        &self.mapping[self.place(batch, column).values.clone()]
    }

    /// The validity bits of a column, in one batch, where it has nulls.
    pub(crate) fn validity(&self, batch: usize, column: usize) -> Option<&[u8]> {
        let range = self.place(batch, column).validity.clone()?;
        Some(&self.mapping[range])
    }

    /// The values of a column of numbers or vectors, in one batch.
    pub(crate) fn values<T: Pod>(&self, batch: usize, column: usize) -> &[T] {
        bytemuck::cast_slice(self.value_bytes(batch, column))
    }

    /// The value of a column of numbers in `row`.
    pub(crate) fn value<T: Pod>(&self, column: usize, row: usize) -> T {
        let (batch, row) = self.locate(row);
        self.values(batch, column)[row]
    }

    /// The `width` values of a column of vectors in `row`.
    pub(crate) fn vector<T: Pod>(&self, column: usize, row: usize, width: usize) -> &[T] {
        let (batch, row) = self.locate(row);
        &self.values(batch, column)[row * width..(row + 1) * width]
    }

    /// All values of a column of ids, in order.
    pub(crate) fn ids(&self, column: usize) -> impl Iterator<Item = u64> + '_ {
        let batches = 0..self.batches.len();
        batches.flat_map(move |batch| self.values::<u64>(batch, column).iter().copied())
    }

    /// The value of a nullable column of numbers in `row`.
    pub(crate) fn optional<T: Pod>(&self, column: usize, row: usize) -> Option<T> {
        let (batch, row) = self.locate(row);
        self.is_valid(batch, column, row)
            .then(|| self.values(batch, column)[row])
    }

    /// The text in `row` of a column of texts.
    pub(crate) fn text(&self, column: usize, row: usize) -> &str {
        let (batch, row) = self.locate(row);
        self.text_in(batch, column, row)
    }

    /// The text in `row` of a nullable column of texts.
    pub(crate) fn optional_text(&self, column: usize, row: usize) -> Option<&str> {
        let (batch, row) = self.locate(row);
        self.is_valid(batch, column, row)
            .then(|| self.text_in(batch, column, row))
    }

    fn text_in(&self, batch: usize, column: usize, row: usize) -> &str {
        let range = self.text_range(batch, column, row);
        let bytes = &self.value_bytes(batch, column)[range];
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => changed(&self.path),
        }
    }

    fn text_range(&self, batch: usize, column: usize, row: usize) -> Range<usize> {
        let offsets = self.offsets(batch, column);
        offsets[row] as usize..offsets[row + 1] as usize
    }

    pub(crate) fn offsets(&self, batch: usize, column: usize) -> &[i64] {
        bytemuck::cast_slice(&self.mapping[self.place(batch, column).offsets.clone()])
    }

    pub(crate) fn is_valid(&self, batch: usize, column: usize, row: usize) -> bool {
        self.validity(batch, column)
            .is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1)
    }

    /// True where a row of `column` has a value.
    pub(crate) fn has_values(&self, column: usize) -> bool {
        self.batches
            .iter()
            .enumerate()
            .any(|(batch, rows)| self.place(batch, column).nulls < rows.rows as i64)
    }
}

/// The rows of every batch but the last, where they are alike and the last has no more; else 0.
fn stride(batches: &[Batch]) -> usize {
    match batches {
        [] => 0,
        [first, .., last] => {
            let alike = batches[..batches.len() - 1]
                .iter()
                .all(|batch| batch.rows == first.rows);
            if alike && last.rows <= first.rows {
                first.rows
            } else {
                0
            }
        }
        [only] => only.rows,
    }
}

/// A text that was UTF-8 when the file was opened no longer is.
#[cold]
fn changed(path: &Path) -> ! {
    panic!(
        "{} changed while it was open: artifacts must not be written into",
        path.display()
    )
}
