//! Layer normalisation over the last dimension of a sum: Ba et al. 2016, arXiv:1607.06450.

use crate::math::{LANES, sum, sums_of_rows};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Rows that one task works on.
const ROWS: usize = 32;
/// Rows that are summed beside each other.
const TOGETHER: usize = 4;

/// What is normalised, `x + residual`, `[tokens, width]` each; and with what.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a> {
    pub x: &'a [f32],
    pub residual: &'a [f32],
    pub gamma: &'a [f32],
    pub epsilon: f32,
}

impl Operands<'_> {
    /// Writes row `row` of `x + residual`, less its mean, to `centred`; the reciprocal of the row's
    /// standard deviation.
    #[inline(always)]
    fn centre(&self, row: usize, centred: &mut [f32]) -> f32 {
        let width = centred.len();
        let x = &self.x[row * width..][..width];
        let residual = &self.residual[row * width..][..width];
        for ((to, x), residual) in centred.iter_mut().zip(x).zip(residual) {
            *to = x + residual;
        }
        let mean = sum([centred], |[x]| x) / width as f32;
        for value in centred.iter_mut() {
            *value -= mean;
        }
        let variance = sum([centred], |[x]| x * x) / width as f32;
        1.0 / (variance + self.epsilon).sqrt()
    }
}

/// `out[r, :] = (s[r, :] - mean) / sqrt(variance + epsilon) * gamma + beta` with `s = x + residual`.
pub(crate) fn forward(operands: Operands<'_>, beta: &[f32], out: &mut [f32]) {
    let tasks = out.par_chunks_mut(ROWS * beta.len()).enumerate();
    tasks.for_each(|(task, out)| {
        Arch::new().dispatch(Forward {
            operands,
            first: task * ROWS,
            beta,
            out,
        });
    });
}

/// As [`forward`], on the calling thread.
pub(crate) fn forward_rows(operands: Operands<'_>, beta: &[f32], out: &mut [f32]) {
    Arch::new().dispatch(Forward {
        operands,
        first: 0,
        beta,
        out,
    });
}

/// The gradient of `x`, which is that of `residual`; `gamma` and `beta` are constants.
pub(crate) fn backward(operands: Operands<'_>, grad: &[f32], out: &mut [f32]) {
    let width = operands.gamma.len();
    out.par_chunks_mut(ROWS * width)
        .zip(grad.par_chunks(ROWS * width))
        .enumerate()
        .for_each(|(task, (out, grad))| {
            Arch::new().dispatch(Backward {
                operands,
                first: task * ROWS,
                grad,
                out,
            });
        });
}

/// What the backward pass needs of normalised rows.
pub(crate) struct Normal<'a> {
    /// The rows, less their means, over their standard deviations: `[tokens, width]`.
    pub rows: &'a mut [f32],
    /// One over the standard deviation of each row.
    pub scales: &'a mut [f32],
}

/// As [`forward`], and what the backward pass needs, on the calling thread.
pub(crate) fn forward_keeping(
    operands: Operands<'_>,
    beta: &[f32],
    normal: Normal<'_>,
    out: &mut [f32],
) {
    Arch::new().dispatch(ForwardKeeping {
        operands,
        beta,
        normal,
        out,
    });
}

/// The gradient of what was normalised, from that of the result, in place; on the calling thread.
pub(crate) fn backward_kept(gamma: &[f32], normal: &[f32], scales: &[f32], grad: &mut [f32]) {
    Arch::new().dispatch(BackwardKept {
        gamma,
        normal,
        scales,
        grad,
    });
}

struct ForwardKeeping<'a> {
    operands: Operands<'a>,
    beta: &'a [f32],
    normal: Normal<'a>,
    out: &'a mut [f32],
}

impl WithSimd for ForwardKeeping<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.beta.len();
        let rows = self.normal.rows.chunks_exact_mut(width);
        let outs = self.out.chunks_exact_mut(width);
        for (row, ((normal, scale), out)) in rows.zip(self.normal.scales).zip(outs).enumerate() {
            *scale = self.operands.centre(row, normal);
            let weights = self.operands.gamma.iter().zip(self.beta);
            for ((out, normal), (&gamma, &beta)) in out.iter_mut().zip(normal).zip(weights) {
                *normal *= *scale;
                *out = *normal * gamma + beta;
            }
        }
    }
}

struct BackwardKept<'a> {
    gamma: &'a [f32],
    normal: &'a [f32],
    scales: &'a [f32],
    grad: &'a mut [f32],
}

impl WithSimd for BackwardKept<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.gamma.len();
        let rows = self.normal.chunks_exact(width).zip(self.scales);
        for (grad, (normal, &scale)) in self.grad.chunks_exact_mut(width).zip(rows) {
            for (grad, &gamma) in grad.iter_mut().zip(self.gamma) {
                *grad *= gamma;
            }
            let mean = sum([grad], |[grad]| grad) / width as f32;
            let product = sum([grad, normal], |[grad, normal]| grad * normal);
            let mean_product = product / width as f32;
            for (grad, &normal) in grad.iter_mut().zip(normal) {
                *grad = scale * (*grad - mean - normal * mean_product);
            }
        }
    }
}

