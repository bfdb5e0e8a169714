//! Opening an input file: its format by name or first bytes, and decompression.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use goldpan_sources::Format;

use crate::Error;
use crate::columnar;
use crate::csv::Csv;
use crate::jsonl::Jsonl;
use crate::row::{Source, Wanted};
use crate::tsv::Tsv;

/// Bytes read from the disk at once.
const BUFFER: usize = 256 << 10;

/// Counts the bytes read from the disk.
pub(crate) type Count = Arc<AtomicU64>;

/// A file whose reads are counted.
pub(crate) struct Counted {
    file: File,
    count: Count,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Opens the rows of the file at `path`, of the format that is given, or else seen.
pub(crate) fn open(
    path: &Path,
    format: Option<Format>,
    wanted: &Wanted,
    count: &Count,
) -> Result<Box<dyn Source>, Error> {
    let mut file = File::open(path).map_err(Error::read(path))?;
    let first = first_bytes(&mut file).map_err(Error::read(path))?;
    file.rewind().map_err(Error::read(path))?;
    let seen = Seen::of(&first);
    let format = match (format, seen, Format::of_path(path)) {
        (Some(format), ..) => format,
        (None, Seen::Parquet, _) => Format::Parquet,
        (None, Seen::Arrow, _) => Format::Arrow,
        (None, _, Some(format)) => format,
        (None, _, None) => {
            return Err(Error::UnknownFormat {
                path: path.to_owned(),
            });
        }
    };
    let fits = match format {
        Format::Parquet => matches!(seen, Seen::Parquet | Seen::Gzip | Seen::Zstd),
        Format::Arrow => !matches!(seen, Seen::Parquet | Seen::Zip | Seen::Utf16),
        _ => matches!(seen, Seen::Other | Seen::Gzip | Seen::Zstd),
    };
    if !fits {
        return Err(Error::WrongFormat {
            path: path.to_owned(),
            expected: format,
            found: seen.name(),
        });
    }
    let packed = matches!(seen, Seen::Gzip | Seen::Zstd);
    match format {
        Format::Parquet | Format::Arrow if packed => Err(Error::Compressed {
            path: path.to_owned(),
            format,
        }),
        Format::Parquet => columnar::parquet(path, file, wanted, count),
        Format::Arrow => columnar::arrow(path, file, wanted, count),
        Format::Tsv | Format::Csv | Format::Jsonl => {
            let counted = Counted {
                file,
                count: count.clone(),
            };
            let lines = decompress(counted, seen).map_err(Error::read(path))?;
            let lines = past_mark(path, format, lines)?;
            Ok(match format {
                Format::Tsv => Box::new(Tsv::open(path, lines, wanted)?),
                Format::Csv => Box::new(Csv::open(path, lines, wanted)?),
                _ => Box::new(Jsonl::open(path, lines, wanted)?),
            })
        }
    }
}

/// What a file's first bytes say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Gzip,
    Zstd,
    Zip,
    Parquet,
    Arrow,
    Utf16,
    Other,
}

impl Seen {
    fn of(first: &[u8]) -> Self {
        let starts = |magic: &[u8]| first.starts_with(magic);
        match () {
            () if starts(b"\x1f\x8b") => Self::Gzip,
            () if starts(b"\x28\xb5\x2f\xfd") => Self::Zstd,
            () if starts(b"PK\x03\x04") => Self::Zip,
            () if starts(b"PAR1") => Self::Parquet,
            () if starts(b"ARROW1") => Self::Arrow,
            () if starts(b"\xff\xfe") || starts(b"\xfe\xff") => Self::Utf16,
            () => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "compressed with gzip",
            Self::Zstd => "compressed with zstd",
            Self::Zip => "a zip archive",
            Self::Parquet => "a Parquet file",
            Self::Arrow => "an Arrow file",
            Self::Utf16 => "text in UTF-16",
            Self::Other => "of another format",
        }
    }
}

fn first_bytes(file: &mut File) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(8);
    file.take(8).read_to_end(&mut first)?;
    Ok(first)
}

fn decompress(file: Counted, seen: Seen) -> io::Result<Box<dyn BufRead>> {
    let file = BufReader::with_capacity(BUFFER, file);
    Ok(match seen {
        Seen::Gzip => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file))),
        Seen::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(file)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        _ => Box::new(file),
    })
}

/// Checks the first bytes of the plain text, and passes over a byte order mark.
fn past_mark(
    path: &Path,
    format: Format,
    mut lines: Box<dyn BufRead>,
) -> Result<Box<dyn BufRead>, Error> {
    let first = lines.fill_buf().map_err(Error::read(path))?;
    match Seen::of(first) {
        Seen::Parquet | Seen::Arrow => Err(Error::Compressed {
            path: path.to_owned(),
            format: match Seen::of(first) {
                Seen::Parquet => Format::Parquet,
                _ => Format::Arrow,
            },
        }),
        Seen::Utf16 => Err(Error::WrongFormat {
            path: path.to_owned(),
            expected: format,
            found: Seen::Utf16.name(),
        }),
        _ => {
            if first.starts_with(b"\xef\xbb\xbf") {
                lines.consume(3);
            }
            Ok(lines)
        }
    }
}
