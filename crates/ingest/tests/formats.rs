//! The same reviews out of files of every format, written by other programs.

mod common;

use common::{Row, Work, fixture, of};
use goldpan_ingest::{At, Column, Format, IngestOptions, Place};

/// The reviews of `make_fixtures.py`.
fn reviews(good: &str, bad: &str) -> Vec<Row> {
    let rows = [
        ("a joy from start to end", Some(good), "r-1"),
        ("he said \"no\" , and left", Some(bad), "r-2"),
        ("größe, tempo & witz – 好", None, "r-3"),
        ("", Some(bad), "r-4"),
        ("dull , dull , dull", Some(bad), "r-5"),
    ];
    let own = |text: &str| text.to_owned();
    rows.map(|(text, label, key)| (own(text), label.map(own), Some(own(key))))
        .to_vec()
}

#[test]
fn every_format_gives_the_same_rows() {
    let files = [
        "reviews.tsv",
        "reviews.csv",
        "reviews.jsonl",
        "reviews.jsonl.gz",
        "reviews.tsv.zst",
        "reviews-snappy.parquet",
        "reviews-gzip.parquet",
        "reviews-zstd.parquet",
        "reviews-lz4.parquet",
        "reviews-none.parquet",
        "reviews-dictionary.parquet",
        "reviews-dictionary.feather",
        "reviews-zstd.arrow",
        "reviews-stream.arrow",
        "reviews-views.arrow",
    ];
    let mut digests = Vec::new();
    for file in files {
        let work = Work::new();
        let options = IngestOptions {
            id_column: Some("key".into()),
            ..of(fixture(file))
        };
        let summary = work
            .ingest(options)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(work.rows(), reviews("good", "bad"), "{file}");
        assert_eq!((summary.rows, summary.labelled), (5, 4));
        assert_eq!((summary.blank.count, summary.empty_lines), (1, 0));
        let columnar = file.contains("-");
        let place = if columnar {
            Place::Row(4)
        } else {
            Place::Line(4 + u64::from(!file.contains("jsonl")))
        };
        let path = fixture(file);
        assert_eq!(summary.blank.first, [At { path, place }]);
        digests.push(summary.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn whole_numbers_of_any_type_are_classes() {
    let work = Work::new();
    let options = IngestOptions {
        id_column: Some("key".into()),
        ..of(fixture("reviews-numbers.parquet"))
    };
    let summary = work.ingest(options).unwrap();
    assert_eq!(work.rows(), reviews("1", "0"));
    assert_eq!(summary.classes[0].name, "0");
    let named = IngestOptions {
        id_column: Some("key".into()),
        classes: Some(vec!["bad".into(), "good".into()]),
        ..of(fixture("reviews-numbers.parquet"))
    };
    assert!(work.error(named.clone()).contains("give --label-numbers"));
    let named = IngestOptions {
        label_numbers: true,
        ..named
    };
    work.ingest(named).unwrap();
    assert_eq!(work.rows(), reviews("good", "bad"));
}

#[test]
fn files_follow_each_other_and_share_their_classes() {
    let work = Work::new();
    let one = work.file("one.csv", "label,text\nz,first\n\n\nx,second\n");
    let two = work.file("two.jsonl", "{\"text\": \"third\", \"label\": \"y\"}\n\n");
    let summary = work
        .ingest(IngestOptions {
            input: vec![one, two],
            ..IngestOptions::default()
        })
        .unwrap();
    let names: Vec<_> = summary
        .classes
        .iter()
        .map(|class| class.name.as_str())
        .collect();
    assert_eq!(names, ["x", "y", "z"]);
    assert_eq!(summary.empty_lines, 3);
    let texts: Vec<_> = work.rows().into_iter().map(|row| row.0).collect();
    assert_eq!(texts, ["first", "second", "third"]);
}

#[test]
fn quotes_that_enclose_nothing_are_text_in_tsv() {
    let work = Work::new();
    let tsv = work.file("a.tsv", "text\tlabel\r\n\"open\t1\r\nmid\"dle\t0\r\n");
    work.ingest(of(tsv)).unwrap();
    assert_eq!(work.rows()[0].0, "\"open");
    assert_eq!(work.rows()[1].0, "mid\"dle");
    let csv = work.file(
        "a.csv",
        "text,label\n\"two\nlines, \"\"quoted\"\"\",1\n5\" disk,0\n\"\",1\n",
    );
    let summary = work.ingest(of(csv)).unwrap();
    assert_eq!(work.rows()[0].0, "two\nlines, \"quoted\"");
    assert_eq!(work.rows()[1].0, "5\" disk");
    assert_eq!(summary.blank.first[0].place, Place::Line(5));
}

#[test]
fn files_without_a_header_have_columns_by_place() {
    let work = Work::new();
    let path = work.file("plain.txt", "7\tgood\ta text\n8\tbad\tanother\n");
    let options = IngestOptions {
        format: Some(Format::Tsv),
        header: Some(false),
        text_column: Some(Column::Index(2)),
        label_column: Some(Column::Name("1".into())),
        id_column: Some(Column::Index(0)),
        ..of(path)
    };
    work.ingest(options).unwrap();
    let own = |text: &str| Some(text.to_owned());
    let rows = work.rows();
    assert_eq!(rows[0], ("a text".to_owned(), own("good"), own("7")));
    assert_eq!(rows[1], ("another".to_owned(), own("bad"), own("8")));
}

#[test]
fn texts_without_labels_are_fine() {
    let work = Work::new();
    let path = work.file("a.csv", "sentence\none\ntwo\n");
    let summary = work.ingest(of(path.clone())).unwrap();
    assert_eq!(
        (summary.rows, summary.labelled, summary.classes.len()),
        (2, 0, 0)
    );
    let classes = Some(vec!["yes".to_owned(), "no".to_owned()]);
    let options = IngestOptions {
        classes,
        ..of(path)
    };
    let summary = work.ingest(options).unwrap();
    assert_eq!((summary.labelled, summary.classes.len()), (0, 2));
}

#[test]
fn repeats_and_conflicts_are_told_and_kept() {
    let work = Work::new();
    let path = work.file(
        "a.csv",
        "text,label\nsame,1\nother,0\nsame,1\nsame,0\nsame,\n \t,1\n",
    );
    let summary = work.ingest(of(&path)).unwrap();
    assert_eq!(summary.rows, 6);
    let at = |line| At {
        path: path.clone(),
        place: Place::Line(line),
    };
    let lines: Vec<_> = summary
        .duplicates
        .first
        .iter()
        .map(|repeat| repeat.at.clone())
        .collect();
    assert_eq!(lines, [at(4), at(5), at(6)]);
    assert!(
        summary
            .duplicates
            .first
            .iter()
            .all(|repeat| repeat.earlier == at(2))
    );
    assert_eq!((summary.duplicates.count, summary.conflicts.count), (3, 1));
    assert_eq!(summary.conflicts.first[0].at, at(5));
    assert_eq!(summary.blank.first, [at(7)]);
    let counts: Vec<_> = summary.classes.iter().map(|class| class.rows).collect();
    assert_eq!((summary.labelled, counts), (5, vec![2, 3]));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (Work::new(), Work::new());
    let first = one.ingest(of(fixture("reviews.csv"))).unwrap();
    let second = two.ingest(of(fixture("reviews.csv"))).unwrap();
    assert_eq!(first, second);
    assert_eq!(
        std::fs::read(one.out()).unwrap(),
        std::fs::read(two.out()).unwrap()
    );
}
