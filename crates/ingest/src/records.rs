//! Rows of fields out of text, whatever stands between the fields and whatever quotes mean.
//!
//! This is not `csv-core`: that parser takes any bytes, so a quote that is never closed swallows
//! the rows after it, and one that is closed too early joins two. Here both are errors with the
//! line of the quote, and a backslash keeps its place where it escapes nothing. The tests compare
//! both where they must agree.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Place};
use crate::note::{Notes, Thing};

/// The longest line, or row, that is read.
pub(crate) const LONGEST: usize = 16 << 20;

/// What quotes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Nothing.
    Text,
    /// They enclose a field, and are doubled inside.
    Doubled,
    /// They enclose a field, and a backslash escapes them.
    Backslash,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub delimiter: u8,
    pub quotes: Quotes,
}

/// The rows of a file, one at a time.
pub(crate) struct Records {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    dialect: Dialect,
    notes: Notes,
    /// The last row's fields, one after the other, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
    state: State,
    /// The line that is being read, and the one on which the last row starts.
    line: u64,
    start: u64,
    /// The line of the last opening quote.
    opened: u64,
    /// The last byte was a CR, which may be half of a CRLF.
    after_return: bool,
    pub empty: u64,
}

/// Where in a row the next byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    /// In a field without quotes.
    Bare,
    /// In a quoted field.
    Open,
    /// After a quote in a quoted field.
    Closed,
    /// After a backslash in a field without quotes, or in a quoted one.
    Escaped { open: bool },
    /// After the row.
    Done,
}

impl Records {
    pub fn new(path: &Path, reader: Box<dyn BufRead>, dialect: Dialect, notes: Notes) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            dialect,
            notes,
            fields: Vec::new(),
            ends: Vec::new(),
            state: State::Start,
            line: 1,
            start: 1,
            opened: 1,
            after_return: false,
            empty: 0,
        }
    }

    /// Where the last row starts.
    pub fn place(&self) -> Place {
        Place::Line(self.start)
    }

    pub fn at(&self) -> At {
        self.at_line(self.start)
    }

    fn at_line(&self, line: u64) -> At {
        At {
            path: self.path.clone(),
            place: Place::Line(line),
        }
    }

    /// How many fields the last row has.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    pub fn field(&self, index: usize) -> Result<&str, Error> {
        std::str::from_utf8(self.bytes(index)).map_err(|error| Error::NotUtf8 {
            at: self.at(),
            byte: error.valid_up_to() as u64 + 1,
            guess: None,
        })
    }

    pub fn bytes(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.fields[start..self.ends[index]]
    }

    /// Reads the next row that is not an empty line; false at the end of the file.
    pub fn advance(&mut self) -> Result<bool, Error> {
        if !self.skip_empty()? {
            return Ok(false);
        }
        self.fields.clear();
        self.ends.clear();
        self.start = self.line;
        self.state = State::Start;
        while self.state != State::Done {
            let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
            if bytes.is_empty() {
                return self.end().map(|()| true);
            }
            let mut used = 0;
            // The buffer is looked at in place, so what it says is worked out here.
            while used < bytes.len() && self.state != State::Done {
                let rest = &bytes[used..];
                let plain = plain(rest, self.state, self.dialect);
                if plain > 0 {
                    if self.state == State::Start {
                        self.state = State::Bare;
                    }
                    self.fields.extend_from_slice(&rest[..plain]);
                    self.after_return = false;
                    used += plain;
                    continue;
                }
                let byte = rest[0];
                used += 1;
                if let Some(fault) = step(
                    byte,
                    self.dialect,
                    &mut self.state,
                    &mut self.fields,
                    &mut self.ends,
                ) {
                    return Err(self.fault(fault));
                }
                if matches!((self.state, byte), (State::Open, b'"'))
                    && self.fields.len() == self.ends.last().copied().unwrap_or(0)
                {
                    self.opened = self.line;
                }
                count_line(byte, &mut self.line, &mut self.after_return);
            }
            let ended = self.state == State::Done && bytes[used - 1] == b'\n';
            self.reader.consume(used);
            if ended {
                self.notes.count(Thing::NewLine, Place::Line(self.start));
            }
            if self.fields.len() > LONGEST {
                return Err(Error::TooLong {
                    at: self.at(),
                    limit: LONGEST,
                });
            }
        }
        Ok(true)
    }

    /// Passes over empty lines; false at the end of the file.
    fn skip_empty(&mut self) -> Result<bool, Error> {
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
            match bytes.first() {
                Some(b'\n') if self.after_return => {
                    // The second half of a CRLF ends no line of its own.
                    self.after_return = false;
                    self.notes
                        .count(Thing::NewLine, Place::Line(self.line.saturating_sub(1)));
                }
                other => {
                    if self.after_return {
                        let place = Place::Line(self.line.saturating_sub(1));
                        self.notes.count(Thing::LoneReturn, place);
                        self.after_return = false;
                    }
                    match other {
                        None => return Ok(false),
                        Some(b'\n') => {
                            self.empty += 1;
                            self.line += 1;
                        }
                        Some(b'\r') => {
                            self.empty += 1;
                            self.line += 1;
                            self.after_return = true;
                        }
                        Some(_) => return Ok(true),
                    }
                }
            }
            self.reader.consume(1);
        }
    }

    /// Ends the last row of a file that ends without a line end.
    fn end(&mut self) -> Result<(), Error> {
        match self.state {
            State::Open | State::Escaped { open: true } => {
                return Err(Error::OpenQuote {
                    at: self.at_line(self.opened),
                });
            }
            State::Escaped { open: false } => self.fields.push(b'\\'),
            _ => {}
        }
        self.ends.push(self.fields.len());
        self.state = State::Done;
        Ok(())
    }

    fn fault(&self, fault: Fault) -> Error {
        Error::StrayQuote {
            at: self.at_line(self.opened),
            line: self.line,
            advice: match fault {
                Fault::AfterBackslash => {
                    "a backslash is before that quote; if it escapes it, give --quoting backslash"
                }
                Fault::AfterQuote => {
                    "double the quotes inside a quoted field, or give --quoting none if quotes are text"
                }
            },
        }
    }
}

