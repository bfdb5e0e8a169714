//! What is written is what is read, for rows of every kind.

use std::collections::BTreeSet;

use goldpan_artifact::*;
use half::f16;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use tempfile::TempDir;

fn producer() -> Producer {
    Producer::new("test", 3)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Different ids in any order, and a row for each.
fn rows<T: std::fmt::Debug>(row: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(u64, T)>> {
    (btree_set(any::<u64>(), 0..20), vec(row, 20), any::<bool>()).prop_map(
        |(ids, rows, ascending)| {
            let mut rows: Vec<(u64, T)> = ids.into_iter().zip(rows).collect();
            if !ascending {
                let middle = rows.len() / 2;
                rows.rotate_left(middle);
            }
            rows
        },
    )
}

/// Different names, among them an empty one and any script.
fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    btree_set(".{0,8}", count).prop_map(|names: BTreeSet<String>| names.into_iter().rev().collect())
}

/// Any bits, NaN and infinities among them.
fn float() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// What `Written` says has to hold of the file.
fn check_written(written: &Written, kind: Kind, rows: usize) {
    assert_eq!(written.rows, rows as u64);
    assert_eq!(
        written.bytes,
        std::fs::metadata(&written.path).unwrap().len()
    );
    assert_eq!(written.digest, digest_file(&written.path).unwrap());
    verify_checksum(&written.path).unwrap();
    verify_file(&written.path, &written.digest).unwrap();
    let header = peek(&written.path).unwrap();
    assert_eq!((header.kind, header.rows), (kind, rows as u64));
    assert_eq!(
        (header.version, header.producer),
        (FORMAT_VERSION, producer())
    );
    let table = Table::open(&written.path).unwrap();
    assert_eq!((table.kind(), table.len()), (kind, rows));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn texts(
        classes in names(3..6),
        rows in rows((".{0,40}", option::of(0..3i32), option::of(".{0,8}"))),
    ) {
        let folder = folder();
        let path = folder.path().join("texts.arrow");
        let mut writer = TextsWriter::create(&path, &classes, producer()).unwrap();
        for (id, (text, label, key)) in &rows {
            writer.push(*id, text, *label, key.as_deref()).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Texts, rows.len());

        let table = Texts::open(&path).unwrap();
        prop_assert_eq!(table.path(), path.as_path());
        prop_assert_eq!(table.classes(), &classes[..]);
        prop_assert_eq!(table.is_empty(), rows.is_empty());
        prop_assert_eq!(table.has_labels(), rows.iter().any(|(_, row)| row.1.is_some()));
        prop_assert!(table.ids().eq(rows.iter().map(|(id, _)| *id)));
        for (number, (id, (text, label, key))) in rows.iter().enumerate() {
            prop_assert_eq!(table.id(number), *id);
            prop_assert_eq!(table.text(number), text);
            prop_assert_eq!(table.label(number), *label);
            prop_assert_eq!(table.key(number), key.as_deref());
        }
    }

    #[test]
    fn texts_with_metadata(
        (metadata, rows) in names(1..4).prop_flat_map(|metadata| {
            let width = metadata.len();
            (Just(metadata), rows((".{0,8}", vec(option::of(".{0,8}"), width))))
        }),
    ) {
        // No name is that of another column.
        let metadata: Vec<String> = metadata.iter().map(|name| format!("{name}*")).collect();
        let folder = folder();
        let path = folder.path().join("texts.arrow");
        let mut writer = TextsWriter::create_with(&path, &[], &metadata, producer()).unwrap();
        for (id, (text, values)) in &rows {
            writer.push_with(*id, text, None, None, values).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Texts, rows.len());

        let table = Texts::open(&path).unwrap();
        prop_assert_eq!(table.metadata(), &metadata[..]);
        prop_assert_eq!(peek(&path).unwrap().metadata, metadata);
        for (number, (id, (text, values))) in rows.iter().enumerate() {
            prop_assert_eq!((table.id(number), table.text(number)), (*id, &text[..]));
            for (column, value) in values.iter().enumerate() {
                prop_assert_eq!(table.metadata_value(number, column), value.as_deref());
            }
        }
    }

    #[test]
    fn embeddings(
        (dimension, rows) in (1usize..9).prop_flat_map(|d| (Just(d), rows(vec(float(), d)))),
        half in any::<bool>(),
    ) {
        let precision = if half { Precision::F16 } else { Precision::F32 };
        let folder = folder();
        let path = folder.path().join("embeddings.arrow");
        let mut writer =
            EmbeddingsWriter::create(&path, dimension, precision, producer()).unwrap();
        for (id, vector) in &rows {
            writer.push(*id, vector).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Embeddings, rows.len());

        let table = Embeddings::open(&path).unwrap();
        table.expect(if half { Access::Scattered } else { Access::InOrder });
        prop_assert_eq!((table.dimension(), table.precision()), (dimension, precision));
        prop_assert!(table.ids().eq(rows.iter().map(|(id, _)| *id)));
        let mut out = vec![0.0; dimension];
        let mut chunked = Vec::new();
        for chunk in table.chunks() {
            prop_assert_eq!(chunk.start * dimension, chunked.len());
            match chunk.values {
                Values::F32(values) => chunked.extend(bits(values)),
                Values::F16(values) => chunked.extend(values.iter().map(|value| {
                    value.to_f32().to_bits()
                })),
            }
        }
        for (number, (id, vector)) in rows.iter().enumerate() {
            let expected: Vec<u32> = match precision {
                Precision::F32 => bits(vector),
                Precision::F16 => vector
                    .iter()
                    .map(|value| f16::from_f32(*value).to_f32().to_bits())
                    .collect(),
            };
            table.row_f32(number, &mut out);
            prop_assert_eq!(table.id(number), *id);
            prop_assert_eq!(&bits(&out), &expected);
            prop_assert_eq!(&chunked[number * dimension..][..dimension], &expected[..]);
            prop_assert_eq!(table.row(number).map(bits), (!half).then_some(expected));
        }
    }

    #[test]
    fn predictions(
        (classes, rows) in names(1..5).prop_flat_map(|classes| {
            let width = classes.len();
            (Just(classes), rows((vec(float(), width), vec(float(), width))))
        }),
    ) {
        let folder = folder();
        let path = folder.path().join("predictions.arrow");
        let mut writer = PredictionsWriter::create(&path, &classes, producer()).unwrap();
        for (id, (logits, probabilities)) in &rows {
            writer.push(*id, logits, probabilities).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Predictions, rows.len());

        let table = Predictions::open(&path).unwrap();
        prop_assert_eq!(table.classes(), &classes[..]);
        prop_assert!(table.ids().eq(rows.iter().map(|(id, _)| *id)));
        for (number, (id, (logits, probabilities))) in rows.iter().enumerate() {
            prop_assert_eq!(table.id(number), *id);
            prop_assert_eq!(bits(table.logits(number)), bits(logits));
            prop_assert_eq!(bits(table.probabilities(number)), bits(probabilities));
        }
    }

    #[test]
    fn selection(
        (objectives, rows) in names(0..4).prop_flat_map(|objectives| {
            let width = objectives.len();
            (Just(objectives), rows((float(), vec(float(), width))))
        }),
    ) {
        let folder = folder();
        let path = folder.path().join("selection.arrow");
        let mut writer = SelectionWriter::create(&path, &objectives, producer()).unwrap();
        for (id, (score, values)) in &rows {
            writer.push(*id, *score, values).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Selection, rows.len());

        let table = Selection::open(&path).unwrap();
        prop_assert_eq!(table.objectives(), &objectives[..]);
        for (number, (id, (score, values))) in rows.iter().enumerate() {
            prop_assert_eq!((table.rank(number), table.id(number)), (number as u32, *id));
            prop_assert_eq!(table.score(number).to_bits(), score.to_bits());
            for (objective, value) in values.iter().enumerate() {
                prop_assert_eq!(table.objective(number, objective).to_bits(), value.to_bits());
            }
        }
        prop_assert!(!table.has_nearest());
        let labelled = Labelled::open_arrow(&path).unwrap();
        prop_assert!(labelled.ids.iter().eq(rows.iter().map(|(id, _)| id)));
        prop_assert_eq!(labelled.labels, None);
    }

    #[test]
    fn selections_with_nearest(
        objectives in names(0..3),
        rows in rows((option::of((any::<u64>(), float())), option::of((any::<u64>(), float())))),
    ) {
        let folder = folder();
        let path = folder.path().join("selection.arrow");
        let values = vec![0.5; objectives.len()];
        let mut writer = SelectionWriter::with_nearest(&path, &objectives, producer()).unwrap();
        for (id, (labelled, earlier)) in &rows {
            let (labelled, earlier) = (*labelled, *earlier);
            writer.push_near(*id, 1.0, &values, Nearest { labelled, earlier }).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Selection, rows.len());

        let table = Selection::open(&path).unwrap();
        prop_assert!(table.has_nearest());
        prop_assert_eq!(table.objectives(), &objectives[..]);
        let exact = |near: Option<(u64, f32)>| near.map(|(id, distance)| (id, distance.to_bits()));
        for (number, (id, (labelled, earlier))) in rows.iter().enumerate() {
            let nearest = table.nearest(number);
            prop_assert_eq!(table.id(number), *id);
            prop_assert_eq!(exact(nearest.labelled), exact(*labelled));
            prop_assert_eq!(exact(nearest.earlier), exact(*earlier));
        }
    }

    #[test]
    fn labels(classes in names(2..5), rows in rows((0..2i32, ".{0,8}", any::<u32>()))) {
        let folder = folder();
        let path = folder.path().join("labels.arrow");
        let mut writer = LabelsWriter::create(&path, &classes, producer()).unwrap();
        for (id, (label, source, round)) in &rows {
            writer.push(*id, *label, source, *round).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Labels, rows.len());

        let table = Labels::open(&path).unwrap();
        prop_assert_eq!(table.classes(), &classes[..]);
        for (number, (id, (label, source, round))) in rows.iter().enumerate() {
            prop_assert_eq!((table.id(number), table.label(number)), (*id, *label));
            prop_assert_eq!((table.source(number), table.round(number)), (&source[..], *round));
        }
        let labelled = Labelled::open_arrow(&path).unwrap();
        prop_assert!(labelled.ids.iter().eq(rows.iter().map(|(id, _)| id)));
        let labels: Vec<i32> = rows.iter().map(|(_, row)| row.0).collect();
        prop_assert_eq!(labelled.labels, Some(labels));
    }

    #[test]
    fn history(
        rows in vec((any::<u32>(), any::<u64>(), vec(option::of(-1e6f32..1e6), 5)), 0..20),
    ) {
        let rows: Vec<HistoryRow> = rows
            .into_iter()
            .map(|(epoch, step, measures)| HistoryRow {
                epoch,
                step,
                loss: measures[0],
                learning_rate: measures[1],
                validation_loss: measures[2],
                validation_accuracy: measures[3],
                validation_macro_f1: measures[4],
            })
            .collect();
        let folder = folder();
        let path = folder.path().join("history.arrow");
        let mut writer = HistoryWriter::create(&path, producer()).unwrap();
        for row in &rows {
            writer.push(row).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::History, rows.len());
        prop_assert_eq!(History::open(&path).unwrap().rows(), rows);
    }

    #[test]
    fn results(
        rows in vec((".*", option::of(any::<u64>()), any::<u32>(), vec(-1e6f32..1e6, 4), option::of(0f32..1.0)), 0..20),
    ) {
        let rows: Vec<ResultRow> = rows
            .into_iter()
            .map(|(arm, seed, round, measures, last_accuracy)| ResultRow {
                object: format!("of {arm}"),
                arm,
                seed,
                round,
                labelled: 2 * u64::from(round),
                epoch: seed,
                accuracy: measures[0],
                loss: measures[1],
                macro_f1: measures[2],
                seconds: measures[3],
                last_accuracy,
                test_accuracy: last_accuracy.map(|last| last / 2.0),
            })
            .collect();
        let folder = folder();
        let path = folder.path().join("results.arrow");
        let mut writer = ResultsWriter::create(&path, producer()).unwrap();
        for row in &rows {
            writer.push(row).unwrap();
        }
        check_written(&writer.finish().unwrap(), Kind::Results, rows.len());
        prop_assert_eq!(Results::open(&path).unwrap().rows(), rows);
    }
}

#[test]
fn rows_beyond_one_batch_are_found() {
    let folder = folder();
    let path = folder.path().join("texts.arrow");
    let classes = ["a".to_owned(), "b".to_owned()];
    let label = |row: u64| [None, Some(0), Some(1)][(row % 3) as usize];
    let mut writer = TextsWriter::create(&path, &classes, producer()).unwrap();
    let count = 2 * 65_536 + 1;
    for row in 0..count {
        let key = (row % 5 == 0).then(|| row.to_string());
        let text = format!("text {row}");
        writer
            .push(row * 2, &text, label(row), key.as_deref())
            .unwrap();
    }
    writer.finish().unwrap();
    let table = Texts::open(&path).unwrap();
    assert_eq!(table.len() as u64, count);
    for row in (0..count)
        .rev()
        .step_by(7)
        .chain([65_535, 65_536, count - 1])
    {
        let number = row as usize;
        assert_eq!(table.id(number), row * 2);
        assert_eq!(table.text(number), format!("text {row}"));
        assert_eq!(table.label(number), label(row));
        assert_eq!(table.key(number).is_some(), row % 5 == 0);
    }
}

#[test]
fn wide_rows_make_short_batches() {
    let folder = folder();
    let path = folder.path().join("embeddings.arrow");
    let dimension = 1 << 17;
    let mut writer =
        EmbeddingsWriter::create(&path, dimension, Precision::F32, producer()).unwrap();
    let vector = |row: u64| vec![row as f32; dimension];
    for row in 0..12 {
        writer.push(row, &vector(row)).unwrap();
    }
    writer.finish().unwrap();
    let table = Embeddings::open(&path).unwrap();
    let lengths: Vec<usize> = table.chunks().map(|chunk| chunk.ids.len()).collect();
    assert_eq!(lengths, [8, 4]);
    for row in 0..12 {
        assert_eq!(table.row(row as usize), Some(&vector(row)[..]));
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let folder = folder();
    let write = |name: &str| {
        let path = folder.path().join(name);
        let classes = ["b".to_owned(), "a".to_owned()];
        let mut writer = TextsWriter::create(&path, &classes, producer()).unwrap();
        for row in 0..1000u64 {
            let label = (row % 3 != 0).then_some((row % 2) as i32);
            writer
                .push(row, &"x".repeat(row as usize % 9), label, None)
                .unwrap();
        }
        writer.finish().unwrap()
    };
    let (one, two) = (write("one.arrow"), write("two.arrow"));
    assert_eq!((one.digest, one.bytes), (two.digest, two.bytes));
    assert_eq!(
        std::fs::read(one.path).unwrap(),
        std::fs::read(two.path).unwrap()
    );
}

#[test]
fn texts_without_metadata_columns_are_plain_texts() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let mut plain = TextsWriter::create(path("plain.arrow"), &[], producer()).unwrap();
    plain.push(1, "text", None, Some("key")).unwrap();
    let plain = plain.finish().unwrap();
    let mut none = TextsWriter::create_with(path("none.arrow"), &[], &[], producer()).unwrap();
    none.push_with::<&str>(1, "text", None, Some("key"), &[])
        .unwrap();
    assert_eq!(none.finish().unwrap().digest, plain.digest);
    let bytes = std::fs::read(&plain.path).unwrap();
    let key = b"goldpan.metadata";
    assert!(!bytes.windows(key.len()).any(|bytes| bytes == key));
    assert_eq!(Texts::open(&plain.path).unwrap().metadata(), [""; 0]);
}

#[test]
fn readers_are_shared_and_writers_sent_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Table>();
    shared::<Error>();
    sent::<TextsWriter>();
    sent::<EmbeddingsWriter>();
    sent::<PredictionsWriter>();
    sent::<SelectionWriter>();
    sent::<LabelsWriter>();
    sent::<HistoryWriter>();
    sent::<ResultsWriter>();
}
