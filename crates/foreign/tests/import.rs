//! Tables of other programs, written here by the Arrow and Parquet crates: what is read, and what is refused.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array,
    LargeListArray, ListArray, RecordBatch, StringArray, StringViewArray, UInt64Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{Field, Schema};
use goldpan_artifact::{Embeddings, Precision, Predictions, Producer, Texts, TextsWriter};
use goldpan_foreign::{Error, embeddings, import_embeddings, predictions};
use half::f16;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

const VECTORS: [[f32; 2]; 3] = [[1.0, 2.0], [3.0, 4.0], [-5.0, 0.5]];

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Three texts with ids 0, 1, 2 and these keys.
    fn texts(&self, keys: [Option<&str>; 3]) -> Texts {
        let path = self.at("texts.arrow");
        let classes = ["neg".to_owned(), "pos".to_owned()];
        let mut writer = TextsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
        for (row, key) in keys.into_iter().enumerate() {
            writer
                .push(
                    row as u64,
                    &format!("text {row}"),
                    Some(row as i32 % 2),
                    key,
                )
                .unwrap();
        }
        writer.finish().unwrap();
        Texts::open(path).unwrap()
    }

    /// An Arrow file with one batch for each of these tables.
    fn file(&self, batches: &[Vec<(&str, ArrayRef)>]) -> PathBuf {
        let path = self.at("own.arrow");
        let batches: Vec<RecordBatch> = batches.iter().map(|columns| batch(columns)).collect();
        let mut writer =
            FileWriter::try_new(File::create(&path).unwrap(), &batches[0].schema()).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        path
    }
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let fields = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.iter().map(|(_, array)| array.clone()).collect();
    RecordBatch::try_new(schema, arrays).unwrap()
}

fn ids(ids: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(ids.to_vec()))
}

fn fixed(rows: &[[f32; 2]]) -> ArrayRef {
    let rows = rows.iter().map(|row| Some(row.map(Some)));
    Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2))
}

/// The vectors of a table in the order of its rows, by id.
fn read(table: &Embeddings) -> Vec<(u64, Vec<f32>)> {
    let row = |row: usize| {
        let mut vector = vec![0.0; table.dimension()];
        table.row_f32(row, &mut vector);
        (table.id(row), vector)
    };
    (0..table.len()).map(row).collect()
}

fn expected() -> Vec<(u64, Vec<f32>)> {
    let rows = (0..).zip(VECTORS);
    rows.map(|(id, vector)| (id, vector.to_vec())).collect()
}

#[test]
fn vectors_in_every_kind_of_list_are_the_same() {
    let place = Place::new();
    let doubles = || VECTORS.map(|row| Some(row.map(|value| Some(f64::from(value)))));
    let halves = VECTORS.map(|row| Some(row.map(|value| Some(f16::from_f32(value)))));
    let shapes: [ArrayRef; 5] = [
        fixed(&VECTORS),
        Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(doubles(), 2)),
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(
            doubles(),
        )),
        Arc::new(LargeListArray::from_iter_primitive::<Float64Type, _, _>(
            doubles(),
        )),
        Arc::new(ListArray::from_iter_primitive::<Float16Type, _, _>(halves)),
    ];
    for (shape, vectors) in shapes.into_iter().enumerate() {
        let path = place.file(&[vec![("id", ids(&[0, 1, 2])), ("embedding", vectors)]]);
        let table = embeddings(&path, None).unwrap();
        assert_eq!(read(&table), expected(), "shape {shape}");
        assert_eq!(table.path(), path);
        let half = shape == 4;
        assert_eq!(table.precision() == Precision::F16, half);
    }
}

#[test]
fn a_slice_of_fixed_size_lists_begins_where_it_begins() {
    let place = Place::new();
    let longer = fixed(&[[9.0, 9.0], [8.0, 8.0], VECTORS[0], VECTORS[1], VECTORS[2]]);
    let path = place.file(&[
        vec![("id", ids(&[2])), ("embedding", fixed(&[VECTORS[2]]))],
        vec![("id", ids(&[0, 1])), ("embedding", longer.slice(2, 2))],
    ]);
    let table = embeddings(&path, None).unwrap();
    let rows = [2, 0, 1].map(|id| expected()[id].clone());
    assert_eq!(read(&table), rows);
}

