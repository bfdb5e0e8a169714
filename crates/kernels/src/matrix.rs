//! A frozen matrix, laid out once for the products with it.
//!
//! Each element of a product is one chain of fused multiply-adds over ascending inputs. Vector
//! registers hold different elements, never parts of one, so an element has the same bits on every
//! processor, for any blocking and any number of threads.

mod bf16;
mod product;
mod tile;

use crate::gelu;
use crate::precision::Precision;
pub(crate) use product::{Begin, Left, Product, Right};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;
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

/// The exact GELU of rows, written some columns at a time.
pub(crate) enum GeluRows<'a> {
    F32(&'a mut [f32]),
    Bf16(&'a mut [u32]),
}

impl<'a> GeluRows<'a> {
    /// Writes some columns of rows of `inputs` numbers; the first column has an even number. A row's numbers in
    /// these columns lie in `x`, `stride` after those of the row before.
    pub(crate) fn write(&mut self, x: &[f32], stride: usize, inputs: usize, columns: Range<usize>) {
        match self {
            Self::F32(out) => gelu::of_columns(x, stride, inputs, columns, out),
            Self::Bf16(pairs) => bf16::pack_gelu_columns(x, stride, inputs, columns, pairs),
        }
    }

    /// The rows.
    pub(crate) fn rounded(self) -> Rounded<'a> {
        match self {
            Self::F32(rows) => Rounded::F32(rows),
            Self::Bf16(pairs) => Rounded::Bf16(pairs),
        }
    }
}

