//! Scaled dot-product attention inside each sequence of a packed batch.
//!
//! Vaswani et al. 2017, arXiv:1706.03762. The weights are made for a few queries at a time and not
//! kept; the backward pass makes them again.

use crate::math::{LANES, exp, lane_sums};
use crate::matrix::{Begin, Left, Product, Right};
use crate::sequences::Sequences;
use crate::turn::Turn;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Queries whose weights are made together.
const TOGETHER: usize = 64;

/// Queries, keys and values, `[tokens, heads * size]`: the queries of sequence `i` attend to the
/// keys of sequence `i`.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub queries: &'a Sequences,
    pub keys: &'a Sequences,
    pub heads: usize,
    pub width: usize,
}

impl<'a> Operands<'a> {
    fn size(&self) -> usize {
        self.width / self.heads
    }

    /// The rows of `x` from `token` on, as one head sees them.
    fn rows(&self, x: &'a [f32], token: usize, head: usize) -> &'a [f32] {
        &x[token * self.width + head * self.size()..]
    }
}

/// `out` cut into the rows of each sequence.
fn by_sequence<'a>(
    mut out: &'a mut [f32],
    sequences: &Sequences,
    width: usize,
) -> Vec<&'a mut [f32]> {
    sequences
        .ranges()
        .map(|range| {
            let (head, tail) = std::mem::take(&mut out).split_at_mut(range.len() * width);
            out = tail;
            head
        })
        .collect()
}

/// `out = softmax(q k^T / sqrt(size)) v` in each sequence and head.
pub(crate) fn forward(x: Operands<'_>, out: &mut [f32]) {
    by_sequence(out, x.queries, x.width)
        .into_par_iter()
        .enumerate()
        .for_each_init(Space::default, |space, (index, out)| {
            forward_sequence(x, index, out, space);
        });
}

/// Space for the weights of a sequence.
#[derive(Default)]
pub(crate) struct Space {
    turned: Vec<f32>,
    shares: Vec<f32>,
    slopes: Vec<f32>,
}

/// The rows of one sequence of what [`forward`] computes, on the calling thread.
pub(crate) fn forward_sequence(x: Operands<'_>, index: usize, out: &mut [f32], space: &mut Space) {
    let (queries, keys) = (x.queries.range(index), x.keys.range(index));
    let Space { turned, shares, .. } = space;
    for head in 0..x.heads {
        for (first, rows) in together(&queries) {
            let weights = Weights::new(x, head, keys.clone(), rows);
            weights.make(turned, shares);
            Arch::new().dispatch(Product {
                rows: weights.queries.len(),
                depth: keys.len(),
                columns: x.size(),
                left: Left::columns(shares, weights.stride),
                right: Right::Rows {
                    values: x.rows(x.v, keys.start, head),
                    stride: x.width,
                },
                begin: Begin::Zero,
                out: &mut out[first * x.width + head * x.size()..],
                stride: x.width,
            });
        }
    }
}

/// Some of the queries after each other, and where they begin among all.
fn together(queries: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
    let Range { start, end } = *queries;
    (start..end)
        .step_by(TOGETHER)
        .map(move |first| (first - start, first..end.min(first + TOGETHER)))
}

/// The gradients of `q`, `k` and `v`.
pub(crate) fn backward(
    x: Operands<'_>,
    grad: &[f32],
    dq: &mut [f32],
    dk: &mut [f32],
    dv: &mut [f32],
) {
    let outputs: Vec<_> = by_sequence(dq, x.queries, x.width)
        .into_iter()
        .zip(by_sequence(dk, x.keys, x.width))
        .zip(by_sequence(dv, x.keys, x.width))
        .collect();
    outputs.into_par_iter().enumerate().for_each_init(
        Space::default,
        |space, (index, ((dq, dk), dv))| {
            backward_sequence(x, index, grad, [dq, dk, dv], space);
        },
    );
}

/// The rows of one sequence of what [`backward`] computes, on the calling thread.
pub(crate) fn backward_sequence(
    x: Operands<'_>,
    index: usize,
    grad: &[f32],
    [dq, dk, dv]: [&mut [f32]; 3],
    space: &mut Space,
) {
    let (queries, keys) = (x.queries.range(index), x.keys.range(index));
    let (size, length) = (x.size(), keys.len());
    let Space {
        turned,
        shares,
        slopes,
    } = space;
    for head in 0..x.heads {
        let column = head * size;
        for (first, rows) in together(&queries) {
            let (start, count) = (rows.start, rows.len());
            let weights = Weights::new(x, head, keys.clone(), rows);
            let stride = weights.stride;
            weights.make(turned, shares);
            weights.products(x.v, grad, turned, slopes);
            Arch::new().dispatch(Slopes {
                weights: shares,
                slopes,
                stride,
                scale: weights.scale,
            });
            Arch::new().dispatch(Product {
                rows: count,
                depth: length,
                columns: size,
                left: Left::columns(slopes, stride),
                right: Right::Rows {
                    values: x.rows(x.k, keys.start, head),
                    stride: x.width,
                },
                begin: Begin::Zero,
                out: &mut dq[first * x.width + column..],
                stride: x.width,
            });
            let begin = match first {
                0 => Begin::Zero,
                _ => Begin::Out,
            };
            let (q, grad) = (x.rows(x.q, start, head), x.rows(grad, start, head));
            for (out, by_key, rows) in [(&mut *dk, &slopes, q), (&mut *dv, &shares, grad)] {
                Arch::new().dispatch(Product {
                    rows: length,
                    depth: count,
                    columns: size,
                    left: Left::rows(by_key, stride),
                    right: Right::Rows {
                        values: rows,
                        stride: x.width,
                    },
                    begin,
                    out: &mut out[column..],
                    stride: x.width,
                });
            }
        }
    }
}

