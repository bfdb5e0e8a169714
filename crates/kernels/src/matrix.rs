//! A frozen matrix, laid out once for the products with it.
//!
//! Each element of a product is one chain of fused multiply-adds over ascending inputs. Vector
//! registers hold different elements, never parts of one, so an element has the same bits on every
//! processor, for any blocking and any number of threads.

mod product;

use crate::Precision;
pub(crate) use product::{Product, Rows};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::borrow::Cow;

/// How many outputs one task works on at most: they stay in the second-level cache.
const BLOCK: usize = 1 << 16;
/// Blocks are whole tiles: a multiple of what the tiles of all processors have as rows.
const TILE: usize = 12;

/// A matrix `[inputs, outputs]` in panels of as many columns as the product's tiles have.
///
/// Panel `p` holds columns `p * width..(p + 1) * width` as `inputs` rows of `width` values. The last
/// one is filled up with zeros. What is multiplied with it is rounded as its elements are.
#[derive(Clone, Debug)]
pub(crate) struct PackedMatrix {
    inputs: usize,
    outputs: usize,
    width: usize,
    precision: Precision,
    values: Vec<f32>,
}

impl PackedMatrix {
    /// Lays out the matrix whose element in row `k` and column `j` is `value(k, j)`.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        precision: Precision,
        value: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        assert!(inputs > 0 && outputs > 0, "a matrix has elements");
        let width = panel_width();
        let mut values = vec![0.0; outputs.next_multiple_of(width) * inputs];
        let panels = values.par_chunks_mut(inputs * width).enumerate();
        panels.for_each(|(panel, values)| {
            let first = panel * width;
            lay_out(values, width, outputs - first, |k, j| {
                precision.round(value(k, first + j))
            });
        });
        Self {
            inputs,
            outputs,
            width,
            precision,
            values,
        }
    }

    /// The matrix with rows and columns exchanged.
    pub(crate) fn transposed(&self) -> Self {
        Self::new(self.outputs, self.inputs, self.precision, |k, j| {
            self.value(j, k)
        })
    }

    /// The number of rows.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of columns.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The element in row `k` and column `j`.
    pub(crate) fn value(&self, k: usize, j: usize) -> f32 {
        let panel = j / self.width * self.width * self.inputs;
        self.values[panel + k * self.width + j % self.width]
    }
}

/// A term of a sum of products: `x`, `[rows, inputs]`, and the matrix it is multiplied with.
pub(crate) type Term<'a> = (&'a [f32], &'a PackedMatrix);

/// `out[r, :] = bias + the sum of x[r, :] matrix over the terms`, in their order, and then `finish`
/// for the rows of each task while these are in the cache.
///
/// Without a bias, the sum is added to what `out`, `[rows, outputs]`, holds.
pub(crate) fn products(
    bias: Option<&[f32]>,
    terms: &[Term<'_>],
    out: &mut [f32],
    finish: impl Fn(&mut [f32]) + Sync,
) {
    let Some((_, first)) = terms.first() else {
        return;
    };
    let outputs = first.outputs;
    let tasks = 4 * rayon::current_num_threads();
    let share = (out.len() / outputs).div_ceil(tasks);
    let block = share.min(BLOCK / outputs).next_multiple_of(TILE).max(TILE);
    let blocks = out.par_chunks_mut(block * outputs).enumerate();
    blocks.for_each(|(index, out)| {
        let (start, rows) = (index * block, out.len() / outputs);
        for (term, (x, matrix)) in terms.iter().enumerate() {
            assert_eq!(matrix.outputs, outputs, "the terms have one shape");
            let x = &x[start * matrix.inputs..][..rows * matrix.inputs];
            let x = rounded(x, matrix.precision);
            Arch::new().dispatch(Product {
                rows,
                x: Rows {
                    values: &x,
                    stride: matrix.inputs,
                },
                panels: &matrix.values,
                inputs: matrix.inputs,
                outputs,
                bias: bias.filter(|_| term == 0),
                stride: outputs,
                out,
            });
        }
        finish(out);
    });
}

/// What is multiplied with a matrix of this precision.
fn rounded(x: &[f32], precision: Precision) -> Cow<'_, [f32]> {
    match precision {
        Precision::F32 => x.into(),
        Precision::Bf16 => {
            let mut rounded = x.to_vec();
            Arch::new().dispatch(Round {
                values: &mut rounded,
                precision,
            });
            rounded.into()
        }
    }
}

