//! GELU, exact (erf) form: Hendrycks and Gimpel 2016, arXiv:1606.08415.

use crate::math::{erf, exp};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::f32::consts::FRAC_1_SQRT_2;
use std::ops::Range;

/// Elements that one task works on.
const TOGETHER: usize = 16_384;
/// 1 / sqrt(2 pi), the height of the normal density at 0.
const DENSITY_AT_ZERO: f32 = 0.398_942_3;

/// The probability that a standard normal variable is at most `x`.
#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// The GELU of a number: of a positive one within 6 ulp of the result, of a negative one within 4 ulp of the
/// number itself.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    x * normal_cdf(x)
}

/// `x[i] = gelu(x[i])`, on the calling thread.
pub(crate) fn in_place(x: &mut [f32]) {
    Arch::new().dispatch(InPlace { x });
}

/// `out[i] = gelu(x[i])`.
pub(crate) fn forward(x: &[f32], out: &mut [f32]) {
    let tasks = out.par_chunks_mut(TOGETHER).zip(x.par_chunks(TOGETHER));
    tasks.for_each(|(out, x)| of(x, out));
}

/// `out[i] = gelu(x[i])`, on the calling thread.
pub(crate) fn of(x: &[f32], out: &mut [f32]) {
    let width = x.len().max(1);
    of_columns(x, width, width, 0..x.len(), out);
}

/// The gradient of `x`: `out[i] = grad[i] * gelu'(x[i])`.
pub(crate) fn backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
    out.par_chunks_mut(TOGETHER)
        .zip(x.par_chunks(TOGETHER))
        .zip(grad.par_chunks(TOGETHER))
        .for_each(|((out, x), grad)| {
            out.copy_from_slice(grad);
            backward_in_place(x, out);
        });
}

/// `grad[i] = grad[i] * gelu'(x[i])`, on the calling thread.
pub(crate) fn backward_in_place(x: &[f32], grad: &mut [f32]) {
    Arch::new().dispatch(Backward { x, grad });
}

/// As [`of`] some columns of rows of `width` numbers; what is in them lies in `x`, each row `stride` after the
/// one before.
pub(crate) fn of_columns(
    x: &[f32],
    stride: usize,
    width: usize,
    columns: Range<usize>,
    out: &mut [f32],
) {
    Arch::new().dispatch(Of {
        x,
        stride,
        width,
        columns,
        out,
    });
}

struct Of<'a> {
    x: &'a [f32],
    stride: usize,
    width: usize,
    columns: Range<usize>,
    out: &'a mut [f32],
}

impl WithSimd for Of<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let rows = self.x.chunks(self.stride);
        for (out, x) in self.out.chunks_exact_mut(self.width).zip(rows) {
            let out = &mut out[self.columns.clone()];
            for (out, &x) in out.iter_mut().zip(x) {
                *out = gelu(x);
            }
        }
    }
}

struct InPlace<'a> {
    x: &'a mut [f32],
}

impl WithSimd for InPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for x in self.x {
            *x = gelu(*x);
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    grad: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (grad, &x) in self.grad.iter_mut().zip(self.x) {
            let density = DENSITY_AT_ZERO * exp(-0.5 * x * x);
            *grad *= normal_cdf(x) + x * density;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest distance to the exact GELU from `from` to `to`, in units of the last place of
    /// `of(exact value, x)`.
    fn worst(from: i32, to: i32, of: impl Fn(f32, f32) -> f32) -> f64 {
        let errors = (from..to).map(|step| {
            let x = step as f32 * 1e-4;
            let wide = f64::from(x);
            let exact = 0.5 * wide * (1.0 + libm::erf(wide * std::f64::consts::FRAC_1_SQRT_2));
            let place = of(exact as f32, x).abs();
            let ulp = f64::from(place.next_up() - place);
            (f64::from(gelu(x)) - exact).abs() / ulp
        });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn a_positive_number_is_within_six_ulp_of_its_gelu() {
        let worst = worst(1, 100_000, |exact, _| exact);
        assert!(worst <= 6.0, "{worst} ulp");
    }

    #[test]
    fn a_negative_number_is_within_four_ulp_of_its_own_size() {
        let worst = worst(-100_000, 0, |_, x| x);
        assert!(worst <= 4.0, "{worst} ulp");
    }
}
