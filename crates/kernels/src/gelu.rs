//! GELU(x + bias), exact (erf) form: Hendrycks and Gimpel 2016, arXiv:1606.08415.

use crate::math::{erf, exp};
use pulp::Arch;
use rayon::prelude::*;
use std::f32::consts::FRAC_1_SQRT_2;

/// Rows that one task works on.
const ROWS: usize = 16;
/// 1 / sqrt(2 pi), the height of the normal density at 0.
const DENSITY_AT_ZERO: f32 = 0.398_942_3;

/// `out[r, c] = gelu(x[r, c] + bias[c])`.
pub(crate) fn forward(x: &[f32], bias: &[f32], out: &mut [f32]) {
    let width = bias.len();
    out.par_chunks_mut(ROWS * width)
        .zip(x.par_chunks(ROWS * width))
        .for_each(|(out, x)| {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        for ((out, &x), &bias) in out.iter_mut().zip(x).zip(bias) {
                            let x = x + bias;
                            *out = 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2));
                        }
                    }
                },
            );
        });
}

/// The gradient of `x`: `out[r, c] = grad[r, c] * gelu'(x[r, c] + bias[c])`.
pub(crate) fn backward(x: &[f32], bias: &[f32], grad: &[f32], out: &mut [f32]) {
    let width = bias.len();
    out.par_chunks_mut(ROWS * width)
        .zip(x.par_chunks(ROWS * width))
        .zip(grad.par_chunks(ROWS * width))
        .for_each(|((out, x), grad)| {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    let rows = out
                        .chunks_exact_mut(width)
                        .zip(x.chunks_exact(width))
                        .zip(grad.chunks_exact(width));
                    for ((out, x), grad) in rows {
                        for (((out, &x), &grad), &bias) in out.iter_mut().zip(x).zip(grad).zip(bias)
                        {
                            let x = x + bias;
                            let cdf = 0.5 * (1.0 + erf(x * FRAC_1_SQRT_2));
                            let density = DENSITY_AT_ZERO * exp(-0.5 * x * x);
                            *out = grad * (cdf + x * density);
                        }
                    }
                },
            );
        });
}
