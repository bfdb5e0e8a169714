//! Leaving out what repeats: rows near to a labelled row or to an earlier one that is kept.

use goldpan_artifact::Progress;
use pulp::Arch;
use rayon::prelude::*;

use crate::error::Error;
use goldpan_geometry::Points;
use goldpan_geometry::kernel::{Closest, Panels};

/// Rows compared with each other at a time.
const CHUNK: usize = 1024;

/// Rows that one thread compares with all kept rows at a time.
const PIECE: usize = 96;

/// Those of `free`, in order, that are farther than `distance` from all of `labelled` and from every
/// row before that is kept. `squares` are the squared lengths of all rows. At most n²d/2 multiply-adds
/// for n rows, and memory for the vectors that are kept.
///
/// # Errors
///
/// [`Error::Cancelled`].
pub(crate) fn distinct<P: Points>(
    points: &P,
    squares: &[f32],
    free: &[u32],
    labelled: &[u32],
    distance: f32,
    progress: &dyn Progress,
) -> Result<Vec<u32>, Error> {
    let (arch, dimension) = (Arch::new(), points.dimension());
    let limit = distance * distance;
    let mut kept = Panels::new(arch, dimension);
    let mut vector = vec![0.0; dimension];
    for &row in labelled {
        points.copy(row, &mut vector);
        kept.push(&vector, squares[row as usize]);
    }
    let mut rows = Vec::with_capacity(free.len());
    let mut vectors = vec![0.0; CHUNK * dimension];
    for chunk in free.chunks(CHUNK) {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let vectors = &mut vectors[..chunk.len() * dimension];
        let lengths: Vec<f32> = chunk.iter().map(|&row| squares[row as usize]).collect();
        let mut nearest = vec![Closest::NONE; chunk.len()];
        vectors
            .par_chunks_mut(PIECE * dimension)
            .zip(chunk.par_chunks(PIECE))
            .zip(lengths.par_chunks(PIECE))
            .zip(nearest.par_chunks_mut(PIECE))
            .for_each(|(((vectors, rows), lengths), nearest)| {
                for (&row, vector) in rows.iter().zip(vectors.chunks_exact_mut(dimension)) {
                    points.copy(row, vector);
                }
                kept.lower(0..kept.panels(), vectors, lengths, nearest);
            });
        let mut nearest: Vec<f32> = nearest.iter().map(|nearest| nearest.squared).collect();
        let mut within = Panels::new(arch, dimension);
        for (vector, &length) in vectors.chunks_exact(dimension).zip(&lengths) {
            within.push(vector, length);
        }
        for (i, vector) in vectors.chunks_exact(dimension).enumerate() {
            if nearest[i] > limit {
                rows.push(chunk[i]);
                kept.push(vector, lengths[i]);
                within.lower_all(vector, lengths[i], &mut nearest);
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;
    use goldpan_artifact::Silent;
    use proptest::prelude::*;

    fn naive(points: &Table, free: &[u32], labelled: &[u32], distance: f32) -> Vec<u32> {
        let mut kept = Vec::new();
        for &row in free {
            let near = |other: &u32| points.squared_distance(row, *other) <= distance * distance;
            if !labelled.iter().chain(&kept).any(near) {
                kept.push(row);
            }
        }
        kept
    }

    proptest! {
        /// On a grid of whole numbers, where sums are exact; more rows than a chunk now and then.
        #[test]
        fn equals_the_plain_comparison(
            rows in prop::collection::vec((0_u8..40, 0_u8..40), 0..1500),
            labelled in 0_usize..4,
            distance in 0_u8..4,
        ) {
            let values = rows.iter().flat_map(|&(x, y)| [f32::from(x), f32::from(y)]);
            let points = Table::new(2, values.collect());
            let (count, squares) = (points.rows(), points.squares());
            let labelled: Vec<u32> = (0..count).take(labelled).collect();
            let free: Vec<u32> = (labelled.len() as u32..count).collect();
            let distance = f32::from(distance);
            let found = distinct(&points, &squares, &free, &labelled, distance, &Silent).unwrap();
            prop_assert_eq!(found, naive(&points, &free, &labelled, distance));
        }
    }
}
