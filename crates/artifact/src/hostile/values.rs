//! Values that their kind does not allow.

use std::path::Path;

use arrow2::array::{Array, Float32Array, Int32Array, UInt32Array, UInt64Array, Utf8Array};

use super::samples::{damage, names, producer, sample_of};
use crate::damage::Damage;
use crate::error::Error;
use crate::kind::Kind;
use crate::schema::{self, Column, Description};
use crate::table::Table;
use crate::writer::{Rows, TableWriter};

#[test]
fn texts_must_follow_one_another_in_utf8() {
    let folder = tempfile::tempdir().unwrap();
    let find = |bytes: &[u8], what: &[u8]| {
        let place = bytes.windows(what.len()).position(|bytes| bytes == what);
        place.unwrap()
    };
    let offsets = |values: [i64; 5]| values.map(i64::to_le_bytes).concat();
    // "plain", "", "naïve 日本 🪙" (18 bytes), "plain".
    let written = offsets([0, 5, 5, 23, 28]);
    for (hostile, utf8) in [
        ([0, 5, 4, 23, 28], false),
        ([1, 5, 5, 23, 28], false),
        ([0, -1, 5, 23, 28], false),
        ([0, 5, 5, 1 << 40, 28], false),
        ([0, 5, 5, 8, 28], true),
    ] {
        let path = sample_of(folder.path(), Kind::Texts);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = find(&bytes, &written);
        bytes[place..place + 40].copy_from_slice(&offsets(hostile));
        std::fs::write(&path, bytes).unwrap();
        match damage(&path) {
            Damage::Offsets { .. } => assert!(!utf8, "{hostile:?}"),
            Damage::Utf8 { .. } => assert!(utf8, "{hostile:?}"),
            damage => panic!("{damage:?}"),
        }
    }
    let path = sample_of(folder.path(), Kind::Texts);
    let mut bytes = std::fs::read(&path).unwrap();
    let place = find(&bytes, "日".as_bytes());
    bytes[place] = b'?';
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(damage(&path), Damage::Utf8 { .. }));
}

/// Columns that no writer of a kind would write.
struct Raw(Vec<Box<dyn Array>>);

impl Rows for Raw {
    fn take(&mut self) -> Result<Vec<Box<dyn Array>>, arrow2::error::Error> {
        Ok(std::mem::take(&mut self.0))
    }
}

fn raw(path: &Path, kind: Kind, columns: Vec<Column>, arrays: Vec<Box<dyn Array>>) {
    let mut description = Description::new(kind, producer(), columns);
    description.classes = names(&["no", "yes"]);
    let mut writer = TableWriter::create(path, &description, Raw(arrays)).unwrap();
    writer.pushed(1).unwrap();
    writer.finish().unwrap();
}

#[test]
fn values_must_be_those_of_the_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw.arrow");
    let labels = |ids: [u64; 3], labels: [i32; 3]| {
        let arrays = vec![
            UInt64Array::from_slice(ids).boxed(),
            Int32Array::from_slice(labels).boxed(),
            Utf8Array::<i64>::from_slice(["a"; 3]).boxed(),
            UInt32Array::from_slice([0; 3]).boxed(),
        ];
        raw(&path, Kind::Labels, schema::labels(), arrays);
        Table::open(&path)
    };
    assert!(labels([3, 1, 2], [0, 1, 0]).is_ok());
    for (ids, values) in [
        ([3, 1, 3], [0, 1, 0]),
        ([1, 2, 3], [0, 2, 0]),
        ([1, 2, 3], [0, -1, 0]),
    ] {
        match labels(ids, values) {
            Err(Error::Damaged { damage, .. }) => match *damage {
                Damage::RepeatedId { id } => assert_eq!((id, ids[2]), (3, 3)),
                Damage::Label { row, .. } => assert_eq!(row, 1),
                damage => panic!("{damage:?}"),
            },
            _ => panic!("{ids:?} {values:?}"),
        }
    }
    let arrays = vec![
        UInt32Array::from_slice([0, 2]).boxed(),
        UInt64Array::from_slice([5, 6]).boxed(),
        Float32Array::from_slice([0.5, 0.25]).boxed(),
    ];
    raw(
        &path,
        Kind::Selection,
        schema::selection(&[], false),
        arrays,
    );
    assert!(matches!(damage(&path), Damage::Rank { row: 1, rank: 2 }));
}
