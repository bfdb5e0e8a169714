//! CSV and TSV: rows of fields, named by the first one.

use std::io::BufRead;
use std::path::Path;

use goldpan_sources::{Delimiter, Format, Quoting};

use crate::error::Error;
use crate::header::check_names;
use crate::note::{Notes, Thing};
use crate::records::{Dialect, Quotes, Records};
use crate::row::{Found, Names, Row, Source, Wanted};
use crate::tool::Verdict;
use crate::value::Value;

/// Rows of fields.
pub(crate) struct Delimited {
    records: Records,
    delimiter: Delimiter,
    columns: usize,
    found: Found,
    notes: Notes,
    /// Whether a backslash before a quote is worth a word.
    backslashes: bool,
    /// The first record is a row that was not yet given out.
    waiting: bool,
}

impl Delimited {
    /// Opens the rows; `line` says that a first line `sep=;` is to be passed over.
    pub fn open(
        path: &Path,
        reader: Box<dyn BufRead>,
        (dialect, delimiter, line): (Dialect, Delimiter, bool),
        wanted: &Wanted,
        notes: &Notes,
    ) -> Result<Self, Error> {
        let mut records = Records::new(path, reader, dialect, notes.clone());
        if line {
            records.advance()?;
        }
        if !records.advance()? {
            let path = path.to_owned();
            return Err(match wanted.header {
                true => Error::NoHeader { path },
                false => Error::NoRows { paths: vec![path] },
            });
        }
        let columns = records.count();
        let names = match wanted.header {
            true => (0..columns)
                .map(|index| Ok(records.field(index)?.to_owned()))
                .collect::<Result<Vec<String>, Error>>()?,
            false => places(columns),
        };
        check_names(path, &names)?;
        Ok(Self {
            found: wanted.find(path, &names, wanted.header)?,
            records,
            delimiter,
            columns,
            notes: notes.clone(),
            backslashes: dialect.quotes == Quotes::Doubled
                && wanted.layout.quoting == Quoting::Auto,
            waiting: !wanted.header,
        })
    }

    /// Whether the row has fields beyond the header's, all of them empty.
    fn beyond(&self) -> bool {
        let count = self.records.count();
        count > self.columns && (self.columns..count).all(|i| self.records.bytes(i).is_empty())
    }
}

/// Names of columns without a header: their places.
fn places(count: usize) -> Vec<String> {
    (0..count).map(|index| index.to_string()).collect()
}

impl Source for Delimited {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.records.advance()? {
            return Ok(false);
        }
        let records = &self.records;
        row.place = records.place();
        if records.count() != self.columns {
            if !self.beyond() {
                return Err(Error::ColumnCount {
                    at: records.at(),
                    expected: self.columns,
                    found: records.count(),
                    format: match self.delimiter {
                        Delimiter::TAB => Format::Tsv,
                        _ => Format::Csv,
                    },
                    delimiter: self.delimiter.to_string(),
                });
            }
            self.notes.count(Thing::Beyond, row.place);
        }
        row.main.push_str(records.field(self.found.main)?);
        if self.backslashes && row.main.contains("\\\"") {
            self.notes.count(Thing::Backslash, row.place);
        }
        if row.main.contains('\0') {
            self.notes.count(Thing::Nul, row.place);
        }
        let spaced = |field: &str| {
            let rest = field.trim_start_matches(' ');
            rest.len() < field.len()
                && rest.len() > 1
                && rest.starts_with('"')
                && rest.ends_with('"')
        };
        let field = |index| records.field(index).map(str::to_owned);
        row.label = self.found.label.map(field).transpose()?;
        row.key = self.found.key.map(field).transpose()?;
        let plain = [Some(&row.main), row.label.as_ref(), row.key.as_ref()];
        if plain.into_iter().flatten().any(|field| spaced(field)) {
            self.notes.count(Thing::SpaceBeforeQuote, row.place);
        }
        if let Some(verdict) = self.found.verdict {
            row.verdict = Verdict::of(Value::Text(field(verdict)?));
        }
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
