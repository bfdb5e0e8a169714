//! Groups of whole sequences that one thread takes through the layers.

use crate::sequences::Sequences;
use std::ops::Range;

/// Tokens of a group at most, one longer sequence excepted: its states stay in the second-level cache, and
/// there are enough groups for all threads.
const TOKENS: usize = 64;

/// Some sequences of a batch, laid end to end.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Where the tokens of each sequence lie in the batch.
    pub tokens: Vec<Range<usize>>,
    /// Where the rows of each sequence lie in the result.
    pub rows: Vec<Range<usize>>,
    /// Where each sequence lies in the group.
    pub keys: Sequences,
    /// The tokens that the result has rows of, one of each sequence; none where it has all.
    pub picked: Option<Picked>,
}

/// One token of each sequence of a group.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    /// The tokens, counted in the group.
    pub tokens: Vec<usize>,
    /// One row for each sequence.
    pub queries: Sequences,
}

impl Group {
    /// Where each sequence lies in the rows that a layer goes on with; `last` is the last layer.
    pub(crate) fn queries(&self, last: bool) -> &Sequences {
        match &self.picked {
            Some(picked) if last => &picked.queries,
            _ => &self.keys,
        }
    }

    /// The tokens that a layer goes on with, where these are not all.
    pub(crate) fn picked(&self, last: bool) -> Option<&[usize]> {
        let picked = self.picked.as_ref().filter(|_| last)?;
        Some(&picked.tokens)
    }
}

/// Cuts a batch into groups of equal size, as far as whole sequences allow.
///
/// The longest sequence is placed first, always into the smallest group: Graham 1969, "Bounds on
/// multiprocessing timing anomalies".
pub(crate) fn cut(sequences: &Sequences, picked: Option<&[usize]>) -> Vec<Group> {
    let count = sequences.tokens().div_ceil(TOKENS);
    let mut members = vec![(0, Vec::new()); count];
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(sequences.range(index).len()));
    for index in order {
        let smallest = members.iter_mut().min_by_key(|(tokens, _)| *tokens);
        if let Some((tokens, members)) = smallest {
            *tokens += sequences.range(index).len();
            members.push(index);
        }
    }
    let groups = members
        .into_iter()
        .filter(|(_, members)| !members.is_empty());
    groups
        .map(|(_, mut members)| {
            members.sort_unstable();
            group(sequences, &members, picked)
        })
        .collect()
}

fn group(sequences: &Sequences, members: &[usize], picked: Option<&[usize]>) -> Group {
    let tokens: Vec<_> = members
        .iter()
        .map(|&index| sequences.range(index))
        .collect();
    let keys = Sequences::from_lengths(tokens.iter().map(|range| range.len()));
    let Some(picked) = picked else {
        return Group {
            rows: tokens.clone(),
            tokens,
            keys,
            picked: None,
        };
    };
    let starts = members.iter().zip(keys.ranges());
    let tokens_picked =
        starts.map(|(&index, own)| picked[index] - sequences.range(index).start + own.start);
    Group {
        rows: members.iter().map(|&index| index..index + 1).collect(),
        picked: Some(Picked {
            tokens: tokens_picked.collect(),
            queries: Sequences::from_lengths(members.iter().map(|_| 1)),
        }),
        tokens,
        keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_hold_every_sequence_once(
            lengths in prop::collection::vec(1_usize..150, 1..40),
        ) {
            let sequences = Sequences::from_lengths(lengths.iter().copied());
            let starts: Vec<usize> = sequences.ranges().map(|range| range.start).collect();
            let mut seen = Vec::new();
            for group in cut(&sequences, Some(&starts)) {
                prop_assert!(!group.keys.is_empty());
                let lengths: Vec<usize> = group.keys.ranges().map(|range| range.len()).collect();
                let expected: Vec<usize> = group.tokens.iter().map(|range| range.len()).collect();
                prop_assert_eq!(lengths, expected);
                let firsts: Vec<usize> = group.keys.ranges().map(|range| range.start).collect();
                prop_assert_eq!(group.picked(true), Some(&firsts[..]));
                for (tokens, row) in group.tokens.iter().zip(&group.rows) {
                    prop_assert_eq!(&sequences.range(row.start), tokens);
                }
                seen.extend(group.tokens);
            }
            seen.sort_by_key(|range| range.start);
            prop_assert_eq!(seen, sequences.ranges().collect::<Vec<_>>());
        }
    }

    #[test]
    fn groups_are_of_about_equal_size() {
        let lengths = [5, 31, 8, 22, 13, 7, 9, 12, 30, 6, 11, 14, 10, 8, 16, 6];
        let sequences = Sequences::from_lengths(lengths);
        let sizes: Vec<usize> = cut(&sequences, None)
            .iter()
            .map(|group| group.keys.tokens())
            .collect();
        assert_eq!(sizes.len(), 4);
        // The shortest text has five tokens.
        assert!(sizes.iter().all(|size| size.abs_diff(52) < 5), "{sizes:?}");
    }
}
