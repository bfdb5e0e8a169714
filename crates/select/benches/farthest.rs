//! Farthest-first k-center on one table of embeddings: time, memory, what was done, and what was
//! predicted, beside the plain algorithm.
//!
//! ```text
//! cargo bench -p goldpan-select --bench farthest -- [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS] [f16] [nested] [naive]
//! cargo bench -p goldpan-select --bench farthest -- cases
//! cargo bench -p goldpan-select --bench farthest -- make ROWSxDIMENSION FILE [f16] [nested]
//! ```
//!
//! Without a table, clustered unit vectors stand in: around 500 points, or with `nested` each around
//! an earlier one, along few directions more than others, as texts that share parts are. With
//! `naive`, the plain algorithm runs too: all rows, all threads, vectorised over rows, one pick at a
//! time; the picks are compared. The floor is the arithmetic of that at the measured speed of the
//! kernel: rows × (labelled + picks) × dimension multiply-adds. `cases` predicts five selections and
//! runs them. Memory is what is resident and not of a mapped file, in addition to what was before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use goldpan_artifact::{Embeddings, EmbeddingsWriter, Precision, Producer, Silent, rng};
use goldpan_select::{Inputs, Rates, Shape, Start, Strategy, pick};
use rand::RngExt;
use rayon::prelude::*;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter("goldpan_select=debug")
        .without_time()
        .with_ansi(false)
        .init();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let kind = Kind {
        precision: if flag("f16") {
            Precision::F16
        } else {
            Precision::F32
        },
        nested: flag("nested"),
    };
    let argument = |i: usize, usual: &str| arguments.get(i).cloned().unwrap_or(usual.to_owned());
    let folder = tempfile::tempdir()?;
    let made = folder.path().join("embeddings.arrow");
    match argument(0, "10000x384").as_str() {
        "make" => {
            let (rows, dimension) = sizes(&argument(1, "")).ok_or("make ROWSxDIMENSION FILE")?;
            kind.write(Path::new(&argument(2, "")), rows, dimension)?;
        }
        "cases" => {
            for (rows, dimension, labelled, picks, kind) in [
                (20_000, 384, 100, 2_000, Kind::USUAL),
                (67_349, 384, 100, 10_000, Kind::USUAL),
                (67_349, 384, 100, 10_000, Kind::USUAL.nested()),
                (67_349, 384, 40_000, 1_000, Kind::USUAL),
                (200_000, 128, 1, 1_000, Kind::USUAL.half()),
            ] {
                kind.write(&made, rows, dimension)?;
                run(&made, labelled, picks)?;
            }
        }
        table => {
            let path = match sizes(table) {
                Some((rows, dimension)) => {
                    kind.write(&made, rows, dimension)?;
                    made
                }
                None => PathBuf::from(table),
            };
            let (labelled, picks) = (argument(1, "100").parse()?, argument(2, "1000").parse()?);
            let found = run(&path, labelled, picks)?;
            if flag("naive") {
                let embeddings = Embeddings::open(&path)?;
                let start = Instant::now();
                let plain = naive(&embeddings, labelled, picks);
                let seconds = start.elapsed().as_secs_f64();
                println!("naive:     {seconds:9.3} s, same picks: {}", plain == found);
            }
        }
    }
    Ok(())
}

fn sizes(text: &str) -> Option<(u64, usize)> {
    let (rows, dimension) = text.split_once('x')?;
    Some((rows.parse().ok()?, dimension.parse().ok()?))
}

