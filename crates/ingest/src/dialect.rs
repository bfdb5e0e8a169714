//! How a file of fields is written: found in its rows, where nobody says it.

use std::io::{BufRead, Cursor};
use std::path::Path;

use goldpan_sources::{Column, Delimiter, Format, Quoting};

use crate::alike::column_key;
use crate::error::Error;
use crate::note::Notes;
use crate::records::{Dialect, Quotes, Records};
use crate::row::Wanted;

/// How much of a file is looked at for its delimiter.
pub(crate) const SAMPLE: usize = 64 << 10;

/// How many rows of it.
const ROWS: usize = 200;

/// A delimiter, and whether a first line `sep=;` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub delimiter: Delimiter,
    pub line: bool,
}

/// Finds what stands between the fields, by the file's first rows.
pub(crate) fn delimiter(
    path: &Path,
    sample: &[u8],
    format: Format,
    wanted: &Wanted,
    notes: &Notes,
) -> Result<Found, Error> {
    let own = match format {
        Format::Tsv => Delimiter::TAB,
        _ => Delimiter::COMMA,
    };
    let said = sep(sample);
    if let Some(delimiter) = wanted.layout.delimiter {
        return Ok(Found {
            delimiter,
            line: said.is_some(),
        });
    }
    if let Some(delimiter) = said {
        notes.say(format_args!(
            "begins with the line `sep=`, so its fields are apart by {delimiter}"
        ));
        let line = true;
        return Ok(Found { delimiter, line });
    }
    let looks = Delimiter::USUAL.map(|delimiter| Look::of(path, sample, delimiter, wanted));
    let delimiter = match choose(&looks, own) {
        Ok(delimiter) => delimiter,
        Err(choices) => {
            return Err(Error::Delimiters {
                path: path.to_owned(),
                choices: choices.iter().map(Delimiter::to_string).collect(),
            });
        }
    };
    if delimiter != own {
        notes.say(format_args!(
            "has fields apart by {delimiter}, as its first rows show; give --delimiter if it has not"
        ));
    }
    Ok(Found {
        delimiter,
        line: false,
    })
}

/// The delimiter that Excel's first line names.
fn sep(sample: &[u8]) -> Option<Delimiter> {
    let end = sample
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let line = std::str::from_utf8(&sample[..end]).ok()?;
    let line = line
        .strip_prefix('"')
        .and_then(|line| line.strip_suffix('"'))
        .unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    name.eq_ignore_ascii_case("sep=")
        .then(|| value.parse().ok())
        .flatten()
}

/// What a file's first rows are with a delimiter.
struct Look {
    delimiter: Delimiter,
    /// Fields of the first row.
    width: usize,
    /// Whether each row has as many.
    even: bool,
    /// Whether the text column is among them; none where places are not told apart.
    has_text: bool,
}

impl Look {
    fn of(path: &Path, sample: &[u8], delimiter: Delimiter, wanted: &Wanted) -> Self {
        let whole = match sample.len() < SAMPLE {
            true => sample.len(),
            false => sample
                .iter()
                .rposition(|byte| matches!(byte, b'\n' | b'\r'))
                .map_or(sample.len(), |end| end + 1),
        };
        let dialect = Dialect {
            delimiter: delimiter.byte(),
            quotes: quotes(wanted.layout.quoting).unwrap_or(Quotes::Doubled),
        };
        let reader = Box::new(Cursor::new(sample[..whole].to_vec()));
        let mut records = Records::new(path, reader, dialect, Notes::new(path));
        let mut look = Self {
            delimiter,
            width: 0,
            even: true,
            has_text: false,
        };
        for row in 0..ROWS {
            match records.advance() {
                Ok(true) if row == 0 => {
                    look.width = records.count();
                    look.has_text = has_text(&records, wanted);
                }
                Ok(true) => look.even &= records.count() == look.width,
                Ok(false) => break,
                Err(_) => {
                    // The rest of the sample cannot be told apart.
                    look.even &= row > 1;
                    break;
                }
            }
        }
        look
    }

    fn splits(&self) -> bool {
        self.width > 1
    }
}

