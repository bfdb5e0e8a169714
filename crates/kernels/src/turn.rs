//! Rows as columns.

use crate::math::LANES;
use pulp::{Simd, WithSimd};

/// A square of numbers, one row or column in each.
type Square = [[f32; LANES]; LANES];

/// Writes the columns of rows as rows.
pub(crate) struct Turn<'a> {
    /// The rows, every one `stride` values after the one before.
    pub from: &'a [f32],
    pub stride: usize,
    pub rows: usize,
    /// As many rows as there are columns, every one `to_stride` values after the one before: a multiple of
    /// [`LANES`] that has room for `rows`. What is beyond them is overwritten.
    pub to: &'a mut [f32],
    pub to_stride: usize,
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            from,
            stride,
            rows,
            to,
            to_stride,
        } = self;
        let columns = to.len() / to_stride;
        for first in (0..rows).step_by(LANES) {
            let from = &from[first * stride..];
            let count = LANES.min(rows - first);
            for column in (0..columns).step_by(LANES) {
                let width = LANES.min(columns - column);
                let mut square = [[0.0; LANES]; LANES];
                for (row, to) in square.iter_mut().enumerate().take(count) {
                    let from = &from[row * stride + column..];
                    match from.first_chunk() {
                        Some(whole) if width == LANES => *to = *whole,
                        _ => to[..width].copy_from_slice(&from[..width]),
                    }
                }
                let turned = turned(simd, square);
                for (index, row) in turned.iter().enumerate().take(width) {
                    let to = &mut to[(column + index) * to_stride + first..];
                    to[..LANES].copy_from_slice(row);
                }
            }
        }
    }
}

/// The square with rows and columns exchanged.
#[inline(always)]
fn turned<S: Simd>(simd: S, square: Square) -> Square {
    #[cfg(target_arch = "x86_64")]
    if let Some(&simd) = (&simd as &dyn std::any::Any).downcast_ref() {
        return shuffled(simd, square);
    }
    let _ = simd;
    std::array::from_fn(|column| std::array::from_fn(|row| square[row][column]))
}

/// As [`turned`], by shuffles: pairs of rows, fours of rows, fours of columns.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn shuffled(simd: pulp::x86::V4, square: Square) -> Square {
    use std::arch::x86_64::__m512;
    const FOUR: usize = 4;
    let f = simd.avx512f;
    let rows: [__m512; LANES] = pulp::cast(square);
    let mut pairs = rows;
    for index in (0..LANES).step_by(2) {
        let [a, b] = [rows[index], rows[index + 1]];
        pairs[index] = f._mm512_unpacklo_ps(a, b);
        pairs[index + 1] = f._mm512_unpackhi_ps(a, b);
    }
    // Of four rows, register `i` has columns `i`, `i + 4`, `i + 8` and `i + 12`.
    let mut fours = pairs;
    for index in (0..LANES).step_by(FOUR) {
        let [a, b, c, d] = std::array::from_fn(|i| pairs[index + i]);
        fours[index] = f._mm512_shuffle_ps::<0x44>(a, c);
        fours[index + 1] = f._mm512_shuffle_ps::<0xEE>(a, c);
        fours[index + 2] = f._mm512_shuffle_ps::<0x44>(b, d);
        fours[index + 3] = f._mm512_shuffle_ps::<0xEE>(b, d);
    }
    let mut columns = fours;
    for index in 0..FOUR {
        let [a, b, c, d] = std::array::from_fn(|i| fours[index + FOUR * i]);
        let lower = [
            f._mm512_shuffle_f32x4::<0x44>(a, b),
            f._mm512_shuffle_f32x4::<0x44>(c, d),
        ];
        let upper = [
            f._mm512_shuffle_f32x4::<0xEE>(a, b),
            f._mm512_shuffle_f32x4::<0xEE>(c, d),
        ];
        columns[index] = f._mm512_shuffle_f32x4::<0x88>(lower[0], lower[1]);
        columns[index + FOUR] = f._mm512_shuffle_f32x4::<0xDD>(lower[0], lower[1]);
        columns[index + 2 * FOUR] = f._mm512_shuffle_f32x4::<0x88>(upper[0], upper[1]);
        columns[index + 3 * FOUR] = f._mm512_shuffle_f32x4::<0xDD>(upper[0], upper[1]);
    }
    pulp::cast(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulp::{Arch, Scalar};

    proptest! {
        #[test]
        fn every_column_becomes_a_row(
            (rows, columns, stride) in (1_usize..40, 1_usize..70)
                .prop_flat_map(|(rows, columns)| (Just(rows), Just(columns), columns..columns + 9)),
        ) {
            let from: Vec<f32> = (0..rows * stride).map(|value| value as f32).collect();
            let to_stride = rows.next_multiple_of(LANES);
            for portable in [true, false] {
                let mut to = vec![f32::NAN; columns * to_stride];
                let turn = Turn { from: &from, stride, rows, to: &mut to, to_stride };
                match portable {
                    true => turn.with_simd(Scalar::new()),
                    false => Arch::new().dispatch(turn),
                }
                for (column, row) in to.chunks_exact(to_stride).enumerate() {
                    for (index, &value) in row.iter().enumerate().take(rows) {
                        prop_assert_eq!(value, from[index * stride + column]);
                    }
                }
            }
        }
    }
}
