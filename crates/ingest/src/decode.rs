//! Bytes in any encoding to UTF-8, with the place of what is no text.

use std::io::{self, BufRead, Read};

use chardetng::EncodingDetector;
use encoding_rs::{Decoder, DecoderResult, UTF_8};
use goldpan_sources::InvalidText;

use crate::broken::Broken;
use crate::encoding::Encoding;
use crate::error::Place;
use crate::note::{Notes, Thing};

/// Bytes decoded at once, at most.
const STEP: usize = 128 << 10;

/// What bytes that are no text become.
const REPLACEMENT: &str = "\u{fffd}";

/// Reads text as UTF-8.
pub(crate) struct Text {
    inner: Box<dyn BufRead>,
    decoder: Kind,
    encoding: Encoding,
    invalid: InvalidText,
    notes: Notes,
    /// Decoded text; what lies before `next` was read.
    out: Vec<u8>,
    next: usize,
    lines: Lines,
    /// What comes after the decoded text.
    end: Option<End>,
    /// The first bytes of the file, for a guess at the encoding.
    first: Vec<u8>,
}

enum Kind {
    Known(Box<Decoder>),
    Utf32 { big: bool, rest: Vec<u8> },
}

/// Nothing, or bytes that are no text.
enum End {
    File,
    Broken(Broken),
}

/// Counts lines in decoded text, whatever ends them.
#[derive(Default)]
struct Lines {
    ended: u64,
    after_return: bool,
    /// Bytes and characters of the line so far.
    bytes: u64,
    characters: u64,
}

impl Lines {
    fn pass(&mut self, text: &[u8]) {
        let feeds = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        let returns = text.iter().filter(|byte| **byte == b'\r').count() as u64;
        self.ended += feeds + returns;
        if returns > 0 || self.after_return {
            let both = text.windows(2).filter(|pair| pair == b"\r\n").count() as u64;
            self.ended -= both;
            if self.after_return && text.first() == Some(&b'\n') {
                self.ended -= 1;
            }
        }
        if let Some(last) = text.last() {
            self.after_return = *last == b'\r';
        }
        let end = text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
        let line = match end {
            Some(end) => {
                (self.bytes, self.characters) = (0, 0);
                &text[end + 1..]
            }
            None => text,
        };
        self.bytes += line.len() as u64;
        self.characters += line.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
    }
}

impl Text {
    pub fn new(
        inner: Box<dyn BufRead>,
        encoding: Encoding,
        first: &[u8],
        invalid: InvalidText,
        notes: Notes,
    ) -> Self {
        let decoder = match encoding {
            Encoding::Known(known) => {
                Kind::Known(Box::new(known.new_decoder_without_bom_handling()))
            }
            Encoding::Utf32 { big } => Kind::Utf32 {
                big,
                rest: Vec::new(),
            },
        };
        Self {
            inner,
            decoder,
            encoding,
            invalid,
            notes,
            out: Vec::new(),
            next: 0,
            lines: Lines::default(),
            end: None,
            first: first.to_vec(),
        }
    }

    /// The text ahead: at least `length` bytes, or all there is before its end or a fault.
    pub fn ahead(&mut self, length: usize) -> io::Result<&[u8]> {
        while self.end.is_none() && self.out.len() - self.next < length {
            self.more()?;
        }
        Ok(&self.out[self.next..])
    }

    /// Decodes more bytes, or finds the end.
    fn more(&mut self) -> io::Result<()> {
        if self.next == self.out.len() {
            self.out.clear();
            self.next = 0;
        }
        let bytes = self.inner.fill_buf()?;
        let bytes = &bytes[..bytes.len().min(STEP)];
        let last = bytes.is_empty();
        let start = self.out.len();
        let (read, broken) = match &mut self.decoder {
            Kind::Known(decoder) => known(decoder, bytes, last, &mut self.out),
            Kind::Utf32 { big, rest } => utf32(*big, rest, bytes, last, &mut self.out),
        };
        let utf8 = self.encoding == Encoding::UTF8;
        let guess = match broken && utf8 {
            true => guess(&self.first, bytes),
            false => None,
        };
        self.inner.consume(read);
        self.lines.pass(&self.out[start..]);
        if broken {
            let line = self.lines.ended + 1;
            match self.invalid {
                InvalidText::Replace => {
                    self.notes.count(Thing::Replaced, Place::Line(line));
                    self.out.extend_from_slice(REPLACEMENT.as_bytes());
                    self.lines.pass(REPLACEMENT.as_bytes());
                }
                InvalidText::Refuse => {
                    self.end = Some(End::Broken(Broken::NotText {
                        line,
                        place: 1 + match utf8 {
                            true => self.lines.bytes,
                            false => self.lines.characters,
                        },
                        encoding: self.encoding.name(),
                        guess,
                    }));
                }
            }
        } else if last {
            self.end = Some(End::File);
        }
        Ok(())
    }
}

