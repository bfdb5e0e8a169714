//! Exact nearest neighbours: every pair is measured, nothing is kept but what is asked for.
//!
//! Rows are compared in blocks by the kernel; the distances are its, to the bit, and what is kept is
//! chosen by distance and row alone. So results do not depend on threads, blocks or processor.

use goldpan_artifact::Progress;
use pulp::Arch;
use rayon::prelude::*;

use crate::kernel::{Panels, Visit};
use crate::points::Points;

/// The work was stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// Rows that one thread takes at a time: a collector for each so many.
pub const CHUNK: usize = 96;

/// Rows of the set that are laid out at a time.
pub const BLOCK: usize = 4096;

/// The rows to measure distances between.
pub struct Space<'a, P> {
    /// The vectors.
    pub points: &'a P,
    /// The squared lengths of all rows of `points`.
    pub squares: &'a [f32],
}

/// Takes the squared distances of one chunk of queries.
pub trait Collect: Send {
    /// Takes those of the chunk's query `query` to the rows of the set from position `first` on.
    /// Mark it `#[inline(always)]`.
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]);
}

/// Measures every one of `queries` against every one of `set`, in the set's order; the collector of
/// each [`CHUNK`] of queries takes the distances.
pub fn sweep<P: Points, C: Collect>(
    space: &Space<'_, P>,
    queries: &[u32],
    set: &[u32],
    collectors: &mut [C],
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let dimension = space.points.dimension();
    let mut panels = Panels::new(Arch::new(), dimension);
    let mut vector = vec![0.0; dimension];
    for (block, set) in set.chunks(BLOCK).enumerate() {
        panels.clear();
        for &row in set {
            space.points.copy(row, &mut vector);
            panels.push(&vector, space.squares[row as usize]);
        }
        let work = queries.par_chunks(CHUNK).zip(collectors.par_iter_mut());
        work.map_init(
            || vec![0.0; CHUNK * dimension],
            |vectors, (queries, collector)| {
                if progress.cancelled() {
                    return Err(Cancelled);
                }
                let vectors = &mut vectors[..queries.len() * dimension];
                let mut squares = [0.0; CHUNK];
                for (i, &row) in queries.iter().enumerate() {
                    let vector = &mut vectors[i * dimension..(i + 1) * dimension];
                    space.points.copy(row, vector);
                    squares[i] = space.squares[row as usize];
                }
                let mut visit = Collecting {
                    collector,
                    before: block * BLOCK,
                    len: set.len(),
                };
                let squares = &squares[..queries.len()];
                panels.visit(0..panels.panels(), vectors, squares, &mut visit);
                Ok(())
            },
        )
        .collect::<Result<(), Cancelled>>()?;
    }
    Ok(())
}

/// Hands the distances within a block on, without those past its end.
struct Collecting<'a, C> {
    collector: &'a mut C,
    before: usize,
    len: usize,
}

impl<C: Collect> Visit for Collecting<'_, C> {
    #[inline(always)]
    fn visit(&mut self, row: usize, first: usize, distances: &[f32]) {
        let real = (self.len - first).min(distances.len());
        self.collector
            .collect(row, self.before + first, &distances[..real]);
    }
}

/// True where one of `distances` is at most `limit`.
#[inline(always)]
pub fn any_within(distances: &[f32], limit: f32) -> bool {
    distances.iter().fold(false, |any, d| any | (*d <= limit))
}

/// The nearest neighbours of each query.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    rows: Vec<u32>,
    squared: Vec<f32>,
}

impl Neighbours {
    /// The rows of the neighbours of query `i`, nearest first, and their squared distances: `k`, or
    /// all there are.
    pub fn of(&self, i: usize) -> (&[u32], &[f32]) {
        let rows = &self.rows[i * self.k..(i + 1) * self.k];
        let real = rows.partition_point(|row| *row != u32::MAX);
        (&rows[..real], &self.squared[i * self.k..i * self.k + real])
    }

