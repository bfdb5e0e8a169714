//! Where each column of each batch lies, checked against the file's bounds.

use std::ops::Range;

use arrow_format::ipc::planus::{self, ReadAsRoot};
use arrow_format::ipc::{self, BlockRef, BufferRef, FieldNodeRef, MessageHeaderRef, MessageRef};

use crate::damage::Damage;
use crate::footer::{Footer, HEAD};
use crate::schema::{Column, ColumnType};

/// Every buffer begins at a multiple of this in the file, so its numbers are aligned.
const ALIGNMENT: usize = 8;
/// What precedes a message: the continuation marker and the message's length.
const PREFIX: usize = 8;

/// A record batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The number of its first row in the table.
    pub(crate) start: usize,
    pub(crate) rows: usize,
}

/// The buffers of one column of one batch, as ranges of the file's bytes. They lie inside the
/// file, are aligned, and are exactly as long as the rows need.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Validity bits; `None` where every row has a value.
    pub(crate) validity: Option<Range<usize>>,
    /// Nulls as stated.
    pub(crate) nulls: i64,
    /// A text's `rows + 1` offsets; empty for other types.
    pub(crate) offsets: Range<usize>,
    /// The values; a text's bytes.
    pub(crate) values: Range<usize>,
}

/// All batches of a file.
pub(crate) struct Layout {
    pub(crate) batches: Vec<Batch>,
    /// The columns of the first batch, then those of the second, ...
    pub(crate) places: Vec<Place>,
    pub(crate) rows: usize,
}

/// Finds and checks every buffer that `footer` speaks of in `file`. `columns` has to be what the
/// kind requires, with at least one column of fixed width.
pub(crate) fn layout(
    file: &[u8],
    footer: &Footer<'_>,
    columns: &[Column],
) -> Result<Layout, Damage> {
    // Nothing is reserved by what the footer claims: each place that is added was described by bytes of
    // a block of its own.
    let mut layout = Layout {
        batches: Vec::new(),
        places: Vec::new(),
        rows: 0,
    };
    let mut free = HEAD;
    for (number, block) in footer.blocks.into_iter().flatten().enumerate() {
        let (message, body) =
            block_ranges(block, free..footer.start).ok_or(Damage::Block { batch: number })?;
        free = body.end;
        let mut parts = Parts::read(&file[message], body, number)?;
        for column in columns {
            let place = parts.column(file, column)?;
            layout.places.push(place);
        }
        parts.finish()?;
        layout.batches.push(Batch {
            start: layout.rows,
            rows: parts.rows,
        });
        layout.rows = layout
            .rows
            .checked_add(parts.rows)
            .ok_or(Damage::Block { batch: number })?;
    }
    Ok(layout)
}

/// A block's message and body, where both lie in `free` and are aligned.
fn block_ranges(block: BlockRef<'_>, free: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let start = usize::try_from(block.offset()).ok()?;
    let middle = start.checked_add(usize::try_from(block.meta_data_length()).ok()?)?;
    let end = middle.checked_add(usize::try_from(block.body_length()).ok()?)?;
    let inside = free.start <= start && end <= free.end;
    let aligned = start % ALIGNMENT == 0 && middle % ALIGNMENT == 0;
    (inside && aligned).then_some((start..middle, middle..end))
}

type Iter<'a, T> = <planus::Vector<'a, T> as IntoIterator>::IntoIter;

/// The nodes and buffers of one batch, taken one column at a time.
struct Parts<'a> {
    batch: usize,
    rows: usize,
    body: Range<usize>,
    nodes: Iter<'a, FieldNodeRef<'a>>,
    buffers: Iter<'a, BufferRef<'a>>,
}

impl<'a> Parts<'a> {
    /// Reads `message`, prefix included, of the batch whose buffers lie in `body`.
    fn read(message: &'a [u8], body: Range<usize>, batch: usize) -> Result<Self, Damage> {
        let block = || Damage::Block { batch };
        let (prefix, rest) = message.split_at_checked(PREFIX).ok_or_else(block)?;
        let (marker, length) = prefix.split_at(4);
        let length = <[u8; 4]>::try_from(length).map_err(|_| block())?;
        let length = usize::try_from(i32::from_le_bytes(length)).map_err(|_| block())?;
        if marker != [0xff; 4] {
            return Err(block());
        }
        let message = MessageRef::read_as_root(rest.get(..length).ok_or_else(block)?)?;
        if message.version()? != ipc::MetadataVersion::V5 {
            return Err(Damage::Unsupported {
                what: "another metadata version than 5",
            });
        }
        let record = match message.header()? {
            Some(MessageHeaderRef::RecordBatch(record)) => record,
            _ => return Err(Damage::Parts { batch }),
        };
        if record.compression()?.is_some() {
            return Err(Damage::Unsupported {
                what: "compressed buffers",
            });
        }
        let used = usize::try_from(message.body_length()?).map_err(|_| block())?;
        if used > body.len() {
            return Err(block());
        }
        Ok(Self {
            batch,
            rows: usize::try_from(record.length()?).map_err(|_| block())?,
            body: body.start..body.start + used,
            nodes: record.nodes()?.ok_or(Damage::Parts { batch })?.iter(),
            buffers: record.buffers()?.ok_or(Damage::Parts { batch })?.iter(),
        })
    }

