//! Finding the rows of a table that belong to the pool's ids.

use std::collections::HashMap;

/// Where the pool's rows lie in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    /// In the same order.
    Same,
    /// Pool row `i` is row `At(rows)[i]`.
    At(Vec<u32>),
}

impl Rows {
    /// Matches the pool's `ids` with a table's, which are unique; both have less than 2^32 rows.
    ///
    /// # Errors
    ///
    /// The first id of the pool that the table lacks.
    pub(crate) fn join<I: Iterator<Item = u64>>(
        ids: &[u64],
        table: impl Fn() -> I,
    ) -> Result<Self, u64> {
        if table().eq(ids.iter().copied()) {
            return Ok(Self::Same);
        }
        let rows: HashMap<u64, u32> = table().zip(0..).collect();
        ids.iter()
            .map(|id| rows.get(id).copied().ok_or(*id))
            .collect::<Result<_, _>>()
            .map(Self::At)
    }

    /// The table's row for row `row` of the pool.
    pub(crate) fn of(&self, row: u32) -> usize {
        match self {
            Self::Same => row as usize,
            Self::At(rows) => rows[row as usize] as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(ids: &[u64], table: &[u64]) -> Result<Rows, u64> {
        Rows::join(ids, || table.iter().copied())
    }

    #[test]
    fn matches_ids_in_any_order() {
        assert_eq!(join(&[4, 2], &[4, 2]), Ok(Rows::Same));
        assert_eq!(join(&[4, 2], &[2, 9, 4]), Ok(Rows::At(vec![2, 0])));
        assert_eq!(join(&[], &[2]), Ok(Rows::At(vec![])));
    }

    #[test]
    fn names_the_first_missing_id() {
        assert_eq!(join(&[4, 7, 6], &[4, 2, 3]), Err(7));
        assert_eq!(join(&[1], &[]), Err(1));
    }
}
