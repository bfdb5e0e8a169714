//! Whether the pages of a Parquet column claim no more than they can hold, before anybody decodes them.
//!
//! Decoders reserve memory by the numbers in a page's header, so a damaged file of a kilobyte may ask for all
//! there is. The header is Thrift in its compact protocol; the `parquet` crate reads it, and keeps it to itself.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use crate::sound::{LZ4, ZSTD};

/// What any page may become.
const SMALL: u64 = 16 << 20;

const OUTSIDE: &str = "a page ends beyond the file";

/// The longest header: statistics hold the least and the greatest value.
const HEADER: u64 = 4 << 20;

/// How deep structures lie in each other.
const DEEPEST: u32 = 8;

/// How pages are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// With Snappy.
    Snappy,
    /// With LZ4.
    Lz4,
    /// With gzip.
    Gzip,
    /// With Zstandard, or another that repeats as much.
    Zstd,
}

impl Packing {
    /// The most bytes that one byte of a page stands for. DuckDB makes pages of 100 MB, which texts that repeat
    /// each other pack to a hundredth: only the packing says what cannot be.
    fn most(self) -> u64 {
        match self {
            Self::Plain => 1,
            // A copy of 64 bytes takes three.
            Self::Snappy => 22,
            Self::Lz4 => LZ4,
            // A match of 258 bytes takes two bits.
            Self::Gzip => 1032,
            Self::Zstd => ZSTD,
        }
    }
}

/// A column's pages in a row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnPages {
    /// Where the first of them starts, that of the dictionary if there is one.
    pub start: u64,
    /// How many bytes they take.
    pub length: u64,
    /// How they are packed.
    pub packing: Packing,
    /// Bytes that a value takes at the least, where it is not encoded.
    pub value: u64,
}

/// Why a column is not sound.
enum Flaw {
    Io(io::Error),
    Claim(String),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Claim(OUTSIDE.to_owned()),
            _ => Self::Io(error),
        }
    }
}

/// Checks that no page claims to become more than its bytes allow, and no dictionary more values than its page
/// holds. The file is read from its start again after this.
///
/// # Errors
///
/// If the file cannot be read. The inner error says what a damaged file claims.
pub fn sound_pages(
    mut file: &File,
    columns: impl IntoIterator<Item = ColumnPages>,
) -> io::Result<Result<(), String>> {
    let length = file.metadata()?.len();
    let result = columns
        .into_iter()
        .try_for_each(|column| check(file, length, column));
    file.rewind()?;
    match result {
        Ok(()) => Ok(Ok(())),
        Err(Flaw::Io(error)) => Err(error),
        Err(Flaw::Claim(claim)) => Ok(Err(claim)),
    }
}

fn check(mut file: &File, length: u64, column: ColumnPages) -> Result<(), Flaw> {
    let end = column.start.saturating_add(column.length).min(length);
    let mut at = column.start;
    while at < end {
        file.seek(SeekFrom::Start(at))?;
        let mut reader = Thrift {
            reader: BufReader::with_capacity(512, file.take(HEADER)),
            read: 0,
        };
        let page = reader.page()?;
        if page.takes > length.saturating_sub(at + reader.read) {
            return Err(Flaw::Claim(OUTSIDE.to_owned()));
        }
        let most = page.takes.saturating_mul(column.packing.most());
        if page.becomes > most.max(SMALL) {
            return Err(Flaw::Claim(format!(
                "a page at byte {at} claims to become {} bytes, of {}",
                page.becomes, page.takes
            )));
        }
        if page.values.saturating_mul(column.value) > page.becomes {
            return Err(Flaw::Claim(format!(
                "a dictionary at byte {at} claims {} values, in {} bytes",
                page.values, page.becomes
            )));
        }
        at += reader.read + page.takes;
    }
    Ok(())
}

/// What a page's header says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// Bytes after unpacking, and as they lie in the file.
    becomes: u64,
    takes: u64,
    /// Values of a dictionary.
    values: u64,
}

