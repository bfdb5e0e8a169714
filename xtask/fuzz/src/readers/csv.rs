//! CSV files.

use super::{Reader, files, rows};
use crate::input::Input;

/// The reader of CSV files.
pub const READER: Reader = Reader {
    name: "csv",
    samples: |_| {
        let mut samples = files("crates/ingest/tests/fixtures", &[".csv"]);
        samples.extend([
            Input::new("quoted.csv", &include_bytes!("samples/quoted.csv")[..]),
            Input::new(
                "semicolons.csv",
                &include_bytes!("samples/semicolons.csv")[..],
            ),
            Input::new("excel.csv", "sep=;\r\ntext;label\r\n\"a \"\"b\"\"\";1\r\n"),
        ]);
        samples
    },
    words: &[
        b"\"",
        b"\"\"",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b";",
        b"\t",
        b"|",
        b"\",\"",
        b"\"\n",
        b"sep=;",
        b"\xef\xbb\xbf",
        b"text",
        b"label",
        b"\\",
        b"\\\"",
        b"\0",
    ],
    finish: rows::pack,
    read: rows::read,
};
