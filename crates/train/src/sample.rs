//! Rows that stand for all.

use goldpan_artifact::rng;
use rand::seq::index;

/// Some of `rows` rows, ascending: all where they are few enough, else `most` of them, for a `purpose` always the
/// same ones.
pub(crate) fn sample(rows: usize, most: usize, purpose: &str) -> Vec<usize> {
    if rows <= most {
        return (0..rows).collect();
    }
    let mut sample = index::sample(&mut rng(0, purpose), rows, most).into_vec();
    sample.sort_unstable();
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_rows_the_same_are_taken_every_time() {
        assert_eq!(sample(5, 10, "one"), [0, 1, 2, 3, 4]);
        let some = sample(15, 10, "one");
        assert_eq!(some.len(), 10);
        assert!(some.is_sorted() && some == sample(15, 10, "one"));
        assert!(some.iter().all(|row| *row < 15) && some != sample(15, 10, "another"));
    }
}
