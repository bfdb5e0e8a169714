//! Arrow files: tables of Goldpan's own, of each kind, and those that other programs wrote.

use std::error::Error;
use std::fs;
use std::path::Path;

use goldpan_artifact::{
    Digest, EmbeddingsWriter, HistoryRow, HistoryWriter, Labelled, LabelsWriter, Nearest,
    Precision, PredictionsWriter, Producer, ResultRow, ResultsWriter, SelectionWriter, Table,
    TextsWriter, peek,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Reader, files, rows, told, written};
use crate::input::Input;

/// The reader of Arrow files.
pub const READER: Reader = Reader {
    name: "arrow",
    samples: |folder| {
        let mut samples = files("crates/ingest/tests/fixtures", &[".arrow", ".feather"]);
        match own(folder) {
            Ok(own) => samples.extend(own),
            Err(error) => panic!("the tables cannot be written: {error}"),
        }
        samples
    },
    words: &[
        b"ARROW1",
        b"ARROW1\0\0",
        b"\xff\xff\xff\xff",
        b"goldpan.kind",
        b"goldpan.classes",
        b"embeddings",
        b"texts",
        b"[\"a\"]",
        b"id",
        b"label",
        b"\x10\0\0\0",
        b"\0\0\0\0\0\0\0\0",
    ],
    finish: seal,
    read: |folder, input| {
        let path = written(folder, input);
        told(peek(&path));
        told(Table::open(&path));
        told(Labelled::open_arrow(&path));
        rows::read(folder, input);
    },
};

/// Half of the damaged tables have a checksum that holds: only then are their values looked at.
fn seal(input: &mut Input, rng: &mut ChaCha8Rng) {
    const DIGITS: usize = 64;
    if rng.random() {
        return;
    }
    let digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let mut windows = input.bytes.windows(DIGITS);
    if let Some(at) = windows.position(|window| window.iter().all(digit)) {
        input.bytes[at..at + DIGITS].fill(b'0');
        let digest = Digest::of(&input.bytes).to_string();
        input.bytes[at..at + DIGITS].copy_from_slice(digest.as_bytes());
    }
}

/// A small table of each kind.
fn own(folder: &Path) -> Result<Vec<Input>, Box<dyn Error>> {
    let classes = ["negative", "positive"].map(str::to_owned);
    let producer = || Producer::new("fuzz", 1);
    let mut samples = Vec::new();
    let mut take = |name: &str| -> Result<(), Box<dyn Error>> {
        samples.push(Input::new(name, fs::read(folder.join(name))?));
        Ok(())
    };
    let at = |name: &str| folder.join(name);

    let metadata = ["source", "stars"].map(str::to_owned);
    for (name, metadata) in [
        ("texts.arrow", &metadata[..0]),
        ("metadata.arrow", &metadata[..]),
    ] {
        let mut texts = TextsWriter::create_with(at(name), &classes, metadata, producer())?;
        for (id, text) in (0..).zip(["a film", "", "日本 🪙", "two\nlines"]) {
            let values = [(id > 1).then_some("web"), Some("4.5")];
            let label = (id != 2).then_some(id as i32 % 2);
            let key = (id > 0).then_some("key");
            texts.push_with(id * 10, text, label, key, &values[..metadata.len()])?;
        }
        texts.finish()?;
        take(name)?;
    }
    for (name, precision) in [("f32.arrow", Precision::F32), ("f16.arrow", Precision::F16)] {
        let mut embeddings = EmbeddingsWriter::create(at(name), 3, precision, producer())?;
        for id in 0..4 {
            embeddings.push(id, &[id as f32, 0.5, -1.0])?;
        }
        embeddings.finish()?;
        take(name)?;
    }
    let mut predictions = PredictionsWriter::create(at("predictions.arrow"), &classes, producer())?;
    let mut labels = LabelsWriter::create(at("labels.arrow"), &classes, producer())?;
    let mut selection =
        SelectionWriter::create(at("selection.arrow"), &["margin".to_owned()], producer())?;
    let mut nearest =
        SelectionWriter::with_nearest(at("nearest.arrow"), &["margin".to_owned()], producer())?;
    let mut history = HistoryWriter::create(at("history.arrow"), producer())?;
    let mut results = ResultsWriter::create(at("results.arrow"), producer())?;
    for id in 0..4 {
        predictions.push(id, &[1.0, -1.0], &[0.75, 0.25])?;
        labels.push(id, id as i32 % 2, "human", 1)?;
        selection.push(id, 0.5, &[0.5])?;
        let place = Nearest {
            labelled: Some((9, 0.5)),
            earlier: id.checked_sub(1).map(|id| (id, 0.25)),
        };
        nearest.push_near(id, 0.5, &[0.5], place)?;
        history.push(&HistoryRow {
            epoch: 1,
            step: id + 1,
            loss: Some(0.5),
            ..HistoryRow::default()
        })?;
        results.push(&ResultRow {
            arm: "margin".to_owned(),
            seed: Some(id),
            round: 1,
            labelled: 100,
            epoch: Some(1),
            accuracy: 0.75,
            loss: 0.5,
            macro_f1: 0.5,
            seconds: 1.0,
            last_accuracy: None,
            test_accuracy: Some(0.5),
            object: "object".to_owned(),
        })?;
    }
    predictions.finish()?;
    labels.finish()?;
    selection.finish()?;
    nearest.finish()?;
    history.finish()?;
    results.finish()?;
    for name in [
        "predictions",
        "labels",
        "selection",
        "nearest",
        "history",
        "results",
    ] {
        take(&format!("{name}.arrow"))?;
    }
    Ok(samples)
}
