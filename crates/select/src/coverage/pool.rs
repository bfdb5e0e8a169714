//! Coverage of a pool, and what it takes.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use goldpan_artifact::{Progress, rng};

use super::{Coverage, Gain, Greedy, Similarity, Tuning, mean_square};
use crate::error::Error;
use crate::pool::Pool;
use crate::work::{Shape, Work};
use goldpan_geometry::neighbours::{self, Space};

/// How a strategy covers a pool.
pub(crate) struct Settings<'a> {
    /// What random numbers are drawn for.
    pub(crate) purpose: &'static str,
    /// A weight for every row, in [0, 1].
    pub(crate) weights: Option<&'a [f32]>,
    pub(crate) greedy: Greedy,
    /// Rows drawn by the seed that are picked from and covered; all where it is left out.
    pub(crate) among: Option<NonZeroUsize>,
}

/// How alike vectors are.
pub(crate) enum Likeness {
    /// max(0, 1 - distance² / 2), distances in units of the root mean square length.
    Slope,
    /// exp(-(distance / bandwidth)²), distances in the same units.
    Gaussian { bandwidth: f64 },
    /// Whether the distance is at most this.
    Ball { radius: f32 },
    /// Whether the distance is at most the median one of a row to its so manyeth nearest.
    Crowd { neighbours: usize },
}

/// Rows whose neighbours the median is taken of.
const MEASURED: usize = 1024;

/// `count` picks that cover the pool, best first.
pub(crate) fn cover(
    pool: &Pool<'_>,
    likeness: &Likeness,
    settings: &Settings<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Gain>, Error> {
    let Some(points) = pool.vectors() else {
        return Ok(Vec::new());
    };
    let squares = points.squared_lengths()?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let space = Space { points, squares };
    let random = &mut rng(seed, settings.purpose);
    let free = match settings.among {
        Some(among) if drawn(among, count) < pool.free.len() => {
            let random = &mut rng(seed, &format!("{}/among", settings.purpose));
            let sample = super::sampled::sample(pool.free.len(), drawn(among, count), random);
            Cow::Owned(sample.iter().map(|&i| pool.free[i as usize]).collect())
        }
        _ => Cow::Borrowed(&pool.free[..]),
    };
    let similarity = match *likeness {
        Likeness::Slope => Similarity::Slope {
            rate: 0.5 / mean_square(squares),
        },
        Likeness::Gaussian { bandwidth } => Similarity::Gaussian {
            rate: 1.0 / (bandwidth * bandwidth * mean_square(squares)),
        },
        Likeness::Ball { radius } => Similarity::Ball {
            squared: radius * radius,
        },
        Likeness::Crowd { neighbours } => {
            let sample = super::sampled::sample(free.len(), MEASURED, random);
            let queries: Vec<u32> = sample.iter().map(|&i| free[i as usize]).collect();
            let rows: Vec<u32> = (0..pool.ids.len() as u32).collect();
            let found = neighbours::nearest(&space, &queries, &rows, neighbours, progress)
                .map_err(|_| Error::Cancelled)?;
            let farthest = |i: usize| found.of(i).1.last().copied();
            let mut squared: Vec<f32> = (0..queries.len()).filter_map(farthest).collect();
            squared.sort_unstable_by(f32::total_cmp);
            let squared = squared.get(squared.len() / 2).copied().unwrap_or(0.0);
            tracing::debug!(radius = squared.sqrt(), neighbours, "radius of a crowd");
            Similarity::Ball { squared }
        }
    };
    let coverage = Coverage {
        space,
        similarity,
        weights: settings.weights,
        free: &free,
        labelled: &pool.labelled,
        greedy: settings.greedy,
    };
    coverage
        .cover(count, random, Tuning::USUAL, progress)
        .map_err(|_| Error::Cancelled)
}

/// How many rows are drawn: twice as many as are picked at least.
fn drawn(among: NonZeroUsize, count: usize) -> usize {
    among.get().max(2 * count)
}

/// What covering a pool takes, or so many rows of it.
pub(crate) fn work_among(shape: &Shape, among: Option<NonZeroUsize>) -> Work {
    let free = shape.free();
    let drawn = among.map_or(free, |among| drawn(among, shape.picks).min(free));
    work(&Shape {
        rows: shape.rows - (free - drawn),
        ..*shape
    })
}

/// What covering a pool takes. Where little is labelled, so many pairs can gain at first that picks
/// are made by a sample, and each changes the cover of fewer rows than the one before.
pub(crate) fn work(shape: &Shape) -> Work {
    let Tuning { most, sample } = Tuning::USUAL;
    let (free, dimension) = (shape.free() as f64, shape.dimension as f64);
    let (labelled, picks) = (shape.labelled as f64, shape.picks as f64);
    let sample = (sample as f64).min(free);
    let most = most as f64;
    let all = free * free;
    // After this many picks, the pairs that can gain can be stored.
    let enough = all / most;
    let estimated = (enough - labelled).clamp(0.0, picks);
    let stored = if labelled + picks >= enough { all } else { 0.0 };
    let changed = if all > most {
        sample * (1.0 + (1.0 + estimated).ln())
    } else {
        0.0
    };
    let pairs = (all / (labelled + estimated).max(1.0)).min(most);
    let products = (free * (labelled + estimated + changed) + stored) * dimension;
    let passes = 1.0 + estimated + stored / free.max(1.0) / 4096.0;
    Work {
        products,
        steps: free * changed + 8.0 * pairs + 16.0 * free,
        read: passes * free * dimension * shape.value_bytes as f64,
        memory: 16.0 * pairs
            + 80.0 * shape.rows as f64
            + 4.0 * dimension * (4096.0 + labelled + picks),
    }
}
