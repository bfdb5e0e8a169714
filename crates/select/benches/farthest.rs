//! Farthest-first k-center beside the plain algorithm, on one table of embeddings.
//!
//! ```text
//! cargo bench -p goldpan-select --bench farthest -- [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS] [naive]
//! ```
//!
//! Without a table, clustered unit vectors stand in. With `naive`, the plain algorithm runs too: all
//! rows, two threads, vectorised over rows, one pick at a time; the picks are compared. The floor is
//! the arithmetic of that: rows × (labelled + picks) × dimension fused multiply-adds.

use std::path::{Path, PathBuf};
use std::time::Instant;

use goldpan_artifact::{Embeddings, EmbeddingsWriter, Precision, Producer, Silent, rng};
use goldpan_select::{Inputs, Start, Strategy, pick};
use rand::RngExt;
use rayon::prelude::*;

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
    let table = argument(0, "10000x384");
    let labelled: usize = argument(1, "100").parse()?;
    let picks: usize = argument(2, "1000").parse()?;

    let folder = tempfile::tempdir()?;
    let path = match table.split_once('x').map(|(n, d)| (n.parse(), d.parse())) {
        Some((Ok(rows), Ok(dimension))) => synthetic(folder.path(), rows, dimension)?,
        _ => PathBuf::from(table),
    };
    let embeddings = Embeddings::open(&path)?;
    let ids: Vec<u64> = embeddings.ids().take(labelled).collect();
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        labelled: &ids,
        ..Inputs::default()
    };
    println!(
        "{} x {}, {labelled} labelled, {picks} picks, {} threads",
        embeddings.len(),
        embeddings.dimension(),
        rayon::current_num_threads()
    );

    let start = Instant::now();
    let found = pick(
        &Strategy::Diversity {
            start: Start::Random,
        },
        &inputs,
        picks,
        0,
        &Silent,
    )?;
    let seconds = start.elapsed().as_secs_f64();
    let products = (embeddings.len() - labelled) as f64
        * (labelled + picks) as f64
        * embeddings.dimension() as f64;
    println!(
        "lazy:  {seconds:8.3} s, as if {:.1} G multiply-adds/s",
        products / seconds / 1e9
    );

    if arguments.iter().any(|argument| argument == "naive") {
        let start = Instant::now();
        let plain = naive(&embeddings, labelled, picks);
        let seconds = start.elapsed().as_secs_f64();
        let rows: Vec<usize> = found.picks.iter().map(|pick| pick.row).collect();
        println!("naive: {seconds:8.3} s, same picks: {}", plain == rows);
    }
    Ok(())
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

/// How many vectors lie side by side for [`naive`].
const WIDTH: usize = 16;

/// The products of one vector with the vectors of a panel.
struct Products<'a> {
    vector: &'a [f32],
    panel: &'a [f32],
    products: &'a mut [f32; WIDTH],
}

impl pulp::WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let mut sums = [0.0_f32; WIDTH];
        for (column, value) in self.panel.chunks_exact(WIDTH).zip(self.vector) {
            for (sum, other) in sums.iter_mut().zip(column) {
                *sum = value.mul_add(*other, *sum);
            }
        }
        *self.products = sums;
    }
}

/// The plain algorithm: after each pick, every row's distance is brought up to date.
fn naive(embeddings: &Embeddings, labelled: usize, picks: usize) -> Vec<usize> {
    let dimension = embeddings.dimension();
    let arch = pulp::Arch::new();
    let mut vector = vec![0.0; dimension];
    let row = |row: usize, vector: &mut Vec<f32>| embeddings.row_f32(row, vector);
    let panels = embeddings.len().div_ceil(WIDTH);
    let mut values = vec![0.0_f32; panels * WIDTH * dimension];
    for i in 0..embeddings.len() {
        row(i, &mut vector);
        let panel = &mut values[i / WIDTH * WIDTH * dimension..];
        for (k, value) in vector.iter().enumerate() {
            panel[k * WIDTH + i % WIDTH] = *value;
        }
    }
    let square = |vector: &[f32]| vector.iter().fold(0.0_f32, |sum, v| v.mul_add(*v, sum));
    let mut squares = vec![0.0; panels * WIDTH];
    for (i, out) in squares.iter_mut().enumerate().take(embeddings.len()) {
        row(i, &mut vector);
        *out = square(&vector);
    }
    let mut nearest = vec![f32::INFINITY; panels * WIDTH];
    let mut apply = |centre: usize, nearest: &mut [f32]| {
        row(centre, &mut vector);
        let panels = values
            .par_chunks(WIDTH * dimension)
            .zip(squares.par_chunks(WIDTH));
        panels
            .zip(nearest.par_chunks_mut(WIDTH))
            .with_min_len(256)
            .for_each(|((panel, panel_squares), nearest)| {
                let mut products = [0.0; WIDTH];
                arch.dispatch(Products {
                    vector: &vector,
                    panel,
                    products: &mut products,
                });
                for i in 0..WIDTH {
                    let distance = (panel_squares[i] + squares[centre]) - 2.0 * products[i];
                    nearest[i] = nearest[i].min(distance.max(0.0).sqrt());
                }
            });
        nearest[centre] = -1.0;
    };
    for centre in 0..labelled {
        apply(centre, &mut nearest);
    }
    let mut found = Vec::with_capacity(picks);
    for _ in 0..picks {
        let mut best = 0;
        for (i, distance) in nearest.iter().enumerate().take(embeddings.len()) {
            if *distance > nearest[best] {
                best = i;
            }
        }
        found.push(best);
        apply(best, &mut nearest);
    }
    found
}