#[test]
fn streams_parquet_and_one_column_a_dimension_are_read() {
    let place = Place::new();
    let table = batch(&[("id", ids(&[0, 1, 2])), ("vector", fixed(&VECTORS))]);
    let stream = place.at("stream");
    let file = File::create(&stream).unwrap();
    let mut writer = StreamWriter::try_new(file, &table.schema()).unwrap();
    writer.write(&table).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&embeddings(&stream, None).unwrap()), expected());

    let parquet = place.at("parquet");
    let mut writer =
        ArrowWriter::try_new(File::create(&parquet).unwrap(), table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    assert_eq!(read(&embeddings(&parquet, None).unwrap()), expected());

    // Twelve dimensions: the tenth comes after the ninth, not after the first.
    let names: Vec<String> = (0..12).rev().map(|k| format!("dim_{k}")).collect();
    let column = |k: usize| -> ArrayRef { Arc::new(Float32Array::from(vec![k as f32; 3])) };
    let mut columns = vec![("id", ids(&[0, 1, 2]))];
    columns.extend(
        names
            .iter()
            .rev()
            .enumerate()
            .map(|(k, name)| (name.as_str(), column(k))),
    );
    columns.reverse();
    let table = embeddings(&place.file(&[columns]), None).unwrap();
    let values: Vec<f32> = (0..12).map(|k| k as f32).collect();
    assert_eq!(read(&table)[1], (1, values));
}

/// The message of an error, which has to be one.
fn told(path: &Path, texts: Option<&Texts>) -> String {
    match embeddings(path, texts) {
        Ok(table) => panic!("{:?} was read", read(&table)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_vector_is_refused_with_its_row() {
    let place = Place::new();
    let lists = |rows: Vec<Option<Vec<Option<f32>>>>| -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
    };
    let good = || Some(vec![Some(1.0), Some(2.0)]);
    for (vectors, says) in [
        (lists(vec![good(), None]), "row 2: `embedding` is null"),
        (
            lists(vec![good(), Some(vec![Some(1.0), None])]),
            "row 2: value 1 of `embedding` is null",
        ),
        (
            lists(vec![good(), Some(vec![Some(1.0)])]),
            "row 2: the vector has 1 values",
        ),
        (
            lists(vec![good(), Some(vec![Some(f32::NAN), Some(0.0)])]),
            "row 2: value 0 of `embedding` is NaN",
        ),
        (
            lists(vec![Some(vec![]), good()]),
            "row 1: its vectors have no values",
        ),
    ] {
        let path = place.file(&[vec![("id", ids(&[0, 1])), ("embedding", vectors)]]);
        let message = told(&path, None);
        assert!(message.contains(says), "{message}");
    }
    let large: ArrayRef = Arc::new(Float64Array::from(vec![1e300, 0.0]));
    let path = place.file(&[vec![("d0", large.clone()), ("d1", large)]]);
    assert!(
        told(&path, None).contains("row 1: value 0 of `d0` is 1e300"),
        "{}",
        told(&path, None)
    );
    let whole = vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), Some(4)])];
    let whole: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(whole));
    let path = place.file(&[vec![("embedding", whole)]]);
    assert!(told(&path, None).contains("`embedding` has whole numbers"));
    let path = place.file(&[vec![("a", fixed(&VECTORS)), ("b", fixed(&VECTORS))]]);
    assert!(told(&path, None).contains("`a`, `b` all have vectors"));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["[1, 2]"]));
    let path = place.file(&[vec![("embedding", text)]]);
    assert!(told(&path, None).contains("`embedding` has text"));
    let number: ArrayRef = Arc::new(Float32Array::from(vec![1.0]));
    let path = place.file(&[vec![("f0", number.clone()), ("f2", number)]]);
    assert!(
        told(&path, None).contains("f1 is missing among them"),
        "{}",
        told(&path, None)
    );
}

