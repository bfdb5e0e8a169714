//! The product of two matrices, in tiles whose sums stay in registers.

use super::tile::{Single, Tile};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// The left operand: the element in row `r` and column `k` is `values[r * row + k * step]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) row: usize,
    pub(crate) step: usize,
}

impl<'a, T> Left<'a, T> {
    /// Rows, every one `stride` values after the one before.
    pub(crate) fn rows(values: &'a [T], stride: usize) -> Self {
        Self {
            values,
            row: stride,
            step: 1,
        }
    }

    /// The matrix whose columns are these rows.
    pub(crate) fn columns(values: &'a [T], stride: usize) -> Self {
        Self {
            values,
            row: 1,
            step: stride,
        }
    }
}

/// The right operand.
#[derive(Clone, Copy)]
pub(crate) enum Right<'a, T> {
    /// Panels of `width` columns, as [`super::PackedMatrix`] has them.
    Panels { values: &'a [T], width: usize },
    /// Rows, every one `stride` values after the one before.
    Rows { values: &'a [T], stride: usize },
}

/// What a product's sums begin with.
#[derive(Clone, Copy)]
pub(crate) enum Begin<'a> {
    /// Nothing: what the result held is lost.
    Zero,
    /// The same row for all rows.
    Bias(&'a [f32]),
    /// What the result holds.
    Out,
}

/// `out = begin + left right`.
pub(crate) struct Product<'a, T> {
    /// The rows of the result.
    pub(crate) rows: usize,
    /// The columns of the left operand, in words; at least one.
    pub(crate) depth: usize,
    /// The columns of the result.
    pub(crate) columns: usize,
    pub(crate) left: Left<'a, T>,
    pub(crate) right: Right<'a, T>,
    pub(crate) begin: Begin<'a>,
    /// The rows of the result, every one `stride` values after the one before.
    pub(crate) out: &'a mut [f32],
    pub(crate) stride: usize,
}

impl WithSimd for Product<'_, f32> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        run(Single(simd), self);
    }
}

/// Where a tile lies.
struct Place {
    /// Its first row.
    row: usize,
    columns: Range<usize>,
    /// Where the right operand's columns begin.
    right: usize,
    /// From their words at one depth to those at the next.
    step: usize,
    ahead: Ahead,
}

/// What will be needed next of the right operand, which a tile has brought closer on its way: a frozen
/// matrix is read once for each group of texts, from where it is slow to read.
#[derive(Clone, Copy)]
struct Ahead {
    /// Where this tile's part begins, in words.
    from: usize,
    /// How many bytes are brought for each depth.
    bytes: usize,
}

#[inline(always)]
pub(crate) fn run<T: Tile>(tile: T, mut product: Product<'_, T::Word>) {
    let Product {
        rows,
        depth,
        columns,
        ..
    } = product;
    if rows == 0 || columns == 0 {
        return;
    }
    product.check();
    // Words beyond the columns can be read where panels are filled up.
    let (width, filled) = match product.right {
        Right::Panels { width, .. } => (width, true),
        Right::Rows { .. } => (T::COLUMNS * T::LANES, false),
    };
    assert!(
        width <= T::COLUMNS * T::LANES,
        "panels are those of the tile"
    );
    let tiles = rows.div_ceil(T::ROWS);
    for first in (0..columns).step_by(width) {
        let columns = first..columns.min(first + width);
        let (right, step) = match product.right {
            Right::Panels { .. } => (first * depth, width),
            Right::Rows { stride, .. } => (first, stride),
        };
        let next = right + depth * width;
        for index in 0..tiles {
            let row = index * rows / tiles;
            let count = (index + 1) * rows / tiles - row;
            let ahead = match filled {
                true => Ahead {
                    from: next + index * depth * width / tiles,
                    bytes: width * size_of::<T::Word>() / tiles,
                },
                false => Ahead {
                    from: right,
                    bytes: 0,
                },
            };
            let place = Place {
                ahead,
                row,
                columns: columns.clone(),
                right,
                step,
            };
            let whole = filled || columns.len() % T::LANES == 0;
            match (columns.len().div_ceil(T::LANES), whole) {
                (1, true) => by_rows::<T, 1, false>(tile, &mut product, count, &place),
                (1, false) => by_rows::<T, 1, true>(tile, &mut product, count, &place),
                (2, true) => by_rows::<T, 2, false>(tile, &mut product, count, &place),
                (2, false) => by_rows::<T, 2, true>(tile, &mut product, count, &place),
                (_, true) if T::COLUMNS > 2 => {
                    by_rows::<T, 3, false>(tile, &mut product, count, &place);
                }
                (_, false) if T::COLUMNS > 2 => {
                    by_rows::<T, 3, true>(tile, &mut product, count, &place);
                }
                (registers, _) => unreachable!("{registers} registers of columns"),
            }
        }
    }
}

