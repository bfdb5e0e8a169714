//! TSV files.

use super::{Reader, files, rows};
use crate::input::Input;

/// The reader of TSV files.
pub const READER: Reader = Reader {
    name: "tsv",
    samples: |_| {
        let mut samples = files("crates/ingest/tests/fixtures", &[".tsv"]);
        samples.push(Input::new(
            "quotes.tsv",
            "key\ttext\tlabel\tsource\tstars\na\t\"a\tb\"\tpositive\tweb\t1\nb\tc \\t d\t\t\t\n",
        ));
        samples
    },
    words: &[
        b"\t",
        b"\n",
        b"\r\n",
        b"\r",
        b"\"",
        b"\\t",
        b"\\n",
        b"\xef\xbb\xbf",
        b"text",
        b"label",
        b"\0",
        b"\x1c",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
    ],
    finish: rows::pack,
    read: rows::read,
};
