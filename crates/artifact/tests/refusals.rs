//! What writers refuse, and that they leave nothing half-written.

use std::path::{Path, PathBuf};

use goldpan_artifact::*;
use tempfile::TempDir;

fn producer() -> Producer {
    Producer::new("test", 1)
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.arrow");
    (folder, path)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_dropped_writer_leaves_what_was_there() {
    let (folder, path) = place();
    let mut writer = EmbeddingsWriter::create(&path, 2, Precision::F32, producer()).unwrap();
    writer.push(1, &[0.0, 1.0]).unwrap();
    assert_eq!(files(folder.path()), 1);
    drop(writer);
    assert_eq!(files(folder.path()), 0);

    std::fs::write(&path, b"old").unwrap();
    let mut writer = EmbeddingsWriter::create(&path, 2, Precision::F32, producer()).unwrap();
    writer.push(1, &[0.0, 1.0]).unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn an_open_table_outlives_its_replacement() {
    let (folder, path) = place();
    let write = |value: f32| {
        let mut writer = EmbeddingsWriter::create(&path, 1, Precision::F32, producer()).unwrap();
        writer.push(1, &[value]).unwrap();
        writer.finish().unwrap();
    };
    write(1.0);
    let old = Embeddings::open(&path).unwrap();
    write(2.0);
    assert_eq!(old.row(0), Some(&[1.0][..]));
    assert_eq!(Embeddings::open(&path).unwrap().row(0), Some(&[2.0][..]));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(old.row(0), Some(&[1.0][..]));
    drop(folder);
}

#[test]
fn a_repeated_id_is_an_error_and_leaves_no_file() {
    for ids in [&[1u64, 2, 2][..], &[5, 1, 5], &[2, 1, 0, 2]] {
        let (folder, path) = place();
        let mut writer = SelectionWriter::create(&path, &[], producer()).unwrap();
        let pushed: Result<(), Error> = ids.iter().try_for_each(|id| writer.push(*id, 0.0, &[]));
        let error = match pushed {
            Ok(()) => writer.finish().unwrap_err(),
            Err(error) => {
                drop(writer);
                error
            }
        };
        assert!(
            matches!(error, Error::RepeatedId { id, .. } if ids.last() == Some(&id)),
            "{error}"
        );
        assert_eq!(files(folder.path()), 0);
    }
}

#[test]
fn a_refused_row_leaves_the_table_as_it_was() {
    let (_folder, path) = place();
    let classes = names(&["no", "yes"]);
    let mut writer = LabelsWriter::create(&path, &classes, producer()).unwrap();
    writer.push(0, 1, "human", 0).unwrap();
    for label in [-1, 2, i32::MAX] {
        assert!(matches!(
            writer.push(1, label, "human", 0),
            Err(Error::Label {
                row: 1,
                classes: 2,
                ..
            })
        ));
    }
    writer.push(1, 0, "human", 0).unwrap();
    assert_eq!(writer.finish().unwrap().rows, 2);
    assert_eq!(Labels::open(&path).unwrap().label(1), 0);

    let mut writer = PredictionsWriter::create(&path, &classes, producer()).unwrap();
    assert!(matches!(
        writer.push(0, &[0.0, 0.0], &[1.0]),
        Err(Error::Width {
            column: "probabilities",
            expected: 2,
            found: 1,
            ..
        })
    ));
    writer.push(0, &[0.0, 0.0], &[0.5, 0.5]).unwrap();
    assert_eq!(writer.finish().unwrap().rows, 1);

    let metadata = names(&["stars", "source"]);
    let mut writer = TextsWriter::create_with(&path, &[], &metadata, producer()).unwrap();
    for (values, count) in [(&[][..], 0), (&[Some("5")], 1), (&[None; 3], 3)] {
        assert!(matches!(
            writer.push_with(0, "text", None, None, values),
            Err(Error::Width { column: "metadata", expected: 2, found, .. }) if found == count
        ));
    }
    assert!(writer.push(0, "text", None, None).is_err());
    writer
        .push_with(0, "text", None, None, &[Some("5"), None])
        .unwrap();
    assert_eq!(writer.finish().unwrap().rows, 1);
    assert_eq!(Texts::open(&path).unwrap().metadata_value(0, 0), Some("5"));
}

#[test]
fn a_label_needs_classes() {
    let (_folder, path) = place();
    let mut writer = TextsWriter::create(&path, &[], producer()).unwrap();
    assert!(matches!(
        writer.push(0, "text", Some(0), None),
        Err(Error::Label { classes: 0, .. })
    ));
    writer.push(0, "text", None, None).unwrap();
    writer.finish().unwrap();
    assert!(!Texts::open(&path).unwrap().has_labels());
}

#[test]
fn names_and_widths_that_no_table_can_have() {
    let (folder, path) = place();
    let twice = names(&["a", "b", "a"]);
    assert!(matches!(
        TextsWriter::create(&path, &twice, producer()).err(),
        Some(Error::RepeatedName { name, .. }) if name == "a"
    ));
    for taken in ["rank", "id", "score"] {
        assert!(matches!(
            SelectionWriter::create(&path, &names(&[taken]), producer()).err(),
            Some(Error::RepeatedName { .. })
        ));
    }
    for taken in [
        &["id"][..],
        &["text"],
        &["label"],
        &["key"],
        &["a", "b", "a"],
    ] {
        assert!(matches!(
            TextsWriter::create_with(&path, &[], &names(taken), producer()).err(),
            Some(Error::RepeatedName { name, .. }) if name == taken[0]
        ));
    }
    assert!(matches!(
        PredictionsWriter::create(&path, &[], producer()).err(),
        Some(Error::Dimension { .. })
    ));
    for width in [0, usize::MAX] {
        assert!(matches!(
            EmbeddingsWriter::create(&path, width, Precision::F16, producer()).err(),
            Some(Error::Dimension { .. })
        ));
    }
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_missing_folder_is_an_error_with_the_path() {
    let (_folder, path) = place();
    let path = path.with_file_name("none").join("table.arrow");
    let error = HistoryWriter::create(&path, producer()).err().unwrap();
    assert!(matches!(error, Error::Write { .. }));
    assert!(error.to_string().contains("none/table.arrow"), "{error}");
}

#[test]
fn messages_name_the_path_and_the_remedy() {
    let (_folder, path) = place();
    HistoryWriter::create(&path, producer())
        .unwrap()
        .finish()
        .unwrap();
    let name = path.display();
    assert_eq!(
        Labelled::open_arrow(&path).unwrap_err().to_string(),
        format!("{name} holds history, and selection or labels is needed: give another file")
    );
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = Table::open(&path).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("{name} is damaged: delete it and make it again")
    );
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        format!(
            "it ends after {} bytes, without the footer that every Arrow file has",
            bytes.len() - 1
        )
    );
}
