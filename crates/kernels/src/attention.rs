//! Scaled dot-product attention inside each sequence of a packed batch.
//!
//! Vaswani et al. 2017, arXiv:1706.03762. The weights of a query are made and used one row at a
//! time, so no `[length, length]` matrix is kept; the backward pass makes them again.

use crate::Sequences;
use crate::math::{exp, sum};
use pulp::Arch;
use rayon::prelude::*;
use std::ops::Range;

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

impl Operands<'_> {
    fn size(&self) -> usize {
        self.width / self.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.size() as f32).sqrt()
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
        .for_each(|(index, out)| {
            Arch::new().dispatch(
                #[inline(always)]
                || forward_sequence(x, x.queries.range(index), x.keys.range(index), out),
            );
        });
}

#[inline(always)]
fn forward_sequence(x: Operands<'_>, rows: Range<usize>, others: Range<usize>, out: &mut [f32]) {
    let (size, width, length) = (x.size(), x.width, others.len());
    let mut keys = vec![0.0; size * length];
    let mut weights = vec![0.0; length];
    for head in 0..x.heads {
        let columns = head * size..(head + 1) * size;
        transpose(x.k, others.clone(), columns.clone(), width, &mut keys);
        for (row, token) in rows.clone().enumerate() {
            let q = &x.q[token * width..][columns.clone()];
            product_with_columns(q, &keys, &mut weights);
            softmax(&mut weights, x.scale());
            let out = &mut out[row * width..][columns.clone()];
            out.fill(0.0);
            for (&weight, token) in weights.iter().zip(others.clone()) {
                add_scaled(out, weight, &x.v[token * width..][columns.clone()]);
            }
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
    outputs
        .into_par_iter()
        .enumerate()
        .for_each(|(index, ((dq, dk), dv))| {
            Arch::new().dispatch(
                #[inline(always)]
                || backward_sequence(x, index, grad, [dq, dk, dv]),
            );
        });
}

#[inline(always)]
fn backward_sequence(x: Operands<'_>, index: usize, grad: &[f32], [dq, dk, dv]: [&mut [f32]; 3]) {
    let (rows, others) = (x.queries.range(index), x.keys.range(index));
    let (size, width, length) = (x.size(), x.width, others.len());
    let scale = x.scale();
    let (mut keys, mut values) = (vec![0.0; size * length], vec![0.0; size * length]);
    let (mut weights, mut slopes) = (vec![0.0; length], vec![0.0; length]);
    dq.fill(0.0);
    dk.fill(0.0);
    dv.fill(0.0);
    for head in 0..x.heads {
        let columns = head * size..(head + 1) * size;
        transpose(x.k, others.clone(), columns.clone(), width, &mut keys);
        transpose(x.v, others.clone(), columns.clone(), width, &mut values);
        for (row, token) in rows.clone().enumerate() {
            let q = &x.q[token * width..][columns.clone()];
            let grad = &grad[token * width..][columns.clone()];
            product_with_columns(q, &keys, &mut weights);
            softmax(&mut weights, scale);
            product_with_columns(grad, &values, &mut slopes);
            let mean = sum(length, |i| weights[i] * slopes[i]);
            for (slope, &weight) in slopes.iter_mut().zip(&weights) {
                *slope = weight * (*slope - mean) * scale;
            }
            let dq = &mut dq[row * width..][columns.clone()];
            for (other, token) in others.clone().enumerate() {
                add_scaled(dq, slopes[other], &x.k[token * width..][columns.clone()]);
                add_scaled(&mut dk[other * width..][columns.clone()], slopes[other], q);
                add_scaled(
                    &mut dv[other * width..][columns.clone()],
                    weights[other],
                    grad,
                );
            }
        }
    }
}

/// `out[c, i] = x[rows[i], columns[c]]`.
#[inline(always)]
fn transpose(x: &[f32], rows: Range<usize>, columns: Range<usize>, width: usize, out: &mut [f32]) {
    let length = rows.len();
    for (i, token) in rows.enumerate() {
        for (c, &value) in x[token * width..][columns.clone()].iter().enumerate() {
            out[c * length + i] = value;
        }
    }
}

/// `out[i] = sum over c of x[c] * columns[c, i]`.
#[inline(always)]
fn product_with_columns(x: &[f32], columns: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (&x, column) in x.iter().zip(columns.chunks_exact(out.len())) {
        add_scaled(out, x, column);
    }
}

#[inline(always)]
fn add_scaled(out: &mut [f32], scale: f32, x: &[f32]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out += scale * x;
    }
}

/// The softmax of `scale * x`, in place.
#[inline(always)]
fn softmax(x: &mut [f32], scale: f32) {
    let largest = x.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    for x in x.iter_mut() {
        *x = exp((*x - largest) * scale);
    }
    let total = 1.0 / sum(x.len(), |i| x[i]);
    for x in x.iter_mut() {
        *x *= total;
    }
}
