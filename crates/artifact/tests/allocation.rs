//! Opening a table maps it: next to nothing is allocated, however large it is.

use goldpan_artifact::*;
use tempfile::TempDir;

const ROWS: u64 = 300_000;
const DIMENSION: usize = 64;
/// What opening may hold at once: paths, names, and a few words for each batch.
const FEW_BYTES: u64 = 16 << 10;

fn producer() -> Producer {
    Producer::new("test", 1)
}

fn embeddings(folder: &TempDir) -> Written {
    let path = folder.path().join("embeddings.arrow");
    let mut writer = EmbeddingsWriter::create(path, DIMENSION, Precision::F32, producer()).unwrap();
    for row in 0..ROWS {
        writer.push(row, &[row as f32; DIMENSION]).unwrap();
    }
    writer.finish().unwrap()
}

fn texts(folder: &TempDir) -> Written {
    let path = folder.path().join("texts.arrow");
    let classes = ["no", "yes"].map(str::to_owned);
    let mut writer = TextsWriter::create(path, &classes, producer()).unwrap();
    for row in 0..ROWS {
        let text = "a sentence of some sixty characters, as reviews of films have";
        writer
            .push(row, text, Some((row % 2) as i32), None)
            .unwrap();
    }
    writer.finish().unwrap()
}

/// Opens a table, says how long that took, and checks what it allocated.
fn open<T>(written: &Written, open: fn(&std::path::Path) -> Result<T, Error>) -> T {
    let mut table = None;
    let start = std::time::Instant::now();
    let allocated = allocation_counter::measure(|| table = open(&written.path).ok());
    println!(
        "{} bytes opened in {:?}, {} bytes allocated in {} pieces",
        written.bytes,
        start.elapsed(),
        allocated.bytes_max,
        allocated.count_total
    );
    assert!(allocated.bytes_max < FEW_BYTES, "{allocated:?}");
    table.unwrap()
}

#[test]
fn a_large_table_opens_without_allocating() {
    let folder = tempfile::tempdir().unwrap();
    let written = embeddings(&folder);
    assert!(written.bytes > ROWS * DIMENSION as u64 * 4);
    let table = open(&written, |path| Embeddings::open(path));
    let mut sum = 0.0;
    let allocated = allocation_counter::measure(|| {
        for chunk in table.chunks() {
            if let Values::F32(values) = chunk.values {
                sum += values.iter().map(|value| f64::from(*value)).sum::<f64>();
            }
        }
        for row in 0..table.len() {
            sum += table.row(row).map_or(0.0, |row| f64::from(row[0]));
        }
    });
    let rows = ROWS as f64;
    assert_eq!(sum, rows * (rows - 1.0) / 2.0 * (DIMENSION as f64 + 1.0));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
}

#[test]
fn texts_are_checked_without_allocating() {
    let folder = tempfile::tempdir().unwrap();
    let written = texts(&folder);
    let table = open(&written, |path| Texts::open(path));
    let mut bytes = 0;
    let allocated = allocation_counter::measure(|| {
        bytes = (0..table.len()).map(|row| table.text(row).len()).sum();
    });
    assert_eq!(bytes, ROWS as usize * table.text(0).len());
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
}

#[test]
fn writing_holds_a_batch_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let allocated = allocation_counter::measure(|| drop(embeddings(&folder)));
    println!("{} bytes held while writing", allocated.bytes_max);
    assert!(allocated.bytes_max < 128 << 20, "{allocated:?}");
}
