//! Bad input is told with file, line and column, and nothing is written.

mod common;

use common::{Work, fixture, of};
use goldpan_artifact::Progress;
use goldpan_ingest::{Column, Error, Format, IngestConfig, IngestOptions, ingest};

/// The message for a file of this name and content.
fn message(name: &str, content: impl AsRef<[u8]>) -> String {
    let work = Work::new();
    let path = work.file(name, content);
    work.error(of(path))
}

fn with(change: impl FnOnce(&mut IngestOptions), name: &str, content: &str) -> String {
    let work = Work::new();
    let mut options = of(work.file(name, content));
    change(&mut options);
    work.error(options)
}

#[test]
fn rows_of_another_width() {
    assert_eq!(
        message("a.tsv", "text\tlabel\nfine\t1\na\tb\t1\n"),
        "a.tsv, line 3 has 3 columns instead of 2: does a text hold a TAB?"
    );
    assert_eq!(
        message("a.tsv", "text\tlabel\n\nfine 1\n"),
        "a.tsv, line 3 has 1 columns instead of 2: columns are apart by one TAB each"
    );
    assert_eq!(
        message("a.csv", "text,label\n\"two\nlines\",1\na, b,1\n"),
        "a.csv, line 4 has 3 columns instead of 2: put texts with commas in quotes"
    );
    assert_eq!(
        message("a.csv", "text,label\nfine\n"),
        "a.csv, line 2 has 1 columns instead of 2"
    );
}

#[test]
fn quotes_that_would_swallow_rows() {
    assert_eq!(
        message("a.csv", "text,label\nfine,1\n\"open,1\nlost,0\nlost,1\n"),
        "a.csv, line 3: a quote opens a field and is never closed; double the quotes inside a quoted field, or give --quoting none if quotes are text"
    );
    assert_eq!(
        message("a.csv", "text,label\n\"open,1\nlost,0\n\"next\",1\n"),
        "a.csv, line 2: text follows a closing quote (on line 4); double the quotes inside a quoted field, or give --quoting none if quotes are text"
    );
}

#[test]
fn labels_outside_the_classes() {
    let classes = |options: &mut IngestOptions| {
        options.classes = Some(vec!["negative".to_owned(), "positive".to_owned()]);
    };
    let content = "text\tlabel\nfine\tpositive\nodd\tneutral\n";
    assert_eq!(
        with(classes, "a.tsv", content),
        "a.tsv, line 3, column `label`: `neutral` is not a class; the classes are `negative`, `positive`"
    );
    let lines = "{\"text\": \"fine\", \"label\": 1}\n{\"text\": \"odd\", \"label\": 2}\n";
    assert_eq!(
        with(classes, "a.jsonl", lines),
        "a.jsonl, line 1, column `label`: `1` is not a class; the classes are `negative`, `positive`; \
         if labels are the classes' numbers, from 0, give --label-numbers (label_numbers: true in a \
         pipeline)"
    );
    let numbers = |options: &mut IngestOptions| {
        classes(options);
        options.label_numbers = true;
    };
    assert_eq!(
        with(numbers, "a.jsonl", lines),
        "a.jsonl, line 2, column `label`: `2` is not the number of a class; there are 2, numbered from \
         0: `negative`, `positive`"
    );
    let work = Work::new();
    let options = IngestOptions {
        classes: Some(vec!["good".to_owned()]),
        ..of(fixture("reviews-zstd.parquet"))
    };
    assert!(work.error(options).ends_with(
        "reviews-zstd.parquet, row 2, column `label`: `bad` is not a class; the classes are `good`"
    ));
}

#[test]
fn columns_that_are_not_there() {
    assert_eq!(
        with(
            |options| options.text_column = Some("txt".into()),
            "a.csv",
            "text,label\nx,1\n"
        ),
        "a.csv has no column `txt` (is `text` meant?): it has `text`, `label`"
    );
    assert_eq!(
        message("a.csv", "review,label\nx,1\n"),
        "a.csv has none of the columns `text`, `sentence`, `content`: it has `review`, `label`; name the one with the texts"
    );
    assert_eq!(
        with(
            |options| options.label_column = Some("lable".into()),
            "a.tsv",
            "text\tlabel\nx\t1\n"
        ),
        "a.tsv has no column `lable` (is `label` meant?): it has `text`, `label`"
    );
    assert_eq!(
        with(
            |options| options.id_column = Some("id".into()),
            "a.csv",
            "text\nx\n"
        ),
        "a.csv has no column `id`: it has `text`"
    );
    let lines = "{\"text\": \"x\", \"label\": 1}\n{\"text\": \"y\"}\n";
    assert_eq!(
        with(
            |options| options.label_column = Some("lable".into()),
            "a.jsonl",
            lines
        ),
        "a.jsonl has no column `lable` (is `label` meant?): it has `text`, `label`"
    );
    assert_eq!(
        with(
            |options| options.text_column = Some(Column::Index(0)),
            "a.jsonl",
            lines
        ),
        "a.jsonl: fields of a JSON object have no order, so there is no column 0: give its name"
    );
    assert_eq!(
        with(|options| options.header = Some(false), "a.tsv", "x\t1\n"),
        "a.tsv has none of the columns `text`, `sentence`, `content`: it has `0`, `1`; name the one with the texts"
    );
    let work = Work::new();
    let options = IngestOptions {
        text_column: Some("score".into()),
        ..of(fixture("reviews-zstd.parquet"))
    };
    let message = work.error(options);
    assert!(
        message.ends_with("the column `score` holds Float64, which cannot be read as text"),
        "{message}"
    );
}

