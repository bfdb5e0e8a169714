//! A frozen matrix, laid out once for the products with it.
//!
//! Each element of a product is one chain of fused multiply-adds over ascending inputs. Vector
//! registers hold different elements, never parts of one, so an element has the same bits on every
//! processor, for any blocking and any number of threads.

mod bf16;
mod product;
mod tile;

use crate::Precision;
pub(crate) use product::{Begin, Left, Product, Right};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use tile::{Single, Tile};

/// How many outputs one task works on at most: they stay in the second-level cache.
const BLOCK: usize = 1 << 16;
/// Blocks are whole tiles: a multiple of what the tiles of all processors have as rows.
const TILE: usize = 24;

/// A matrix `[inputs, outputs]` in panels of as many columns as the product's tiles have.
///
/// Panel `p` holds columns `p * width..(p + 1) * width` as rows of `width` values, or of `width` pairs of
/// values, the one below the other. The last one is filled up with zeros. What is multiplied with it is
/// rounded as its elements are.
#[derive(Clone, Debug)]
pub(crate) struct PackedMatrix {
    inputs: usize,
    outputs: usize,
    width: usize,
    panels: Panels,
}

#[derive(Clone, Debug)]
enum Panels {
    F32(Vec<f32>),
    Bf16(Vec<u32>),
}