#[inline(always)]
fn by_rows<T: Tile, const C: usize, const PART: bool>(
    tile: T,
    product: &mut Product<'_, T::Word>,
    rows: usize,
    place: &Place,
) {
    match rows {
        1 => block::<T, 1, C, PART>(tile, product, place),
        2 => block::<T, 2, C, PART>(tile, product, place),
        3 => block::<T, 3, C, PART>(tile, product, place),
        4 => block::<T, 4, C, PART>(tile, product, place),
        5 if T::ROWS > 4 => block::<T, 5, C, PART>(tile, product, place),
        6 if T::ROWS > 4 => block::<T, 6, C, PART>(tile, product, place),
        7 if T::ROWS > 6 => block::<T, 7, C, PART>(tile, product, place),
        8 if T::ROWS > 6 => block::<T, 8, C, PART>(tile, product, place),
        rows => unreachable!("a tile of {rows} rows"),
    }
}

/// One tile: `R` rows by `C` registers of columns. The last register is part of one where `PART`.
#[inline(always)]
fn block<T: Tile, const R: usize, const C: usize, const PART: bool>(
    tile: T,
    product: &mut Product<'_, T::Word>,
    place: &Place,
) {
    let mut sums = [[tile.zero(); C]; R];
    let begin = match product.begin {
        Begin::Zero => None,
        Begin::Bias(bias) => Some((&bias[place.columns.clone()], 0)),
        Begin::Out => {
            let from = place.row * product.stride + place.columns.start;
            Some((&product.out[from..], product.stride))
        }
    };
    let columns = place.columns.len();
    if let Some((values, stride)) = begin {
        for (i, sums) in sums.iter_mut().enumerate() {
            let row = &values[i * stride..][..columns];
            for (c, sums) in sums.iter_mut().enumerate() {
                *sums = tile.load(register::<T, f32>(row, c));
            }
        }
    }
    let sums = chains::<T, R, C, PART>(tile, product, place, sums);
    let from = place.row * product.stride + place.columns.start;
    let out = &mut product.out[from..];
    for (i, sums) in sums.into_iter().enumerate() {
        let row = &mut out[i * product.stride..][..columns];
        for (c, sums) in sums.into_iter().enumerate() {
            let end = columns.min((c + 1) * T::LANES);
            tile.store(sums, &mut row[c * T::LANES..end]);
        }
    }
}

/// The values of register `c` of a row.
#[inline(always)]
fn register<T: Tile, V>(row: &[V], c: usize) -> &[V] {
    &row[c * T::LANES..row.len().min((c + 1) * T::LANES)]
}

/// Adds to the sums of a tile.
#[inline(always)]
#[allow(unsafe_code)]
fn chains<T: Tile, const R: usize, const C: usize, const PART: bool>(
    tile: T,
    product: &Product<'_, T::Word>,
    place: &Place,
    mut sums: [[T::Sums; C]; R],
) -> [[T::Sums; C]; R] {
    let Left { values, row, step } = product.left;
    let left = &values[place.row * row..];
    let (Right::Panels { values, .. } | Right::Rows { values, .. }) = product.right;
    let right = &values[place.right..];
    let end = place.columns.len();
    let Ahead { from, bytes } = place.ahead;
    let ahead = values.as_ptr().wrapping_add(from).cast::<u8>();
    for k in 0..product.depth {
        let words = &right[k * place.step..];
        prefetch(ahead.wrapping_add(k * bytes));
        // SAFETY: `check` compared the last element of each operand with its length. A tile's rows, depth
        // and columns are inside the product's; where `PART` is false, all registers are inside the
        // columns or the panel, which is filled up.
        unsafe {
            let mut y = [tile.splat(*left.get_unchecked(0)); C];
            for (c, y) in y.iter_mut().enumerate() {
                *y = match PART && c == C - 1 {
                    true => tile.some_words(words.get_unchecked(c * T::LANES..end)),
                    false => tile.words(words.as_ptr().add(c * T::LANES)),
                };
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = tile.splat(*left.get_unchecked(i * row + k * step));
                for (sums, &y) in sums.iter_mut().zip(&y) {
                    *sums = tile.mul_add(x, y, *sums);
                }
            }
        }
    }
    sums
}

/// Asks for the memory at an address, which need not be anybody's.
#[inline(always)]
#[allow(unsafe_code)]
fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads nothing; an address that is not mapped is passed over. Every x86-64
    // processor has it.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

