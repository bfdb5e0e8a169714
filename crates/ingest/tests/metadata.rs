//! Columns kept as metadata, out of files of every format.

mod common;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array, ListArray,
    RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use common::{Work, fixture, of};
use goldpan_artifact::Texts;
use goldpan_ingest::{Column, IngestOptions};
use parquet::arrow::ArrowWriter;

/// Options that keep these columns.
fn keeping(path: impl Into<PathBuf>, columns: &[&str]) -> IngestOptions {
    IngestOptions {
        metadata_columns: columns.iter().map(|&name| name.into()).collect(),
        ..of(path)
    }
}

/// The names of the metadata columns, and the values of each row.
fn kept(work: &Work) -> (Vec<String>, Vec<Vec<Option<String>>>) {
    let texts = Texts::open(work.out()).unwrap();
    let columns = 0..texts.metadata().len();
    let value = |row, column| texts.metadata_value(row, column).map(str::to_owned);
    let row = |row| columns.clone().map(|column| value(row, column)).collect();
    let rows = (0..texts.len()).map(row).collect();
    (texts.metadata().to_vec(), rows)
}

fn check(work: &Work, names: &[&str], rows: &[&[Option<&str>]]) {
    let own = |value: &Option<&str>| value.map(str::to_owned);
    let rows: Vec<Vec<Option<String>>> = rows
        .iter()
        .map(|row| row.iter().map(own).collect())
        .collect();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(kept(work), (names, rows));
}

/// Three rows with stars, source and whether each was bought.
const ROWS: [&[Option<&str>]; 3] = [
    &[Some("web, old"), Some("5"), Some("true")],
    &[None, Some("2.5"), None],
    &[Some("app"), None, Some("false")],
];

/// The columns of [`ROWS`] and the texts, as Arrow has them.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let sources: DictionaryArray<Int8Type> = [Some("web, old"), Some(""), Some("app")]
        .into_iter()
        .collect();
    vec![
        (
            "stars",
            Arc::new(Float64Array::from(vec![Some(5.0), Some(2.5), None])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec!["one", "two", "three"])),
        ),
        ("source", Arc::new(sources)),
        (
            "bought",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
    ]
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn every_format_gives_the_same_metadata() {
    let work = Work::new();
    let path = |name: &str| work.folder.path().join(name);
    let batch = RecordBatch::try_from_iter(columns()).unwrap();
    write_parquet(&path("a.parquet"), &batch);
    let file = File::create(path("a.arrow")).unwrap();
    let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let file = File::create(path("stream.arrow")).unwrap();
    let mut writer = StreamWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let tsv =
        "stars\ttext\tsource\tbought\n5\tone\tweb, old\ttrue\n2.5\ttwo\t\t\n\tthree\tapp\tfalse\n";
    work.file("a.tsv", tsv);
    work.file("a.tsv.zst", zstd::encode_all(tsv.as_bytes(), 1).unwrap());
    work.file(
        "a.csv",
        "stars,text,source,bought\n5,one,\"web, old\",true\n2.5,two,\"\",\n,three,app,false\n",
    );
    work.file(
        "a.jsonl",
        concat!(
            r#"{"text": "one", "stars": 5.0, "source": "web, old", "bought": true}"#,
            "\n",
            r#"{"bought": null, "text": "two", "stars": 2.5, "source": ""}"#,
            "\n",
            r#"{"text": "three", "source": "app", "bought": false}"#,
        ),
    );
    let mut digests = Vec::new();
    for name in [
        "a.tsv",
        "a.tsv.zst",
        "a.csv",
        "a.jsonl",
        "a.parquet",
        "a.arrow",
        "stream.arrow",
    ] {
        let names = ["source", "stars", "bought"];
        let summary = work
            .ingest(keeping(path(name), &names))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        check(&work, &names, &ROWS);
        digests.push(summary.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn columns_by_place_are_called_by_their_place() {
    let work = Work::new();
    let options = IngestOptions {
        header: Some(false),
        text_column: Some(Column::Index(1)),
        metadata_columns: vec![Column::Index(2), "0".into()],
        ..of(work.file("a.csv", "5,one,web\n,two,app\n"))
    };
    work.ingest(options).unwrap();
    let rows: [&[Option<&str>]; 2] = [&[Some("web"), Some("5")], &[Some("app"), None]];
    check(&work, &["2", "0"], &rows);
    // With a header too: so files whose headers differ can follow each other.
    let options = IngestOptions {
        metadata_columns: vec![Column::Index(3)],
        ..of(fixture("reviews-numbers.parquet"))
    };
    assert!(work.error(options).contains("has no column `3`"));
    let options = IngestOptions {
        metadata_columns: vec![Column::Index(2)],
        ..of(fixture("reviews-numbers.parquet"))
    };
    work.ingest(options).unwrap();
    let labels = [Some("1"), Some("0"), None, Some("0"), Some("0")];
    let rows: Vec<&[Option<&str>]> = labels.iter().map(std::slice::from_ref).collect();
    check(&work, &["2"], &rows);
}

#[test]
fn a_column_may_be_label_key_and_metadata_at_once() {
    for (name, content) in [
        ("a.csv", "stars,text\n1,one\n0,two\n"),
        ("a.tsv", "stars\ttext\n1\tone\n0\ttwo\n"),
        (
            "a.jsonl",
            "{\"text\": \"one\", \"stars\": 1}\n{\"text\": \"two\", \"stars\": 0}\n",
        ),
    ] {
        let work = Work::new();
        let options = IngestOptions {
            label_column: Some("stars".into()),
            id_column: Some("stars".into()),
            ..keeping(work.file(name, content), &["stars"])
        };
        work.ingest(options).unwrap();
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(work.rows()[0], ("one".to_owned(), own("1"), own("1")));
        check(&work, &["stars"], &[&[Some("1")], &[Some("0")]]);
    }
}

#[test]
fn every_file_has_to_have_the_columns() {
    let work = Work::new();
    let one = work.file("one.csv", "stars,text\n5,one\n");
    let two = work.file("two.jsonl", "{\"text\": \"two\", \"stars\": 4}\n");
    let options = IngestOptions {
        input: vec![one.clone(), two],
        ..keeping("", &["stars"])
    };
    work.ingest(options).unwrap();
    check(&work, &["stars"], &[&[Some("5")], &[Some("4")]]);
    let three = work.file("three.csv", "rating,text\n5,three\n");
    let options = IngestOptions {
        input: vec![one, three],
        ..keeping("", &["stars"])
    };
    assert_eq!(
        work.error(options),
        "three.csv has no column `stars`: it has `rating`, `text`"
    );
}

#[test]
fn dates_are_texts() {
    let work = Work::new();
    let path = work.folder.path().join("a.parquet");
    let time = || TimestampMillisecondArray::from(vec![Some(1_500), None]);
    let batch = RecordBatch::try_from_iter::<_, &str>(vec![
        (
            "text",
            Arc::new(StringArray::from(vec!["one", "two"])) as ArrayRef,
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(19_844), Some(i32::MAX)])),
        ),
        ("time", Arc::new(time())),
        ("utc", Arc::new(time().with_timezone("+00:00"))),
    ]);
    write_parquet(&path, &batch.unwrap());
    work.ingest(keeping(&path, &["day", "time", "utc"]))
        .unwrap();
    let rows: [&[Option<&str>]; 2] = [
        &[
            Some("2024-05-01"),
            Some("1970-01-01T00:00:01.500"),
            Some("1970-01-01T00:00:01.500Z"),
        ],
        &[Some("2147483647"), None, None],
    ];
    check(&work, &["day", "time", "utc"], &rows);
    let options = IngestOptions {
        id_column: Some("day".into()),
        ..of(&path)
    };
    assert_eq!(
        work.error(options),
        "a.parquet: the column `day` holds Date32, which cannot be read as ids"
    );
}

