//! Plain farthest-first k-center, to compare with.

use goldpan_artifact::Embeddings;
use rayon::prelude::*;

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
pub fn naive(embeddings: &Embeddings, labelled: usize, picks: usize) -> Vec<usize> {
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
