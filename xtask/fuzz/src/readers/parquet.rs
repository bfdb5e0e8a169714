//! Parquet files.

use super::{Reader, as_it_is, files, rows};

/// The reader of Parquet files.
pub const READER: Reader = Reader {
    name: "parquet",
    samples: |_| files("crates/ingest/tests/fixtures", &[".parquet"]),
    words: &[
        b"PAR1",
        b"PARE",
        b"text",
        b"label",
        b"ARROW:schema",
        b"schema",
        b"\x15",
        b"\x19",
        b"\x1c",
        b"\x00",
        b"\xff\xff\xff\xff\x0f",
        b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    ],
    finish: as_it_is,
    read: rows::read,
};
