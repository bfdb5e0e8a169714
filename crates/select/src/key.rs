//! The order in which rows are preferred: the larger score first, then the lower row.

/// A score, at least 0, and the slot it belongs to. The largest key is picked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Key {
    /// Less than every key of a slot.
    pub(crate) const NONE: Self = Self(0);

    /// `score` is not NaN and its sign bit is clear, so its bits are ordered as it is.
    pub(crate) fn new(score: f32, slot: u32) -> Self {
        Self(((u64::from(score.to_bits()) + 1) << 32) | u64::from(!slot))
    }

    /// The slot, for any key but [`Key::NONE`].
    pub(crate) fn slot(self) -> u32 {
        !(self.0 as u32)
    }

    /// Leaves the `count` largest of `keys`, in any order, and returns the largest of the others.
    pub(crate) fn keep_largest(keys: &mut Vec<Self>, count: usize) -> Self {
        if keys.len() <= count {
            return Self::NONE;
        }
        let (_, next, _) = keys.select_nth_unstable_by(count, |a, b| b.cmp(a));
        let next = *next;
        keys.truncate(count);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn none_is_less_than_all() {
        assert!(Key::new(0.0, u32::MAX) > Key::NONE || Key::new(0.0, u32::MAX - 1) > Key::NONE);
        assert!(Key::new(f32::INFINITY, 0) > Key::new(f32::MAX, 0));
    }

    proptest! {
        #[test]
        fn orders_by_score_then_lowest_slot(
            a in 0.0_f32..4.0, b in 0.0_f32..4.0, i in 0_u32..9, j in 0_u32..9
        ) {
            let expected = a.total_cmp(&b).then(j.cmp(&i));
            prop_assert_eq!(Key::new(a, i).cmp(&Key::new(b, j)), expected);
            prop_assert_eq!(Key::new(a, i).slot(), i);
        }

        #[test]
        fn keeps_the_largest(scores in prop::collection::vec(0.0_f32..2.0, 0..20), count in 0_usize..20) {
            let mut keys: Vec<Key> =
                scores.iter().zip(0..).map(|(&score, slot)| Key::new(score, slot)).collect();
            let mut sorted = keys.clone();
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            let next = Key::keep_largest(&mut keys, count);
            keys.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(&keys[..], &sorted[..count.min(sorted.len())]);
            prop_assert_eq!(next, sorted.get(count).copied().unwrap_or(Key::NONE));
        }
    }
}
