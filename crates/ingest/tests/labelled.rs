//! Which texts are labelled, out of tables and of files that people write.

mod common;

use std::path::Path;

use common::{Work, of};
use goldpan_artifact::{Labelled, LabelsWriter, Producer, SelectionWriter, Texts};
use goldpan_ingest::{IngestOptions, labelled, labelled_in};

/// Four texts with keys; two share one.
fn texts(work: &Work) -> Texts {
    let content = "key,text,label\na,one,neg\nb,two,pos\nc,three,\nc,four,\n";
    let options = IngestOptions {
        id_column: Some("key".into()),
        ..of(work.file("texts.csv", content))
    };
    work.ingest(options).unwrap();
    Texts::open(work.out()).unwrap()
}

fn read(work: &Work, name: &str, content: &str) -> Result<Labelled, String> {
    let texts = texts(work);
    let result = labelled(&work.file(name, content), Some(&texts));
    let folder = format!("{}/", work.folder.path().display());
    result.map_err(|error| error.to_string().replace(&folder, ""))
}

fn ids(ids: &[u64], labels: Option<&[i32]>) -> Labelled {
    Labelled {
        ids: ids.to_vec(),
        labels: labels.map(<[i32]>::to_vec),
    }
}

#[test]
fn files_with_ids_and_labels() {
    let work = Work::new();
    let csv = read(&work, "l.csv", "id,label\n3,pos\n0,neg\n").unwrap();
    assert_eq!(csv, ids(&[3, 0], Some(&[1, 0])));
    let jsonl = "{\"id\": 1, \"note\": \"x\", \"label\": 0}\n{\"id\": \"2\", \"label\": \"pos\"}\n";
    assert_eq!(
        read(&work, "l.jsonl", jsonl).unwrap(),
        ids(&[1, 2], Some(&[0, 1]))
    );
    assert_eq!(read(&work, "l.tsv", "id\n2\n").unwrap(), ids(&[2], None));
    assert_eq!(
        read(&work, "k.csv", "key,label\nb,neg\na,\"\"\n").unwrap_err(),
        "k.csv, line 3: there is no label, as other rows have; label it or remove the row"
    );
    assert_eq!(
        read(&work, "k.csv", "key,label\nb,neg\na,pos\n").unwrap(),
        ids(&[1, 0], Some(&[0, 1]))
    );
}

#[test]
fn tables() {
    let work = Work::new();
    let texts = texts(&work);
    let path = work.folder.path().join("selection.arrow");
    let mut table = SelectionWriter::create(&path, &[], Producer::new("test", 1)).unwrap();
    table.push(2, 0.5, &[]).unwrap();
    table.push(0, 0.25, &[]).unwrap();
    table.finish().unwrap();
    assert_eq!(labelled(&path, Some(&texts)).unwrap(), ids(&[2, 0], None));

    let path = work.folder.path().join("labels.arrow");
    let mut table = LabelsWriter::create(&path, texts.classes(), Producer::new("test", 1)).unwrap();
    table.push(9, 1, "human", 0).unwrap();
    table.finish().unwrap();
    assert_eq!(labelled(&path, None).unwrap(), ids(&[9], Some(&[1])));
    let error = labelled(&path, Some(&texts)).unwrap_err().to_string();
    assert!(
        error.contains("labels.arrow, row 1, column `id`: no text has `9`"),
        "{error}"
    );
}

#[test]
fn a_table_of_labels_is_matched_by_the_names_of_its_classes() {
    let work = Work::new();
    let texts = texts(&work);
    let path = work.folder.path().join("labels.arrow");
    let classes = ["pos", "odd", "neg"].map(str::to_owned);
    let write = |label| {
        let mut table = LabelsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
        table.push(0, 2, "human", 0).unwrap();
        table.push(3, label, "human", 0).unwrap();
        table.finish().unwrap();
    };
    write(0);
    let read = labelled(&path, Some(&texts)).unwrap();
    assert_eq!(read, ids(&[0, 3], Some(&[0, 1])));
    write(1);
    let error = labelled(&path, Some(&texts)).unwrap_err().to_string();
    assert!(
        error.ends_with("labels.arrow, row 2, column `label`: `odd` is not a class; the classes are `neg`, `pos`"),
        "{error}"
    );
}

#[test]
fn errors_say_where() {
    let work = Work::new();
    let error = |content: &str| read(&work, "l.csv", content).unwrap_err();
    assert_eq!(
        error("id,label\n0,pos\n1,good\n"),
        "l.csv, line 3, column `label`: `good` is not a class; the classes are `neg`, `pos`"
    );
    assert_eq!(
        error("id,label\n0,pos\n-1,pos\n"),
        "l.csv, line 3, column `id`: `-1` is not an id, which is a whole number from 0"
    );
    assert_eq!(
        error("id\n0\n4\n"),
        "l.csv, line 3, column `id`: no text has `4`; the texts are in texts.arrow"
    );
    assert_eq!(
        error("id\n0\n1\n0\n"),
        "l.csv, line 4, column `id`: `0` occurred before; give each text once"
    );
    assert_eq!(
        error("key\nc\n"),
        "l.csv, line 2, column `key`: several texts have the key `c`; use ids instead"
    );
    assert_eq!(
        error("text\nx\n"),
        "l.csv has none of the columns `id`, `key`: it has `text`; call the one with the ids so"
    );
    let none = labelled(Path::new("/none/l.csv"), None)
        .unwrap_err()
        .to_string();
    assert_eq!(
        none,
        "cannot read /none/l.csv: check that the path is right and may be read"
    );
}

#[test]
fn classes_may_come_from_elsewhere() {
    let work = Work::new();
    let path = work.file("l.jsonl", "{\"id\": 5, \"label\": \"spam\"}\n");
    let error = labelled(&path, None).unwrap_err().to_string();
    assert!(
        error.contains("the texts have no classes that `spam` could be one of"),
        "{error}"
    );
    let classes = ["ham".to_owned(), "spam".to_owned()];
    assert_eq!(
        labelled_in(&path, None, &classes).unwrap(),
        ids(&[5], Some(&[1]))
    );
}