/// Picks, and prints what it took beside what was predicted. Returns the rows.
fn run(path: &Path, labelled: usize, picks: usize) -> Result<Vec<usize>, Failure> {
    let start = Instant::now();
    let embeddings = Embeddings::open(path)?;
    let opened = start.elapsed().as_secs_f64();
    let ids: Vec<u64> = embeddings.ids().take(labelled).collect();
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        labelled: &ids,
        ..Inputs::default()
    };
    let shape = Shape {
        rows: embeddings.len(),
        labelled,
        picks,
        dimension: embeddings.dimension(),
        value_bytes: embeddings.precision().bytes(),
        classes: 0,
        threads: rayon::current_num_threads(),
    };
    println!(
        "{} x {} {}, {labelled} labelled, {picks} picks, {} threads, opened in {opened:.1} s",
        shape.rows,
        shape.dimension,
        embeddings.precision(),
        shape.threads
    );
    let strategy = Strategy::Diversity {
        start: Start::Random,
    };
    let rates = Rates::measure(shape.dimension);
    let predicted = rates.estimate(&strategy, &shape);
    let memory = Watch::start();
    let start = Instant::now();
    let found = pick(&strategy, &inputs, picks, 0, &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory.end();
    let products = strategy.work(&shape).products;
    println!(
        "predicted: {:9.3} s, {:7.1} MiB",
        predicted.seconds,
        predicted.memory as f64 / MIB
    );
    println!("lazy:      {seconds:9.3} s, {:7.1} MiB", peak / MIB);
    println!(
        "floor:     {:9.3} s, the plain algorithm at {:.1} G multiply-adds/s",
        products / rates.products,
        rates.products / 1e9
    );
    Ok(found.picks.iter().map(|pick| pick.row).collect())
}

const MIB: f64 = (1 << 20) as f64;

/// Bytes that are resident and not of a mapped file.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let fields: BTreeMap<&str, f64> = status
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name, value.trim().strip_suffix(" kB")?.parse().ok()?))
        })
        .collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or(0.0);
    (field("VmRSS") - field("RssFile")) * 1024.0
}

/// Watches the memory of this process.
struct Watch {
    before: f64,
    over: Arc<AtomicBool>,
    peak: JoinHandle<f64>,
}

impl Watch {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let peak = std::thread::spawn(move || {
            let mut peak = 0.0_f64;
            while !until.load(Ordering::Relaxed) {
                peak = peak.max(anonymous());
                std::thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        Self {
            before: anonymous(),
            over,
            peak,
        }
    }

    /// The most memory since the start, in bytes, beyond what there was.
    fn end(self) -> f64 {
        self.over.store(true, Ordering::Relaxed);
        self.peak.join().unwrap_or(f64::NAN) - self.before
    }
}

/// What stands in for a table.
#[derive(Clone, Copy)]
struct Kind {
    precision: Precision,
    nested: bool,
}

impl Kind {
    const USUAL: Self = Self {
        precision: Precision::F32,
        nested: false,
    };

    fn nested(self) -> Self {
        Self {
            nested: true,
            ..self
        }
    }

    fn half(self) -> Self {
        Self {
            precision: Precision::F16,
            ..self
        }
    }

    /// Writes a table of unit vectors.
    fn write(self, path: &Path, rows: u64, dimension: usize) -> Result<(), Failure> {
        const AROUND: u64 = 500;
        const EARLIER: usize = 20_000;
        let mut random = rng(0, "bench");
        let mut writer =
            EmbeddingsWriter::create(path, dimension, self.precision, Producer::new("bench", 1))?;
        let scale = |k: usize| {
            if self.nested {
                8.0 / (8.0 + k as f32)
            } else {
                1.0
            }
        };
        let scales: Vec<f32> = (0..dimension).map(scale).collect();
        let mut vector = vec![0.0_f32; dimension];
        let mut around: Vec<f32> = Vec::new();
        for row in 0..AROUND + rows {
            let known = around.len() / dimension;
            let (parent, noise) = match row {
                0..AROUND => (None, 1.0),
                _ if self.nested => (Some(random.random_range(0..known)), 0.6),
                _ => (Some((row % AROUND) as usize), 0.8),
            };
            for k in 0..dimension {
                let normal: f32 = (0..4).map(|_| random.random::<f32>() - 0.5).sum();
                let parent = parent.map_or(0.0, |parent| around[parent * dimension + k]);
                vector[k] = parent + noise * scales[k] * normal;
            }
            if row < AROUND || self.nested && known < EARLIER {
                around.extend_from_slice(&vector);
            }
            if row >= AROUND {
                let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
                vector.iter_mut().for_each(|value| *value /= length);
                writer.push(row - AROUND, &vector)?;
            }
        }
        writer.finish()?;
        Ok(())
    }
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
