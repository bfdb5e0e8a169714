//! Running something over a table of texts in windows: order, errors and stopping.

use goldpan_artifact::{Producer, Progress, Silent, Texts, TextsWriter};
use goldpan_model::{Device, DeviceChoice, Error, Tokens, for_each_text};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than three windows.
const ROWS: usize = 7_000;

fn texts(folder: &Path) -> Texts {
    let path = folder.join("texts.arrow");
    let mut writer = TextsWriter::create(&path, &[], Producer::new("test", 1)).unwrap();
    for row in 0..ROWS {
        let text = "x".repeat(1 + row * 37 % 50);
        writer.push(row as u64, &text, None, None).unwrap();
    }
    writer.finish().unwrap();
    Texts::open(&path).unwrap()
}

/// All rows.
fn all() -> Vec<usize> {
    (0..ROWS).collect()
}

fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap()
}

/// A token for each byte.
fn tokenize(texts: &[&str]) -> Result<Vec<Tokens>, Error> {
    Ok(texts.iter().map(|text| vec![7; text.len()]).collect())
}

/// Two values for each sequence: its length, and twice that.
fn lengths(sequences: &[&Tokens]) -> Vec<f32> {
    let lengths = sequences.iter().map(|tokens| tokens.len() as f32);
    lengths.flat_map(|length| [length, 2.0 * length]).collect()
}

/// Stops once so many texts are done.
struct StopsAfter {
    limit: u64,
    done: AtomicU64,
}

impl Progress for StopsAfter {
    fn begin(&self, _what: &str, _unit: &str, _total: Option<u64>) {}

    fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    fn note(&self, _text: &str) {}

    fn end(&self) {}

    fn cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.limit
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

#[test]
fn every_text_gets_its_own_result_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(folder.path());
    let mut next = 0;
    let emit = |row: usize, values: &[f32]| {
        let length = texts.text(row).len() as f32;
        assert_eq!((row, values), (next, &[length, 2.0 * length][..]));
        next += 1;
        Ok::<_, Error>(())
    };
    for_each_text(&texts, &all(), &device(), tokenize, lengths, emit, &Silent).unwrap();
    assert_eq!(next, ROWS);
}

#[test]
fn only_the_rows_asked_for_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(folder.path());
    let rows: Vec<usize> = (0..ROWS).filter(|row| row % 3 == 1).collect();
    let mut found = Vec::new();
    let emit = |row: usize, values: &[f32]| {
        assert_eq!(values[0], texts.text(row).len() as f32);
        found.push(row);
        Ok::<_, Error>(())
    };
    for_each_text(&texts, &rows, &device(), tokenize, lengths, emit, &Silent).unwrap();
    assert_eq!(found, rows);
    let none = |_: usize, _: &[f32]| -> Result<(), Error> { panic!("no row was asked for") };
    for_each_text(&texts, &[], &device(), tokenize, lengths, none, &Silent).unwrap();
}

#[test]
fn one_thread_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(folder.path());
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1);
    let mut rows = 0;
    threads.build().unwrap().install(|| {
        let emit = |_: usize, _: &[f32]| {
            rows += 1;
            Ok::<_, Error>(())
        };
        for_each_text(&texts, &all(), &device(), tokenize, lengths, emit, &Silent).unwrap();
    });
    assert_eq!(rows, ROWS);
}

/// What can go wrong where results are taken.
#[derive(Debug, PartialEq)]
enum Failure {
    Full,
    Model,
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self::Model
    }
}

#[test]
fn an_error_of_what_takes_the_results_ends_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(folder.path());
    let mut taken = 0;
    let emit = |row: usize, _: &[f32]| {
        taken += 1;
        match row {
            10 => Err(Failure::Full),
            _ => Ok(()),
        }
    };
    let result = for_each_text(&texts, &all(), &device(), tokenize, lengths, emit, &Silent);
    assert_eq!((result, taken), (Err(Failure::Full), 11));
}

#[test]
fn a_stopped_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(folder.path());
    let progress = StopsAfter {
        limit: 3_000,
        done: AtomicU64::new(0),
    };
    let mut taken = 0;
    let emit = |row: usize, _: &[f32]| {
        assert_eq!(row, taken);
        taken += 1;
        Ok(())
    };
    let result = for_each_text(
        &texts,
        &all(),
        &device(),
        tokenize,
        lengths,
        emit,
        &progress,
    );
    assert!(matches!(result, Err(Error::Cancelled)));
    // Whole windows, and not all.
    assert!(taken > 0 && taken < ROWS, "{taken}");
}