/// Rows from `first` on.
struct Forward<'a> {
    operands: Operands<'a>,
    first: usize,
    beta: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.beta.len();
        let mut row = self.first;
        let mut rest = self.out;
        while width.is_multiple_of(LANES) && rest.len() >= TOGETHER * width {
            let (rows, others) = rest.split_at_mut(TOGETHER * width);
            together(simd, self.operands, row, self.beta, rows);
            (row, rest) = (row + TOGETHER, others);
        }
        for (row, out) in (row..).zip(rest.chunks_exact_mut(width)) {
            let scale = self.operands.centre(row, out);
            for ((out, &gamma), &beta) in out.iter_mut().zip(self.operands.gamma).zip(self.beta) {
                *out = *out * scale * gamma + beta;
            }
        }
    }
}

/// [`TOGETHER`] rows of whole registers from row `first` on.
#[inline(always)]
fn together<S: Simd>(simd: S, operands: Operands<'_>, first: usize, beta: &[f32], out: &mut [f32]) {
    let width = beta.len();
    let part = first * width..(first + TOGETHER) * width;
    let x = S::as_simd_f32s(&operands.x[part.clone()]).0;
    let residual = S::as_simd_f32s(&operands.residual[part]).0;
    let out = S::as_mut_simd_f32s(out).0;
    let registers = width / S::F32_LANES;
    let totals: [f32; TOGETHER] = sums_of_rows(simd, registers, |row, index| {
        let index = row * registers + index;
        out[index] = simd.add_f32s(x[index], residual[index]);
        out[index]
    });
    let means = totals.map(|sum| simd.splat_f32s(sum / width as f32));
    let sums: [f32; TOGETHER] = sums_of_rows(simd, registers, |row, index| {
        let centred = simd.sub_f32s(out[row * registers + index], means[row]);
        simd.mul_f32s(centred, centred)
    });
    let scales = sums.map(|sum| {
        let variance = sum / width as f32;
        simd.splat_f32s(1.0 / (variance + operands.epsilon).sqrt())
    });
    let (gamma, beta) = (S::as_simd_f32s(operands.gamma).0, S::as_simd_f32s(beta).0);
    for ((row, mean), scale) in out.chunks_exact_mut(registers).zip(means).zip(scales) {
        for ((out, &gamma), &beta) in row.iter_mut().zip(gamma).zip(beta) {
            let normal = simd.mul_f32s(simd.sub_f32s(*out, mean), scale);
            *out = simd.add_f32s(simd.mul_f32s(normal, gamma), beta);
        }
    }
}

/// Rows from `first` on; `grad` begins with theirs.
struct Backward<'a> {
    operands: Operands<'a>,
    first: usize,
    grad: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let gamma = self.operands.gamma;
        let rows = self.out.chunks_exact_mut(gamma.len());
        for (row, (out, grad)) in (self.first..).zip(rows.zip(self.grad.chunks_exact(gamma.len())))
        {
            let scale = self.operands.centre(row, out);
            backward_row(gamma, grad, scale, out);
        }
    }
}

/// `out` holds the centred row and becomes its gradient.
#[inline(always)]
fn backward_row(gamma: &[f32], grad: &[f32], scale: f32, out: &mut [f32]) {
    let width = out.len();
    let (gamma, grad) = (&gamma[..width], &grad[..width]);
    let mean_grad = sum([grad, gamma], |[grad, gamma]| grad * gamma) / width as f32;
    let product = sum([grad, gamma, out], |[grad, gamma, x]| {
        grad * gamma * (x * scale)
    });
    let mean_product = product / width as f32;
    for (i, out) in out.iter_mut().enumerate() {
        let normal = *out * scale;
        *out = scale * (grad[i] * gamma[i] - mean_grad - normal * mean_product);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulp::Scalar;

    proptest! {
        /// Rows beside each other have the bits of rows one by one, on every processor.
        #[test]
        fn a_row_does_not_depend_on_the_others(
            (width, x) in (1_usize..80, 1_usize..12, any::<bool>()).prop_flat_map(
                |(width, rows, whole)| {
                    let width = if whole { width.next_multiple_of(LANES) } else { width };
                    (Just(width), prop::collection::vec(-4.0_f32..4.0, 2 * rows * width))
                }
            )
        ) {
            let (x, residual) = x.split_at(x.len() / 2);
            let gamma: Vec<f32> = (0..width).map(|i| 1.0 + i as f32 * 0.01).collect();
            let operands = Operands { x, residual, gamma: &gamma, epsilon: 1e-5 };
            let beta: Vec<f32> = (0..width).map(|i| i as f32 * 0.1).collect();
            let rows = x.len() / width;
            let (mut normal, mut scales) = (vec![0.0; x.len()], vec![0.0; rows]);
            let mut one_by_one = vec![0.0; x.len()];
            let kept = Normal { rows: &mut normal, scales: &mut scales };
            forward_keeping(operands, &beta, kept, &mut one_by_one);
            let mut together = vec![f32::NAN; x.len()];
            forward_rows(operands, &beta, &mut together);
            prop_assert_eq!(&together, &one_by_one);
            together.fill(f32::NAN);
            let portable = Forward { operands, first: 0, beta: &beta, out: &mut together };
            portable.with_simd(Scalar::new());
            prop_assert_eq!(&together, &one_by_one);
            for (index, &scale) in scales.iter().enumerate() {
                let row = &one_by_one[index * width..][..width];
                for (i, out) in row.iter().enumerate() {
                    prop_assert_eq!(*out, normal[index * width + i] * gamma[i] + beta[i]);
                }
                let values = || (0..width).map(|i| f64::from(x[index * width + i] + residual[index * width + i]));
                let mean = values().sum::<f64>() / width as f64;
                let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / width as f64;
                let expected = 1.0 / (variance + 1e-5).sqrt();
                prop_assert!((f64::from(scale) - expected).abs() < 1e-4 * expected);
            }
        }
    }
}