/// Rounds values in place.
struct Round<'a> {
    values: &'a mut [f32],
    precision: Precision,
}

impl WithSimd for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for value in self.values {
            *value = self.precision.round(*value);
        }
    }
}

/// Lays a small matrix out in panels, as [`PackedMatrix`] does, on the calling thread.
pub(crate) fn panels(
    inputs: usize,
    outputs: usize,
    value: impl Fn(usize, usize) -> f32,
) -> Vec<f32> {
    let width = panel_width();
    let mut values = vec![0.0; outputs.next_multiple_of(width) * inputs];
    for (panel, values) in values.chunks_exact_mut(inputs * width).enumerate() {
        let first = panel * width;
        lay_out(values, width, outputs - first, |k, j| value(k, first + j));
    }
    values
}

/// Fills the first `columns` columns of a panel, or all where it has less.
fn lay_out(panel: &mut [f32], width: usize, columns: usize, value: impl Fn(usize, usize) -> f32) {
    for (k, row) in panel.chunks_exact_mut(width).enumerate() {
        for (j, to) in row.iter_mut().take(columns).enumerate() {
            *to = value(k, j);
        }
    }
}

/// How many columns a panel has.
fn panel_width() -> usize {
    Arch::new().dispatch(PanelWidth)
}

/// Two registers.
struct PanelWidth;

impl WithSimd for PanelWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        2 * S::F32_LANES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(count: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-4.0_f32..4.0, count)
    }

    proptest! {
        #[test]
        fn an_element_is_one_chain(
            (inputs, outputs, x, weight, bias) in (1_usize..9, 1_usize..40, 1_usize..40).prop_flat_map(
                |(inputs, outputs, rows)| (
                    Just(inputs),
                    Just(outputs),
                    values(rows * inputs),
                    values(inputs * outputs),
                    values(outputs),
                )
            )
        ) {
            let matrix = PackedMatrix::new(inputs, outputs, Precision::F32, |k, j| {
                weight[k * outputs + j]
            });
            let mut out = vec![0.0; x.len() / inputs * outputs];
            products(Some(&bias), &[(&x, &matrix)], &mut out, |_| {});
            products(None, &[(&x, &matrix)], &mut out, |_| {});
            for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
                for (j, out) in out.iter().enumerate() {
                    let chain = |start| {
                        (0..inputs).fold(start, |sum: f32, k| x[k].mul_add(matrix.value(k, j), sum))
                    };
                    prop_assert_eq!(out.to_bits(), chain(chain(bias[j])).to_bits());
                }
            }
        }
    }

    #[test]
    fn deep_products_are_one_chain_too() {
        let (inputs, outputs) = (1_000, 3);
        let weight = |k: usize, j: usize| ((k * 7 + j * 3) % 11) as f32 * 0.1 - 0.5;
        let matrix = PackedMatrix::new(inputs, outputs, Precision::F32, weight);
        let x: Vec<f32> = (0..14 * inputs)
            .map(|i| (i % 13) as f32 * 0.3 - 1.8)
            .collect();
        let mut out = vec![0.0; 14 * outputs];
        products(None, &[(&x, &matrix)], &mut out, |_| {});
        for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
            for (j, out) in out.iter().enumerate() {
                let chain = (0..inputs).fold(0.0_f32, |sum, k| x[k].mul_add(weight(k, j), sum));
                assert_eq!(out.to_bits(), chain.to_bits());
            }
        }
    }
}
