//! Lines of a text file, numbered from 1, without their ends.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::error::{At, Place};

/// The longest line, or CSV row, that is read.
pub(crate) const LONGEST: usize = 64 << 20;

/// Reads lines that end in LF or CRLF. Empty ones are passed over and counted.
pub(crate) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    bytes: Vec<u8>,
    number: u64,
    pub empty: u64,
}

impl Lines {
    pub fn new(path: &Path, reader: Box<dyn BufRead>) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            bytes: Vec::new(),
            number: 0,
            empty: 0,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the last line lies.
    pub fn at(&self) -> At {
        At {
            path: self.path.clone(),
            place: self.place(),
        }
    }

    pub fn place(&self) -> Place {
        Place::Line(self.number)
    }

    /// Reads the next line that is not empty; false at the end of the file.
    pub fn advance(&mut self) -> Result<bool, Error> {
        loop {
            self.bytes.clear();
            self.number += 1;
            let mut limited = self.reader.by_ref().take(LONGEST as u64 + 1);
            let read = limited.read_until(b'\n', &mut self.bytes);
            if read.map_err(Error::read(&self.path))? == 0 {
                return Ok(false);
            }
            if self.bytes.len() > LONGEST {
                return Err(Error::TooLong {
                    at: self.at(),
                    limit: LONGEST,
                });
            }
            for end in [b'\n', b'\r'] {
                if self.bytes.last() == Some(&end) {
                    self.bytes.pop();
                }
            }
            if !self.bytes.is_empty() {
                return Ok(true);
            }
            self.empty += 1;
        }
    }

    /// The last line.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.bytes).map_err(|error| Error::NotUtf8 {
            at: self.at(),
            byte: error.valid_up_to() + 1,
        })
    }
}
