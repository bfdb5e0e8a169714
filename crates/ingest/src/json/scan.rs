//! The tokens of JSON out of a stream, each with its line and column.
//!
//! `serde_json` is not used here: what Python writes has `NaN` and halves of surrogate pairs,
//! which it refuses; numbers must stay as they are written; and a list longer than memory must be
//! read a row at a time, with the place of each value.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use goldpan_sources::InvalidText;

use crate::error::{At, Error, Place};
use crate::note::{Notes, Thing};
use crate::records::LONGEST;
use crate::value::Value;

/// How many lists and objects may lie in each other.
const DEEPEST: usize = 256;

/// The longest number or word.
const LONGEST_WORD: usize = 64 << 10;

/// A place in a JSON text, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub line: u64,
    /// In characters.
    pub column: u64,
    /// Whether nothing but white space is before it on its line.
    pub first: bool,
}

impl Spot {
    /// The place of a row or value that begins here.
    pub fn place(self) -> Place {
        match self.first {
            true => Place::Line(self.line),
            false => self.exact(),
        }
    }

    pub fn exact(self) -> Place {
        Place::Spot {
            line: self.line,
            column: u32::try_from(self.column).unwrap_or(u32::MAX),
        }
    }
}

/// Reads tokens.
pub(crate) struct Scan {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    invalid: InvalidText,
    notes: Notes,
    spot: Spot,
    after_return: bool,
    /// Lines without any character.
    pub empty: u64,
    scratch: Vec<u8>,
}