/// What is wrong about a quote.
enum Fault {
    AfterQuote,
    AfterBackslash,
}

/// How many bytes from the first on are nothing but a part of the field.
fn plain(bytes: &[u8], state: State, dialect: Dialect) -> usize {
    let escapes = dialect.quotes == Quotes::Backslash;
    let special = |byte: &u8| match state {
        State::Open => matches!(byte, b'"' | b'\n' | b'\r') || (escapes && *byte == b'\\'),
        State::Start | State::Bare => {
            *byte == dialect.delimiter
                || matches!(byte, b'\n' | b'\r')
                || (escapes && *byte == b'\\')
        }
        _ => true,
    };
    if state == State::Start && dialect.quotes != Quotes::Text && bytes.first() == Some(&b'"') {
        return 0;
    }
    bytes.iter().position(special).unwrap_or(bytes.len())
}

/// Takes one byte that may mean something.
fn step(
    byte: u8,
    dialect: Dialect,
    state: &mut State,
    fields: &mut Vec<u8>,
    ends: &mut Vec<usize>,
) -> Option<Fault> {
    let escapes = dialect.quotes == Quotes::Backslash;
    *state = match (*state, byte) {
        (State::Escaped { open }, byte) => {
            let escaped = matches!(byte, b'"' | b'\\' | b'\n' | b'\r') || byte == dialect.delimiter;
            if !escaped {
                fields.push(b'\\');
            }
            fields.push(byte);
            if open { State::Open } else { State::Bare }
        }
        (State::Open, b'\\') if escapes => State::Escaped { open: true },
        (State::Open, b'"') => State::Closed,
        (State::Open, byte) => {
            fields.push(byte);
            State::Open
        }
        (State::Closed, b'"') if dialect.quotes == Quotes::Doubled => {
            fields.push(b'"');
            State::Open
        }
        (State::Start, b'"') if dialect.quotes != Quotes::Text => State::Open,
        (State::Start | State::Bare, b'\\') if escapes => State::Escaped { open: false },
        (_, b'\n' | b'\r') => {
            ends.push(fields.len());
            State::Done
        }
        (_, byte) if byte == dialect.delimiter => {
            ends.push(fields.len());
            State::Start
        }
        (State::Closed, _) => {
            return Some(match fields.last() {
                Some(b'\\') => Fault::AfterBackslash,
                _ => Fault::AfterQuote,
            });
        }
        (_, byte) => {
            fields.push(byte);
            State::Bare
        }
    };
    None
}

