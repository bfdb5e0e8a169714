//! Opening an input file: its format by its first bytes and name.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use goldpan_sources::Format;

use crate::carried::Carried;
use crate::columnar;
use crate::delimited::Delimited;
use crate::dialect::{self, SAMPLE};
use crate::error::Error;
use crate::json::Json;
use crate::note::Notes;
use crate::records::Dialect;
use crate::row::{Names, Row, Source, Wanted};
use crate::seen::{FIRST, Seen};
pub(crate) use crate::textfile::Count;
use crate::textfile::TextFile;

/// Opens the rows of the file at `path`, of the format that is given, or else seen.
pub(crate) fn open(
    path: &Path,
    format: Option<Format>,
    wanted: &Wanted,
    count: &Count,
) -> Result<Box<dyn Source>, Error> {
    check_kind(path)?;
    let notes = Notes::new(path);
    let seen = Seen::of(&first_bytes(path).map_err(Error::read(path))?);
    if let Seen::Foreign(found, advice) = seen {
        return Err(Error::Refused {
            path: path.to_owned(),
            found,
            advice,
        });
    }
    let named = Format::of_path(path);
    let source = match (format.or(named), seen) {
        (_, Seen::Parquet | Seen::ArrowFile | Seen::ArrowStream) => {
            table(path, format, seen, wanted, count, &notes)?
        }
        (Some(format @ (Format::Parquet | Format::Arrow)), Seen::Gzip | Seen::Zstd) => {
            return Err(Error::Compressed {
                path: path.to_owned(),
                format,
            });
        }
        (Some(Format::Parquet), _) => return Err(wrong(path, Format::Parquet, seen.name())),
        // A stream of an old version begins with its length.
        (Some(Format::Arrow), _) => columnar::arrow(path, wanted, count, &notes)?,
        _ => text(path, format, seen, wanted, count, &notes)?,
    };
    Ok(Box::new(Opened { source, notes }))
}

fn wrong(path: &Path, expected: Format, found: &'static str) -> Error {
    Error::WrongFormat {
        path: path.to_owned(),
        expected,
        found,
    }
}

/// Refuses what cannot be read more than once.
fn check_kind(path: &Path) -> Result<(), Error> {
    let kind = std::fs::metadata(path).map_err(Error::read(path))?;
    if kind.is_file() {
        return Ok(());
    }
    let (found, advice) = match kind.is_dir() {
        true => ("a folder", "name the files in it"),
        false => (
            "a pipe or device",
            "write it to a file first, since input is read more than once",
        ),
    };
    Err(Error::Refused {
        path: path.to_owned(),
        found,
        advice,
    })
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(FIRST);
    File::open(path)?
        .take(FIRST as u64)
        .read_to_end(&mut first)?;
    Ok(first)
}

/// Opens a Parquet or Arrow file, whatever it is called.
fn table(
    path: &Path,
    format: Option<Format>,
    seen: Seen,
    wanted: &Wanted,
    count: &Count,
    notes: &Notes,
) -> Result<Box<dyn Source>, Error> {
    let is = match seen {
        Seen::Parquet => Format::Parquet,
        _ => Format::Arrow,
    };
    if let Some(format) = format.filter(|format| *format != is) {
        return Err(wrong(path, format, seen.name()));
    }
    if Format::of_path(path).is_some_and(|named| named != is) {
        notes.say(format_args!("is {} and is read as one", seen.name()));
    }
    match is {
        Format::Parquet => columnar::parquet(path, wanted, count),
        _ => columnar::arrow(path, wanted, count, notes),
    }
}

/// Opens a file of text.
fn text(
    path: &Path,
    given: Option<Format>,
    seen: Seen,
    wanted: &Wanted,
    count: &Count,
    notes: &Notes,
) -> Result<Box<dyn Source>, Error> {
    let file = TextFile {
        path,
        seen,
        layout: &wanted.layout,
    };
    let mut text = file.open(count, notes)?;
    let sample = text.ahead(SAMPLE).map_err(Error::read(path))?;
    let format = format(path, given, looks_like_json(sample), notes)?;
    if let (Seen::Gzip | Seen::Zstd, false) = (seen, packed_by_name(path)) {
        notes.say(format_args!("is {} and is unpacked", seen.name()));
    }
    if matches!(format, Format::Jsonl | Format::Json) {
        let json = Json::open(path, || file.again(), Box::new(text), wanted, notes)?;
        return Ok(Box::new(json));
    }
    let found = dialect::delimiter(path, sample, format, wanted, notes)?;
    let quoting = wanted.layout.quoting;
    let quotes = dialect::quoting(path, quoting, found.delimiter, || file.again(), notes)?;
    let dialect = Dialect {
        delimiter: found.delimiter.byte(),
        quotes,
    };
    let how = (dialect, found.delimiter, found.line);
    let rows = Delimited::open(path, Box::new(text), how, wanted, notes)?;
    Ok(Box::new(rows))
}

/// The format of a text: as given, or else by what it looks like and its name.
fn format(path: &Path, given: Option<Format>, json: bool, notes: &Notes) -> Result<Format, Error> {
    let is_json = |format| matches!(format, Format::Json | Format::Jsonl);
    match (given, Format::of_path(path)) {
        (Some(format), _) if json && !is_json(format) => Err(wrong(path, format, "JSON")),
        (Some(format), _) => Ok(format),
        (None, Some(format)) if json && !is_json(format) => {
            notes.say("is JSON and is read as such");
            Ok(Format::Json)
        }
        (None, Some(format)) => Ok(format),
        (None, None) if json => Ok(Format::Json),
        (None, None) => Err(Error::UnknownFormat {
            path: path.to_owned(),
        }),
    }
}

/// Whether a text begins as objects of JSON do.
fn looks_like_json(sample: &[u8]) -> bool {
    let mut bytes = sample.iter().filter(|byte| !byte.is_ascii_whitespace());
    let start = [bytes.next(), bytes.next(), bytes.next()];
    matches!(
        start,
        [Some(b'{'), Some(b'"'), _] | [Some(b'['), Some(b'{'), Some(b'"')]
    )
}

fn packed_by_name(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str());
    let end = end.map(str::to_ascii_lowercase);
    matches!(end.as_deref(), Some("gz" | "bgz" | "gzip" | "zst" | "zstd"))
}

/// A source, and what is worth a word of its file.
struct Opened {
    source: Box<dyn Source>,
    notes: Notes,
}

impl Source for Opened {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        self.source.next(row)
    }

    fn names(&self) -> &Names {
        self.source.names()
    }

    fn carried(&self) -> Option<&Carried> {
        self.source.carried()
    }

    fn empty_lines(&self) -> u64 {
        self.source.empty_lines()
    }

    fn warn(&self) {
        self.notes.warn();
        for remark in &self.names().remarks {
            tracing::warn!("{remark}");
        }
    }
}
