//! What files are packed in, cut short, or really are.

mod common;

use std::error::Error as _;
use std::io::Write;

use common::{Work, fixture, of, warned};
use flate2::Compression;
use flate2::write::GzEncoder;
use goldpan_ingest::IngestOptions;

const ROWS: &str = "text,label\na joy,x\na bore,y\n";

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn message(name: &str, content: impl AsRef<[u8]>) -> String {
    let work = Work::new();
    let path = work.file(name, content);
    work.error(of(path))
}

/// How many rows are read, and what is said.
fn rows(name: &str, content: impl AsRef<[u8]>) -> (u64, Vec<String>) {
    let work = Work::new();
    let path = work.file(name, content);
    let (summary, said) = warned(|| work.ingest(of(path)));
    (summary.unwrap().rows, said)
}

#[test]
fn packed_data_with_zeros_or_members_after_it() {
    let one = gzip(ROWS.as_bytes());
    for zeros in [1, 7, 511, 70_000] {
        let padded = [one.as_slice(), &vec![0; zeros]].concat();
        assert_eq!(rows("a.csv.gz", padded), (2, vec![]));
    }
    let empty = gzip(b"");
    let members = [
        gzip(&ROWS.as_bytes()[..15]),
        gzip(&ROWS.as_bytes()[15..]),
        empty,
    ]
    .concat();
    assert_eq!(rows("a.csv.gz", members), (2, vec![]));
}

#[test]
fn other_bytes_after_packed_data() {
    let one = gzip(ROWS.as_bytes());
    for rest in [b"garbage".as_slice(), b"\0\0\0x"] {
        let content = [&one, rest].concat();
        assert_eq!(
            message("a.csv.gz", content),
            format!(
                "a.csv.gz: something else than gzip data follows after byte {}, where that ends; is the file damaged, or are two joined in it?",
                one.len()
            )
        );
    }
    let frame = [zstd(ROWS.as_bytes()), b"garbage".to_vec()].concat();
    assert_eq!(
        message("a.csv.zst", frame),
        "a.csv.zst is damaged: its zstd data cannot be unpacked; fetch or write it again"
    );
}

#[test]
fn packed_data_cut_short_or_damaged() {
    let long: String = (0..5000).map(|i| format!("text {i},x\n")).collect();
    let content = format!("text,label\n{long}");
    for (name, whole, packing) in [
        ("a.csv.gz", gzip(content.as_bytes()), "gzip"),
        ("a.csv.zst", zstd(content.as_bytes()), "zstd"),
    ] {
        for length in [whole.len() - 1, whole.len() - 9, whole.len() / 2, 12] {
            assert_eq!(
                message(name, &whole[..length]),
                format!(
                    "{name} is cut short: its {packing} ends too early; fetch or write it again"
                ),
                "at {length} of {}",
                whole.len()
            );
        }
        let mut damaged = whole.clone();
        let middle = whole.len() / 2;
        damaged[middle..middle + 8].fill(0xff);
        let error = message(name, damaged);
        assert!(error.starts_with(&format!("{name} is damaged")), "{error}");
    }
}

#[test]
fn tables_cut_short() {
    for (name, what) in [
        ("reviews-zstd.parquet", "Parquet data"),
        ("reviews-zstd.arrow", "Arrow data"),
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        assert_eq!(
            message(name, &whole[..whole.len() / 2]),
            format!("{name} is cut short: its {what} ends too early; fetch or write it again")
        );
    }
    let whole = std::fs::read(fixture("reviews-stream.arrow")).unwrap();
    let (count, said) = rows("a.arrow", &whole[..whole.len() - 8]);
    assert_eq!(count, 5);
    assert!(
        said[0].ends_with("stream without an end mark: it may be cut short"),
        "{said:?}"
    );
}

