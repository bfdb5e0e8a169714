//! Rows of earlier tables whose texts are those of a table again.

use std::collections::HashMap;

use crate::texts::Texts;

/// A row of one of several tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOf {
    /// The table's number.
    pub table: usize,
    /// The row's number there.
    pub row: usize,
}

/// Which rows of a table of texts earlier tables have too, taken in the order of the rows.
#[derive(Debug)]
pub struct Reuse {
    places: Vec<Option<RowOf>>,
    /// The row before which all were taken.
    next: usize,
}

impl Reuse {
    /// Looks for each row of `texts` in the `earlier` tables.
    pub fn of(texts: &Texts, earlier: &[&Texts]) -> Self {
        let places = same_texts(texts, earlier);
        Self { places, next: 0 }
    }

    /// The rows that no earlier table has.
    pub fn fresh(&self) -> Vec<usize> {
        let rows = 0..self.places.len();
        rows.filter(|&row| self.places[row].is_none()).collect()
    }

    /// Takes the rows before `end` that were not taken yet and that an earlier table has, with their
    /// places there.
    pub fn up_to(&mut self, end: usize) -> impl Iterator<Item = (usize, RowOf)> {
        let rows = self.next..end;
        self.next = end;
        rows.filter_map(|row| Some((row, self.places[row]?)))
    }
}

/// For each row of `texts` a row of `earlier` tables that has the same text, byte for byte; the first
/// where several do.
fn same_texts(texts: &Texts, earlier: &[&Texts]) -> Vec<Option<RowOf>> {
    if earlier.is_empty() {
        return vec![None; texts.len()];
    }
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
