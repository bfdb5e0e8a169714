//! Means of vectors, and sums in f64 whose order is fixed: the same bits on any number of threads
//! and any processor.

use pulp::Arch;
use rayon::prelude::*;

use goldpan_geometry::Points;

/// Rows that are summed one after another; such sums are added in the order of the rows.
pub(crate) const CHUNK: usize = 1024;

/// The sum of products of two vectors of the same length, in eight interleaved sums. Multiplication
/// and addition are rounded separately, so that no processor differs.
#[inline(always)]
pub(crate) fn product(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a * b;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

/// A place for one vector, as it is stored and in f64.
pub(crate) struct Buffer {
    stored: Vec<f32>,
    wide: Vec<f64>,
}

impl Buffer {
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            stored: vec![0.0; dimension],
            wide: vec![0.0; dimension],
        }
    }

    /// The vector of a row.
    #[inline(always)]
    pub(crate) fn read<P: Points>(&mut self, points: &P, row: u32) -> &[f64] {
        points.copy(row, &mut self.stored);
        for (wide, stored) in self.wide.iter_mut().zip(&self.stored) {
            *wide = f64::from(*stored);
        }
        &self.wide
    }
}

/// `of(row, vector)` added over the first `count` rows: each adds to a sum of `width` values.
pub(crate) fn sum<P: Points>(
    points: &P,
    count: usize,
    width: usize,
    of: impl Fn(u32, &[f64], &mut [f64]) + Sync,
) -> Vec<f64> {
    let arch = Arch::new();
    let parts: Vec<Vec<f64>> = (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(
            || Buffer::new(points.dimension()),
            |buffer, chunk| {
                let mut sum = vec![0.0; width];
                let rows = chunk * CHUNK..((chunk + 1) * CHUNK).min(count);
                arch.dispatch(|| {
                    for row in rows {
                        of(row as u32, buffer.read(points, row as u32), &mut sum);
                    }
                });
                sum
            },
        )
        .collect();
    parts.iter().fold(vec![0.0; width], |mut total, part| {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
        total
    })
}

/// The mean of the first `count` rows, at least one.
pub(crate) fn mean<P: Points>(points: &P, count: usize) -> Vec<f64> {
    let add = |_, vector: &[f64], sum: &mut [f64]| {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
    };
    let mut mean = sum(points, count, points.dimension(), add);
    mean.iter_mut().for_each(|value| *value /= count as f64);
    mean
}

/// The squared distance of each of the first `count` rows to a point.
pub(crate) fn squared_distances<P: Points>(points: &P, count: usize, to: &[f64]) -> Vec<f64> {
    let arch = Arch::new();
    (0..count as u32)
        .into_par_iter()
        .map_init(
            || (Buffer::new(points.dimension()), vec![0.0; to.len()]),
            |(buffer, away), row| {
                let vector = buffer.read(points, row);
                for (away, (value, to)) in away.iter_mut().zip(vector.iter().zip(to)) {
                    *away = value - to;
                }
                arch.dispatch(|| product(away, away))
            },
        )
        .collect()
}

/// The row nearest to the mean of the first `count` rows, the lowest on ties.
pub(crate) fn medoid<P: Points>(points: &P, count: usize, free: &[u32]) -> Option<u32> {
    let distances = squared_distances(points, count, &mean(points, count));
    let rows = free.iter().map(|&row| (row, distances[row as usize]));
    rows.reduce(|a, b| if b.1 < a.1 { b } else { a })
        .map(|(row, _)| row)
}

#[cfg(test)]
mod tests;
