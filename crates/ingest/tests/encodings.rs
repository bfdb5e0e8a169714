//! Text in every encoding, with and without a mark, whole and broken.

mod common;

use common::{Work, of, warned};
use goldpan_ingest::{IngestOptions, InvalidText};

const ROWS: &str = "text,label\ncafé – größe,x\nplain,y\n";

fn wide(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| match big {
        true => unit.to_be_bytes(),
        false => unit.to_le_bytes(),
    };
    text.encode_utf16().flat_map(bytes).collect()
}

fn options(work: &Work, name: &str, content: &[u8], encoding: Option<&str>) -> IngestOptions {
    IngestOptions {
        encoding: encoding.map(str::to_owned),
        ..of(work.file(name, content))
    }
}

fn message(content: &[u8], encoding: Option<&str>) -> String {
    let work = Work::new();
    let options = options(&work, "a.csv", content, encoding);
    work.error(options)
}

#[test]
fn every_encoding_gives_the_same_texts() {
    let marked = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    let wider = |big: bool| -> Vec<u8> {
        let bytes = |c: char| match big {
            true => (c as u32).to_be_bytes(),
            false => (c as u32).to_le_bytes(),
        };
        ROWS.chars().flat_map(bytes).collect()
    };
    let (narrow, ..) = encoding_rs::WINDOWS_1252.encode(ROWS);
    for (content, encoding, told) in [
        (ROWS.into(), None, false),
        (ROWS.into(), Some("utf8"), false),
        (marked(b"\xef\xbb\xbf", ROWS.into()), None, false),
        (
            marked(b"\xef\xbb\xbf", ROWS.into()),
            Some("utf-8-sig"),
            false,
        ),
        (marked(b"\xff\xfe", wide(ROWS, false)), None, false),
        (marked(b"\xfe\xff", wide(ROWS, true)), Some("utf-16"), false),
        (wide(ROWS, false), None, true),
        (wide(ROWS, true), None, true),
        (wide(ROWS, true), Some("utf-16-be"), false),
        (marked(b"\xff\xfe\0\0", wider(false)), None, false),
        (marked(b"\0\0\xfe\xff", wider(true)), None, false),
        (wider(false), None, true),
        (wider(true), Some("utf-32-be"), false),
        (narrow.to_vec(), Some("latin-1"), false),
        (narrow.to_vec(), Some("windows-1252"), false),
        // A mark says more than a name.
        (marked(b"\xef\xbb\xbf", ROWS.into()), Some("latin1"), true),
    ] {
        let work = Work::new();
        let options = options(&work, "a.csv", &content, encoding);
        let (result, said) = warned(|| work.ingest(options));
        result.unwrap();
        let rows = work.rows();
        assert_eq!(rows[0].0, "café – größe", "{encoding:?}");
        assert_eq!(said.len(), usize::from(told), "{encoding:?} {said:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    assert_eq!(
        message(b"text,label\r\nplain,x\r\ncaf\xe9 au lait,y\r\n", None),
        "a.csv, line 3, byte 4 is not UTF-8: it may be windows-1252; say in which encoding it is, such as --encoding windows-1252, or give --invalid-text replace"
    );
    // A text that ends in the middle of a character.
    let error = message(
        "text\nplain\ncaf\u{e9}".as_bytes().split_last().unwrap().1,
        None,
    );
    assert!(
        error.starts_with("a.csv, line 3, byte 4 is not UTF-8"),
        "{error}"
    );
    // Bytes that UTF-8 forbids: too long, a surrogate, beyond Unicode.
    for bytes in [b"\xc0\x80".as_slice(), b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        let error = message(&[b"text\nab", bytes, b"\n"].concat(), None);
        assert!(
            error.starts_with("a.csv, line 2, byte 3 is not UTF-8"),
            "{error}"
        );
    }
    let mut half = wide("text\nab\n", false);
    half.extend([0x3d, 0xd8, 0x0a, 0x00]);
    assert_eq!(
        message(&half, Some("utf-16-le")),
        "a.csv, line 3, character 1 is not UTF-16LE: give the right --encoding, or --invalid-text replace"
    );
    assert_eq!(
        message(b"text\n", Some("utf-9")),
        "`utf-9` is no encoding that is known: use a name such as utf-8, utf-16, utf-32, windows-1252, windows-1251, iso-8859-15, shift_jis, euc-kr, gb18030 or big5"
    );
}

#[test]
fn a_fault_far_into_a_file_has_its_line() {
    let mut content = b"text,label\n".to_vec();
    for row in 0..50_000 {
        content.extend(format!("row {row} with \u{e9},x\r\n").bytes());
    }
    content.extend(b"abc\xff,x\n");
    let error = message(&content, None);
    assert!(
        error.starts_with("a.csv, line 50002, byte 4 is not UTF-8"),
        "{error}"
    );
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_counted_when_asked() {
    for (name, content, text) in [
        (
            "a.csv",
            b"text,label\na\xe9b,x\nc\xffd,y\n".as_slice(),
            "a\u{fffd}b",
        ),
        (
            "a.jsonl",
            b"{\"text\": \"a\xe9b\"}\n{\"text\": \"c\xffd\"}\n",
            "a\u{fffd}b",
        ),
    ] {
        let work = Work::new();
        let options = IngestOptions {
            invalid_text: Some(InvalidText::Replace),
            ..of(work.file(name, content))
        };
        let (result, said) = warned(|| work.ingest(options));
        result.unwrap();
        assert_eq!(work.rows()[0].0, text);
        assert_eq!(said.len(), 1);
        let line = if name == "a.csv" { 2 } else { 1 };
        let told = format!(
            "{name}, line {line} first: 2 bytes or characters that are no text were replaced by U+FFFD"
        );
        assert!(said[0].ends_with(&told), "{said:?}");
    }
}
