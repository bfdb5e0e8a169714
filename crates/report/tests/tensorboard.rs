//! The event files of a run, read back: checksums, and every value of the histories.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crc::{CRC_32_ISCSI, Crc};
use goldpan_artifact::{HistoryRow, HistoryWriter, Producer, SelectionWriter, TextsWriter};
use goldpan_evidence::{Question, Trained};
use goldpan_report::{Model, Run, TENSORBOARD, write};

const STEPS: u64 = 300;

/// A run of a start and an arm with a training each.
fn run(folder: &Path) -> Run {
    let producer = || Producer::new("test", 1);
    let pool = folder.join("texts.arrow");
    let classes = ["no".to_owned(), "yes".to_owned()];
    let mut texts = TextsWriter::create(&pool, &classes, producer()).unwrap();
    texts.push(0, "a text", Some(1), None).unwrap();
    texts.finish().unwrap();
    let selection = folder.join("selection.arrow");
    let picks = SelectionWriter::create(&selection, &[], producer()).unwrap();
    picks.finish().unwrap();
    let models = [None, Some("margin")].map(|arm| Model {
        trained: Trained {
            arm: arm.map(str::to_owned),
            seed: 7,
            round: u32::from(arm.is_some()),
            labelled: 1,
            peak: 0.5,
            last: 0.5,
            test: None,
            loss: None,
            only: None,
            chosen: None,
            stopped: false,
        },
        history: history(folder, arm.unwrap_or("start")),
        selection: selection.clone(),
        predictions: None,
        tested: None,
    });
    Run {
        name: "curves".to_owned(),
        question: Question::default(),
        epochs_by: "accuracy".to_owned(),
        notes: Vec::new(),
        price: None,
        stops: Vec::new(),
        unfinished: None,
        of_texts: Vec::new(),
        zero_shot: None,
        models: models.to_vec(),
        pool,
        embeddings: None,
        test: None,
        stages: Vec::new(),
        facts: Vec::new(),
        made: Vec::new(),
        pipeline: String::new(),
        overrides: Vec::new(),
    }
}

/// A loss that differs by name, and two epochs.
fn history(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.arrow"));
    let mut writer = HistoryWriter::create(&path, Producer::new("test", 1)).unwrap();
    for step in 1..=STEPS {
        let row = HistoryRow {
            epoch: 1 + u32::from(step > STEPS / 2),
            step,
            loss: Some(name.len() as f32 / step as f32),
            learning_rate: Some(1e-3),
            ..HistoryRow::default()
        };
        writer.push(&row).unwrap();
        if step % (STEPS / 2) == 0 {
            let epoch = HistoryRow {
                learning_rate: None,
                validation_loss: Some(0.5),
                validation_accuracy: Some(0.75),
                validation_macro_f1: Some(0.7),
                ..row
            };
            writer.push(&epoch).unwrap();
        }
    }
    writer.finish().unwrap();
    path
}

/// The messages of the records, whose checksums are right.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let crc = Crc::<u32>::new(&CRC_32_ISCSI);
    let mut take = |count: usize| {
        let (part, rest) = bytes.split_at(count + 4);
        bytes = rest;
        let (part, sum) = part.split_at(count);
        let unmasked = crc.checksum(part).rotate_right(15);
        let masked = unmasked.wrapping_add(0xa282_ead8);
        assert_eq!(sum, masked.to_le_bytes());
        (part, rest.is_empty())
    };
    let mut messages = Vec::new();
    loop {
        let (length, _) = take(8);
        let length = u64::from_le_bytes(length.try_into().unwrap());
        let (message, last) = take(usize::try_from(length).unwrap());
        messages.push(message);
        if last {
            return messages;
        }
    }
}

/// The fields of a message by number: numbers as they are, all else as bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, u64, &[u8])> {
    fn varint(message: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = message[0];
            *message = &message[1..];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let (number, length) = match key & 7 {
            0 => (varint(&mut message), 0),
            1 => (0, 8),
            2 => (0, varint(&mut message) as usize),
            5 => (0, 4),
            wire => panic!("a field of the kind {wire}"),
        };
        let (bytes, rest) = message.split_at(length);
        message = rest;
        fields.push((key >> 3, number, bytes));
    }
    fields
}

/// The curves of a file: steps and values by name.
fn curves(path: &Path) -> BTreeMap<String, Vec<(u64, f32)>> {
    let bytes = std::fs::read(path).unwrap();
    let messages = records(&bytes);
    assert_eq!(fields(messages[0]), [(3, 0, b"brain.Event:2".as_slice())]);
    let mut curves: BTreeMap<String, Vec<(u64, f32)>> = BTreeMap::new();
    for message in &messages[1..] {
        let event = fields(message);
        let [(1, _, time), (2, step, _), (5, _, summary)] = event[..] else {
            panic!("{event:?}");
        };
        assert_eq!(time, (step as f64).to_le_bytes());
        for (_, _, scalar) in fields(summary) {
            let scalar = fields(scalar);
            let [(1, _, name), (2, _, value)] = scalar[..] else {
                panic!("{scalar:?}");
            };
            let name = String::from_utf8(name.to_vec()).unwrap();
            let value = f32::from_le_bytes(value.try_into().unwrap());
            curves.entry(name).or_default().push((step, value));
        }
    }
    curves
}

#[test]
fn every_training_has_its_curves() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    let events = folder.path().join(TENSORBOARD);
    // Of an arm that is no longer there.
    std::fs::create_dir_all(events.join("other/seed0/round1")).unwrap();
    write(&run, folder.path()).unwrap();
    let file = |place: &str| {
        let place = events.join(place);
        place.join("events.out.tfevents.0.goldpan")
    };
    for (place, length) in [("start/seed7/round0", 5.0), ("margin/seed7/round1", 6.0)] {
        let curves = curves(&file(place));
        let loss = (1..=STEPS).map(|step| (step, length / step as f32));
        assert_eq!(curves["train/loss"], loss.collect::<Vec<_>>());
        let rate = (1..=STEPS).map(|step| (step, 1e-3));
        assert_eq!(curves["train/learning_rate"], rate.collect::<Vec<_>>());
        for (name, value) in [("loss", 0.5), ("accuracy", 0.75), ("macro_f1", 0.7)] {
            let epochs = [(STEPS / 2, value), (STEPS, value)];
            assert_eq!(curves[&format!("validation/{name}")], epochs);
        }
        assert_eq!(curves.len(), 5);
    }
    assert!(!events.join("other").exists());

    let bytes = || std::fs::read(file("margin/seed7/round1")).unwrap();
    let before = bytes();
    write(&run, folder.path()).unwrap();
    assert_eq!(bytes(), before);
}