    /// 1 / (mean distance of query `i` to its neighbours + 1e-5): how typical it is of the set (Hacohen
    /// et al. 2022, arXiv:2202.02794). 0 where it has no neighbour.
    pub fn typicality(&self, i: usize) -> f32 {
        const LEAST: f64 = 1e-5;
        let (_, squared) = self.of(i);
        if squared.is_empty() {
            return 0.0;
        }
        let sum: f64 = squared.iter().map(|d| f64::from(*d).sqrt()).sum();
        (1.0 / (sum / squared.len() as f64 + LEAST)) as f32
    }
}

/// The `k` rows of `set` nearest to each of `queries`, itself not among them: by squared distance,
/// then by row. `set` holds no row twice.
///
/// Takes |queries| |set| d multiply-adds and 24 k bytes for each query.
pub fn nearest<P: Points>(
    space: &Space<'_, P>,
    queries: &[u32],
    set: &[u32],
    k: usize,
    progress: &dyn Progress,
) -> Result<Neighbours, Cancelled> {
    let k = k.min(set.len());
    let mut neighbours = Neighbours {
        k,
        rows: vec![u32::MAX; queries.len() * k],
        squared: vec![f32::INFINITY; queries.len() * k],
    };
    if k == 0 || queries.is_empty() {
        return Ok(neighbours);
    }
    let mut nearest: Vec<Nearest<'_>> = queries
        .chunks(CHUNK)
        .map(|queries| Nearest {
            queries,
            set,
            k,
            kept: vec![Vec::new(); queries.len()],
            limits: vec![u64::MAX; queries.len()],
        })
        .collect();
    sweep(space, queries, set, &mut nearest, progress)?;
    let rows = neighbours.rows.par_chunks_mut(k * CHUNK);
    let out = rows.zip(neighbours.squared.par_chunks_mut(k * CHUNK));
    out.zip(nearest).for_each(|((rows, squared), nearest)| {
        let out = rows.chunks_mut(k).zip(squared.chunks_mut(k));
        for ((rows, squared), mut kept) in out.zip(nearest.kept) {
            kept.sort_unstable();
            for ((row, squared), key) in rows.iter_mut().zip(squared).zip(kept) {
                (*row, *squared) = (key as u32, distance(key));
            }
        }
    });
    Ok(neighbours)
}

/// A squared distance, at least 0, and a row, ordered as they are.
fn key(squared: f32, row: u32) -> u64 {
    (u64::from(squared.to_bits()) << 32) | u64::from(row)
}

fn distance(key: u64) -> f32 {
    f32::from_bits((key >> 32) as u32)
}

/// The nearest so far of a chunk of queries: the least `k` keys of each are among those kept.
struct Nearest<'a> {
    queries: &'a [u32],
    set: &'a [u32],
    k: usize,
    /// Fewer than `2 k` for each query.
    kept: Vec<Vec<u64>>,
    /// No key above it is among the least `k`.
    limits: Vec<u64>,
}

impl Nearest<'_> {
    #[inline(never)]
    fn keep(&mut self, query: usize, first: usize, distances: &[f32]) {
        let (kept, limit) = (&mut self.kept[query], &mut self.limits[query]);
        let set = &self.set[first..];
        for (&squared, &row) in distances.iter().zip(set) {
            let key = key(squared, row);
            if key >= *limit || row == self.queries[query] {
                continue;
            }
            if kept.is_empty() {
                kept.reserve_exact(2 * self.k);
            }
            kept.push(key);
            if kept.len() == 2 * self.k {
                *limit = *kept.select_nth_unstable(self.k - 1).1;
                kept.truncate(self.k);
            }
        }
    }
}

impl Collect for Nearest<'_> {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        let limit = match self.limits[query] {
            u64::MAX => f32::INFINITY,
            limit => distance(limit),
        };
        if any_within(distances, limit) {
            self.keep(query, first, distances);
        }
    }
}

#[cfg(test)]
mod tests;