#[test]
fn kinds_that_are_never_read_are_named() {
    for (name, content, expected) in [
        (
            "a.csv",
            b"\xfd7zXZ\0rest".as_slice(),
            "compressed with xz: unpack it first",
        ),
        (
            "a.csv.bz2",
            b"BZh91AY",
            "compressed with bzip2: unpack it first",
        ),
        ("a.zip", b"PK\x03\x04rest", "a zip archive: unpack it first"),
        (
            "a.db",
            b"SQLite format 3\0rest",
            "an SQLite database: write the rows of a query as CSV or JSONL",
        ),
        (
            "a.pkl",
            b"\x80\x04\x95rest",
            "a Python pickle: load it with the library that wrote it, and write Parquet, JSONL or CSV",
        ),
        (
            "a.npy",
            b"\x93NUMPY\x01\0",
            "a NumPy array: load it with the library that wrote it, and write Parquet, JSONL or CSV",
        ),
        (
            "a.feather",
            b"FEA1rest",
            "a Feather file of version 1: write it anew with a current pyarrow, as Feather version 2 or Parquet",
        ),
        (
            "a.parquet",
            b"PARErest",
            "an encrypted Parquet file: decrypt it first",
        ),
        (
            "a.csv",
            b"<!DOCTYPE html><html>",
            "a web page: fetch the file itself; perhaps the page asks for a login",
        ),
        (
            "a.csv",
            b"version https://git-lfs.github.com/spec/v1\noid",
            "a Git LFS pointer, not the file itself: fetch the file with `git lfs pull`",
        ),
    ] {
        assert_eq!(message(name, content), format!("{name} is {expected}"));
    }
    let mut workbook = b"PK\x03\x04".to_vec();
    workbook.resize(30, 0);
    workbook.extend(b"[Content_Types].xml");
    assert_eq!(
        message("a.xlsx", workbook),
        "a.xlsx is an Excel workbook: save the sheet as CSV UTF-8"
    );
    let mut tar = vec![b'a'; 600];
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(
        message("a.csv.gz", gzip(&tar)),
        "a.csv.gz is a tar archive: unpack it first"
    );
    assert_eq!(
        message("a.csv.gz", gzip(&gzip(ROWS.as_bytes()))),
        "a.csv.gz is compressed twice: unpack it once"
    );
}

#[test]
fn pipes_and_folders_are_refused() {
    let work = Work::new();
    let folder = work.folder.path().join("a.csv");
    std::fs::create_dir(&folder).unwrap();
    assert_eq!(
        work.error(of(&folder)),
        "a.csv is a folder: name the files in it"
    );
    let error = work.error(of("/dev/null"));
    assert_eq!(
        error,
        "/dev/null is a pipe or device: write it to a file first, since input is read more than once"
    );
}

#[test]
fn the_content_decides_whatever_the_name() {
    let parquet = std::fs::read(fixture("reviews-zstd.parquet")).unwrap();
    let stream = std::fs::read(fixture("reviews-stream.arrow")).unwrap();
    let json = b"[\n {\"text\": \"a\"}, {\"text\": \"b\"}]".to_vec();
    for (name, content, count, what) in [
        (
            "a.csv",
            gzip(ROWS.as_bytes()),
            2,
            "is compressed with gzip and is unpacked",
        ),
        (
            "a.tsv.csv",
            zstd(ROWS.as_bytes()),
            2,
            "is compressed with zstd and is unpacked",
        ),
        (
            "b.csv",
            parquet.clone(),
            5,
            "is a Parquet file and is read as one",
        ),
        ("b.json", stream, 5, "is an Arrow stream and is read as one"),
        ("c.csv", json.clone(), 2, "is JSON and is read as such"),
    ] {
        let (read, said) = rows(name, content);
        assert_eq!(read, count, "{name}");
        assert!(said[0].ends_with(what), "{said:?}");
    }
    assert_eq!(rows("no-extension", parquet).0, 5);
    assert_eq!(rows("some.txt", json.clone()), (2, vec![]));
    let work = Work::new();
    let options = IngestOptions {
        format: Some(goldpan_ingest::Format::Csv),
        ..of(work.file("a.csv", json))
    };
    assert_eq!(
        work.error(options),
        "a.csv is JSON, not csv: name the right format, or convert the file"
    );
}

/// Files that `cargo xtask fuzz` found: the Parquet and Arrow crates panic on them, or reserve gigabytes.
#[test]
fn damaged_tables_are_errors_and_no_panics() {
    for (file, because) in [
        (
            "no-dictionary.parquet",
            "Decoder for dict should have been set",
        ),
        ("negative-place.parquet", "should not be negative"),
        ("offsets.parquet", "out of bounds"),
        ("large-page.parquet", "a page at byte"),
        ("large-dictionary.parquet", "a dictionary at byte"),
        (
            "claims-much.arrow",
            "a compressed buffer claims more than it can hold",
        ),
        ("buffer-outside.arrow", "a buffer is outside of its message"),
        (
            "block-outside.arrow",
            "its footer names a block outside of the file",
        ),
        ("long-footer.arrow", "its footer is longer than the file"),
        ("stream.arrow", "a buffer is outside of its message"),
    ] {
        let work = Work::new();
        let path = work.file(file, std::fs::read(fixture("damaged").join(file)).unwrap());
        let options = IngestOptions {
            text_column: Some("text".into()),
            ..of(path)
        };
        let error = work.ingest(options).unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(error.to_string().contains("cannot be read as"), "{error}");
        assert!(source.contains(because), "{file}: {source}");
    }
}
