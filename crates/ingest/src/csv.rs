//! CSV as RFC 4180 has it, read by `csv-core`.
//!
//! That parser accepts any bytes: a quote that is never closed swallows the rows after it, and
//! one that is closed too early joins two rows. So [`Quotes`] looks at the same bytes, and both
//! are errors here.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv_core::ReadRecordResult;
use goldpan_sources::Format;

use crate::Error;
use crate::error::{At, Place};
use crate::lines::LONGEST;
use crate::row::{Found, Names, Row, Source, Wanted};
use crate::tsv::places;

pub(crate) struct Csv {
    records: Records,
    columns: usize,
    found: Found,
    /// The first record is a row that was not yet given out.
    waiting: bool,
}

impl Csv {
    pub fn open(path: &Path, reader: Box<dyn BufRead>, wanted: &Wanted) -> Result<Self, Error> {
        let mut records = Records::new(path, reader);
        if !records.advance()? {
            let path = path.to_owned();
            return Err(match wanted.header {
                true => Error::NoHeader { path },
                false => Error::NoRows { paths: vec![path] },
            });
        }
        let columns = records.count;
        let names = match wanted.header {
            true => (0..columns)
                .map(|index| Ok(records.field(index)?.to_owned()))
                .collect::<Result<Vec<String>, Error>>()?,
            false => places(columns),
        };
        Ok(Self {
            found: wanted.find(path, &names, wanted.header)?,
            records,
            columns,
            waiting: !wanted.header,
        })
    }
}

impl Source for Csv {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.records.advance()? {
            return Ok(false);
        }
        let records = &self.records;
        row.place = Place::Line(records.start);
        if records.count != self.columns {
            return Err(Error::ColumnCount {
                at: records.at(),
                expected: self.columns,
                found: records.count,
                format: Format::Csv,
            });
        }
        row.main.push_str(records.field(self.found.main)?);
        let field = |index| records.field(index).map(str::to_owned);
        row.label = self.found.label.map(field).transpose()?;
        row.key = self.found.key.map(field).transpose()?;
        for &column in &self.found.metadata {
            row.keep(Some(field(column)?));
        }
        Ok(true)
    }

    fn names(&self) -> &Names {
        &self.found.names
    }

    fn empty_lines(&self) -> u64 {
        self.records.empty
    }
}

/// The records of a file, one at a time.
struct Records {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    core: csv_core::Reader,
    quotes: Quotes,
    /// The last record's fields, one after the other, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    /// The line that is being read, and the one on which the last record starts.
    line: u64,
    start: u64,
    after_return: bool,
    empty: u64,
}

impl Records {
    fn new(path: &Path, reader: Box<dyn BufRead>) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            core: csv_core::Reader::new(),
            quotes: Quotes::Start,
            fields: vec![0; 4096],
            ends: vec![0; 16],
            count: 0,
            line: 1,
            start: 1,
            after_return: false,
            empty: 0,
        }
    }

    fn at(&self) -> At {
        At {
            path: self.path.clone(),
            place: Place::Line(self.start),
        }
    }

    fn field(&self, index: usize) -> Result<&str, Error> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        let bytes = &self.fields[start..self.ends[index]];
        std::str::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
            at: self.at(),
            byte: error.valid_up_to() + 1,
        })
    }

    /// Passes over empty lines; false at the end of the file.
    fn skip_empty(&mut self) -> Result<bool, Error> {
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
            match bytes.first() {
                None => return Ok(false),
                Some(b'\n') => {
                    // The second half of a CRLF ends no line of its own.
                    self.empty += u64::from(!self.after_return);
                    self.line += 1;
                    self.after_return = false;
                }
                Some(b'\r') => {
                    self.empty += u64::from(self.after_return);
                    self.after_return = true;
                }
                Some(_) => {
                    self.after_return = false;
                    return Ok(true);
                }
            }
            self.reader.consume(1);
        }
    }

    /// Reads the next record; false at the end of the file.
    fn advance(&mut self) -> Result<bool, Error> {
        if !self.skip_empty()? {
            return Ok(false);
        }
        self.start = self.line;
        self.quotes = Quotes::Start;
        let (mut written, mut ended) = (0, 0);
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
            if bytes.is_empty() && self.quotes == Quotes::Open {
                return Err(Error::OpenQuote { at: self.at() });
            }
            let (result, read, wrote, ends) =
                self.core
                    .read_record(bytes, &mut self.fields[written..], &mut self.ends[ended..]);
            for &byte in &bytes[..read] {
                self.quotes = self.quotes.next(byte);
                if self.quotes == Quotes::Stray {
                    return Err(Error::StrayQuote {
                        at: At {
                            path: self.path.clone(),
                            place: Place::Line(self.start),
                        },
                        line: self.line,
                    });
                }
                self.line += u64::from(byte == b'\n');
            }
            self.after_return = bytes[..read].last() == Some(&b'\r');
            self.reader.consume(read);
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.fields.len() >= LONGEST => {
                    return Err(Error::TooLong {
                        at: self.at(),
                        limit: LONGEST,
                    });
                }
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.count = ended;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }
}

/// Where in a record a byte lies, as far as quotes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    /// At the start of a field.
    Start,
    /// In a field without quotes.
    Bare,
    /// In a quoted field.
    Open,
    /// After a quote in a quoted field.
    Closed,
    /// After text that follows a closing quote.
    Stray,
}

impl Quotes {
    fn next(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Stray, _) => Self::Stray,
            (Self::Start | Self::Closed, b'"') => Self::Open,
            (Self::Open, b'"') => Self::Closed,
            (Self::Open, _) => Self::Open,
            (_, b',' | b'\n' | b'\r') => Self::Start,
            (Self::Start | Self::Bare, _) => Self::Bare,
            (Self::Closed, _) => Self::Stray,
        }
    }
}
