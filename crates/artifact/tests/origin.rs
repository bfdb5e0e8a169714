//! Tables say which texts they are of, and by which model they were made.

use std::path::{Path, PathBuf};

use goldpan_artifact::*;

fn producer() -> Producer {
    Producer::new("test", 3)
}

/// One row: its id, text, label, key and metadata.
type Row<'a> = (u64, &'a str, Option<i32>, Option<&'a str>, Option<&'a str>);

const ROWS: [Row<'_>; 3] = [
    (0, "a film", Some(0), Some("k0"), Some("m")),
    (1, "", None, None, None),
    (7, "ein Film", Some(1), Some("k7"), None),
];

fn texts(path: &Path, rows: &[Row<'_>]) -> Texts {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let (classes, metadata) = (names(&["no", "yes"]), names(&["source"]));
    let mut writer = TextsWriter::create_with(path, &classes, &metadata, producer()).unwrap();
    for &(id, text, label, key, value) in rows {
        writer.push_with(id, text, label, key, &[value]).unwrap();
    }
    writer.finish().unwrap();
    Texts::open(path).unwrap()
}

#[test]
fn labels_keys_and_metadata_are_no_part_of_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let digest =
        |name: &str, rows: &[Row<'_>]| texts(&folder.path().join(name), rows).texts_digest();
    let one = digest("a", &ROWS);
    let mut relabelled = ROWS;
    for row in &mut relabelled {
        (row.2, row.3, row.4) = (Some(1), Some("other"), Some("other"));
    }
    assert_eq!(digest("relabelled", &relabelled), one);
    let change = |change: &dyn Fn(&mut [Row<'_>; 3])| {
        let mut rows = ROWS;
        change(&mut rows);
        digest("changed", &rows)
    };
    assert_ne!(change(&|rows| rows[1].1 = " "), one);
    assert_ne!(change(&|rows| rows[1].0 = 2), one);
    assert_ne!(change(&|rows| rows.swap(0, 2)), one);
    assert_ne!(digest("shorter", &ROWS[..2]), one);
}

#[test]
fn every_kind_of_a_texts_tells_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let texts = texts(&at("pool.arrow"), &ROWS);
    let of = texts.of_texts();
    assert_eq!((of.file.as_str(), of.rows), ("pool.arrow", 3));
    assert_eq!(of.digest, texts.texts_digest());
    assert_eq!(
        peek(at("pool.arrow")).unwrap().origin,
        Origin::of(of.clone())
    );

    let origin = Origin::of(of).by("a/model");
    let classes = ["no".to_owned(), "yes".to_owned()];
    let mut table = EmbeddingsWriter::create(at("e"), 1, Precision::F32, producer())
        .unwrap()
        .made_from(origin.clone());
    table.push(0, &[1.0]).unwrap();
    table.finish().unwrap();
    assert_eq!(*Embeddings::open(at("e")).unwrap().origin(), origin);
    let table = PredictionsWriter::create(at("p"), &classes, producer()).unwrap();
    table.made_from(origin.clone()).finish().unwrap();
    assert_eq!(*Predictions::open(at("p")).unwrap().origin(), origin);
    let table = SelectionWriter::create(at("s"), &[], producer()).unwrap();
    table.made_from(origin.clone()).finish().unwrap();
    assert_eq!(*Selection::open(at("s")).unwrap().origin(), origin);
    let table = LabelsWriter::create(at("l"), &classes, producer()).unwrap();
    table.made_from(origin.clone()).finish().unwrap();
    assert_eq!(*Labels::open(at("l")).unwrap().origin(), origin);
    for name in ["e", "p", "s", "l"] {
        assert_eq!(peek(at(name)).unwrap().origin, origin);
        verify_checksum(at(name)).unwrap();
    }

    let table = LabelsWriter::create(at("none"), &classes, producer()).unwrap();
    table.finish().unwrap();
    assert_eq!(peek(at("none")).unwrap().origin, Origin::default());
}

/// Written by the last version that had format 1: no digest is in the file.
#[test]
fn the_digest_of_an_older_table_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/texts-format-1.arrow");
    let header = peek(&path).unwrap();
    assert_eq!((header.version, header.origin), (1, Origin::default()));
    let old = Texts::open(&path).unwrap();
    let rows: Vec<Row<'_>> = (0..old.len())
        .map(|row| (old.id(row), old.text(row), None, None, None))
        .collect();
    assert_eq!(rows.len(), 3);
    let new = texts(&folder.path().join("new"), &rows);
    assert_eq!(old.texts_digest(), new.texts_digest());
}