#[test]
fn ids_are_checked_and_keys_joined() {
    let place = Place::new();
    let texts = place.texts([Some("b7"), Some("a1"), Some("c")]);
    let strings =
        |values: [&str; 3]| -> ArrayRef { Arc::new(StringViewArray::from(values.to_vec())) };
    let entries = DictionaryArray::<Int32Type>::from_iter(["c", "b7", "a1"]);
    let by_key = [2, 0, 1].map(|id| {
        (
            id,
            VECTORS[if id == 2 { 0 } else { id as usize + 1 }].to_vec(),
        )
    });
    for keys in [strings(["c", "b7", "a1"]), Arc::new(entries) as ArrayRef] {
        for name in ["key", "id"] {
            let path = place.file(&[vec![(name, keys.clone()), ("embedding", fixed(&VECTORS))]]);
            let table = embeddings(&path, Some(&texts)).unwrap();
            assert_eq!(read(&table), by_key, "{name}");
        }
    }
    let with =
        |column: ArrayRef| place.file(&[vec![("id", column), ("embedding", fixed(&VECTORS))]]);
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![0, 1, 2]));
    assert_eq!(
        read(&embeddings(&with(unsigned), Some(&texts)).unwrap()),
        expected()
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0, 2.0]));
    assert_eq!(
        read(&embeddings(&with(floats), Some(&texts)).unwrap()),
        expected()
    );
    for (column, says) in [
        (
            ids(&[0, 1, 1]),
            "row 3: `id` is \"1\", which an earlier row has too",
        ),
        (ids(&[0, 1, 9]), "row 3: `id` is \"9\", which no text in"),
        (ids(&[0, -1, 2]), "row 2: `id` is \"-1\""),
        (
            strings(["c", "b7", "zzz"]),
            "row 3: `id` is \"zzz\", which no text in",
        ),
    ] {
        let message = told(&with(column), Some(&texts));
        assert!(message.contains(says), "{message}");
    }
    let none: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), None, Some(2)]));
    assert!(told(&with(none), Some(&texts)).contains("row 2: `id` is null"));
    let keys = place.file(&[vec![
        ("key", strings(["c", "b7", "a1"])),
        ("e", fixed(&VECTORS)),
    ]]);
    assert!(told(&keys, None).contains("give the texts that have them with --texts"));
}

#[test]
fn ids_keys_and_texts_that_contradict_are_refused() {
    let place = Place::new();
    let texts = place.texts([Some("b7"), Some("a1"), Some("c")]);
    let strings = |values: [&str; 3]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let file = |names: [(&str, ArrayRef); 2]| {
        let mut columns = names.to_vec();
        columns.push(("embedding", fixed(&VECTORS)));
        place.file(&[columns])
    };
    let keys = strings(["b7", "a1", "c"]);
    let path = file([("id", ids(&[2, 1, 0])), ("key", keys.clone())]);
    let message = told(&path, Some(&texts));
    assert!(
        message.contains("`key` and another column of ids name different texts"),
        "{message}"
    );
    let path = file([("id", ids(&[0, 1, 2])), ("key", keys)]);
    assert_eq!(read(&embeddings(&path, Some(&texts)).unwrap()), expected());

    let path = file([
        ("id", ids(&[0, 1, 2])),
        ("text", strings(["text 0", "text 2", "text 1"])),
    ]);
    let message = told(&path, Some(&texts));
    assert!(
        message.contains("row 2: `text` is not the text with the id 1 of"),
        "{message}"
    );
    let path = file([
        ("id", ids(&[2, 1, 0])),
        ("text", strings(["text 2", "text 1", "text 0"])),
    ]);
    assert_eq!(embeddings(&path, Some(&texts)).unwrap().id(0), 2);
    // Without ids the rows are in the order of the texts, and the texts are compared all the same.
    let texts_alone = strings(["text 2", "text 1", "text 0"]);
    let path = place.file(&[vec![("text", texts_alone), ("embedding", fixed(&VECTORS))]]);
    assert!(told(&path, Some(&texts)).contains("row 1: `text` is not the text"));
}