/// Decodes as far as the bytes are text. Returns how many were used, and whether they ended in
/// bytes that are no text.
fn known(decoder: &mut Decoder, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> (usize, bool) {
    let start = out.len();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    out.resize(start + room.unwrap_or(bytes.len() * 4) + 16, 0);
    let (result, read, written) =
        decoder.decode_to_utf8_without_replacement(bytes, &mut out[start..], last);
    out.truncate(start + written);
    (read, matches!(result, DecoderResult::Malformed(..)))
}

/// The same for UTF-32. `rest` holds a character's bytes that came so far.
fn utf32(
    big: bool,
    rest: &mut Vec<u8>,
    bytes: &[u8],
    last: bool,
    out: &mut Vec<u8>,
) -> (usize, bool) {
    if last {
        return (0, !std::mem::take(rest).is_empty());
    }
    for (index, byte) in bytes.iter().enumerate() {
        rest.push(*byte);
        let Ok(unit) = <[u8; 4]>::try_from(rest.as_slice()) else {
            continue;
        };
        rest.clear();
        let unit = match big {
            true => u32::from_be_bytes(unit),
            false => u32::from_le_bytes(unit),
        };
        match char::from_u32(unit) {
            None => return (index + 1, true),
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    (bytes.len(), false)
}

/// The encoding in which bytes that are no UTF-8 may be text.
fn guess(first: &[u8], bytes: &[u8]) -> Option<&'static str> {
    let mut detector = EncodingDetector::new();
    detector.feed(first, false);
    detector.feed(bytes, true);
    let guess = detector.guess(None, false);
    (guess != UTF_8).then(|| guess.name())
}

impl Read for Text {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let ahead = self.fill_buf()?;
        let length = ahead.len().min(bytes.len());
        bytes[..length].copy_from_slice(&ahead[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.next == self.out.len() {
            match self.end.take() {
                None => self.more()?,
                Some(End::File) => {
                    self.end = Some(End::File);
                    return Ok(&[]);
                }
                Some(End::Broken(broken)) => {
                    self.end = Some(End::File);
                    return Err(broken.into());
                }
            }
        }
        Ok(&self.out[self.next..])
    }

    fn consume(&mut self, amount: usize) {
        self.next += amount;
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], encoding: &str, step: usize) -> Result<String, io::Error> {
        let inner = Box::new(BufReader::with_capacity(
            step,
            io::Cursor::new(bytes.to_vec()),
        ));
        let encoding = Encoding::of_name(encoding).unwrap();
        let notes = Notes::new(Path::new("a.csv"));
        let mut text = Text::new(inner, encoding, &[], InvalidText::Refuse, notes);
        let mut read = String::new();
        text.read_to_string(&mut read)?;
        Ok(read)
    }

    proptest! {
        #[test]
        fn every_encoding_gives_the_same_text(text in ".*", step in 1_usize..9) {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let wider: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
            prop_assert_eq!(&read(text.as_bytes(), "utf-8", step).unwrap(), &text);
            prop_assert_eq!(&read(&wide, "utf-16-be", step).unwrap(), &text);
            prop_assert_eq!(&read(&wider, "utf-32", step).unwrap(), &text);
        }

        #[test]
        fn lines_are_counted_whatever_ends_them(
            parts in proptest::collection::vec("[ab\r\n]{0,5}", 0..8)
        ) {
            let mut lines = Lines::default();
            parts.iter().for_each(|part| lines.pass(part.as_bytes()));
            let text = parts.concat();
            let ends = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(lines.ended, ends.matches('\n').count() as u64);
        }
    }
}