fn has_text(records: &Records, wanted: &Wanted) -> bool {
    let mut names = (0..records.count()).filter_map(|index| records.field(index).ok());
    let within =
        |column: &Column| matches!(column, Column::Index(index) if *index < records.count());
    wanted.main.iter().any(within) || (wanted.header && names.any(|name| is_main(wanted, name)))
}

/// Whether a column of this name may be the text column, but for what `Wanted::find` overlooks.
pub(crate) fn is_main(wanted: &Wanted, name: &str) -> bool {
    wanted.main.iter().any(|column| match column {
        Column::Name(main) => column_key(main) == column_key(name),
        Column::Index(_) => false,
    })
}

/// The delimiter of these, or those between which the rows do not decide.
fn choose(looks: &[Look], own: Delimiter) -> Result<Delimiter, Vec<Delimiter>> {
    let of = |rule: &dyn Fn(&Look) -> bool| -> Vec<Delimiter> {
        let fit = looks.iter().filter(|look| look.splits() && rule(look));
        fit.map(|look| look.delimiter).collect()
    };
    // A header that names the text column says most; then that all rows are equally wide.
    let best = of(&|look| look.has_text && look.even);
    let named = of(&|look| look.has_text);
    let even = of(&|look| look.even);
    let bare = looks
        .iter()
        .any(|look| look.delimiter == own && look.has_text);
    for fit in [best, named] {
        match fit.as_slice() {
            [] => {}
            [one] => return Ok(*one),
            several if several.contains(&own) => return Ok(own),
            several => return Err(several.to_vec()),
        }
    }
    match even.as_slice() {
        // A header of one name, that of the text column.
        _ if bare => Ok(own),
        [one] => Ok(*one),
        several if several.is_empty() || several.contains(&own) => Ok(own),
        several => Err(several.to_vec()),
    }
}

/// What quotes mean, where that is said.
fn quotes(quoting: Quoting) -> Option<Quotes> {
    match quoting {
        Quoting::Auto => None,
        Quoting::Quoted => Some(Quotes::Doubled),
        Quoting::Backslash => Some(Quotes::Backslash),
        Quoting::None => Some(Quotes::Text),
    }
}

/// Finds what quotes mean. Commas and semicolons come with quoting; for other delimiters all
/// rows are looked at, since either way is usual and the first rows may hold no quote.
pub(crate) fn quoting(
    path: &Path,
    quoting: Quoting,
    delimiter: Delimiter,
    reopen: impl Fn() -> Result<Box<dyn BufRead>, Error>,
    notes: &Notes,
) -> Result<Quotes, Error> {
    if let Some(quotes) = quotes(quoting) {
        return Ok(quotes);
    }
    if matches!(delimiter.byte(), b',' | b';') {
        return Ok(Quotes::Doubled);
    }
    let records = |quotes| -> Result<Records, Error> {
        let dialect = Dialect {
            delimiter: delimiter.byte(),
            quotes,
        };
        Ok(Records::new(path, reopen()?, dialect, Notes::new(path)))
    };
    let seen = Rows::scan(records(Quotes::Text)?)?;
    if seen.begin == 0 {
        return Ok(Quotes::Text);
    }
    let fits = fits(records(Quotes::Doubled)?);
    let quotes = seen.verdict(fits);
    let (wrapped, begin) = (seen.wrapped, seen.begin);
    match quotes {
        Quotes::Text if wrapped > 0 || fits => notes.say(format_args!(
            "is read with its quotes as text, though {begin} fields begin with one and {wrapped} end \
             with it too; give --quoting quoted if they enclose fields"
        )),
        Quotes::Text => {}
        _ => notes.say(format_args!(
            "is read with the quotes around fields taken off, as {begin} fields show; give \
             --quoting none if they are text"
        )),
    }
    Ok(quotes)
}

/// Whether all rows are equally wide where quotes enclose fields.
fn fits(mut records: Records) -> bool {
    let mut width = None;
    loop {
        match records.advance() {
            Ok(false) => return true,
            Ok(true) if *width.get_or_insert(records.count()) == records.count() => {}
            _ => return false,
        }
    }
}

