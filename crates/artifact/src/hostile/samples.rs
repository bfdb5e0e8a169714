//! One small file of each kind, and the reading of all that a file holds.
//!
//! Batches have four rows in unit tests, so each sample has two of them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::frame::Check;
use crate::*;

pub(super) const ROWS: u64 = 6;

pub(super) fn producer() -> Producer {
    Producer::new("test", 1)
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What makes a sample another one than the first of its kind.
#[derive(Clone, Copy)]
pub(super) enum Variant {
    Plain,
    HalfPrecision,
    Metadata,
}

/// Every kind, texts without and with metadata, and embeddings in both precisions.
pub(super) const SAMPLES: [(Kind, Variant); 9] = [
    (Kind::Texts, Variant::Plain),
    (Kind::Texts, Variant::Metadata),
    (Kind::Embeddings, Variant::Plain),
    (Kind::Embeddings, Variant::HalfPrecision),
    (Kind::Predictions, Variant::Plain),
    (Kind::Selection, Variant::Plain),
    (Kind::Labels, Variant::Plain),
    (Kind::History, Variant::Plain),
    (Kind::Results, Variant::Plain),
];

/// The bytes of each of [`SAMPLES`].
static BYTES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.arrow");
    let bytes = SAMPLES.map(|(kind, variant)| {
        write(&path, kind, variant);
        std::fs::read(&path).unwrap()
    });
    bytes.into()
});

/// The bytes of the sample numbered `number` of [`SAMPLES`].
pub(super) fn bytes(number: usize) -> &'static [u8] {
    &BYTES[number]
}

/// Puts the sample numbered `number` of [`SAMPLES`] into `folder`.
pub(super) fn sample(folder: &Path, number: usize) -> PathBuf {
    let path = folder.join("sample.arrow");
    std::fs::write(&path, bytes(number)).unwrap();
    path
}

/// Puts the sample of texts with metadata into `folder`.
pub(super) fn sample_with_metadata(folder: &Path) -> PathBuf {
    let number = SAMPLES
        .iter()
        .position(|(_, variant)| matches!(variant, Variant::Metadata));
    sample(folder, number.unwrap())
}

/// Puts the first sample of `kind` into `folder`.
pub(super) fn sample_of(folder: &Path, kind: Kind) -> PathBuf {
    let number = SAMPLES.iter().position(|(other, _)| *other == kind);
    sample(folder, number.unwrap())
}

fn write(path: &Path, kind: Kind, variant: Variant) {
    let classes = names(&["no", "yes"]);
    match kind {
        Kind::Texts => {
            let metadata = match variant {
                Variant::Metadata => names(&["stars", "größe"]),
                _ => Vec::new(),
            };
            let mut writer =
                TextsWriter::create_with(path, &classes, &metadata, producer()).unwrap();
            for id in 0..ROWS {
                let text = ["plain", "", "naïve 日本 🪙"][id as usize % 3];
                let label = (id % 3 != 0).then_some((id % 2) as i32);
                let key = (id % 2 == 0).then_some("clé");
                let values = [(id % 3 == 0).then_some("5"), (id > 3).then_some("weit")];
                let values = &values[..metadata.len()];
                writer.push_with(id, text, label, key, values).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::Embeddings => {
            let precision = match variant {
                Variant::HalfPrecision => Precision::F16,
                _ => Precision::F32,
            };
            let mut writer = EmbeddingsWriter::create(path, 3, precision, producer()).unwrap();
            for id in 0..ROWS {
                writer.push(id, &[id as f32, f32::NAN, -0.5]).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::Predictions => {
            let mut writer = PredictionsWriter::create(path, &classes, producer()).unwrap();
            for id in 0..ROWS {
                writer.push(id, &[id as f32, 0.0], &[0.25, 0.75]).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::Selection => {
            let objectives = names(&["margin"]);
            let mut writer = SelectionWriter::create(path, &objectives, producer()).unwrap();
            for rank in 0..ROWS {
                writer.push(100 - rank, rank as f32, &[0.5]).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::Labels => {
            let mut writer = LabelsWriter::create(path, &classes, producer()).unwrap();
            for id in 0..ROWS {
                let label = (id % 2) as i32;
                writer.push(id, label, "human", id as u32).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::History => {
            let mut writer = HistoryWriter::create(path, producer()).unwrap();
            for step in 0..ROWS {
                let row = HistoryRow {
                    step,
                    loss: (step % 2 == 0).then_some(0.5),
                    ..HistoryRow::default()
                };
                writer.push(&row).unwrap();
            }
            writer.finish().unwrap();
        }
        Kind::Results => {
            let mut writer = ResultsWriter::create(path, producer()).unwrap();
            for seed in 0..ROWS {
                let row = ResultRow {
                    arm: "margin".to_owned(),
                    seed: (seed % 2 == 0).then_some(seed),
                    ..ResultRow::default()
                };
                writer.push(&row).unwrap();
            }
            writer.finish().unwrap();
        }
    }
}

/// Reads every value of a table.
pub(super) fn read_all(table: &Table) -> usize {
    let rows = 0..table.len();
    let mut read = 0;
    match table {
        Table::Texts(table) => rows.for_each(|row| {
            read += table.text(row).len() + table.key(row).map_or(0, str::len);
            read += table.label(row).unwrap_or(0) as usize + table.id(row) as usize % 2;
            for column in 0..table.metadata().len() {
                read += table.metadata_value(row, column).map_or(0, str::len);
            }
        }),
        Table::Embeddings(table) => {
            let mut vector = vec![0.0; table.dimension()];
            rows.for_each(|row| {
                table.row_f32(row, &mut vector);
                read += table.row(row).map_or(0, <[f32]>::len) + table.id(row) as usize % 2;
            });
            read += table.chunks().map(|chunk| chunk.ids.len()).sum::<usize>();
        }
        Table::Predictions(table) => rows.for_each(|row| {
            read += table.logits(row).len() + table.probabilities(row).len();
            read += table.id(row) as usize % 2;
        }),
        Table::Selection(table) => rows.for_each(|row| {
            read += table.rank(row) as usize + table.id(row) as usize % 2;
            read += table.score(row) as usize % 2;
            for objective in 0..table.objectives().len() {
                read += table.objective(row, objective) as usize % 2;
            }
        }),
        Table::Labels(table) => rows.for_each(|row| {
            read += table.source(row).len() + table.label(row) as usize;
            read += table.round(row) as usize % 2 + table.id(row) as usize % 2;
        }),
        Table::History(table) => read += table.rows().len(),
        Table::Results(table) => read += table.rows().len(),
    }
    read
}

/// Opens the file without its checksum and, where that works, reads every value. Returns whether
/// it opened.
pub(super) fn survives(path: &Path) -> bool {
    match Table::open_with(path, Check::Structure) {
        Ok(table) => {
            std::hint::black_box(read_all(&table));
            true
        }
        Err(error) => {
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
            false
        }
    }
}

/// The error of opening the file without its checksum.
pub(super) fn refusal(path: &Path) -> Error {
    match Table::open_with(path, Check::Structure) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(error) => error,
    }
}

pub(super) fn damage(path: &Path) -> Damage {
    match refusal(path) {
        Error::Damaged { damage, .. } => *damage,
        error => panic!("{error:?}"),
    }
}

#[test]
fn samples_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (kind, _)) in SAMPLES.into_iter().enumerate() {
        let path = sample(folder.path(), number);
        let table = Table::open(&path).unwrap();
        assert_eq!((table.kind(), table.len() as u64), (kind, ROWS));
        assert!(survives(&path));
        verify_checksum(&path).unwrap();
    }
}