/// How much some queries of a sequence attend to each key, in one head: a row for each key, a lane for
/// each query, so that no operation goes across a register.
struct Weights<'a> {
    x: Operands<'a>,
    head: usize,
    keys: Range<usize>,
    queries: Range<usize>,
    /// From a key's weights to the next one's: whole registers. What is beyond the queries means nothing.
    stride: usize,
    scale: f32,
}

impl<'a> Weights<'a> {
    fn new(x: Operands<'a>, head: usize, keys: Range<usize>, queries: Range<usize>) -> Self {
        Self {
            x,
            head,
            keys,
            stride: queries.len().next_multiple_of(LANES),
            queries,
            scale: 1.0 / (x.size() as f32).sqrt(),
        }
    }

    /// Writes the weights to `shares`; `turned` is space.
    fn make(&self, turned: &mut Vec<f32>, shares: &mut Vec<f32>) {
        self.products(self.x.k, self.x.q, turned, shares);
        Arch::new().dispatch(Softmax {
            values: shares,
            stride: self.stride,
            scale: self.scale,
        });
    }

    /// Writes the products of the keys' rows of one matrix and the queries' rows of another to `out`.
    fn products(
        &self,
        by_key: &'a [f32],
        by_query: &'a [f32],
        turned: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) {
        let Self { x, head, .. } = *self;
        turned.resize(x.size() * self.stride, 0.0);
        Arch::new().dispatch(Turn {
            from: x.rows(by_query, self.queries.start, head),
            stride: x.width,
            rows: self.queries.len(),
            to: turned,
            to_stride: self.stride,
        });
        out.resize(self.keys.len() * self.stride, 0.0);
        Arch::new().dispatch(Product {
            rows: self.keys.len(),
            depth: x.size(),
            // What is beyond the queries costs less than to stop there.
            columns: self.stride,
            left: Left::rows(x.rows(by_key, self.keys.start, head), x.width),
            right: Right::Rows {
                values: turned,
                stride: self.stride,
            },
            begin: Begin::Zero,
            out,
            stride: self.stride,
        });
    }
}

/// The softmax of `scale * x` for each column of `values`, in place.
struct Softmax<'a> {
    values: &'a mut [f32],
    stride: usize,
    scale: f32,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            values,
            stride,
            scale,
        } = self;
        for first in (0..stride).step_by(LANES) {
            let mut largest = [f32::NEG_INFINITY; LANES];
            for row in values.chunks_exact(stride) {
                for (largest, &x) in largest.iter_mut().zip(lanes(row, first)) {
                    *largest = if x > *largest { x } else { *largest };
                }
            }
            for row in values.chunks_exact_mut(stride) {
                for (x, largest) in lanes_mut(row, first).iter_mut().zip(&largest) {
                    *x = exp((*x - largest) * scale);
                }
            }
        }
        let one = simd.splat_f32s(1.0);
        for first in (0..stride).step_by(S::F32_LANES) {
            let total = lane_sums(simd, registers::<S>(values, stride, first));
            let share = simd.div_f32s(one, total);
            for row in values.chunks_exact_mut(stride) {
                for x in &mut S::as_mut_simd_f32s(&mut row[first..]).0[..1] {
                    *x = simd.mul_f32s(*x, share);
                }
            }
        }
    }
}

/// The lanes of a row that begin at column `first`.
#[inline(always)]
fn lanes(row: &[f32], first: usize) -> &[f32; LANES] {
    &row[first..].as_chunks().0[0]
}

/// As [`lanes`], to be written.
#[inline(always)]
fn lanes_mut(row: &mut [f32], first: usize) -> &mut [f32; LANES] {
    &mut row[first..].as_chunks_mut().0[0]
}

/// The register that begins at column `first` of each row.
#[inline(always)]
fn registers<S: Simd>(
    values: &[f32],
    stride: usize,
    first: usize,
) -> impl ExactSizeIterator<Item = S::f32s> {
    let rows = values.chunks_exact(stride);
    rows.map(move |row| S::as_simd_f32s(&row[first..]).0[0])
}

/// From the gradients of weights, `slopes`, to those of the products of queries and keys, in place.
struct Slopes<'a> {
    weights: &'a [f32],
    slopes: &'a mut [f32],
    stride: usize,
    scale: f32,
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            weights,
            slopes,
            stride,
            scale,
        } = self;
        let scale = simd.splat_f32s(scale);
        for first in (0..stride).step_by(S::F32_LANES) {
            let weights = || registers::<S>(weights, stride, first);
            let terms = weights().zip(registers::<S>(slopes, stride, first));
            let mean = lane_sums(
                simd,
                terms.map(|(weight, slope)| simd.mul_f32s(weight, slope)),
            );
            for (row, weight) in slopes.chunks_exact_mut(stride).zip(weights()) {
                for slope in &mut S::as_mut_simd_f32s(&mut row[first..]).0[..1] {
                    let rest = simd.sub_f32s(*slope, mean);
                    *slope = simd.mul_f32s(simd.mul_f32s(weight, rest), scale);
                }
            }
        }
    }
}