    /// Takes the nodes and buffers of `column`.
    fn column(&mut self, file: &[u8], column: &Column) -> Result<Place, Damage> {
        let rows = self.rows;
        let (validity, nulls) = self.node(column, rows)?;
        let mut offsets = 0..0;
        let values = match column.kind {
            ColumnType::U64 => self.buffer(column, rows, 8)?,
            ColumnType::U32 | ColumnType::I32 | ColumnType::F32 => self.buffer(column, rows, 4)?,
            ColumnType::Text => {
                // An empty column may leave its single offset out.
                offsets = match self.range(column)? {
                    range if rows == 0 => range.start..range.start,
                    range => self.cut(column, range, rows.checked_add(1), 8)?,
                };
                let bytes = self.range(column)?;
                let used = offsets
                    .end
                    .checked_sub(8)
                    .filter(|_| !offsets.is_empty())
                    .and_then(|last| file.get(last..offsets.end))
                    .and_then(|last| <[u8; 8]>::try_from(last).ok())
                    .map_or(Ok(0), |last| usize::try_from(i64::from_le_bytes(last)))
                    .map_err(|_| self.bad_buffer(column))?;
                self.cut(column, bytes, Some(used), 1)?
            }
            ColumnType::Vector { precision, width } => {
                let count = rows
                    .checked_mul(width)
                    .ok_or_else(|| self.bad_buffer(column))?;
                let (child, child_nulls) = self.node(column, count)?;
                if child.is_some() || child_nulls != 0 {
                    return Err(self.nulls(column));
                }
                self.buffer(column, count, precision.bytes())?
            }
        };
        if !column.nullable && nulls != 0 {
            return Err(self.nulls(column));
        }
        Ok(Place {
            validity,
            nulls,
            offsets,
            values,
        })
    }

    /// The next node and its validity buffer, for `rows` rows.
    fn node(
        &mut self,
        column: &Column,
        rows: usize,
    ) -> Result<(Option<Range<usize>>, i64), Damage> {
        let node = self
            .nodes
            .next()
            .ok_or(Damage::Parts { batch: self.batch })?;
        if usize::try_from(node.length()) != Ok(rows) {
            return Err(Damage::ColumnRows {
                batch: self.batch,
                column: column.name.clone(),
                expected: i64::try_from(rows).unwrap_or(i64::MAX),
                found: node.length(),
            });
        }
        let range = self.range(column)?;
        let nulls = node.null_count();
        if range.is_empty() {
            return Ok((None, nulls));
        }
        let bits = self.cut(column, range, Some(rows.div_ceil(8)), 1)?;
        Ok((Some(bits), nulls))
    }

    /// The next buffer, of `count` values of `size` bytes.
    fn buffer(
        &mut self,
        column: &Column,
        count: usize,
        size: usize,
    ) -> Result<Range<usize>, Damage> {
        let range = self.range(column)?;
        self.cut(column, range, Some(count), size)
    }

    /// The next buffer, as long as the file says: inside the body, aligned.
    fn range(&mut self, column: &Column) -> Result<Range<usize>, Damage> {
        let buffer = self
            .buffers
            .next()
            .ok_or(Damage::Parts { batch: self.batch })?;
        let place = |buffer: BufferRef<'_>| {
            let offset = usize::try_from(buffer.offset()).ok()?;
            let start = self.body.start.checked_add(offset)?;
            let end = start.checked_add(usize::try_from(buffer.length()).ok()?)?;
            (end <= self.body.end && start % ALIGNMENT == 0).then_some(start..end)
        };
        place(buffer).ok_or_else(|| self.bad_buffer(column))
    }

    /// The beginning of `range` that `count` values of `size` bytes take.
    fn cut(
        &self,
        column: &Column,
        range: Range<usize>,
        count: Option<usize>,
        size: usize,
    ) -> Result<Range<usize>, Damage> {
        count
            .and_then(|count| count.checked_mul(size))
            .filter(|bytes| *bytes <= range.len())
            .map(|bytes| range.start..range.start + bytes)
            .ok_or_else(|| self.bad_buffer(column))
    }

    /// Checks that nothing is left over.
    fn finish(&mut self) -> Result<(), Damage> {
        match (self.nodes.next(), self.buffers.next()) {
            (None, None) => Ok(()),
            _ => Err(Damage::Parts { batch: self.batch }),
        }
    }

    fn bad_buffer(&self, column: &Column) -> Damage {
        Damage::Buffer {
            batch: self.batch,
            column: column.name.clone(),
        }
    }

    fn nulls(&self, column: &Column) -> Damage {
        Damage::Nulls {
            batch: self.batch,
            column: column.name.clone(),
        }
    }
}