/// Counts the lines that LF, CRLF and CR end.
fn count_line(byte: u8, line: &mut u64, after_return: &mut bool) {
    match byte {
        b'\n' if *after_return => *after_return = false,
        b'\n' => *line += 1,
        b'\r' => {
            *line += 1;
            *after_return = true;
        }
        _ => *after_return = false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use csv_core::ReadRecordResult;
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, quotes: Quotes, step: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let path = Path::new("a.csv");
        let reader = BufReader::with_capacity(step, Cursor::new(text.as_bytes().to_vec()));
        let dialect = Dialect {
            delimiter: b',',
            quotes,
        };
        let mut records = Records::new(path, Box::new(reader), dialect, Notes::new(path));
        let mut rows = Vec::new();
        while records.advance().map_err(|error| error.to_string())? {
            let fields = (0..records.count()).map(|i| records.field(i).unwrap().to_owned());
            rows.push((records.start, fields.collect()));
        }
        Ok(rows)
    }

    /// The rows as `csv-core` reads them.
    fn theirs(text: &str) -> Vec<Vec<String>> {
        let mut core = csv_core::Reader::new();
        let (mut out, mut ends) = (vec![0; 4096], vec![0; 256]);
        let (mut rest, mut rows) = (text.as_bytes(), Vec::new());
        let (mut written, mut ended) = (0, 0);
        loop {
            let (result, read, wrote, more) =
                core.read_record(rest, &mut out[written..], &mut ends[ended..]);
            rest = &rest[read..];
            written += wrote;
            ended += more;
            match result {
                ReadRecordResult::Record => {
                    let mut start = 0;
                    let fields = ends[..ended].iter().map(|&end| {
                        let field = String::from_utf8(out[start..end].to_vec()).unwrap();
                        start = end;
                        field
                    });
                    rows.push(fields.collect());
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::End => return rows,
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn rows_are_those_of_csv_core_where_quotes_are_right(
            text in "[ab,é\"\n\r]{0,40}", step in 1_usize..7
        ) {
            if let Ok(rows) = rows(&text, Quotes::Doubled, step) {
                let fields: Vec<_> = rows.into_iter().map(|(_, fields)| fields).collect();
                prop_assert_eq!(fields, theirs(&text));
            }
        }

        #[test]
        fn without_quoting_rows_are_lines_split_at_the_delimiter(
            text in "[ab,é\"\n\r]{0,40}", step in 1_usize..7
        ) {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            let lines = lines.split('\n').zip(1..).filter(|(line, _)| !line.is_empty());
            let expected: Vec<(u64, Vec<String>)> = lines
                .map(|(line, number)| (number, line.split(',').map(str::to_owned).collect()))
                .collect();
            prop_assert_eq!(rows(&text, Quotes::Text, step).unwrap(), expected);
        }

        #[test]
        fn what_is_written_with_backslashes_is_read_again(
            fields in proptest::collection::vec("[ab,é\"\\\\]{1,6}", 1..4), step in 1_usize..7
        ) {
            let line: Vec<String> = fields
                .iter()
                .map(|field| format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            let read = rows(&format!("{}\n", line.join(",")), Quotes::Backslash, step).unwrap();
            prop_assert_eq!(read, vec![(1, fields)]);
        }
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        let text = "\"C:\\new\",a\\,b\n";
        let read = rows(text, Quotes::Backslash, 3).unwrap();
        assert_eq!(read, [(1, vec!["C:\\new".to_owned(), "a,b".to_owned()])]);
    }

    #[test]
    fn a_quote_that_never_closes_is_told_with_its_line() {
        let error = rows("a,b\nx,\"y\n\"\nz,\"open\nand\nmore\n", Quotes::Doubled, 64).unwrap_err();
        assert!(error.starts_with("a.csv, line 4: a quote opens"), "{error}");
    }
}