#[test]
fn numbers_that_may_be_ids_or_keys_are_refused() {
    let place = Place::new();
    let texts = place.texts([Some("1"), Some("2"), Some("0")]);
    let table = |name| {
        place.file(&[vec![
            (name, ids(&[0, 1, 2])),
            ("embedding", fixed(&VECTORS)),
        ]])
    };
    assert!(told(&table("id"), Some(&texts)).contains("may hold the numbers of the rows"));
    assert_eq!(
        read(&embeddings(&table("row"), Some(&texts)).unwrap()),
        expected()
    );
    let by_key = embeddings(&table("key"), Some(&texts)).unwrap();
    assert_eq!(by_key.ids().collect::<Vec<_>>(), [2, 0, 1]);
}

#[test]
fn rows_without_ids_are_in_the_order_of_the_texts() {
    let place = Place::new();
    let texts = place.texts([None; 3]);
    let path = place.file(&[vec![("embedding", fixed(&VECTORS))]]);
    assert_eq!(read(&embeddings(&path, Some(&texts)).unwrap()), expected());
    let path = place.file(&[vec![("embedding", fixed(&VECTORS[..2]))]]);
    assert!(told(&path, Some(&texts)).contains("it has 2 rows without ids"));
}

#[test]
fn a_range_that_pandas_took_for_its_index_is_the_ids() {
    let place = Place::new();
    let write = |range: &str| {
        let batch = batch(&[("embedding", fixed(&[[5.0, 6.0], [3.0, 4.0], [1.0, 2.0]]))]);
        let metadata = format!(r#"{{"index_columns": [{range}], "columns": []}}"#);
        let schema = batch.schema().as_ref().clone();
        let schema = schema.with_metadata(HashMap::from([("pandas".to_owned(), metadata)]));
        let path = place.at("range.arrow");
        let file = File::create(&path).unwrap();
        let mut writer = FileWriter::try_new(file, &schema).unwrap();
        writer
            .write(&batch.with_schema(schema.into()).unwrap())
            .unwrap();
        writer.finish().unwrap();
        path
    };
    let range = |start, stop, step| {
        format!(
            r#"{{"kind": "range", "name": null, "start": {start}, "stop": {stop}, "step": {step}}}"#
        )
    };
    let path = write(&range(2, -1, -1));
    let ids: Vec<u64> = read(&embeddings(&path, None).unwrap())
        .iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(ids, [2, 1, 0]);
    let path = write(&range(0, 3, 1));
    let ids: Vec<u64> = read(&embeddings(&path, None).unwrap())
        .iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(ids, [0, 1, 2]);
    // Half of a frame of six rows, filtered by a program that keeps pandas' metadata.
    let path = write(&range(0, 12, 2));
    assert!(told(&path, None).contains("from 0 to 12 by steps of 2, and there are 3 rows"));
}

/// A program that reads a table of Goldpan's and writes it anew keeps which texts it is of.
#[test]
fn a_table_that_was_goldpans_says_which_texts_it_is_of() {
    let place = Place::new();
    let texts = place.texts([None; 3]);
    let path = place.file(&[vec![
        ("id", ids(&[0, 1, 2])),
        ("embedding", fixed(&VECTORS)),
    ]]);
    let own = place.at("imported.arrow");
    let imported = import_embeddings(&path, Some(&texts), &own).unwrap();
    assert_eq!((imported.rows, imported.width), (3, 2));
    let of = Embeddings::open(&own).unwrap().origin().texts.clone();
    assert_eq!(of, Some(texts.of_texts()));

    let reader = arrow_ipc::reader::FileReader::try_new(File::open(&own).unwrap(), None).unwrap();
    let anew = place.at("anew.arrow");
    let mut writer = FileWriter::try_new(File::create(&anew).unwrap(), &reader.schema()).unwrap();
    reader.for_each(|batch| writer.write(&batch.unwrap()).unwrap());
    writer.finish().unwrap();
    assert!(Embeddings::open(&anew).is_err_and(|error| error.is_foreign()));
    let table = embeddings(&anew, Some(&texts)).unwrap();
    assert_eq!(
        (read(&table), table.origin().texts.clone()),
        (expected(), of)
    );
    let others = place.texts([None; 3]);
    let mut writer = TextsWriter::create(others.path(), &[], Producer::new("test", 1)).unwrap();
    (0..3).for_each(|id| writer.push(id, "another text", None, None).unwrap());
    writer.finish().unwrap();
    let others = Texts::open(others.path()).unwrap();
    let error = import_embeddings(&anew, Some(&others), &place.at("no"));
    assert!(matches!(
        error,
        Err(Error::Artifact(goldpan_artifact::Error::OtherTexts(_)))
    ));
}

fn numbers(values: [f64; 3]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn probabilities(table: &Predictions) -> Vec<Vec<f32>> {
    (0..table.len())
        .map(|row| table.probabilities(row).to_vec())
        .collect()
}

#[test]
fn predictions_by_list_by_column_and_by_number_are_the_same() {
    let place = Place::new();
    let texts = place.texts([None; 3]);
    let (low, high) = ([0.25, 0.5, 0.0], [0.75, 0.5, 1.0]);
    let rows = (0..3).map(|row| Some([Some(low[row]), Some(high[row])]));
    let list: ArrayRef =
        Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(rows, 2));
    let logits = (0..3).map(|row| Some([Some(low[row].max(1e-30).ln()), Some(high[row].ln())]));
    let logits: ArrayRef =
        Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(logits, 2));
    let expected: Vec<Vec<f32>> = (0..3)
        .map(|row| vec![low[row] as f32, high[row] as f32])
        .collect();
    let scores: ArrayRef = numbers([0.75, 0.5, 1.0]);
    let best: ArrayRef = Arc::new(StringArray::from(vec!["pos", "neg", "pos"]));
    for columns in [
        vec![("probabilities", list.clone())],
        vec![("anything", list)],
        vec![("logits", logits)],
        vec![("pos", numbers(high)), ("neg", numbers(low))],
        vec![("prob_pos", numbers(high)), ("prob_neg", numbers(low))],
        vec![("0", numbers(low)), ("1", numbers(high))],
        vec![("LABEL_1", numbers(high)), ("LABEL_0", numbers(low))],
        vec![("label", best), ("score", scores)],
    ] {
        let name = columns[0].0;
        let path = place.file(&[columns]);
        let table = predictions(&path, Some(&texts)).unwrap();
        assert_eq!(table.classes(), ["neg", "pos"]);
        for (found, expected) in probabilities(&table).iter().zip(&expected) {
            let near = found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{name}: {found:?} instead of {expected:?}");
        }
        assert!((0..3).all(|row| table.logits(row).iter().all(|value| value.is_finite())));
    }
}