impl Scan {
    pub fn new(path: &Path, reader: Box<dyn BufRead>, invalid: InvalidText, notes: Notes) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            invalid,
            notes,
            spot: Spot {
                line: 1,
                column: 1,
                first: true,
            },
            after_return: false,
            empty: 0,
            scratch: Vec::new(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Where the next character lies.
    pub fn spot(&self) -> Spot {
        self.spot
    }

    pub fn at(&self, spot: Spot) -> At {
        At {
            path: self.path.clone(),
            place: spot.exact(),
        }
    }

    /// The error for what is wrong at `spot`.
    pub fn wrong(&self, spot: Spot, problem: impl Into<String>) -> Error {
        Error::Json {
            at: At {
                path: self.path.clone(),
                place: Place::Line(spot.line),
            },
            column: spot.column,
            problem: problem.into(),
        }
    }

    /// The next byte that is no white space; none at the end of the file.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let byte = self.next_byte()?;
            match byte {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.bump(),
                // A mark in the middle, where files were joined.
                Some(0xef) => {
                    let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
                    if !bytes.starts_with("\u{feff}".as_bytes()) {
                        return Ok(byte);
                    }
                    self.reader.consume(3);
                }
                other => return Ok(other),
            }
        }
    }

    fn next_byte(&mut self) -> Result<Option<u8>, Error> {
        let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
        Ok(bytes.first().copied())
    }

    /// Passes over the byte that was looked at.
    pub fn bump(&mut self) {
        // What was looked at lies in the buffer still.
        if let Ok([byte, ..]) = self.reader.fill_buf() {
            let byte = *byte;
            self.pass(byte);
            self.reader.consume(1);
        }
    }

    /// Counts a byte that is passed over.
    fn pass(&mut self, byte: u8) {
        match byte {
            b'\n' if self.after_return => {}
            b'\n' | b'\r' => {
                self.empty += u64::from(self.spot.column == 1);
                self.spot = Spot {
                    line: self.spot.line + 1,
                    column: 1,
                    first: true,
                };
            }
            byte => {
                self.spot.column += u64::from(byte & 0xc0 != 0x80);
                self.spot.first &= matches!(byte, b' ' | b'\t');
            }
        }
        self.after_return = byte == b'\r';
    }

    /// Passes over `wanted`, or fails.
    pub fn expect(&mut self, wanted: u8, instead: &str) -> Result<(), Error> {
        match self.peek()? {
            Some(byte) if byte == wanted => {
                self.bump();
                Ok(())
            }
            found => Err(self.instead(found, instead)),
        }
    }

    /// The error for another byte than was expected.
    pub fn instead(&self, found: Option<u8>, wanted: &str) -> Error {
        let problem = match found {
            None => format!("the file ends where {wanted} should be: it is cut short"),
            Some(b'\'') => {
                format!(
                    "expected {wanted}, found `'`: JSON has double quotes; write it with a JSON library"
                )
            }
            Some(byte) if byte.is_ascii_graphic() => {
                format!("expected {wanted}, found `{}`", char::from(byte))
            }
            Some(byte) => format!("expected {wanted}, found the byte 0x{byte:02x}"),
        };
        self.wrong(self.spot, problem)
    }

    /// The names and values of an object whose brace is next. `visit` must read each value.
    pub fn object(
        &mut self,
        keys: &mut Keys,
        mut visit: impl FnMut(&mut Self, String, Spot) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(b'{', "an object `{`")?;
        keys.clear();
        if self.peek()? == Some(b'}') {
            self.bump();
            return Ok(());
        }
        loop {
            let (name, spot) = self.key(keys)?;
            visit(self, name, spot)?;
            if !self.comma(b'}')? {
                return Ok(());
            }
        }
    }

    /// The next name of an object, and its colon.
    pub fn key(&mut self, keys: &mut Keys) -> Result<(String, Spot), Error> {
        let (name, spot) = self.name()?;
        if !keys.add(&name) {
            return Err(Error::RepeatedField {
                at: self.at(spot),
                field: name,
            });
        }
        Ok((name, spot))
    }

    fn name(&mut self) -> Result<(String, Spot), Error> {
        match self.peek()? {
            Some(b'"') => {}
            found => return Err(self.instead(found, "a name in quotes")),
        }
        let spot = self.spot;
        let name = self.string()?;
        self.expect(b':', "a colon")?;
        Ok((name, spot))
    }

    /// Passes over a comma, or over the end of the list or object, which is false.
    pub fn comma(&mut self, end: u8) -> Result<bool, Error> {
        match self.peek()? {
            Some(b',') => {
                let spot = self.spot;
                self.bump();
                match self.peek()? {
                    Some(byte) if byte == end => {
                        Err(self.wrong(spot, "nothing follows this comma: remove it"))
                    }
                    _ => Ok(true),
                }
            }
            Some(byte) if byte == end => {
                self.bump();
                Ok(false)
            }
            found => Err(self.instead(found, &format!("a comma or `{}`", char::from(end)))),
        }
    }

    /// A string whose quote is next.
    pub fn string(&mut self) -> Result<String, Error> {
        let start = self.spot;
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        let result = self.string_into(start, &mut text);
        // What was decoded is UTF-8, and escapes add whole characters.
        let string = String::from_utf8_lossy(&text).into_owned();
        self.scratch = text;
        result.map(|()| string)
    }

    fn string_into(&mut self, start: Spot, text: &mut Vec<u8>) -> Result<(), Error> {
        self.bump();
        loop {
            let bytes = self.reader.fill_buf().map_err(Error::read(&self.path))?;
            let plain = bytes
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .unwrap_or(bytes.len());
            let characters = bytes[..plain].iter().filter(|byte| **byte & 0xc0 != 0x80);
            self.spot.column += characters.count() as u64;
            self.spot.first = false;
            self.after_return = false;
            text.extend_from_slice(&bytes[..plain]);
            let next = bytes.get(plain).copied();
            let ended = bytes.is_empty();
            self.reader.consume(plain);
            if text.len() > LONGEST {
                return Err(Error::TooLong {
                    at: self.at(start),
                    limit: LONGEST,
                });
            }
            match next {
                None if ended => {
                    return Err(self.wrong(start, "this string never ends: the file is cut short"));
                }
                None => {}
                Some(b'"') => {
                    self.bump();
                    if text.contains(&0) {
                        self.notes.count(Thing::Nul, start.place());
                    }
                    return Ok(());
                }
                Some(b'\\') => self.escape(text)?,
                Some(b'\n' | b'\r') => {
                    return Err(self.wrong(
                        start,
                        "this string does not end on its line: its quote is missing, or a line end in it is not written as \\n",
                    ));
                }
                Some(byte) => {
                    let problem = format!(
                        "the control character 0x{byte:02x} in a string must be written as \\u{byte:04x}"
                    );
                    return Err(self.wrong(self.spot, problem));
                }
            }
        }
    }

    /// An escape in a string, whose backslash is next.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        let start = self.spot;
        self.bump();
        self.escaped(start, text)
    }

    /// What follows a backslash at `start`.
    fn escaped(&mut self, start: Spot, text: &mut Vec<u8>) -> Result<(), Error> {
        let plain = match self.next_byte()? {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.bump();
                return self.code(start, text);
            }
            _ => return Err(self.wrong(start, "this backslash escapes nothing that JSON knows")),
        };
        self.bump();
        text.push(plain);
        Ok(())
    }

    /// The character of `\uXXXX`, of which the digits are next; with the escape after it where
    /// both are halves of one.
    fn code(&mut self, mut start: Spot, text: &mut Vec<u8>) -> Result<(), Error> {
        let mut unit = self.digits(start)?;
        while (0xd800..=0xdbff).contains(&unit) {
            if self.next_byte()? != Some(b'\\') {
                return self.half(start, unit, text);
            }
            let again = self.spot;
            self.bump();
            if self.next_byte()? != Some(b'u') {
                self.half(start, unit, text)?;
                return self.escaped(again, text);
            }
            self.bump();
            let low = self.digits(again)?;
            if (0xdc00..=0xdfff).contains(&low) {
                push(text, 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                return Ok(());
            }
            self.half(start, unit, text)?;
            (start, unit) = (again, low);
        }
        match unit {
            0xdc00..=0xdfff => self.half(start, unit, text),
            unit => {
                push(text, unit);
                Ok(())
            }
        }
    }

    fn digits(&mut self, start: Spot) -> Result<u32, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .next_byte()?
                .and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.wrong(start, "\\u needs four hexadecimal digits"));
            };
            unit = unit * 16 + digit;
            self.bump();
        }
        Ok(unit)
    }

    /// Half of a character, which is no text.
    fn half(&mut self, start: Spot, unit: u32, text: &mut Vec<u8>) -> Result<(), Error> {
        match self.invalid {
            InvalidText::Replace => {
                self.notes.count(Thing::Surrogate, start.place());
                push(text, 0xfffd);
                Ok(())
            }
            InvalidText::Refuse => {
                let problem = format!(
                    "`\\u{unit:04x}` is half of a character, as a text cut in the middle of one leaves it; \
                     mend it, or give --invalid-text replace"
                );
                Err(self.wrong(start, problem))
            }
        }
    }

    /// Any value. Lists and objects are passed over, and said to be such.
    pub fn value(&mut self) -> Result<Value, Error> {
        let found = self.peek()?;
        match found {
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'[') => self.list(),
            Some(b'{') => {
                self.skip()?;
                Ok(Value::Nested)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.word(),
            found => Err(self.instead(found, "a value")),
        }
    }

    /// A list whose bracket is next, its first two values.
    fn list(&mut self) -> Result<Value, Error> {
        self.bump();
        let mut values = Vec::new();
        let mut plain = true;
        if self.peek()? == Some(b']') {
            self.bump();
            return Ok(Value::List(values));
        }
        loop {
            match self.peek()? {
                Some(b'{' | b'[') => {
                    self.skip()?;
                    plain = false;
                }
                _ => {
                    let value = self.value()?;
                    if values.len() < 2 {
                        values.push(value);
                    }
                }
            }
            if !self.comma(b']')? {
                return Ok(match plain {
                    true => Value::List(values),
                    false => Value::Nested,
                });
            }
        }
    }

    /// Passes over any value.
    pub fn skip(&mut self) -> Result<(), Error> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            let found = self.peek()?;
            match found {
                Some(start @ (b'{' | b'[')) => {
                    let end = if start == b'{' { b'}' } else { b']' };
                    if open.len() == DEEPEST {
                        let problem =
                            format!("more than {DEEPEST} lists and objects in each other");
                        return Err(self.wrong(self.spot, problem));
                    }
                    self.bump();
                    if self.peek()? == Some(end) {
                        self.bump();
                    } else {
                        open.push(end);
                        if end == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => {
                    self.value()?;
                }
            }
            // A value is over, and with it perhaps what it is in.
            loop {
                let Some(end) = open.last().copied() else {
                    return Ok(());
                };
                if self.comma(end)? {
                    if end == b'}' {
                        self.name()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// A number, as it is written.
    fn number(&mut self) -> Result<Value, Error> {
        let start = self.spot;
        let text =
            self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))?;
        if text == "-Infinity" {
            return Ok(Value::Number(f64::NEG_INFINITY));
        }
        match is_number(&text) {
            true => Ok(Value::Digits(text)),
            false => {
                let problem = format!("`{}` is no number of JSON", short(&text));
                Err(self.wrong(start, problem))
            }
        }
    }

    fn word(&mut self) -> Result<Value, Error> {
        let start = self.spot;
        let text = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_')?;
        Ok(match text.as_str() {
            "null" => Value::Null,
            "true" => Value::Truth(true),
            "false" => Value::Truth(false),
            // Python's json writes and reads these three.
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            "None" | "True" | "False" => {
                let problem = format!(
                    "`{text}` is Python and not JSON: write the file with json.dump, not with print"
                );
                return Err(self.wrong(start, problem));
            }
            _ => {
                let problem = format!(
                    "`{}` is no value of JSON; a text needs double quotes",
                    short(&text)
                );
                return Err(self.wrong(start, problem));
            }
        })
    }

    /// The bytes up to the first that is not `of` it.
    fn run(&mut self, of: impl Fn(u8) -> bool) -> Result<String, Error> {
        let start = self.spot;
        let mut text = String::new();
        while let Some(byte) = self.next_byte()?.filter(|byte| of(*byte)) {
            text.push(char::from(byte));
            self.bump();
            if text.len() > LONGEST_WORD {
                return Err(Error::TooLong {
                    at: self.at(start),
                    limit: LONGEST_WORD,
                });
            }
        }
        Ok(text)
    }
}

/// The first characters of a word.
fn short(text: &str) -> &str {
    text.get(..40).unwrap_or(text)
}

fn push(text: &mut Vec<u8>, code: u32) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether the text is a number as JSON's grammar has it.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, Some(power)),
        None => (text, None),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(digits)
        && power.is_none_or(|power| digits(power.strip_prefix(['-', '+']).unwrap_or(power)))
}

/// The names of an object so far, as hashes: an object may have more of them than memory holds.
#[derive(Default)]
pub(crate) struct Keys(HashSet<u64>);

impl Keys {
    fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a name; false where it is there already.
    fn add(&mut self, name: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        self.0.insert(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, step: usize, invalid: InvalidText) -> Result<Value, String> {
        let path = Path::new("a.json");
        let reader = BufReader::with_capacity(step, Cursor::new(text.as_bytes().to_vec()));
        let mut scan = Scan::new(path, Box::new(reader), invalid, Notes::new(path));
        let value = scan.value().map_err(|error| error.to_string())?;
        match scan.peek().map_err(|error| error.to_string())? {
            None => Ok(value),
            Some(_) => Err("more".to_owned()),
        }
    }

    fn refused(text: &str) -> String {
        value(text, 64, InvalidText::Refuse).unwrap_err()
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        for text in [
            "0",
            "-1.50",
            "1e3",
            "123456789012345678901234567890",
            "1E-07",
        ] {
            let expected = Value::Digits(text.to_owned());
            assert_eq!(value(text, 2, InvalidText::Refuse), Ok(expected));
        }
        for text in ["01", "1.", ".5", "+1", "1e", "0x10", "-"] {
            let error = refused(text);
            assert!(error.starts_with("a.json, line 1, column 1: "), "{error}");
        }
    }

    #[test]
    fn what_python_writes_is_read() {
        let is = |text, number: f64| {
            matches!(value(text, 3, InvalidText::Refuse), Ok(Value::Number(read)) if read == number
                || (read.is_nan() && number.is_nan()))
        };
        assert!(is("NaN", f64::NAN));
        assert!(is("Infinity", f64::INFINITY));
        assert!(is("-Infinity", f64::NEG_INFINITY));
        assert!(refused("[1, None]").contains("`None` is Python and not JSON"));
        assert!(refused("{'a': 1}").contains("double quotes"));
    }

    #[test]
    fn halves_of_characters_are_refused_or_replaced() {
        let whole = value(r#""\ud83d\ude00""#, 1, InvalidText::Refuse);
        assert_eq!(whole, Ok(Value::Text("😀".to_owned())));
        for (text, replaced) in [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ud83dz""#, "\u{fffd}z"),
            (r#""\ude00\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert!(refused(text).contains("half of a character"), "{text}");
            for step in 1..9 {
                let read = value(text, step, InvalidText::Replace);
                assert_eq!(read, Ok(Value::Text(replaced.to_owned())), "{text} {step}");
            }
        }
    }

    #[test]
    fn faults_are_told_with_line_and_column() {
        for (text, expected) in [
            (
                "[1,\n 2,]",
                "a.json, line 2, column 3: nothing follows this comma",
            ),
            (
                "{\"é\" 1}",
                "a.json, line 1, column 6: expected a colon, found `1`",
            ),
            (
                "[\"a\nb\"]",
                "a.json, line 1, column 2: this string does not end on its line",
            ),
            (
                "[\"a\tb\"]",
                "a.json, line 1, column 4: the control character 0x09",
            ),
            ("[\"a\\x\"]", "a.json, line 1, column 4: this backslash"),
            ("[1", "a.json, line 1, column 3: the file ends"),
            ("[\"a", "a.json, line 1, column 2: this string never ends"),
        ] {
            let error = refused(text);
            assert!(error.starts_with(expected), "{error}");
        }
        let deep = "[".repeat(100_000);
        assert!(refused(&deep).contains("in each other"));
    }

    proptest! {
        #[test]
        fn strings_are_those_that_serde_json_writes(text in ".*", step in 1_usize..9) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(value(&json, step, InvalidText::Refuse), Ok(Value::Text(text)));
        }

        #[test]
        fn what_serde_json_reads_is_read_and_nothing_else(text in "[\\[\\]{}:,\"a1 \\\\n-]{0,14}") {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let ours = value(&text, 3, InvalidText::Refuse).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
