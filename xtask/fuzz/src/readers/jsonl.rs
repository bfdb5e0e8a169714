//! Files with an object of JSON in each line.

use super::{Reader, files, rows};
use crate::input::Input;

/// The reader of JSONL files.
pub const READER: Reader = Reader {
    name: "jsonl",
    samples: |_| {
        let mut samples = files("crates/ingest/tests/fixtures", &[".jsonl"]);
        samples.push(Input::new(
            "more.jsonl",
            "{\"text\": \"a\", \"label\": 1, \"key\": \"k\", \"stars\": 2.50}\n\n{\"text\": \"\\ud83e\\ude99\", \
             \"label\": \"no\", \"source\": [1, {\"a\": null}], \"text2\": true}\n",
        ));
        samples
    },
    words: WORDS,
    finish: rows::pack,
    read: rows::read,
};

/// What JSON has a meaning for.
pub const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\\"",
    b"\\",
    b"\"text\":",
    b"\"label\":",
    b"{\"a\":",
    b"\n",
    b"1e999",
    b"-",
    b"//",
    b"/*",
    b"\xef\xbb\xbf",
    b"\"text\": \"x\"",
    b"},\n{",
    b"'",
    b"\x1e",
];
