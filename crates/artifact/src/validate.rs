//! What the values of a table have to be, beyond lying where they may.

use crate::damage::Damage;
use crate::frame::Frame;
use crate::layout::Batch;
use crate::schema::ColumnType;

impl Frame {
    /// Checks what each column's type asks of its values.
    pub(crate) fn check_columns(&self) -> Result<(), Damage> {
        for (number, batch) in self.batches().iter().enumerate() {
            for column in 0..self.description().columns.len() {
                self.check_nulls(number, batch, column)?;
                if self.description().columns[column].kind == ColumnType::Text {
                    self.check_texts(number, column)?;
                }
            }
        }
        Ok(())
    }

    fn check_nulls(&self, number: usize, batch: &Batch, column: usize) -> Result<(), Damage> {
        let stated = self.place(number, column).nulls;
        let found = self
            .validity(number, column)
            .map_or(0, |bits| (batch.rows - ones(bits, batch.rows)) as i64);
        if found == stated {
            return Ok(());
        }
        Err(Damage::NullCount {
            batch: number,
            column: self.column_name(column),
            stated,
            found,
        })
    }

    /// Offsets begin at 0, ascend and end at the buffer's end; every text is UTF-8.
    fn check_texts(&self, batch: usize, column: usize) -> Result<(), Damage> {
        let offsets = self.offsets(batch, column);
        let bytes = self.value_bytes(batch, column);
        let ascend = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let first = offsets.first().copied().unwrap_or(0);
        let last = offsets.last().copied().unwrap_or(0);
        if !ascend || first != 0 || last != bytes.len() as i64 {
            return Err(Damage::Offsets {
                batch,
                column: self.column_name(column),
            });
        }
        // All the texts together are UTF-8 and none begins inside a character: so each is UTF-8.
        let whole = std::str::from_utf8(bytes).ok();
        let apart = |text: &str| {
            offsets
                .iter()
                .all(|offset| text.is_char_boundary(*offset as usize))
        };
        if whole.is_some_and(apart) {
            return Ok(());
        }
        Err(Damage::Utf8 {
            batch,
            column: self.column_name(column),
        })
    }

    /// Checks that no value of `column`, which holds ids, occurs twice. Ascending ids are checked
    /// without allocating.
    pub(crate) fn check_ids(&self, column: usize) -> Result<(), Damage> {
        let batches = || (0..self.batches().len()).map(|batch| self.values::<u64>(batch, column));
        let mut last = None;
        let ascend = batches().all(|ids| {
            let follows = ids.first().is_none_or(|first| last < Some(*first));
            last = ids.last().copied().or(last);
            follows && ids.windows(2).all(|pair| pair[0] < pair[1])
        });
        if ascend {
            return Ok(());
        }
        let mut ids: Vec<u64> = Vec::with_capacity(self.len());
        batches().for_each(|batch| ids.extend_from_slice(batch));
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Damage::RepeatedId { id: pair[0] }),
            None => Ok(()),
        }
    }

    /// Checks that every label in `column` is the number of a class, or null.
    pub(crate) fn check_labels(&self, column: usize) -> Result<(), Damage> {
        let classes = self.description().classes.len();
        let inside = |label: i32| usize::try_from(label).is_ok_and(|label| label < classes);
        for (number, batch) in self.batches().iter().enumerate() {
            let labels = self.values::<i32>(number, column);
            let outside =
                |row: &usize| !inside(labels[*row]) && self.is_valid(number, column, *row);
            if let Some(row) = (0..batch.rows).find(outside) {
                return Err(Damage::Label {
                    row: (batch.start + row) as u64,
                    label: labels[row],
                    classes,
                });
            }
        }
        Ok(())
    }

    /// Checks that `column` counts the rows from 0.
    pub(crate) fn check_ranks(&self, column: usize) -> Result<(), Damage> {
        for (number, batch) in self.batches().iter().enumerate() {
            let ranks = self.values::<u32>(number, column);
            let wrong = |row: &usize| ranks[*row] as usize != batch.start + row;
            if let Some(row) = (0..batch.rows).find(wrong) {
                return Err(Damage::Rank {
                    row: (batch.start + row) as u64,
                    rank: ranks[row],
                });
            }
        }
        Ok(())
    }

    fn column_name(&self, column: usize) -> String {
        self.description().columns[column].name.clone()
    }
}

/// How many of the first `count` bits are set.
fn ones(bits: &[u8], count: usize) -> usize {
    let (whole, rest) = bits.split_at(count / 8);
    let whole: usize = whole.iter().map(|byte| byte.count_ones() as usize).sum();
    let mask = !(u8::MAX << (count % 8));
    whole
        + rest
            .first()
            .map_or(0, |byte| (byte & mask).count_ones() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_are_counted_up_to_the_last_row() {
        assert_eq!(ones(&[0xff, 0xff], 16), 16);
        assert_eq!(ones(&[0xff, 0xff], 9), 9);
        assert_eq!(ones(&[0b1010_1010], 4), 2);
        assert_eq!(ones(&[], 0), 0);
    }
}
