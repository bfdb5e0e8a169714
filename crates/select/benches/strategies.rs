//! Strategies of their own, one after another, on one table of embeddings and made-up predictions.
//!
//! ```text
//! cargo bench -p goldpan-select --bench strategies -- [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS] [NAME,...]
//! ```
//!
//! Without a table, clustered unit vectors stand in. Times hold saying where the picks lie.

use std::path::{Path, PathBuf};
use std::time::Instant;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent, rng,
};
use goldpan_select::{Inputs, Strategy, pick};
use rand::RngExt;

type Failure = Box<dyn std::error::Error>;

const USUAL: &str = "random,power-margin,dpp,dpp-margin,contrastive,discriminative,medoid";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let argument = |i: usize, usual: &str| arguments.get(i).cloned().unwrap_or(usual.to_owned());
    let table = argument(0, "10000x384");
    let labelled: usize = argument(1, "1000").parse()?;
    let picks: usize = argument(2, "500").parse()?;
    let folder = tempfile::tempdir()?;
    let path = match table.split_once('x').map(|(n, d)| (n.parse(), d.parse())) {
        Some((Ok(rows), Ok(dimension))) => embeddings(folder.path(), rows, dimension)?,
        _ => PathBuf::from(table),
    };
    let embeddings = Embeddings::open(&path)?;
    let predictions = predictions(folder.path(), embeddings.ids())?;
    let ids: Vec<u64> = embeddings.ids().take(labelled).collect();
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        predictions: Some(&predictions),
        labelled: &ids,
        ..Inputs::default()
    };
    println!(
        "{} x {}, {labelled} labelled, {picks} picks, {} threads",
        embeddings.len(),
        embeddings.dimension(),
        rayon::current_num_threads()
    );
    for name in argument(3, USUAL).split(',') {
        let strategy = Strategy::from_name(name)?;
        let start = Instant::now();
        let found = pick(&strategy, &inputs, picks, 0, &Silent)?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: usize = found.picks.iter().map(|pick| pick.row).sum();
        println!("{name:16} {seconds:8.3} s, sum of rows {sum}");
    }
    Ok(())
}

/// Clustered unit vectors.
fn embeddings(folder: &Path, rows: u64, dimension: usize) -> Result<PathBuf, Failure> {
    const CLUSTERS: usize = 500;
    let mut random = rng(0, "bench");
    let mut normal = move || (0..4).map(|_| random.random::<f32>() - 0.5).sum::<f32>();
    let centres: Vec<f32> = (0..CLUSTERS * dimension).map(|_| normal()).collect();
    let path = folder.join("embeddings.arrow");
    let producer = Producer::new("bench", 1);
    let mut writer = EmbeddingsWriter::create(&path, dimension, Precision::F32, producer)?;
    for id in 0..rows {
        let centre = &centres[id as usize % CLUSTERS * dimension..][..dimension];
        let mut vector: Vec<f32> = centre.iter().map(|c| c + 0.8 * normal()).collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        writer.push(id, &vector)?;
    }
    writer.finish()?;
    Ok(path)
}

/// Probabilities of two classes, even over [0, 1].
fn predictions(folder: &Path, ids: impl Iterator<Item = u64>) -> Result<Predictions, Failure> {
    let path = folder.join("predictions.arrow");
    let classes = ["no", "yes"].map(str::to_owned);
    let mut writer = PredictionsWriter::create(&path, &classes, Producer::new("bench", 1))?;
    let mut random = rng(0, "bench/predictions");
    for id in ids {
        let p: f32 = random.random();
        writer.push(id, &[0.0, 0.0], &[1.0 - p, p])?;
    }
    writer.finish()?;
    Ok(Predictions::open(&path)?)
}
