//! The states before the first layer: rows of tables, added and normalised.

use crate::layer_norm::{Normal, Operands, forward_keeping};
use rayon::prelude::*;
use std::sync::Arc;

/// Tokens that one task works on.
const TOGETHER: usize = 64;

/// Which rows each token has of the tables of words and of positions.
#[derive(Clone, Debug)]
pub struct TableRows(Arc<[(usize, usize)]>);

impl TableRows {
    /// The rows of the words, and of the positions.
    ///
    /// # Panics
    ///
    /// When there are not as many of the one as of the other.
    pub fn new(words: &[u32], positions: &[u32]) -> Self {
        assert_eq!(words.len(), positions.len(), "each token has a position");
        let rows = words.iter().zip(positions);
        Self(
            rows.map(|(&word, &position)| (word as usize, position as usize))
                .collect(),
        )
    }

    /// The number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The tables, of as many columns each, and the layer norm.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub words: &'a [f32],
    pub positions: &'a [f32],
    /// The row that all tokens have of the table of token types.
    pub token_type: &'a [f32],
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub epsilon: f32,
}

/// `out[t, :]` becomes the normalised sum of the rows of token `t`.
pub(crate) fn embed(tables: Tables<'_>, rows: &TableRows, out: &mut [f32]) {
    let width = tables.gamma.len();
    let tasks = out
        .par_chunks_mut(TOGETHER * width)
        .zip(rows.0.par_chunks(TOGETHER));
    tasks.for_each_init(Space::default, |space, (out, rows)| {
        let Space {
            words,
            others,
            normal,
            scales,
        } = space;
        words.clear();
        others.clear();
        normal.resize(out.len(), 0.0);
        scales.resize(rows.len(), 0.0);
        for &(word, position) in rows {
            words.extend_from_slice(&tables.words[word * width..][..width]);
            let position = &tables.positions[position * width..][..width];
            others.extend(position.iter().zip(tables.token_type).map(|(a, b)| a + b));
        }
        let operands = Operands {
            x: words,
            residual: others,
            gamma: tables.gamma,
            epsilon: tables.epsilon,
        };
        let normal = Normal {
            rows: normal,
            scales,
        };
        forward_keeping(operands, tables.beta, normal, out);
    });
}

/// What a thread works with.
#[derive(Default)]
struct Space {
    words: Vec<f32>,
    others: Vec<f32>,
    normal: Vec<f32>,
    scales: Vec<f32>,
}
