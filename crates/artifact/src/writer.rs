//! Writing a table of any kind: rows into record batches, batches through arrow2 into the sink,
//! the finished file into its place.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow2::array::Array;
use arrow2::chunk::Chunk;
use arrow2::io::ipc::write::{FileWriter, WriteOptions};

use crate::atomic;
use crate::damage::Damage;
use crate::digest::Digest;
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::Kind;
use crate::mapping::check_mapped;
use crate::origin::Origin;
use crate::schema::{self, Description};
use crate::sink::Sink;

/// A batch ends once it has this many rows (few in unit tests, so that small files have several
/// batches), ...
const BATCH_ROWS: usize = if cfg!(test) { 4 } else { 65_536 };
/// ... or this many bytes of values.
const BATCH_BYTES: usize = 4 << 20;
/// A vector has at most this many values: one row of them stays below a gigabyte.
const MOST_WIDTH: usize = 1 << 28;

/// A table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it lies.
    pub path: PathBuf,
    /// How many rows it has.
    pub rows: u64,
    /// How long the file is.
    pub bytes: u64,
    /// The digest of the whole file.
    pub digest: Digest,
}

/// The rows of one kind of table that wait to be written as a batch.
pub(crate) trait Rows {
    /// Takes the waiting rows as columns, in the schema's order.
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error>;
}

/// Writes a table batch by batch.
pub(crate) struct TableWriter<R> {
    path: PathBuf,
    kind: Kind,
    writer: FileWriter<Sink>,
    capturing: Arc<AtomicBool>,
    /// The rows of the batch being filled.
    pub(crate) rows: R,
    /// Rows and bytes of the batch being filled.
    waiting: (usize, usize),
    written: u64,
    last_id: Option<u64>,
    ascending: bool,
    /// A batch was lost to an error: what was written cannot become a table.
    broken: bool,
    /// The digest of a table of texts.
    pub(crate) texts: Option<Digest>,
    /// What the table is made from.
    pub(crate) origin: Origin,
}

impl<R: Rows> TableWriter<R> {
    /// Starts the table that `description` describes; `rows` has no rows yet.
    pub(crate) fn create(path: &Path, description: &Description, rows: R) -> Result<Self, Error> {
        let capturing = Arc::new(AtomicBool::new(false));
        let sink = atomic::temporary(path)
            .map(|file| Sink::new(file, Arc::clone(&capturing)))
            .map_err(|source| Error::Write {
                path: path.to_owned(),
                source,
            })?;
        let options = WriteOptions { compression: None };
        let writer = FileWriter::try_new(sink, description.schema(), None, options)
            .map_err(|error| encode(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            kind: description.kind,
            writer,
            capturing,
            rows,
            waiting: (0, 0),
            written: 0,
            last_id: None,
            ascending: true,
            broken: false,
            texts: None,
            origin: Origin::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows were pushed.
    pub(crate) fn count(&self) -> u64 {
        self.written + self.waiting.0 as u64
    }

    /// Notes the id of the row being pushed. Ids that ascend are unique; others are looked
    /// through once at the end, which takes no memory for each row until then.
    pub(crate) fn note_id(&mut self, id: u64) -> Result<(), Error> {
        if self.last_id == Some(id) {
            return Err(Error::RepeatedId {
                path: self.path.clone(),
                id,
            });
        }
        self.ascending &= self.last_id < Some(id);
        self.last_id = Some(id);
        Ok(())
    }

    /// Counts the row just added to `rows`, of `bytes` bytes; writes the batch when it is full.
    pub(crate) fn pushed(&mut self, bytes: usize) -> Result<(), Error> {
        self.waiting.0 += 1;
        self.waiting.1 += bytes;
        if self.waiting.0 >= BATCH_ROWS || self.waiting.1 >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.broken {
            return Err(Error::Write {
                path: self.path.clone(),
                source: io::Error::other("an earlier write failed"),
            });
        }
        let rows = std::mem::take(&mut self.waiting).0;
        if rows == 0 {
            return Ok(());
        }
        let result = self
            .rows
            .take()
            .and_then(Chunk::try_new)
            .and_then(|chunk| self.writer.write(&chunk, None));
        self.written += rows as u64;
        self.broken = result.is_err();
        result.map_err(|error| encode(&self.path, error))
    }

    /// Writes what waits and the footer, and puts the file in place.
    pub(crate) fn finish(mut self) -> Result<Written, Error> {
        self.flush()?;
        self.capturing.store(true, Ordering::Relaxed);
        self.writer
            .finish()
            .map_err(|error| encode(&self.path, error))?;
        let metadata = schema::origin_pairs(self.texts, &self.origin);
        let path = self.path;
        let write = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let (file, bytes, digest) = self.writer.into_inner().finish(metadata).map_err(write)?;
        if !self.ascending {
            check_ids(file.path(), &path, self.kind)?;
        }
        check_mapped()?;
        atomic::publish(file, &path).map_err(write)?;
        Ok(Written {
            path,
            rows: self.written,
            bytes,
            digest,
        })
    }
}

/// The names, where they differ.
pub(crate) fn checked_names(path: &Path, names: &[String]) -> Result<Vec<String>, Error> {
    match schema::repeated(names) {
        Some(name) => Err(Error::RepeatedName {
            path: path.to_owned(),
            name: name.to_owned(),
        }),
        None => Ok(names.to_vec()),
    }
}

/// Checks that vectors of `width` values can be stored.
pub(crate) fn checked_dimension(
    path: &Path,
    column: &'static str,
    width: usize,
) -> Result<(), Error> {
    if (1..=MOST_WIDTH).contains(&width) {
        return Ok(());
    }
    Err(Error::Dimension {
        path: path.to_owned(),
        column,
        width,
    })
}

/// Checks that the next row's vector has the width of its column.
pub(crate) fn checked_width<R: Rows>(
    table: &TableWriter<R>,
    column: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Width {
        path: table.path().to_owned(),
        row: table.count(),
        column,
        expected,
        found,
    })
}

/// Checks that the next row's label is the number of a class.
pub(crate) fn checked_label<R: Rows>(
    table: &TableWriter<R>,
    label: i32,
    classes: usize,
) -> Result<(), Error> {
    if usize::try_from(label).is_ok_and(|label| label < classes) {
        return Ok(());
    }
    Err(Error::Label {
        path: table.path().to_owned(),
        row: table.count(),
        label,
        classes,
    })
}

/// Checks that the ids of the table at `temporary` are unique.
fn check_ids(temporary: &Path, path: &Path, kind: Kind) -> Result<(), Error> {
    let frame = Frame::open(temporary, &Kind::ALL, Check::Layout)?;
    let column = usize::from(kind == Kind::Selection);
    match frame.check_ids(column) {
        Err(Damage::RepeatedId { id }) => Err(Error::RepeatedId {
            path: path.to_owned(),
            id,
        }),
        result => result.map_err(|damage| crate::refused::damaged(path, damage)),
    }
}

fn encode(path: &Path, error: arrow2::error::Error) -> Error {
    let path = path.to_owned();
    match error {
        arrow2::error::Error::Io(source) => Error::Write { path, source },
        source => Error::Encode { path, source },
    }
}
