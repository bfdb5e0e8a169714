//! Scaled dot-product attention inside each sequence of a packed batch.
//!
//! Vaswani et al. 2017, arXiv:1706.03762. The weights are made for a few queries at a time and not
//! kept; the backward pass makes them again.

use crate::Sequences;
use crate::math::{LANES, exp, halved, sum};
use crate::matrix::{Begin, Left, Product, Right};
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
    keys: Vec<f32>,
    values: Vec<f32>,
    shares: Vec<f32>,
    slopes: Vec<f32>,
}

/// The rows of one sequence of what [`forward`] computes, on the calling thread.
pub(crate) fn forward_sequence(x: Operands<'_>, index: usize, out: &mut [f32], space: &mut Space) {
    let (queries, keys) = (x.queries.range(index), x.keys.range(index));
    let Space {
        keys: turned,
        shares,
        ..
    } = space;
    for head in 0..x.heads {
        let weights = Weights::new(x, &keys, head, turned);
        for first in queries.clone().step_by(TOGETHER) {
            let rows = first..queries.end.min(first + TOGETHER);
            weights.of(x, rows.clone(), shares);
            let start = (first - queries.start) * x.width + head * x.size();
            Arch::new().dispatch(Product {
                rows: rows.len(),
                depth: keys.len(),
                columns: x.size(),
                left: Left::rows(shares, weights.stride),
                right: Right::Rows {
                    values: x.rows(x.v, keys.start, head),
                    stride: x.width,
                },
                begin: Begin::Zero,
                out: &mut out[start..],
                stride: x.width,
            });
        }
    }
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
    for head in 0..x.heads {
        let column = head * size;
        let Space {
            keys: turned,
            values,
            shares,
            slopes,
        } = space;
        let weights = Weights::new(x, &keys, head, turned);
        let stride = weights.stride;
        turn(
            x.rows(x.v, keys.start, head),
            x.width,
            [length, size],
            stride,
            values,
        );
        for first in queries.clone().step_by(TOGETHER) {
            let rows = first..queries.end.min(first + TOGETHER);
            let count = rows.len();
            weights.of(x, rows, shares);
            let grad = x.rows(grad, first, head);
            slopes.resize(count * stride, 0.0);
            Arch::new().dispatch(Product {
                rows: count,
                depth: size,
                columns: stride,
                left: Left::rows(grad, x.width),
                right: Right::Rows { values, stride },
                begin: Begin::Zero,
                out: slopes,
                stride,
            });
            Arch::new().dispatch(Slopes {
                weights: shares,
                slopes,
                length,
                stride,
                scale: weights.scale,
            });
            Arch::new().dispatch(Product {
                rows: count,
                depth: length,
                columns: size,
                left: Left::rows(slopes, stride),
                right: Right::Rows {
                    values: x.rows(x.k, keys.start, head),
                    stride: x.width,
                },
                begin: Begin::Zero,
                out: &mut dq[(first - queries.start) * x.width + column..],
                stride: x.width,
            });
            let begin = match first == queries.start {
                true => Begin::Zero,
                false => Begin::Out,
            };
            let q = x.rows(x.q, first, head);
            for (out, by_query, rows) in [(&mut *dk, &slopes, q), (&mut *dv, &shares, grad)] {
                Arch::new().dispatch(Product {
                    rows: length,
                    depth: count,
                    columns: size,
                    left: Left::columns(by_query, stride),
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

/// Writes the first `columns` columns of rows as rows, every one `to_stride` values after the one before.
fn turn(
    from: &[f32],
    stride: usize,
    [rows, columns]: [usize; 2],
    to_stride: usize,
    to: &mut Vec<f32>,
) {
    to.resize(columns * to_stride, 0.0);
    for (first, from) in from
        .chunks(LANES * stride)
        .take(rows.div_ceil(LANES))
        .enumerate()
    {
        let first = first * LANES;
        let count = LANES.min(rows - first);
        for (column, to) in to.chunks_exact_mut(to_stride).enumerate() {
            for (row, to) in to[first..first + count].iter_mut().enumerate() {
                *to = from[row * stride + column];
            }
        }
    }
}

/// How much each query of a sequence attends to each key, in one head.
struct Weights<'a> {
    /// The keys as columns.
    keys: &'a [f32],
    head: usize,
    length: usize,
    /// From a query's weights to the next one's: whole registers.
    stride: usize,
    scale: f32,
}

impl<'a> Weights<'a> {
    fn new(x: Operands<'_>, keys: &Range<usize>, head: usize, space: &'a mut Vec<f32>) -> Self {
        let (size, length) = (x.size(), keys.len());
        let stride = length.next_multiple_of(LANES);
        turn(
            x.rows(x.k, keys.start, head),
            x.width,
            [length, size],
            stride,
            space,
        );
        Self {
            keys: space,
            head,
            length,
            stride,
            scale: 1.0 / (size as f32).sqrt(),
        }
    }

    /// Writes the weights of some queries to `shares`; what is beyond a row's length means nothing.
    fn of(&self, x: Operands<'_>, queries: Range<usize>, shares: &mut Vec<f32>) {
        shares.resize(queries.len() * self.stride, 0.0);
        Arch::new().dispatch(Product {
            rows: queries.len(),
            depth: x.size(),
            // What is beyond the keys costs less than to stop there.
            columns: self.stride,
            left: Left::rows(x.rows(x.q, queries.start, self.head), x.width),
            right: Right::Rows {
                values: self.keys,
                stride: self.stride,
            },
            begin: Begin::Zero,
            out: shares,
            stride: self.stride,
        });
        Arch::new().dispatch(Softmax {
            values: shares,
            length: self.length,
            stride: self.stride,
            scale: self.scale,
        });
    }
}

/// The softmax of `scale * x` for each row of `values`, in place.
struct Softmax<'a> {
    values: &'a mut [f32],
    length: usize,
    stride: usize,
    scale: f32,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for row in self.values.chunks_exact_mut(self.stride) {
            // Whole registers: `exp` makes next to nothing of what is added, beside the largest's 1.
            row[self.length..].fill(f32::NEG_INFINITY);
            let (parts, _) = row.as_chunks_mut::<LANES>();
            let mut largest = [f32::NEG_INFINITY; LANES];
            for part in parts.iter() {
                for (largest, &x) in largest.iter_mut().zip(part) {
                    *largest = if x > *largest { x } else { *largest };
                }
            }
            let largest = halved(largest, |a, b| if a > b { a } else { b });
            let mut total = [0.0; LANES];
            for part in parts.iter_mut() {
                for (x, total) in part.iter_mut().zip(&mut total) {
                    *x = exp((*x - largest) * self.scale);
                    *total += *x;
                }
            }
            let total = 1.0 / halved(total, |a, b| a + b);
            for x in parts.as_flattened_mut() {
                *x *= total;
            }
        }
    }
}

/// From the gradients of weights, `slopes`, to those of the products of queries and keys, in place.
struct Slopes<'a> {
    weights: &'a [f32],
    slopes: &'a mut [f32],
    length: usize,
    stride: usize,
    scale: f32,
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let rows = self.slopes.chunks_exact_mut(self.stride);
        for (slopes, weights) in rows.zip(self.weights.chunks_exact(self.stride)) {
            let (slopes, weights) = (&mut slopes[..self.length], &weights[..self.length]);
            let mean = sum([weights, slopes], |[weight, slope]| weight * slope);
            for (slope, &weight) in slopes.iter_mut().zip(weights) {
                *slope = weight * (*slope - mean) * self.scale;
            }
        }
    }
}
