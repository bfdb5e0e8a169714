//! The strategies that cluster or draw by squared distance, on one table of embeddings.
//!
//! ```text
//! cargo bench -p goldpan-select --bench clusters -- [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS] [STRATEGY...]
//! ```
//!
//! Without a table, clustered unit vectors stand in. Probabilities are synthetic: of two classes, by
//! the first value of the vector. A strategy is a name, or JSON as in `'{"badge":{"mode":"greedy"}}'`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent, rng,
};
use goldpan_select::{Inputs, Shape, Strategy, pick};
use rand::RngExt;

type Failure = Box<dyn std::error::Error>;

const USUAL: [&str; 7] = [
    "k-means-plus-plus",
    "badge",
    r#"{"badge":{"mode":"greedy"}}"#,
    "k-means",
    "weighted-k-means",
    "typiclust",
    "cluster-margin",
];

fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter("goldpan_select=debug")
        .init();
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let mut strategies = arguments.split_off(arguments.len().min(3));
    if strategies.is_empty() {
        strategies = USUAL.map(str::to_owned).to_vec();
    }
    let argument = |i: usize, usual: &str| arguments.get(i).cloned().unwrap_or(usual.to_owned());
    let table = argument(0, "67349x384");
    let labelled: usize = argument(1, "100").parse()?;
    let picks: usize = argument(2, "1000").parse()?;

    let folder = tempfile::tempdir()?;
    let path = match table.split_once('x').map(|(n, d)| (n.parse(), d.parse())) {
        Some((Ok(rows), Ok(dimension))) => synthetic(folder.path(), rows, dimension)?,
        _ => PathBuf::from(table),
    };
    let embeddings = Embeddings::open(&path)?;
    let predictions = predicted(folder.path(), &embeddings)?;
    let ids: Vec<u64> = embeddings.ids().take(labelled).collect();
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        predictions: Some(&predictions),
        labelled: &ids,
        ..Inputs::default()
    };
    let shape = Shape {
        rows: embeddings.len(),
        labelled,
        picks,
        dimension: embeddings.dimension(),
        value_bytes: 4,
        classes: 2,
        threads: rayon::current_num_threads(),
    };
    println!("{shape:?}");
    for name in strategies {
        let strategy: Strategy = match name.starts_with('{') {
            true => serde_json::from_str(&name)?,
            false => Strategy::from_name(&name)?,
        };
        let (start, before) = (Instant::now(), processor_seconds());
        let found = pick(&strategy, &inputs, picks, 0, &Silent)?;
        let (seconds, all) = (start.elapsed().as_secs_f64(), processor_seconds() - before);
        let work = strategy.work(&shape);
        println!(
            "{name:30} {seconds:8.3} s, {all:8.3} s of processors, {:6.1} G multiply-adds expected, last score {}",
            work.products / 1e9,
            found.picks.last().map_or(0.0, |pick| pick.score)
        );
    }
    Ok(())
}

/// The time that all threads of this process have worked, where the system tells.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(12) + ticks(13)) / 100.0
}

/// Clustered unit vectors.
fn synthetic(folder: &Path, rows: u64, dimension: usize) -> Result<PathBuf, Failure> {
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

fn predicted(folder: &Path, embeddings: &Embeddings) -> Result<Predictions, Failure> {
    let path = folder.join("predictions.arrow");
    let classes = ["0".to_owned(), "1".to_owned()];
    let mut writer = PredictionsWriter::create(&path, &classes, Producer::new("bench", 1))?;
    let mut vector = vec![0.0; embeddings.dimension()];
    for (row, id) in embeddings.ids().enumerate() {
        embeddings.row_f32(row, &mut vector);
        let p = 1.0 / (1.0 + (-60.0 * vector[0]).exp());
        writer.push(id, &[0.0, 0.0], &[1.0 - p, p])?;
    }
    writer.finish()?;
    Ok(Predictions::open(&path)?)
}
