//! How long a selection will take and how much memory, said before it starts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pulp::Arch;

use crate::about::STRATEGIES;
use crate::error::Error;
use crate::key::Key;
use crate::rule::Rule;
use crate::strategy::Strategy;
use crate::term::Term;
use crate::work::{Shape, Work};
use crate::{compose, near};
use goldpan_geometry::kernel::{Closest, Panels, squared_lengths};

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
    pub fn estimate(&self, rule: &Rule, shape: &Shape) -> Estimate {
        let (mut picking, mut locating) = (rule.strategy.work(shape), near::work(shape));
        if by_distance(&rule.strategy) {
            picking.products *= farthest(shape);
            if rule.balance.is_none() {
                locating.products *= unknown(shape);
            }
        }
        let work = whole(rule, shape, picking, locating);
        Estimate {
            seconds: work.products / self.products
                + work.steps / self.steps
                + work.read / self.read,
            memory: work.memory as u64,
        }
    }
}

/// What a selection takes: finding what the rule passes over, picking, and saying where picks lie.
fn whole(rule: &Rule, shape: &Shape, mut picking: Work, locating: Work) -> Work {
    if rule.balance.is_some() {
        picking.memory += shape.rows as f64 * (4.0 * shape.classes as f64 + 24.0);
    }
    compose::work(rule, shape).then(picking).then(locating)
}

/// What a selection takes at most.
fn most(rule: &Rule, shape: &Shape) -> Work {
    whole(rule, shape, rule.strategy.work(shape), near::work(shape))
}

/// What a selection of this shape is expected to take on this machine, measured for some 20 ms.
pub fn estimate(rule: &Rule, shape: &Shape) -> Estimate {
    Rates::measure(shape.dimension).estimate(rule, shape)
}

/// Checks that a selection needs at most `limit` bytes beyond the mapped tables.
///
/// # Errors
///
/// [`Error::OverMemory`], with a strategy that needs less and looks at no other tables, if one does:
/// of those that fit, one that looks at the same tables before others, and then the one that
/// holds the most.
pub fn check_memory(rule: &Rule, shape: &Shape, limit: u64) -> Result<(), Error> {
    let memory = |rule: &Rule| most(rule, shape).memory as u64;
    let needed = memory(rule);
    if needed <= limit {
        return Ok(());
    }
    let (embeddings, predictions) = (rule.needs_embeddings(), rule.needs_predictions());
    let alternative = STRATEGIES
        .iter()
        .rev()
        .filter_map(|about| {
            let other = Rule {
                strategy: (about.usual)(),
                ..rule.clone()
            };
            let (e, p) = (other.needs_embeddings(), other.needs_predictions());
            let given = (embeddings || !e) && (predictions || !p);
            let held = memory(&other);
            let same = (e, p) == (embeddings, predictions);
            (given && held <= limit).then_some(((same, held), about.name))
        })
        .max_by_key(|(fit, _)| *fit)
        .map(|(_, name)| name);
    Err(Error::OverMemory {
        strategy: rule.to_string(),
        needed,
        limit,
        alternative,
    })
}

/// True where rows are picked farthest first.
fn by_distance(strategy: &Strategy) -> bool {
    match strategy {
        Strategy::Diversity { .. } => true,
        Strategy::Product(terms) => {
            let distance = |term: &Term| matches!(term, Term::Diversity { .. });
            terms.iter().any(distance)
        }
        _ => false,
    }
}

/// The share of the distances around its picks that farthest-first is expected not to know. It knows
/// the nearest of all labelled and earlier ones, which is taken to be any of them.
fn unknown(shape: &Shape) -> f64 {
    let (labelled, picks) = (shape.labelled.max(1) as f64, shape.picks as f64);
    let to_labelled = picks / (labelled + picks) * labelled;
    let to_earlier = labelled / (labelled + picks) * picks / 2.0;
    (to_labelled + to_earlier) / (labelled + picks / 2.0)
}

/// The share of all distances that farthest-first is expected to compute. Every row meets the first
/// block of centres and the pivots of the cells, every pick all centres, and every row a share of them
/// until a near one is found.
///
/// How soon that is depends on the data. `AGAIN` is what `benches/strategies` counted with 67,349 rows
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
