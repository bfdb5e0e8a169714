//! TSV: a line for each row, fields apart by TABs, nothing quoted.

use std::io::BufRead;
use std::path::Path;

use goldpan_sources::Format;

use crate::Error;
use crate::lines::Lines;
use crate::row::{Found, Names, Row, Source, Wanted};

pub(crate) struct Tsv {
    lines: Lines,
    columns: usize,
    found: Found,
    /// The first line is a row that was not yet given out.
    waiting: bool,
}

impl Tsv {
    pub fn open(path: &Path, reader: Box<dyn BufRead>, wanted: &Wanted) -> Result<Self, Error> {
        let mut lines = Lines::new(path, reader);
        let some = lines.advance()?;
        if !some && wanted.header {
            return Err(Error::NoHeader {
                path: path.to_owned(),
            });
        }
        let names: Vec<String> = match (some, wanted.header) {
            (true, true) => lines.text()?.split('\t').map(str::to_owned).collect(),
            (true, false) => places(lines.text()?.split('\t').count()),
            (false, _) => {
                return Err(Error::NoRows {
                    paths: vec![path.to_owned()],
                });
            }
        };
        Ok(Self {
            found: wanted.find(path, &names, wanted.header)?,
            columns: names.len(),
            lines,
            waiting: !wanted.header,
        })
    }
}

/// Names of columns without a header: their places.
pub(crate) fn places(count: usize) -> Vec<String> {
    (0..count).map(|index| index.to_string()).collect()
}

impl Source for Tsv {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.lines.advance()? {
            return Ok(false);
        }
        row.place = self.lines.place();
        row.metadata.resize(self.found.metadata.len(), None);
        let mut count = 0;
        for (index, field) in self.lines.text()?.split('\t').enumerate() {
            if index == self.found.main {
                row.main.push_str(field);
            }
            if Some(index) == self.found.label {
                row.label = Some(field.to_owned());
            }
            if Some(index) == self.found.key {
                row.key = Some(field.to_owned());
            }
            for (value, &column) in row.metadata.iter_mut().zip(&self.found.metadata) {
                if index == column && !field.is_empty() {
                    *value = Some(field.to_owned());
                }
            }
            count += 1;
        }
        if count != self.columns {
            return Err(Error::ColumnCount {
                at: self.lines.at(),
                expected: self.columns,
                found: count,
                format: Format::Tsv,
            });
        }
        Ok(true)
    }

    fn names(&self) -> &Names {
        &self.found.names
    }

    fn empty_lines(&self) -> u64 {
        self.lines.empty
    }
}
