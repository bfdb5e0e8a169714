//! Layer normalisation over the last dimension: Ba et al. 2016, arXiv:1607.06450.

use crate::math::sum;
use pulp::Arch;
use rayon::prelude::*;

/// Rows that one task works on.
const ROWS: usize = 32;

/// The mean of a row and the reciprocal of its standard deviation.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let width = x.len() as f32;
    let mean = sum(x.len(), |i| x[i]) / width;
    let variance = sum(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / width;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `out[r, :] = (x[r, :] - mean) / sqrt(variance + epsilon) * gamma + beta`.
pub(crate) fn forward(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = gamma.len();
    out.par_chunks_mut(ROWS * width)
        .zip(x.par_chunks(ROWS * width))
        .for_each(|(out, x)| {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        let (mean, scale) = moments(x, epsilon);
                        for (((out, &x), &gamma), &beta) in
                            out.iter_mut().zip(x).zip(gamma).zip(beta)
                        {
                            *out = (x - mean) * scale * gamma + beta;
                        }
                    }
                },
            );
        });
}

/// The gradient of `x`, where `gamma` and `beta` are constants.
pub(crate) fn backward(x: &[f32], gamma: &[f32], grad: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = gamma.len();
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
                        backward_row(x, gamma, grad, epsilon, out);
                    }
                },
            );
        });
}

#[inline(always)]
fn backward_row(x: &[f32], gamma: &[f32], grad: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = x.len() as f32;
    let (mean, scale) = moments(x, epsilon);
    let (x, gamma, grad) = (&x[..out.len()], &gamma[..out.len()], &grad[..out.len()]);
    let mean_grad = sum(x.len(), |i| grad[i] * gamma[i]) / width;
    let mean_product = sum(x.len(), |i| grad[i] * gamma[i] * ((x[i] - mean) * scale)) / width;
    for (i, out) in out.iter_mut().enumerate() {
        let normal = (x[i] - mean) * scale;
        *out = scale * (grad[i] * gamma[i] - mean_grad - normal * mean_product);
    }
}