/// What is seen in the rows of a file in which quotes are taken for text.
#[derive(Default)]
struct Rows {
    /// Whether all rows are equally wide.
    even: bool,
    /// Fields that begin with a quote.
    begin: u64,
    /// Of these, fields that end with one too, and have none but doubled ones between.
    wrapped: u64,
    /// Of these, fields that have doubled ones between.
    doubled: u64,
    /// Of the wrapped ones, those without a comma; and fields with a comma that are not wrapped.
    needless: u64,
    bare_commas: u64,
    /// For each column, whether every field that is not empty is wrapped, and some is.
    columns: Vec<(bool, bool)>,
}

impl Rows {
    fn scan(mut records: Records) -> Result<Self, Error> {
        let mut rows = Self {
            even: true,
            ..Self::default()
        };
        let mut first = true;
        while records.advance()? {
            if first {
                rows.columns.resize(records.count(), (true, false));
            }
            rows.even &= records.count() == rows.columns.len();
            for index in 0..records.count() {
                rows.field(index, records.bytes(index), first);
            }
            first = false;
        }
        Ok(rows)
    }

    fn field(&mut self, index: usize, field: &[u8], first: bool) {
        let (wrapped, doubled) = match wrapped(field) {
            None => (false, false),
            Some(doubled) => (true, doubled),
        };
        let comma = field.contains(&b',');
        self.begin += u64::from(field.first() == Some(&b'"'));
        self.wrapped += u64::from(wrapped);
        self.doubled += u64::from(doubled);
        self.needless += u64::from(wrapped && !comma);
        self.bare_commas += u64::from(comma && !wrapped);
        // The names may be without quotes where the values have them.
        if let Some((all, some)) = self.columns.get_mut(index).filter(|_| !first) {
            *all &= wrapped || field.is_empty();
            *some |= wrapped;
        }
    }

    /// What quotes mean, given whether the rows fit where they enclose fields.
    fn verdict(&self, fits: bool) -> Quotes {
        let enclose = match (fits, self.even) {
            (true, false) => true,
            (false, true) => false,
            // Neither fits: the error that quotes lead to says more.
            (false, false) => self.wrapped > 0 && self.wrapped == self.begin,
            (true, true) => {
                let whole_column = self.columns.contains(&(true, true));
                // Excel encloses what holds a comma in files with TABs as well.
                let excel = self.wrapped > 0 && self.needless == 0 && self.bare_commas == 0;
                self.wrapped == self.begin && (self.doubled > 0 || whole_column || excel)
            }
        };
        match enclose {
            true => Quotes::Doubled,
            false => Quotes::Text,
        }
    }
}

/// Whether quotes enclose the field; if so, whether there are doubled ones between.
fn wrapped(field: &[u8]) -> Option<bool> {
    let inner = field.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let (mut open, mut doubled) = (false, false);
    for byte in inner {
        open = match (*byte, open) {
            (b'"', true) => {
                doubled = true;
                false
            }
            (b'"', false) => true,
            (_, true) => return None,
            (_, false) => false,
        };
    }
    (!open).then_some(doubled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enclosed_fields_have_none_but_doubled_quotes_between() {
        for (field, expected) in [
            ("\"a\"", Some(false)),
            ("\"\"", Some(false)),
            ("\"a \"\"b\"\" c\"", Some(true)),
            ("\"a \"b\" c\"", None),
            ("\"", None),
            ("\"\"\"", None),
            ("a\"", None),
        ] {
            assert_eq!(wrapped(field.as_bytes()), expected, "{field}");
        }
    }

    #[test]
    fn a_first_line_may_say_the_delimiter() {
        assert_eq!(sep(b"sep=;\r\n").map(Delimiter::byte), Some(b';'));
        assert_eq!(sep(b"\"SEP=\t\"\n").map(Delimiter::byte), Some(b'\t'));
        assert_eq!(sep(b"sep=;"), None);
        assert_eq!(sep(b"sep=,,\n"), None);
        assert_eq!(sep("日本\n".as_bytes()), None);
    }
}