impl PackedMatrix {
    /// Lays out a matrix; `column(j, values)` writes the values of column `j`.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        precision: Precision,
        column: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Self {
        assert!(inputs > 0 && outputs > 0, "a matrix has elements");
        let width = panel_width();
        let shape = [inputs, outputs];
        let panels = match precision {
            Precision::F32 => {
                let word = |column: &[f32], k: usize| column[k];
                Panels::F32(lay_out(shape, inputs, width, column, word))
            }
            Precision::Bf16 => {
                let word = |column: &[f32], k: usize| {
                    let second = column.get(2 * k + 1).copied();
                    bf16::pair(column[2 * k], second.unwrap_or(0.0))
                };
                Panels::Bf16(lay_out(shape, bf16::words(inputs), width, column, word))
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
        Self::new(self.outputs, self.inputs, self.precision(), |j, column| {
            self.row(j, column);
        })
    }

    /// Writes the elements of row `k`.
    pub(crate) fn row(&self, k: usize, row: &mut [f32]) {
        for (panel, row) in row.chunks_mut(self.width).enumerate() {
            match &self.panels {
                Panels::F32(values) => {
                    let values = &values[(panel * self.inputs + k) * self.width..];
                    row.copy_from_slice(&values[..row.len()]);
                }
                Panels::Bf16(pairs) => {
                    let words = bf16::words(self.inputs);
                    let pairs = &pairs[(panel * words + k / 2) * self.width..];
                    for (to, &pair) in row.iter_mut().zip(pairs) {
                        *to = bf16::numbers(pair)[k % 2];
                    }
                }
            }
        }
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

    /// Rows `[rows, inputs]` as they are multiplied; `pairs` is space for them.
    pub(crate) fn rounded<'a>(&self, x: &'a [f32], pairs: &'a mut Vec<u32>) -> Rounded<'a> {
        match self.panels {
            Panels::F32(_) => Rounded::F32(x),
            Panels::Bf16(_) => {
                let pairs = self.pairs(x.len() / self.inputs, pairs);
                bf16::pack_rows(x, self.inputs, pairs);
                Rounded::Bf16(pairs)
            }
        }
    }

    /// Space for the exact GELU of so many rows, as they are multiplied.
    pub(crate) fn gelu_space<'a>(
        &self,
        rows: usize,
        inner: &'a mut Vec<f32>,
        pairs: &'a mut Vec<u32>,
    ) -> GeluRows<'a> {
        match self.panels {
            Panels::F32(_) => {
                inner.resize(rows * self.inputs, 0.0);
                GeluRows::F32(inner)
            }
            Panels::Bf16(_) => GeluRows::Bf16(self.pairs(rows, pairs)),
        }
    }

    /// Space for rows as pairs.
    fn pairs<'a>(&self, rows: usize, pairs: &'a mut Vec<u32>) -> &'a mut [u32] {
        let count = rows * bf16::words(self.inputs);
        if pairs.len() < count {
            pairs.resize(count, 0);
        }
        &mut pairs[..count]
    }

    /// `out = begin + x matrix`, on the calling thread; `out` is `[rows, outputs]`.
    pub(crate) fn product(&self, x: &Rounded<'_>, begin: Begin<'_>, out: &mut [f32]) {
        self.product_of(0..self.outputs, x, begin, out, self.outputs);
    }

    /// Blocks of some panels' columns: what is computed of one block stays in the first-level cache.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        const PANELS: usize = 2;
        let (block, outputs) = (PANELS * self.width, self.outputs);
        let firsts = (0..outputs).step_by(block);
        firsts.map(move |first| first..outputs.min(first + block))
    }

    /// As [`PackedMatrix::product`] the columns of a block, those of each row `stride` after the row's before.
    pub(crate) fn product_of(
        &self,
        block: Range<usize>,
        x: &Rounded<'_>,
        begin: Begin<'_>,
        out: &mut [f32],
        stride: usize,
    ) {
        let width = self.width;
        let rows = match x {
            Rounded::F32(x) => x.len() / self.inputs,
            Rounded::Bf16(x) => x.len() / bf16::words(self.inputs),
        };
        let begin = match begin {
            Begin::Bias(bias) => Begin::Bias(&bias[block.clone()]),
            other => other,
        };
        let columns = block.len();
        match (x, &self.panels) {
            (Rounded::F32(x), Panels::F32(values)) => Arch::new().dispatch(Product {
                rows,
                depth: self.inputs,
                columns,
                left: Left::rows(x, self.inputs),
                right: Right::Panels {
                    values: &values[block.start * self.inputs..],
                    width,
                },
                begin,
                out,
                stride,
            }),
            (Rounded::Bf16(x), Panels::Bf16(values)) => {
                let depth = bf16::words(self.inputs);
                bf16::product(Product {
                    rows,
                    depth,
                    columns,
                    left: Left::rows(x, depth),
                    right: Right::Panels {
                        values: &values[block.start * depth..],
                        width,
                    },
                    begin,
                    out,
                    stride,
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
            for (k, row) in values.chunks_exact_mut(width).enumerate() {
                for (j, to) in row.iter_mut().take(columns - first).enumerate() {
                    *to = value(k, first + j);
                }
            }
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

/// A matrix in panels of `width` columns, the last one filled up; `word` makes of a column's values the
/// one in row `k` of `rows`.
fn lay_out<T: Copy + Default + Send>(
    [inputs, outputs]: [usize; 2],
    rows: usize,
    width: usize,
    column: impl Fn(usize, &mut [f32]) + Sync,
    word: impl Fn(&[f32], usize) -> T + Sync,
) -> Vec<T> {
    let mut values = vec![T::default(); outputs.next_multiple_of(width) * rows];
    let panels = values.par_chunks_mut(rows * width).enumerate();
    panels.for_each_init(
        || vec![0.0; inputs],
        |space, (panel, values)| {
            for (j, output) in (panel * width..outputs).take(width).enumerate() {
                column(output, space);
                for (k, to) in values[j..].iter_mut().step_by(width).enumerate() {
                    *to = word(space, k);
                }
            }
        },
    );
    values
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
            let element = |k: usize, j: usize| weight[k * outputs + j];
            let matrix = PackedMatrix::new(inputs, outputs, Precision::F32, |j, column| {
                (0..inputs).for_each(|k| column[k] = element(k, j));
            });
            let mut out = vec![0.0; x.len() / inputs * outputs];
            products(Some(&bias), &[(&x, &matrix)], &mut out, |_| {});
            let mut pairs = Vec::new();
            matrix.product(&matrix.rounded(&x, &mut pairs), Begin::Out, &mut out);
            for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
                for (j, out) in out.iter().enumerate() {
                    let chain = |start| {
                        (0..inputs).fold(start, |sum: f32, k| x[k].mul_add(element(k, j), sum))
                    };
                    prop_assert_eq!(out.to_bits(), chain(chain(bias[j])).to_bits());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_matrix_gives_its_rows_back(
            (inputs, outputs, weight) in (1_usize..9, 1_usize..120).prop_flat_map(
                |(inputs, outputs)| (Just(inputs), Just(outputs), values(inputs * outputs))
            ),
            bf16 in any::<bool>(),
        ) {
            let precision = if bf16 { Precision::Bf16 } else { Precision::F32 };
            let matrix = PackedMatrix::new(inputs, outputs, precision, |j, column| {
                (0..inputs).for_each(|k| column[k] = weight[k * outputs + j]);
            });
            let transposed = matrix.transposed().transposed();
            for (k, row) in weight.chunks_exact(outputs).enumerate() {
                let expected: Vec<f32> = row.iter().map(|&x| precision.round(x)).collect();
                for matrix in [&matrix, &transposed] {
                    let mut got = vec![0.0; outputs];
                    matrix.row(k, &mut got);
                    prop_assert_eq!(&got, &expected);
                }
            }
        }
    }

    #[test]
    fn deep_products_are_one_chain_too() {
        let (inputs, outputs) = (1_000, 3);
        let weight = |k: usize, j: usize| ((k * 7 + j * 3) % 11) as f32 * 0.1 - 0.5;
        let matrix = PackedMatrix::new(inputs, outputs, Precision::F32, |j, column| {
            (0..inputs).for_each(|k| column[k] = weight(k, j));
        });
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
