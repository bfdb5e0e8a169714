//! Where vectors come from.

use goldpan_artifact::Access;
use pulp::Arch;
use rayon::prelude::*;

use crate::kernel;

/// Vectors, by row.
pub trait Points: Sync {
    /// How many values a vector has: at least one.
    fn dimension(&self) -> usize;

    /// How many bytes a vector has where it is stored.
    fn bytes(&self) -> usize;

    /// Copies the vector of a row.
    fn copy(&self, row: u32, vector: &mut [f32]);

    /// Tells the system how vectors are about to be copied.
    fn expect(&self, _access: Access) {}
}

/// The longest squared length at which no distance overflows.
const LONGEST: f32 = f32::MAX / 4.0;

/// The squared lengths of the first `count` rows, or the first row whose vector is not finite or too
/// long.
pub fn squared_lengths<P: Points>(points: &P, count: usize) -> Result<Vec<f32>, u32> {
    const TOGETHER: usize = 64;
    points.expect(Access::InOrder);
    let (arch, dimension) = (Arch::new(), points.dimension());
    let mut squares = vec![0.0; count];
    let wrong = squares.par_chunks_mut(TOGETHER).enumerate().map_init(
        || vec![0.0; TOGETHER * dimension],
        |vectors, (chunk, squares)| {
            let vectors = &mut vectors[..squares.len() * dimension];
            let first = (chunk * TOGETHER) as u32;
            for (row, vector) in (first..).zip(vectors.chunks_exact_mut(dimension)) {
                points.copy(row, vector);
            }
            kernel::squared_lengths(arch, dimension, vectors, squares);
            let wrong = squares
                .iter()
                .position(|square| !(0.0..=LONGEST).contains(square));
            wrong.map(|wrong| first + wrong as u32)
        },
    );
    match wrong.find_map_first(|wrong| wrong) {
        Some(row) => Err(row),
        None => Ok(squares),
    }
}
