//! Writes tables of every kind with known values, for `python/check_artifacts.py` to read.
//!
//! `cargo run -p goldpan-artifact --example write_every_kind -- DIR`

use std::error::Error;
use std::path::{Path, PathBuf};

use goldpan_artifact::{
    Digest, EmbeddingsWriter, HistoryRow, HistoryWriter, LabelsWriter, Nearest, OfTexts, Origin,
    Precision, PredictionsWriter, Producer, ResultRow, ResultsWriter, SelectionWriter, TextsWriter,
};

/// More than one record batch.
const MANY: u64 = 70_000;

/// Texts with an empty one, several scripts, a line break, and a character outside the BMP.
const TEXTS: [&str; 5] = [
    "a plain sentence",
    "",
    "naïve café — déjà vu",
    "日本語のテキスト\nzwei Zeilen",
    "gold 🪙 \"pan\"\t\u{0}",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("give a folder")?);
    std::fs::create_dir_all(&folder)?;
    for (suffix, rows) in [("", 5), ("-empty", 0), ("-many", MANY)] {
        let path = |kind: &str| folder.join(format!("{kind}{suffix}.arrow"));
        texts(&path("texts"), &[], rows)?;
        texts(&path("texts-metadata"), &["stars", "größe"], rows)?;
        embeddings(&path("embeddings"), Precision::F32, rows)?;
        embeddings(&path("embeddings-f16"), Precision::F16, rows)?;
        predictions(&path("predictions"), rows)?;
        selection(&path("selection"), rows)?;
        located(&path("selection-nearest"), rows)?;
        labels(&path("labels"), rows)?;
        history(&path("history"), rows)?;
        results(&path("results"), rows)?;
    }
    Ok(())
}

fn producer() -> Producer {
    Producer::new("write_every_kind", 7)
}

/// The same for all derived tables.
fn origin() -> Origin {
    let texts = OfTexts {
        digest: Digest::of(b"texts"),
        file: "pool.arrow".to_owned(),
        rows: 5,
    };
    Origin::of(texts).by("owner/model")
}

fn classes() -> Vec<String> {
    ["negative", "positive", "weiß nicht"]
        .map(str::to_owned)
        .to_vec()
}

/// Every third row has no label, every second no key. Of metadata the first column has a value
/// in every fourth row, and the second one in each.
fn texts(path: &Path, metadata: &[&str], rows: u64) -> Result<(), Box<dyn Error>> {
    let metadata: Vec<String> = metadata.iter().map(|name| (*name).to_owned()).collect();
    let mut writer = TextsWriter::create_with(path, &classes(), &metadata, producer())?;
    for id in 0..rows {
        let text = TEXTS[id as usize % TEXTS.len()];
        let label = (id % 3 != 2).then_some((id % 3) as i32);
        let key = (id % 2 == 0).then(|| format!("clé-{id}"));
        let stars = (id % 4 == 0).then(|| (id % 6).to_string());
        let values = [stars, Some(format!("{id} Wörter"))];
        let values = &values[..metadata.len()];
        writer.push_with(id * 10, text, label, key.as_deref(), values)?;
    }
    writer.finish()?;
    Ok(())
}

/// Values that both precisions hold exactly, and one NaN where there is a fourth row.
fn embeddings(path: &Path, precision: Precision, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = EmbeddingsWriter::create(path, 3, precision, producer())?.made_from(origin());
    for id in 0..rows {
        let base = (id % 100) as f32;
        let last = if id == 3 { f32::NAN } else { -0.5 };
        writer.push(id, &[base, base + 0.25, last])?;
    }
    writer.finish()?;
    Ok(())
}

fn predictions(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = PredictionsWriter::create(path, &classes(), producer())?.made_from(origin());
    for id in 0..rows {
        let logit = (id % 8) as f32;
        writer.push(id, &[logit, -logit, 0.0], &[0.25, 0.5, 0.25])?;
    }
    writer.finish()?;
    Ok(())
}

/// Ids descend, so that they do not follow the rank.
fn selection(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let objectives = ["diversity", "margin"].map(str::to_owned);
    let mut writer = SelectionWriter::create(path, &objectives, producer())?.made_from(origin());
    for rank in 0..rows {
        let diversity = 1.0 / (rank + 1) as f32;
        writer.push(1_000_000 - rank, diversity * 0.5, &[diversity, 0.5])?;
    }
    writer.finish()?;
    Ok(())
}

/// A selection that says where picks lie; the first has no earlier one.
fn located(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = SelectionWriter::with_nearest(path, &["margin".to_owned()], producer())?
        .made_from(origin());
    for rank in 0..rows {
        let nearest = Nearest {
            labelled: (rank % 2 == 0).then_some((5 + rank, 0.75)),
            earlier: (rank > 0).then_some((1_000_001 - rank, 0.25)),
        };
        writer.push_near(1_000_000 - rank, 0.5, &[0.5], nearest)?;
    }
    writer.finish()?;
    Ok(())
}

fn labels(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = LabelsWriter::create(path, &classes(), producer())?.made_from(origin());
    for id in 0..rows {
        let source = if id % 2 == 0 { "dataset" } else { "human" };
        writer.push(id + 1, (id % 3) as i32, source, (id / 2) as u32)?;
    }
    writer.finish()?;
    Ok(())
}

/// Every fifth row ends an epoch.
fn history(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = HistoryWriter::create(path, producer())?;
    for number in 0..rows {
        let step = HistoryRow {
            epoch: (number / 5) as u32 + 1,
            step: number + 1,
            loss: Some(0.5),
            ..HistoryRow::default()
        };
        writer.push(&if number % 5 == 4 {
            HistoryRow {
                validation_loss: Some(0.75),
                validation_accuracy: Some(0.875),
                validation_macro_f1: Some(0.625),
                ..step
            }
        } else {
            HistoryRow {
                learning_rate: Some(0.001),
                ..step
            }
        })?;
    }
    writer.finish()?;
    Ok(())
}

/// Every third model was not trained.
fn results(path: &Path, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut writer = ResultsWriter::create(path, producer())?;
    for number in 0..rows {
        let trained = number % 3 != 0;
        writer.push(&ResultRow {
            arm: if trained { "margin" } else { "zero-shot" }.to_owned(),
            seed: trained.then_some(number),
            round: (number % 5) as u32,
            labelled: 100 * number,
            epoch: trained.then_some(2),
            accuracy: 0.75,
            loss: 0.5,
            macro_f1: 0.625,
            seconds: 1.5,
            last_accuracy: trained.then_some(0.5),
            test_accuracy: (number % 2 == 0).then_some(0.25),
            object: format!("object {number}"),
        })?;
    }
    writer.finish()?;
    Ok(())
}
