//! What a layer's forward pass makes of a group, and what it keeps for the backward pass.

use super::Part;

/// How much is kept of a group.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub tokens: usize,
    pub rows: usize,
    pub hidden: usize,
    pub inner: usize,
    /// Whether there will be a backward pass.
    pub keeping: bool,
    /// The rank of each part's adapter, 0 where it has none.
    pub ranks: [usize; Part::ALL.len()],
}

/// The values of a group. Rows are those of the result, where nothing else is said.
pub(crate) struct Kept<'a> {
    /// The states before the layer, of all tokens.
    pub x: &'a mut [f32],
    pub q: &'a mut [f32],
    /// Of all tokens.
    pub k: &'a mut [f32],
    /// Of all tokens.
    pub v: &'a mut [f32],
    /// What the queries found: the input of the attention's output.
    pub attended: &'a mut [f32],
    /// The scaled products with LoRA's A; empty where a part has no adapter.
    pub low: [&'a mut [f32]; Part::ALL.len()],
    /// What the backward pass alone needs.
    pub backward: Option<ForBackward<'a>>,
}

/// What the forward pass itself reads once, at once.
pub(crate) struct ForBackward<'a> {
    /// The rows that the first layer norm scales, and its scales.
    pub attention_normal: (&'a mut [f32], &'a mut [f32]),
    /// What GELU is applied to, `[rows, inner]`.
    pub before_gelu: &'a mut [f32],
    /// The rows that the second layer norm scales, and its scales.
    pub output_normal: (&'a mut [f32], &'a mut [f32]),
}

impl Shape {
    /// The rows of a part's result.
    fn rows_of(&self, part: usize) -> usize {
        match part {
            part if part == Part::Key as usize || part == Part::Value as usize => self.tokens,
            _ => self.rows,
        }
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> usize {
        let low = (0..self.ranks.len()).map(|part| self.rows_of(part) * self.ranks[part]);
        let backward = match self.keeping {
            true => (2 * self.hidden + self.inner + 2) * self.rows,
            false => 0,
        };
        (3 * self.tokens + 2 * self.rows) * self.hidden + low.sum::<usize>() + backward
    }

    /// Cuts a buffer of [`Shape::count`] values.
    pub(crate) fn cut<'a>(&self, mut buffer: &'a mut [f32]) -> Kept<'a> {
        let mut next = |count: usize| {
            let (head, tail) = std::mem::take(&mut buffer).split_at_mut(count);
            buffer = tail;
            head
        };
        let (tokens, rows) = (self.tokens * self.hidden, self.rows * self.hidden);
        Kept {
            x: next(tokens),
            q: next(rows),
            k: next(tokens),
            v: next(tokens),
            attended: next(rows),
            low: std::array::from_fn(|part| next(self.rows_of(part) * self.ranks[part])),
            backward: self.keeping.then(|| ForBackward {
                attention_normal: (next(rows), next(self.rows)),
                before_gelu: next(self.rows * self.inner),
                output_normal: (next(rows), next(self.rows)),
            }),
        }
    }
}