impl<T> Product<'_, T> {
    /// Panics where an operand is too small for what is asked.
    fn check(&self) {
        assert!(self.depth > 0, "a product has terms");
        let left = (self.rows - 1) * self.left.row + (self.depth - 1) * self.left.step;
        assert!(
            left < self.left.values.len(),
            "the left operand has all rows"
        );
        let (needed, given) = match self.right {
            Right::Panels { values, width } => (
                self.columns.next_multiple_of(width) * self.depth,
                values.len(),
            ),
            Right::Rows { values, stride } => {
                ((self.depth - 1) * stride + self.columns, values.len())
            }
        };
        assert!(needed <= given, "the right operand has all columns");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tile::Pairs;
    use super::*;
    use crate::matrix::bf16;
    use proptest::prelude::*;

    /// Operands of a product, row-major, in f32 or as words that are pairs.
    #[derive(Clone, Copy)]
    struct Operands<'a, T> {
        shape: [usize; 3],
        x: &'a [T],
        y: &'a [T],
    }

    impl<T: Copy + Default> Operands<'_, T> {
        /// The product, from rows and from panels of the tile's width.
        fn products<S: Tile<Word = T>>(self, tile: S) -> [Vec<f32>; 2] {
            let [rows, depth, columns] = self.shape;
            let width = S::COLUMNS * S::LANES;
            let mut panels = Vec::new();
            for first in (0..columns).step_by(width) {
                for row in self.y.chunks_exact(columns) {
                    let value = |j| row.get(first + j).copied().filter(|_| first + j < columns);
                    panels.extend((0..width).map(|j| value(j).unwrap_or_default()));
                }
            }
            let rights = [
                Right::Rows {
                    values: self.y,
                    stride: columns,
                },
                Right::Panels {
                    values: &panels,
                    width,
                },
            ];
            rights.map(|right| {
                let mut out = vec![f32::NAN; rows * columns];
                run(
                    tile,
                    Product {
                        rows,
                        depth,
                        columns,
                        left: Left::rows(self.x, depth),
                        right,
                        begin: Begin::Zero,
                        out: &mut out,
                        stride: columns,
                    },
                );
                out
            })
        }
    }

    /// Both products of one way of multiplying, in f32 and of pairs.
    struct Both<'a>(Operands<'a, f32>, Operands<'a, u32>);

    impl WithSimd for Both<'_> {
        type Output = [[Vec<f32>; 2]; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            [self.0.products(Single(simd)), self.1.products(Pairs(simd))]
        }
    }

    /// What every kind of processor that this one can stand in for makes of the operands.
    fn all_ways(single: Operands<'_, f32>, pairs: Operands<'_, u32>) -> Vec<[[Vec<f32>; 2]; 2]> {
        let both = || Both(single, pairs);
        let mut ways = vec![both().with_simd(pulp::Scalar::new())];
        #[cfg(target_arch = "x86_64")]
        {
            use pulp::x86::{V3, V4};
            ways.extend(V3::try_new().map(|simd| Simd::vectorize(simd, both())));
            ways.extend(V4::try_new().map(|simd| Simd::vectorize(simd, both())));
        }
        ways.push(pulp::Arch::new().dispatch(both()));
        ways
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn all_processors_give_the_same_bits(
            (shape, x, y) in (1_usize..20, 1_usize..250, 1_usize..60).prop_flat_map(
                |(rows, depth, columns)| (
                    Just([rows, depth, columns]),
                    prop::collection::vec(-4.0_f32..4.0, 2 * rows * depth),
                    prop::collection::vec(-4.0_f32..4.0, 2 * depth * columns),
                )
            )
        ) {
            let [rows, depth, columns] = shape;
            let single = Operands { shape, x: &x[..rows * depth], y: &y[..depth * columns] };
            let pack = |values: &[f32]| -> Vec<u32> {
                values.as_chunks::<2>().0.iter().map(|&[a, b]| bf16::pair(a, b)).collect()
            };
            let (x_pairs, y_pairs) = (pack(&x), pack(&y));
            let pairs = Operands { shape, x: &x_pairs, y: &y_pairs };
            let mut chains = vec![0.0_f32; rows * columns];
            for (index, sum) in chains.iter_mut().enumerate() {
                let (row, column) = (index / columns, index % columns);
                *sum = (0..depth).fold(0.0, |sum: f32, k| {
                    x[row * depth + k].mul_add(y[k * columns + column], sum)
                });
            }
            let ways = all_ways(single, pairs);
            for [of_single, of_pairs] in &ways {
                for out in of_single {
                    prop_assert_eq!(bits(out), bits(&chains));
                }
                for out in of_pairs {
                    prop_assert_eq!(bits(out), bits(&ways[0][1][0]));
                }
            }
        }
    }
}
