//! What a selection takes, as far as it is known before it starts.

use goldpan_artifact::Embeddings;

use crate::budget::Budget;

/// How large a selection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Texts to select from, labelled ones included.
    pub rows: usize,
    /// How many of these are labelled.
    pub labelled: usize,
    /// How many are to be picked.
    pub picks: usize,
    /// Values in an embedding; 0 without embeddings.
    pub dimension: usize,
    /// Bytes of one of them in the table: 4 or 2.
    pub value_bytes: usize,
    /// Classes in a prediction; 0 without predictions.
    pub classes: usize,
    /// Threads that work.
    pub threads: usize,
}

impl Shape {
    /// That of a selection from `rows` texts, of which `labelled` are labelled, at most: with nothing
    /// passed over. The tables are those given, whether or not a strategy looks at them.
    pub fn new(
        rows: usize,
        labelled: usize,
        budget: Budget,
        embeddings: Option<&Embeddings>,
        classes: usize,
    ) -> Self {
        let labelled = labelled.min(rows);
        Self {
            rows,
            labelled,
            picks: budget.most(rows - labelled),
            dimension: embeddings.map_or(0, Embeddings::dimension),
            value_bytes: embeddings.map_or(4, |table| table.precision().bytes()),
            classes,
            threads: rayon::current_num_threads(),
        }
    }

    /// Rows that may be picked.
    pub fn free(&self) -> usize {
        self.rows - self.labelled
    }
}

/// What a selection takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Multiply-adds of vector products, done in registers' full width by all threads.
    pub products: f64,
    /// Steps of other arithmetic, one row or one stored neighbour each, by one thread.
    pub steps: f64,
    /// How many bytes of the tables are read, all times counted.
    pub read: f64,
    /// The most memory held at once beyond the mapped tables, in bytes.
    pub memory: f64,
}

impl Work {
    /// This, and `next` when it is done.
    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            products: self.products + next.products,
            steps: self.steps + next.steps,
            read: self.read + next.read,
            memory: self.memory.max(next.memory),
        }
    }
}