/// Thrift's compact protocol.
struct Thrift<R> {
    reader: R,
    read: u64,
}

impl<R: BufRead> Thrift<R> {
    fn page(&mut self) -> Result<Page, Flaw> {
        let mut page = Page::default();
        let mut last = 0;
        while let Some((field, kind)) = self.field(&mut last)? {
            match (field, kind) {
                (2, I32) => page.becomes = self.size()?,
                (3, I32) => page.takes = self.size()?,
                (7, STRUCT) => {
                    let mut last = 0;
                    while let Some((field, kind)) = self.field(&mut last)? {
                        match (field, kind) {
                            (1, I32) => page.values = self.size()?,
                            (_, kind) => self.skip(kind, 0)?,
                        }
                    }
                }
                (_, kind) => self.skip(kind, 0)?,
            }
        }
        Ok(page)
    }

    /// The number and type of the next field; `None` at a structure's end.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, Flaw> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let step = head >> 4;
        *last = match step {
            0 => self.number()?,
            step => last.saturating_add(i64::from(step)),
        };
        Ok(Some((*last, head & 0x0f)))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Result<(), Flaw> {
        if depth > DEEPEST {
            return Err(wrong());
        }
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.byte().map(drop),
            I16 | I32 | I64 => self.number().map(drop),
            DOUBLE => self.pass(8),
            BINARY => {
                let length = self.varint()?;
                self.pass(length)
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    count => u64::from(count),
                };
                let kind = head & 0x0f;
                // In a list, a truth value is a byte of its own.
                let kind = if kind <= FALSE { BYTE } else { kind };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(wrong()),
        }
    }

    /// A number of bytes or values, which is not below zero.
    fn size(&mut self) -> Result<u64, Flaw> {
        u64::try_from(self.number()?).map_err(|_| wrong())
    }

    /// A whole number, its sign in the last bit.
    fn number(&mut self) -> Result<i64, Flaw> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn varint(&mut self) -> Result<u64, Flaw> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(wrong())
    }

    fn byte(&mut self) -> Result<u8, Flaw> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn pass(&mut self, count: u64) -> Result<(), Flaw> {
        let passed = io::copy(&mut self.reader.by_ref().take(count), &mut io::sink())?;
        self.read += passed;
        match passed == count {
            true => Ok(()),
            false => Err(Flaw::Claim(OUTSIDE.to_owned())),
        }
    }
}

fn wrong() -> Flaw {
    Flaw::Claim("a page's header cannot be read".to_owned())
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn page(bytes: &[u8]) -> Result<(Page, u64), String> {
        let mut thrift = Thrift {
            reader: bytes,
            read: 0,
        };
        match thrift.page() {
            Ok(page) => Ok((page, thrift.read)),
            Err(Flaw::Claim(claim)) => Err(claim),
            Err(Flaw::Io(error)) => Err(error.to_string()),
        }
    }

    /// The header of a dictionary page that pyarrow wrote: type 2, 30 bytes that take 32, 5 values.
    const DICTIONARY: [u8; 15] = [
        0x15, 0x04, 0x15, 0x3c, 0x15, 0x40, 0x4c, 0x15, 0x0a, 0x15, 0x00, 0x12, 0x00, 0x00, 0xff,
    ];

    #[test]
    fn a_header_is_read_to_its_end() {
        let (found, read) = page(&DICTIONARY).unwrap();
        let expected = Page {
            becomes: 30,
            takes: 32,
            values: 5,
        };
        assert_eq!((found, read), (expected, 14));
    }

    #[test]
    fn headers_that_are_none_are_errors() {
        for end in 0..14 {
            assert!(page(&DICTIONARY[..end]).is_err(), "{end}");
        }
        // A length below zero, a type that is not known, and structures without end.
        assert!(page(&[0x25, 0x3d, 0x00]).is_err());
        assert!(page(&[0x1e, 0x00]).is_err());
        assert!(page(&[0x1c; 64]).is_err());
        assert!(
            page(&[
                0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
            ])
            .is_err()
        );
    }
}