#[test]
fn columns_that_are_not_there_or_cannot_be_kept() {
    let error = |name: &str, content: &str, columns: &[&str]| {
        let work = Work::new();
        work.error(keeping(work.file(name, content), columns))
    };
    assert_eq!(
        error("a.csv", "text,stars\nx,1\n", &["stars", "star"]),
        "a.csv has no column `star` (is `stars` meant?): it has `text`, `stars`"
    );
    assert_eq!(
        error("a.tsv", "text\tstars\nx\t1\n", &["source"]),
        "a.tsv has no column `source`: it has `text`, `stars`"
    );
    // A field may be null or missing in some rows, but not in all of them.
    let lines = "{\"text\": \"x\", \"stars\": null}\n{\"text\": \"y\"}\n";
    assert_eq!(
        error("a.jsonl", lines, &["stars", "star"]),
        "a.jsonl has no column `star` (is `stars` meant?): it has `text`, `stars`"
    );
    assert_eq!(
        error("a.jsonl", "{\"text\": \"x\", \"stars\": [5]}\n", &["stars"]),
        "a.jsonl, line 1, character 24, column `stars`: a list or object is not a text or number"
    );
    let work = Work::new();
    let options = IngestOptions {
        metadata_columns: vec![Column::Index(1)],
        ..of(work.file("a.jsonl", lines))
    };
    assert_eq!(
        work.error(options),
        "a.jsonl: fields of a JSON object have no order, so there is no column 1: give its name"
    );
    let options = IngestOptions {
        header: Some(false),
        text_column: Some(Column::Index(0)),
        ..keeping(work.file("a.csv", "x,1\n"), &["stars"])
    };
    assert_eq!(
        work.error(options),
        "a.csv is read without a header, so the column `stars` has no name: give its place, from 0"
    );
    let lists =
        ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([Some([Some(5)])]);
    let batch = RecordBatch::try_from_iter::<_, &str>(vec![
        ("text", Arc::new(StringArray::from(vec!["one"])) as ArrayRef),
        ("stars", Arc::new(lists)),
    ]);
    let path = work.folder.path().join("a.parquet");
    write_parquet(&path, &batch.unwrap());
    let message = work.error(keeping(&path, &["stars"]));
    assert!(
        message.starts_with("a.parquet: the column `stars` holds List")
            && message.ends_with(", which cannot be read as metadata"),
        "{message}"
    );
    for names in [&["stars", "stars"][..], &["key"], &["text"]] {
        let message = work.error(keeping("a.csv", names));
        let start = format!("`{}` cannot be kept as metadata", names[0]);
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn a_table_without_metadata_is_as_it_was() {
    let (one, two) = (Work::new(), Work::new());
    let path = one.file("a.csv", "text,stars\nx,1\n");
    let plain = one.ingest(of(&path)).unwrap();
    check(&one, &[], &[&[]]);
    assert_ne!(
        two.ingest(keeping(&path, &["stars"])).unwrap().digest,
        plain.digest
    );
}

#[test]
fn numbers_of_32_bits_are_written_as_a_person_would() {
    let work = Work::new();
    let path = work.folder.path().join("f.parquet");
    let columns: [(&str, ArrayRef); 3] = [
        ("text", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("label", Arc::new(Float32Array::from(vec![0.1, 0.7]))),
        (
            "score",
            Arc::new(Float32Array::from(vec![0.1, 16_777_216.0])),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    work.ingest(keeping(path, &["score"])).unwrap();
    check(&work, &["score"], &[&[Some("0.1")], &[Some("16777216")]]);
    assert_eq!(Texts::open(work.out()).unwrap().classes(), ["0.1", "0.7"]);
}