#[test]
fn lines_that_are_no_objects() {
    assert_eq!(
        message("a.jsonl", "{\"text\": \"fine\"}\n\n{\"text\": \"cut\n"),
        "a.jsonl, line 3, column 10: this string does not end on its line: its quote is missing, or a line end in it is not written as \\n"
    );
    assert_eq!(
        message("a.jsonl", "{\"text\": \"fine\"}\n{\"text\": \"a\"} x\n"),
        "a.jsonl, line 2, column 15: expected an object `{`, found `x`"
    );
    assert_eq!(
        message("a.jsonl", "[\"text\"]\n"),
        "a.jsonl is a JSON list of values, which name no columns: write a list of objects such as {\"text\": \"...\"}"
    );
    assert_eq!(
        message("a.jsonl", "{\"text\": \"fine\"}\n{\"texts\": \"typo\"}\n"),
        "a.jsonl, line 2: there is no text in the column `text`; remove the row or fill it in"
    );
    assert_eq!(
        message("a.jsonl", "{\"text\": \"fine\"}\n{\"text\": 5}\n"),
        "a.jsonl, line 2, character 10, column `text`: a number is not text"
    );
    assert_eq!(
        message("a.jsonl", "{\"text\": \"fine\", \"label\": {\"a\": [1]}}\n"),
        "a.jsonl, line 1, character 27, column `label`: a list or object is not a label"
    );
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_eq!(
        message("a.tsv", b"text\tlabel\nfine\t1\ncaf\xe9\t1\n"),
        "a.tsv, line 3, byte 4 is not UTF-8: it may be windows-1252; say in which encoding it is, such as --encoding windows-1252, or give --invalid-text replace"
    );
    let error = message("a.csv", b"text,label\nfine,1\n\"caf\xe9\",1\n");
    assert!(
        error.starts_with("a.csv, line 3, byte 5 is not UTF-8"),
        "{error}"
    );
}

#[test]
fn files_of_another_format() {
    assert_eq!(
        message("a.txt", "text\nx\n"),
        "cannot tell the format of a.txt from its name: say whether it is tsv, csv, jsonl, json, parquet or arrow"
    );
    assert_eq!(
        with(
            |options| options.format = Some(Format::Csv),
            "a.csv",
            "PAR1..."
        ),
        "a.csv is a Parquet file, not csv: name the right format, or convert the file"
    );
    assert_eq!(
        message("a.parquet", "text\nx\n"),
        "a.parquet is of another format, not parquet: name the right format, or convert the file"
    );
    assert_eq!(
        message("a.parquet", "PAR1 and no more"),
        "a.parquet is cut short: its Parquet data ends too early; fetch or write it again"
    );
    assert_eq!(
        message("a.arrow", "ARROW1 and no more than that"),
        "a.arrow is cut short: its Arrow data ends too early; fetch or write it again"
    );
    assert_eq!(
        message("a.csv", b"PK\x03\x04..."),
        "a.csv is a zip archive: unpack it first"
    );
    assert_eq!(
        message("a.parquet", b"\x1f\x8b\x08"),
        "a.parquet is compressed as a whole, which parquet files cannot be: decompress it first"
    );
    assert_eq!(
        message("a.csv.gz", b"\x1f\x8b\x09 not gzip"),
        "a.csv.gz is damaged: its gzip data cannot be unpacked; fetch or write it again"
    );
}

#[test]
fn columnar_files_cut_short() {
    for name in [
        "reviews-zstd.parquet",
        "reviews-zstd.arrow",
        "reviews-stream.arrow",
        "reviews-views.arrow",
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let work = Work::new();
        for length in (0..whole.len() - 1).step_by(17) {
            let path = work.file(name, &whole[..length]);
            let rows = work.ingest(of(path)).map_or(0, |summary| summary.rows);
            // A stream has no end mark that must be there: what is whole of it may be read.
            assert!(rows < 5 || name.contains("stream"), "{name} at {length}");
        }
    }
}

#[test]
fn files_without_rows_and_files_that_are_not_there() {
    assert_eq!(
        message("a.csv", ""),
        "a.csv is empty: it should start with a line that names its columns"
    );
    assert_eq!(
        message("a.csv", "text,label\n"),
        "there is no row to keep in a.csv"
    );
    assert_eq!(
        message("a.jsonl", "\n\n"),
        "there is no row to keep in a.jsonl"
    );
    let work = Work::new();
    let path = work.folder.path().join("none.csv");
    assert_eq!(
        work.error(of(path)),
        "cannot read none.csv: check that the path is right and may be read"
    );
    assert_eq!(
        work.error(IngestOptions::default()),
        "no input: give at least one file"
    );
}

#[test]
fn a_column_of_texts_is_not_taken_for_labels() {
    let rows: String = (0..10_001)
        .map(|i| format!("text {i}\tanother text {i}\n"))
        .collect();
    assert_eq!(
        message("a.tsv", format!("text\tlabel\n{rows}")),
        "a.tsv, line 10002, column `label`: more than 10000 different labels so far; is it the right column?"
    );
}

struct Stopped;

impl Progress for Stopped {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn end(&self) {}
    fn cancelled(&self) -> bool {
        true
    }
    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

#[test]
fn a_stopped_run_leaves_nothing() {
    let work = Work::new();
    let config = IngestConfig::try_from(of(fixture("reviews.csv"))).unwrap();
    let error = ingest(&config, &work.out(), &Stopped).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    assert_eq!(std::fs::read_dir(work.folder.path()).unwrap().count(), 0);
}
