//! How long a selection will take and how much memory, said before it starts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pulp::Arch;

use crate::about::STRATEGIES;
use crate::kernel::{Closest, Panels, squared_lengths};
use crate::key::Key;
use crate::{Error, Shape, Strategy, Term};

/// What a selection is expected to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds, with this machine as busy as it was when it was measured.
    pub seconds: f64,
    /// The most memory held at once beyond the mapped tables, in bytes.
    pub memory: u64,
}

/// How fast this machine is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Multiply-adds of vector products a second, by all threads.
    pub products: f64,
    /// Steps of other arithmetic a second, by one thread.
    pub steps: f64,
    /// Bytes of tables read a second.
    pub read: f64,
}

impl Rates {
    /// Bytes a second at which tables are taken to be read: what copying rows out of a file in the
    /// page cache reaches on two cores. A first read from a disk can be many times slower.
    pub const READ: f64 = 4e9;

    /// Measures the processor for some 20 ms: the products of vectors of `dimension` values on all of
    /// rayon's threads, and a scan on one.
    pub fn measure(dimension: usize) -> Self {
        Self {
            products: products(dimension.max(1)),
            steps: steps(),
            read: Self::READ,
        }
    }

    /// What a selection is expected to take at these rates.
    pub fn estimate(&self, strategy: &Strategy, shape: &Shape) -> Estimate {
        let work = strategy.work(shape);
        let products = work.products * computed(strategy, shape);
        Estimate {
            seconds: products / self.products + work.steps / self.steps + work.read / self.read,
            memory: work.memory as u64,
        }
    }
}

/// What a selection of this shape is expected to take on this machine, measured for some 20 ms.
pub fn estimate(strategy: &Strategy, shape: &Shape) -> Estimate {
    Rates::measure(shape.dimension).estimate(strategy, shape)
}

/// Checks that a selection needs at most `limit` bytes beyond the mapped tables.
///
/// # Errors
///
/// [`Error::OverMemory`], with a strategy that needs less and looks at no other tables, if one does:
/// of those that fit, one that looks at the same tables before others, and then the one that
/// holds the most.
pub fn check_memory(strategy: &Strategy, shape: &Shape, limit: u64) -> Result<(), Error> {
    let memory = |strategy: &Strategy| strategy.work(shape).memory as u64;
    let needed = memory(strategy);
    if needed <= limit {
        return Ok(());
    }
    let needs = |strategy: &Strategy| (strategy.needs_embeddings(), strategy.needs_predictions());
    let (embeddings, predictions) = needs(strategy);
    let alternative = STRATEGIES
        .iter()
        .rev()
        .filter_map(|about| {
            let other = (about.usual)();
            let (e, p) = needs(&other);
            let given = (embeddings || !e) && (predictions || !p);
            let held = memory(&other);
            let same = (e, p) == (embeddings, predictions);
            (given && held <= limit).then_some(((same, held), about.name))
        })
        .max_by_key(|(fit, _)| *fit)
        .map(|(_, name)| name);
    Err(Error::OverMemory {
        strategy: strategy.to_string(),
        needed,
        limit,
        alternative,
    })
}

/// The share of its most products that a strategy is expected to compute.
fn computed(strategy: &Strategy, shape: &Shape) -> f64 {
    let by_distance = match strategy {
        Strategy::Diversity { .. } => true,
        Strategy::Product(terms) => terms
            .iter()
            .any(|term| matches!(term, Term::Diversity { .. })),
        _ => false,
    };
    if by_distance { farthest(shape) } else { 1.0 }
}

/// The share of all distances that farthest-first is expected to compute. Every row meets the first
/// block of centres and the pivots of the cells, every pick all centres, and every row a share of them
/// until a near one is found.
///
/// How soon that is depends on the data. `AGAIN` is what `benches/farthest.rs` counted with 67,349 rows
/// of 384 values and 10,000 picks: on MiniLM's embeddings of SST-2, 0.23 with 100 labelled and 0.12
/// with 40,000; on clustered unit vectors, 0.11 and 0.13. It counted 0.05 with a million of the latter,
/// and 0.23 with five million of 128 values and 1,000 picks.
fn farthest(shape: &Shape) -> f64 {
    const AGAIN: f64 = 0.2;
    const BLOCK: f64 = 256.0;
    let (free, picks) = (shape.free() as f64, shape.picks as f64);
    let labelled = shape.labelled.max(1) as f64;
    let centres = labelled + picks;
    let first = free * (labelled.min(BLOCK) + centres.sqrt());
    let picked = picks * (labelled + picks / 2.0);
    let again = AGAIN * free * centres;
    ((first + picked + again) / (free * centres)).min(1.0)
}

/// Multiply-adds a second of the distance kernel, on all threads at once.
fn products(dimension: usize) -> f64 {
    const ROWS: usize = 96;
    const CENTRES: usize = 256;
    const LASTS: Duration = Duration::from_millis(15);
    let values = |count: usize| -> Vec<f32> {
        let numbers = (0..count * dimension).map(|i| (i % 97) as f32 / 97.0);
        numbers.collect()
    };
    let arch = Arch::new();
    let (rows, centres) = (values(ROWS), values(CENTRES));
    let mut squares = vec![0.0; CENTRES];
    squared_lengths(arch, dimension, &centres, &mut squares);
    let mut panels = Panels::new(arch, dimension);
    for (vector, &square) in centres.chunks_exact(dimension).zip(&squares) {
        panels.push(vector, square);
    }
    let rates = rayon::broadcast(|_| {
        let mut nearest = vec![Closest::NONE; ROWS];
        let mut pairs = 0;
        let start = Instant::now();
        while pairs == 0 || start.elapsed() < LASTS {
            panels.lower(0..panels.panels(), &rows, &squares[..ROWS], &mut nearest);
            black_box(&mut nearest);
            pairs += ROWS * CENTRES;
        }
        (pairs * dimension) as f64 / start.elapsed().as_secs_f64()
    });
    rates.iter().sum()
}

/// Steps a second of a scan for the largest scores.
fn steps() -> f64 {
    const COUNT: u32 = 1 << 16;
    const LASTS: Duration = Duration::from_millis(5);
    let mut steps = 0;
    let start = Instant::now();
    while steps == 0 || start.elapsed() < LASTS {
        let score = |slot: u32| (slot.wrapping_mul(2_654_435_761) as f32).sqrt();
        let mut keys: Vec<Key> = (0..COUNT).map(|slot| Key::new(score(slot), slot)).collect();
        black_box(Key::keep_largest(&mut keys, COUNT as usize / 32));
        steps += COUNT;
    }
    f64::from(steps) / start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests;
