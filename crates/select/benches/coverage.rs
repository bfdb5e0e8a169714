//! Coverage strategies on one table of embeddings: time and peak memory.
//!
//! ```text
//! cargo bench -p goldpan-select --bench coverage -- STRATEGY [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS]
//! ```
//!
//! One strategy a run, since the peak is the process's. Without a table, clustered unit vectors stand
//! in. Predictions, where they are needed, are made up. The first `LABELLED` rows are labelled.

use std::path::{Path, PathBuf};
use std::time::Instant;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent, rng,
};
use goldpan_select::{Inputs, Shape, Strategy, pick};
use rand::RngExt;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter("goldpan_select=debug")
        .init();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let argument = |i: usize, usual: &str| arguments.get(i).cloned().unwrap_or(usual.to_owned());
    let strategy = Strategy::from_name(&argument(0, "max-herding"))?;
    let table = argument(1, "10000x384");
    let labelled: usize = argument(2, "0").parse()?;
    let picks: usize = argument(3, "1000").parse()?;

    let folder = tempfile::tempdir()?;
    let path = match table.split_once('x').map(|(n, d)| (n.parse(), d.parse())) {
        Some((Ok(rows), Ok(dimension))) => embeddings(folder.path(), rows, dimension)?,
        _ => PathBuf::from(table),
    };
    let embeddings = Embeddings::open(&path)?;
    let ids: Vec<u64> = embeddings.ids().collect();
    let predictions = predictions(folder.path(), &ids)?;
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        predictions: Some(&predictions),
        labelled: &ids[..labelled],
        ..Inputs::default()
    };
    let shape = Shape {
        rows: ids.len(),
        labelled,
        picks,
        dimension: embeddings.dimension(),
        value_bytes: 4,
        classes: 2,
        threads: rayon::current_num_threads(),
    };
    println!("{strategy}: {shape:?}");
    println!("expected: {:?}", strategy.work(&shape));
    let before = peak()?;
    let start = Instant::now();
    let found = pick(&strategy, &inputs, picks, 0, &Silent)?;
    println!(
        "{:.2} s, {} picks, peak {:.0} MB (before: {before:.0} MB), mapped table included",
        start.elapsed().as_secs_f64(),
        found.picks.len(),
        peak()?,
    );
    Ok(())
}

/// The most memory that this process held, in MB.
fn peak() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmHWM")?.parse::<f64>()? / 1e3)
}

/// Clustered unit vectors.
fn embeddings(folder: &Path, rows: u64, dimension: usize) -> Result<PathBuf, Failure> {
    const CLUSTERS: usize = 500;
    let mut random = rng(0, "bench");
    let mut normal = move || (0..4).map(|_| random.random::<f32>() - 0.5).sum::<f32>();
    let centres: Vec<f32> = (0..CLUSTERS * dimension).map(|_| normal()).collect();
    let path = folder.join("embeddings.arrow");
    let mut writer =
        EmbeddingsWriter::create(&path, dimension, Precision::F32, Producer::new("bench", 1))?;
    let mut vector = vec![0.0; dimension];
    for id in 0..rows {
        let centre = &centres[id as usize % CLUSTERS * dimension..][..dimension];
        vector
            .iter_mut()
            .zip(centre)
            .for_each(|(value, centre)| *value = centre + 0.8 * normal());
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        writer.push(id, &vector)?;
    }
    writer.finish()?;
    Ok(path)
}

/// Predictions of two classes, anywhere.
fn predictions(folder: &Path, ids: &[u64]) -> Result<Predictions, Failure> {
    let mut random = rng(1, "bench");
    let path = folder.join("predictions.arrow");
    let classes = ["no".to_owned(), "yes".to_owned()];
    let mut writer = PredictionsWriter::create(&path, &classes, Producer::new("bench", 1))?;
    for &id in ids {
        let no: f32 = random.random();
        writer.push(id, &[0.0; 2], &[no, 1.0 - no])?;
    }
    writer.finish()?;
    Ok(Predictions::open(&path)?)
}
