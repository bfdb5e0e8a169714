//! Products themselves, for what is more than a distance to the nearest.

use pulp::{Simd, WithSimd};

use super::{Panels, split};

impl Panels {
    /// The products of each of `rows` with the vectors of one panel: `products[i * width + j]` is
    /// that of row `i` with the panel's vector `j`. `rows` holds whole vectors one after another.
    pub fn products(&self, panel: usize, rows: &[f32], products: &mut [f32]) {
        let size = self.width * self.dimension;
        self.arch.dispatch(Products {
            dimension: self.dimension,
            panel: &self.values[panel * size..(panel + 1) * size],
            rows,
            products,
        });
    }
}

struct Products<'a> {
    dimension: usize,
    panel: &'a [f32],
    rows: &'a [f32],
    products: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let count = self.rows.len() / self.dimension;
        let mut start = 0;
        if S::REGISTER_COUNT >= 32 {
            while start + 12 <= count {
                self.tile::<S, 12>(simd, start);
                start += 12;
            }
        }
        while start + 6 <= count {
            self.tile::<S, 6>(simd, start);
            start += 6;
        }
        while start < count {
            self.tile::<S, 1>(simd, start);
            start += 1;
        }
    }
}

impl Products<'_> {
    /// `ROWS` rows by the panel; the sums stay in registers.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(&mut self, simd: S, start: usize) {
        let Some(rows) = split::<ROWS>(&self.rows[start * self.dimension..], self.dimension) else {
            return;
        };
        let (panel, _) = S::as_simd_f32s(self.panel);
        let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
        for (k, column) in panel.chunks_exact(2).enumerate().take(self.dimension) {
            for i in 0..ROWS {
                let value = simd.splat_f32s(rows[i][k]);
                sums[i][0] = simd.mul_add_f32s(value, column[0], sums[i][0]);
                sums[i][1] = simd.mul_add_f32s(value, column[1], sums[i][1]);
            }
        }
        let width = 2 * S::F32_LANES;
        let products = &mut self.products[start * width..(start + ROWS) * width];
        let (products, _) = S::as_mut_simd_f32s(products);
        products.copy_from_slice(sums.as_flattened());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulp::Arch;

    proptest! {
        #[test]
        fn are_one_chain_each(
            (dimension, rows, centres) in (1_usize..9, 1_usize..40, 1_usize..70).prop_flat_map(
                |(dimension, rows, centres)| (
                    Just(dimension),
                    prop::collection::vec(-4.0_f32..4.0, dimension * rows),
                    prop::collection::vec(-4.0_f32..4.0, dimension * centres),
                )
            )
        ) {
            for arch in [Arch::Scalar, Arch::new()] {
                let mut panels = Panels::new(arch, dimension);
                for centre in centres.chunks_exact(dimension) {
                    panels.push(centre, 0.0);
                }
                let width = panels.width();
                let mut products = vec![0.0; rows.len() / dimension * width];
                for panel in 0..panels.panels() {
                    panels.products(panel, &rows, &mut products);
                    let centres = centres.chunks_exact(dimension).skip(panel * width).take(width);
                    for (j, centre) in centres.enumerate() {
                        for (i, row) in rows.chunks_exact(dimension).enumerate() {
                            let pairs = row.iter().zip(centre);
                            let expected = pairs.fold(0.0_f32, |sum, (a, b)| a.mul_add(*b, sum));
                            prop_assert_eq!(
                                products[i * width + j].to_bits(),
                                expected.to_bits()
                            );
                        }
                    }
                }
            }
        }
    }
}
