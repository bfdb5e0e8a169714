//! Scaled dot-product attention inside each sequence of a packed batch.
//!
//! Vaswani et al. 2017, arXiv:1706.03762. The weights are made for a few queries at a time and not
//! kept; the backward pass makes them again.

use crate::Sequences;
use crate::math::{LANES, exp, sum};
use crate::matrix::{Product, Rows, panels};
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
    fn rows(&self, x: &'a [f32], token: usize, head: usize) -> Rows<'a> {
        Rows {
            values: &x[token * self.width + head * self.size()..],
            stride: self.width,
        }
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

/// `out = softmax(q k^T / sqrt(size)) v` in each sequence and head; `out` is zero before.
pub(crate) fn forward(x: Operands<'_>, out: &mut [f32]) {
    by_sequence(out, x.queries, x.width)
        .into_par_iter()
        .enumerate()
        .for_each(|(index, out)| {
            for head in 0..x.heads {
                forward_head(x, index, head, out);
            }
        });
}

fn forward_head(x: Operands<'_>, index: usize, head: usize, out: &mut [f32]) {
    let (queries, keys) = (x.queries.range(index), x.keys.range(index));
    let (size, length) = (x.size(), keys.len());
    let weights = Weights::new(x, &keys, head);
    let v = x.rows(x.v, keys.start, head);
    let v = panels(length, size, |k, j| v.values[k * v.stride + j]);
    let mut shares = Vec::new();
    for first in queries.clone().step_by(TOGETHER) {
        let rows = first..queries.end.min(first + TOGETHER);
        weights.of(x, rows.clone(), &mut shares);
        let start = (first - queries.start) * x.width + head * size;
        Arch::new().dispatch(Product {
            rows: rows.len(),
            x: weights.rows(&shares),
            panels: &v,
            inputs: length,
            outputs: size,
            bias: None,
            out: &mut out[start..],
            stride: x.width,
        });
    }
}

/// The gradients of `q`, `k` and `v`, which are zero before.
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
    outputs
        .into_par_iter()
        .enumerate()
        .for_each(|(index, ((dq, dk), dv))| {
            for head in 0..x.heads {
                backward_head(x, index, head, grad, [&mut *dq, &mut *dk, &mut *dv]);
            }
        });
}

fn backward_head(
    x: Operands<'_>,
    index: usize,
    head: usize,
    grad: &[f32],
    [dq, dk, dv]: [&mut [f32]; 3],
) {
    let (queries, keys) = (x.queries.range(index), x.keys.range(index));
    let (size, length) = (x.size(), keys.len());
    let column = head * size;
    let weights = Weights::new(x, &keys, head);
    let k = x.rows(x.k, keys.start, head);
    let k = panels(length, size, |k_, j| k.values[k_ * k.stride + j]);
    let v = x.rows(x.v, keys.start, head);
    let v_transposed = panels(size, length, |k, j| v.values[j * v.stride + k]);
    let (mut shares, mut slopes) = (Vec::new(), Vec::new());
    for first in queries.clone().step_by(TOGETHER) {
        let rows = first..queries.end.min(first + TOGETHER);
        let count = rows.len();
        weights.of(x, rows.clone(), &mut shares);
        let grad = x.rows(grad, first, head);
        slopes.clear();
        slopes.resize(count * weights.stride, 0.0);
        Arch::new().dispatch(Product {
            rows: count,
            x: grad,
            panels: &v_transposed,
            inputs: size,
            outputs: length,
            bias: None,
            out: &mut slopes,
            stride: weights.stride,
        });
        Arch::new().dispatch(Slopes {
            weights: &shares,
            slopes: &mut slopes,
            length,
            stride: weights.stride,
            scale: weights.scale,
        });
        Arch::new().dispatch(Product {
            rows: count,
            x: weights.rows(&slopes),
            panels: &k,
            inputs: length,
            outputs: size,
            bias: None,
            out: &mut dq[(first - queries.start) * x.width + column..],
            stride: x.width,
        });
        let q = x.rows(x.q, first, head);
        for (out, by_query, rows) in [(&mut *dk, &slopes, q), (&mut *dv, &shares, grad)] {
            let by_key: Vec<f32> = (0..length)
                .flat_map(|key| (0..count).map(move |query| by_query[query * weights.stride + key]))
                .collect();
            Arch::new().dispatch(Product {
                rows: length,
                x: Rows {
                    values: &by_key,
                    stride: count,
                },
                panels: &panels(count, size, |k, j| rows.values[k * rows.stride + j]),
                inputs: count,
                outputs: size,
                bias: None,
                out: &mut out[column..],
                stride: x.width,
            });
        }
    }
}

/// How much each query of a sequence attends to each key, in one head.
struct Weights {
    /// The keys, transposed, in panels.
    keys: Vec<f32>,
    head: usize,
    length: usize,
    /// From a query's weights to the next one's: whole registers.
    stride: usize,
    scale: f32,
}

impl Weights {
    fn new(x: Operands<'_>, keys: &Range<usize>, head: usize) -> Self {
        let (size, length) = (x.size(), keys.len());
        let k = x.rows(x.k, keys.start, head);
        Self {
            keys: panels(size, length, |c, key| k.values[key * k.stride + c]),
            head,
            length,
            stride: length.next_multiple_of(LANES),
            scale: 1.0 / (size as f32).sqrt(),
        }
    }

    /// Writes the weights of some queries to `shares`; what is beyond a row's length means nothing.
    fn of(&self, x: Operands<'_>, queries: Range<usize>, shares: &mut Vec<f32>) {
        shares.clear();
        shares.resize(queries.len() * self.stride, 0.0);
        Arch::new().dispatch(Product {
            rows: queries.len(),
            x: x.rows(x.q, queries.start, self.head),
            panels: &self.keys,
            inputs: x.size(),
            outputs: self.length,
            bias: None,
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

    fn rows<'a>(&self, values: &'a [f32]) -> Rows<'a> {
        Rows {
            values,
            stride: self.stride,
        }
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
            let largest = largest.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            let mut total = [0.0; LANES];
            for part in parts.iter_mut() {
                for (x, total) in part.iter_mut().zip(&mut total) {
                    *x = exp((*x - largest) * self.scale);
                    *total += *x;
                }
            }
            let total = 1.0 / sum(LANES, |i| total[i]);
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
            let mean = sum(self.length, |i| weights[i] * slopes[i]);
            for (slope, &weight) in slopes.iter_mut().zip(weights) {
                *slope = weight * (*slope - mean) * self.scale;
            }
        }
    }
}
