//! Rows of earlier tables whose texts are those of a table again.

use std::collections::HashMap;

use crate::Texts;

/// A row of one of several tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOf {
    /// The table's number.
    pub table: usize,
    /// The row's number there.
    pub row: usize,
}

/// For each row of `texts` a row of `earlier` tables that has the same text, byte for byte; the first
/// where several do.
pub fn same_texts(texts: &Texts, earlier: &[&Texts]) -> Vec<Option<RowOf>> {
    let mut wanted: HashMap<&str, Option<RowOf>> = HashMap::with_capacity(texts.len());
    for row in 0..texts.len() {
        wanted.insert(texts.text(row), None);
    }
    let mut left = wanted.len();
    for (table, texts) in earlier.iter().enumerate() {
        for row in 0..texts.len() {
            if left == 0 {
                break;
            }
            if let Some(found) = wanted.get_mut(texts.text(row))
                && found.is_none()
            {
                *found = Some(RowOf { table, row });
                left -= 1;
            }
        }
    }
    (0..texts.len())
        .map(|row| wanted.get(texts.text(row)).copied().flatten())
        .collect()
}