/// The texts of a pool have no labels, so only the file tells the classes.
#[test]
fn classes_may_be_named_by_the_columns_alone() {
    let place = Place::new();
    for (columns, classes) in [
        (["prob_b", "prob_a"], ["b", "a"]),
        (["good", "bad"], ["good", "bad"]),
    ] {
        let values = [numbers([0.25, 0.5, 1.0]), numbers([0.75, 0.5, 0.0])];
        let columns = columns.into_iter().zip(values).collect();
        let table = predictions(&place.file(&[columns]), None).unwrap();
        assert_eq!(table.classes(), classes);
        assert_eq!(table.probabilities(0), [0.25, 0.75]);
    }
}

#[test]
fn predictions_that_are_none_are_refused() {
    let place = Place::new();
    let texts = place.texts([None; 3]);
    let told = |columns: Vec<(&str, ArrayRef)>| {
        let path = place.file(&[columns]);
        match predictions(&path, Some(&texts)) {
            Ok(table) => panic!("{:?} was read", probabilities(&table)),
            Err(error) => error.to_string(),
        }
    };
    let half = numbers([0.5; 3]);
    for (columns, says) in [
        (
            vec![("neg", half.clone()), ("pos", numbers([0.5, 0.9, 0.5]))],
            "row 2: the values 0.5000, 0.9000 are no probabilities (they sum to 1.4000)",
        ),
        (
            vec![("neg", half.clone()), ("pos", numbers([0.5, 0.5, -3.0]))],
            "row 3: the values",
        ),
        (
            vec![("neg", half.clone()), ("neutral", half.clone())],
            "class `pos` has no column",
        ),
        (
            vec![
                ("prob_0", half.clone()),
                ("prob_1", half.clone()),
                ("prob_2", half.clone()),
            ],
            "it has 3 values",
        ),
        (vec![("x", half)], "no columns have predictions"),
    ] {
        let message = told(columns);
        assert!(message.contains(says), "{message}");
    }
}