/// Rows as a matrix of some precision is multiplied with them.
pub(crate) enum Rounded<'a> {
    F32(&'a [f32]),
    /// Pairs, in rows of `bf16::words` of the inputs.
    Bf16(&'a [u32]),
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
        let below = |k, j| if k < inputs { value(k, j) } else { 0.0 };
        let panels = match precision {
            Precision::F32 => Panels::F32(lay_out(inputs, outputs, width, value)),
            Precision::Bf16 => {
                let pair = |k, j| bf16::pair(below(2 * k, j), below(2 * k + 1, j));
                Panels::Bf16(lay_out(bf16::words(inputs), outputs, width, pair))
            }
        };
        Self {
            inputs,
            outputs,
            width,
            panels,
        }
    }

    /// The matrix with rows and columns exchanged.
    pub(crate) fn transposed(&self) -> Self {
        Self::new(self.outputs, self.inputs, self.precision(), |k, j| {
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

    /// To what its elements, and what is multiplied with them, are rounded.
    pub(crate) fn precision(&self) -> Precision {
        match self.panels {
            Panels::F32(_) => Precision::F32,
            Panels::Bf16(_) => Precision::Bf16,
        }
    }

    /// The element in row `k` and column `j`.
    pub(crate) fn value(&self, k: usize, j: usize) -> f32 {
        let at = |rows, k| j / self.width * self.width * rows + k * self.width + j % self.width;
        match &self.panels {
            Panels::F32(values) => values[at(self.inputs, k)],
            Panels::Bf16(pairs) => bf16::numbers(pairs[at(bf16::words(self.inputs), k / 2)])[k % 2],
        }
    }

    /// Rows `[rows, inputs]` as they are multiplied; `pairs` is space for them.
    pub(crate) fn rounded<'a>(&self, x: &'a [f32], pairs: &'a mut Vec<u32>) -> Rounded<'a> {
        match self.panels {
            Panels::F32(_) => Rounded::F32(x),
            Panels::Bf16(_) => {
                let count = x.len() / self.inputs * bf16::words(self.inputs);
                if pairs.len() < count {
                    pairs.resize(count, 0);
                }
                bf16::pack_rows(x, self.inputs, &mut pairs[..count]);
                Rounded::Bf16(&pairs[..count])
            }
        }
    }

    /// `out = begin + x matrix`, on the calling thread; `out` is `[rows, outputs]`.
    pub(crate) fn product(&self, x: &Rounded<'_>, begin: Begin<'_>, out: &mut [f32]) {
        let rows = out.len() / self.outputs;
        let (columns, width) = (self.outputs, self.width);
        match (x, &self.panels) {
            (Rounded::F32(x), Panels::F32(values)) => Arch::new().dispatch(Product {
                rows,
                depth: self.inputs,
                columns,
                left: Left::rows(x, self.inputs),
                right: Right::Panels { values, width },
                begin,
                out,
                stride: columns,
            }),
            (Rounded::Bf16(x), Panels::Bf16(values)) => {
                let depth = bf16::words(self.inputs);
                bf16::product(Product {
                    rows,
                    depth,
                    columns,
                    left: Left::rows(x, depth),
                    right: Right::Panels { values, width },
                    begin,
                    out,
                    stride: columns,
                });
            }
            _ => unreachable!("rows are rounded by the matrix they are multiplied with"),
        }
    }
}

/// A term of a sum of products: `x`, `[rows, inputs]`, and the matrix it is multiplied with.
pub(crate) type Term<'a> = (&'a [f32], &'a PackedMatrix);

/// `out[r, :] = bias + the sum of x[r, :] matrix over the terms`, in their order, and then `finish`
/// for the rows of each task while these are in the cache.
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
    blocks.for_each_init(Vec::new, |pairs, (index, out)| {
        let (start, rows) = (index * block, out.len() / outputs);
        for (term, (x, matrix)) in terms.iter().enumerate() {
            assert_eq!(matrix.outputs, outputs, "the terms have one shape");
            let x = &x[start * matrix.inputs..][..rows * matrix.inputs];
            let begin = match (term, bias) {
                (0, None) => Begin::Zero,
                (0, Some(bias)) => Begin::Bias(bias),
                _ => Begin::Out,
            };
            matrix.product(&matrix.rounded(x, pairs), begin, out);
        }
        finish(out);
    });
}

/// A matrix of few columns in panels, in f32, for products on the thread that lays it out.
pub(crate) struct Panel {
    values: Vec<f32>,
    width: usize,
}

impl Panel {
    /// Lays out the matrix whose element in row `k` and column `j` is `value(k, j)`.
    pub(crate) fn new(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let width = panel_width().min(columns.next_multiple_of(lanes()));
        let mut values = vec![0.0; columns.next_multiple_of(width) * rows];
        for (panel, values) in values.chunks_exact_mut(rows * width).enumerate() {
            let first = panel * width;
            fill(values, width, columns - first, |k, j| value(k, first + j));
        }
        Self { values, width }
    }

    /// The matrix as a product takes it.
    pub(crate) fn right(&self) -> Right<'_, f32> {
        Right::Panels {
            values: &self.values,
            width: self.width,
        }
    }
}

/// Elements `[rows, columns]` in panels of `width` columns, the last one filled up.
fn lay_out<T: Copy + Default + Send>(
    rows: usize,
    columns: usize,
    width: usize,
    value: impl Fn(usize, usize) -> T + Sync,
) -> Vec<T> {
    let mut values = vec![T::default(); columns.next_multiple_of(width) * rows];
    let panels = values.par_chunks_mut(rows * width).enumerate();
    panels.for_each(|(panel, values)| {
        let first = panel * width;
        fill(values, width, columns - first, |k, j| value(k, first + j));
    });
    values
}

/// Fills the first `columns` columns of a panel, or all where it has less.
fn fill<T>(panel: &mut [T], width: usize, columns: usize, value: impl Fn(usize, usize) -> T) {
    for (k, row) in panel.chunks_exact_mut(width).enumerate() {
        for (j, to) in row.iter_mut().take(columns).enumerate() {
            *to = value(k, j);
        }
    }
}

/// How many columns a panel has: as many registers as a tile.
fn panel_width() -> usize {
    let (columns, lanes) = Arch::new().dispatch(Registers);
    columns * lanes
}

/// How many values a register holds.
fn lanes() -> usize {
    Arch::new().dispatch(Registers).1
}

/// The registers of columns of a tile, and the values of each.
struct Registers;

impl WithSimd for Registers {
    type Output = (usize, usize);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> (usize, usize) {
        (Single::<S>::COLUMNS, Single::<S>::LANES)
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
            let mut pairs = Vec::new();
            matrix.product(&matrix.rounded(&x, &mut pairs), Begin::Out, &mut out);
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
