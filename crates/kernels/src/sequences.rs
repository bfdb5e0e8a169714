//! Where the sequences of a packed batch begin and end.

use std::ops::Range;
use std::sync::Arc;

/// The layout of a packed batch: sequence `i` owns token rows `range(i)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequences {
    offsets: Arc<[usize]>,
}

impl Sequences {
    /// The layout of sequences with these lengths, in tokens, laid end to end.
    pub fn from_lengths(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut offsets = vec![0];
        let mut total = 0;
        for length in lengths {
            total += length;
            offsets.push(total);
        }
        Self {
            offsets: offsets.into(),
        }
    }

    /// The number of sequences.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of tokens of all sequences together.
    pub fn tokens(&self) -> usize {
        self.offsets[self.len()]
    }

    /// The token rows of sequence `index`.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.offsets[index]..self.offsets[index + 1]
    }

    /// The token rows of each sequence in turn.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        (0..self.len()).map(|index| self.range(index))
    }

    /// The length of the longest sequence, 0 where there is none.
    pub fn longest(&self) -> usize {
        self.ranges().map(|range| range.len()).max().unwrap_or(0)
    }
}
