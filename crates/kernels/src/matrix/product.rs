//! The product of a few rows with a matrix in panels, in tiles whose sums stay in registers.

use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Inputs that are worked on at a time: their part of a panel and of a tile's rows stays in the
/// first-level cache.
const DEPTH: usize = 384;

/// Rows of a matrix, every one `stride` values after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
}

/// `out[r, :] = bias + x[r, :] matrix`, or `out[r, :] += x[r, :] matrix` without a bias.
pub(crate) struct Product<'a> {
    /// How many rows there are.
    pub(crate) rows: usize,
    /// The rows of `x`, of which the first `inputs` values count.
    pub(crate) x: Rows<'a>,
    /// The matrix, `[inputs, outputs]`, as [`super::panels`] lays it out.
    pub(crate) panels: &'a [f32],
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) bias: Option<&'a [f32]>,
    /// The rows of the result, every one `stride` values after the one before.
    pub(crate) out: &'a mut [f32],
    pub(crate) stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let width = 2 * S::F32_LANES;
        let tiles = self.rows.div_ceil(most::<S>());
        for start in (0..inputs).step_by(DEPTH) {
            let depth = start..inputs.min(start + DEPTH);
            for (p, panel) in self.panels.chunks_exact(inputs * width).enumerate() {
                let panel = &panel[depth.start * width..depth.end * width];
                let columns = p * width..outputs.min((p + 1) * width);
                for tile in 0..tiles {
                    let rows = tile * self.rows / tiles..(tile + 1) * self.rows / tiles;
                    self.tile(simd, rows, depth.clone(), columns.clone(), panel);
                }
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn tile<S: Simd>(
        &mut self,
        simd: S,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &[f32],
    ) {
        let start = rows.start;
        match rows.len() {
            1 => self.rows::<S, 1>(simd, start, depth, columns, panel),
            2 => self.rows::<S, 2>(simd, start, depth, columns, panel),
            3 => self.rows::<S, 3>(simd, start, depth, columns, panel),
            4 => self.rows::<S, 4>(simd, start, depth, columns, panel),
            5 => self.rows::<S, 5>(simd, start, depth, columns, panel),
            6 => self.rows::<S, 6>(simd, start, depth, columns, panel),
            // Only where registers hold so many sums.
            count if most::<S>() == 12 => match count {
                7 => self.rows::<S, 7>(simd, start, depth, columns, panel),
                8 => self.rows::<S, 8>(simd, start, depth, columns, panel),
                9 => self.rows::<S, 9>(simd, start, depth, columns, panel),
                10 => self.rows::<S, 10>(simd, start, depth, columns, panel),
                11 => self.rows::<S, 11>(simd, start, depth, columns, panel),
                _ => self.rows::<S, 12>(simd, start, depth, columns, panel),
            },
            _ => {}
        }
    }

    /// `ROWS` rows from `start` on, by one panel.
    #[inline(always)]
    fn rows<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        start: usize,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &[f32],
    ) {
        let Rows { values, stride } = self.x;
        let rows: [&[f32]; ROWS] =
            std::array::from_fn(|i| &values[(start + i) * stride..][depth.clone()]);
        let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
        let whole = columns.len() == 2 * S::F32_LANES;
        for (i, sums) in sums.iter_mut().enumerate() {
            let from = match self.bias.filter(|_| depth.start == 0) {
                Some(bias) => &bias[columns.clone()],
                None => &self.out[(start + i) * self.stride..][columns.clone()],
            };
            match whole {
                true => sums.copy_from_slice(S::as_simd_f32s(from).0),
                false => copy(from, values_mut::<S>(sums)),
            }
        }
        let sums = chains::<S, ROWS>(simd, rows, panel, sums);
        for (i, mut sums) in sums.into_iter().enumerate() {
            let out = &mut self.out[(start + i) * self.stride..][columns.clone()];
            match whole {
                true => S::as_mut_simd_f32s(out).0.copy_from_slice(&sums),
                false => copy(values_mut::<S>(&mut sums), out),
            }
        }
    }
}

/// Copies as many values as both have.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[inline(always)]
fn values_mut<S: Simd>(registers: &mut [S::f32s; 2]) -> &mut [f32] {
    pulp::bytemuck::cast_slice_mut(registers)
}

/// The most rows of a tile: their sums, two registers of columns and a value fill the registers.
#[inline(always)]
fn most<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// `sums[i] + rows[i] panel`.
#[inline(always)]
#[allow(unsafe_code)]
fn chains<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    panel: &[f32],
    mut sums: [[S::f32s; 2]; ROWS],
) -> [[S::f32s; 2]; ROWS] {
    let (columns, _) = S::as_simd_f32s(panel).0.as_chunks::<2>();
    let rows = rows.map(|row| &row[..columns.len()]);
    for (k, [left, right]) in columns.iter().enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: `k` is below `columns.len()`, the length that every row was cut to. The compiler
            // does not see it, and six checks for twelve products cost a tenth of the speed.
            let value = simd.splat_f32s(unsafe { *row.get_unchecked(k) });
            sums[0] = simd.mul_add_f32s(value, *left, sums[0]);
            sums[1] = simd.mul_add_f32s(value, *right, sums[1]);
        }
    }
    sums
}
