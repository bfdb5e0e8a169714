//! Which columns of a file have vectors.

use arrow_array::RecordBatch;
use arrow_schema::DataType;

use crate::error::{Error, Flaw};
use crate::numbers::{is_vector, list_of, number, vector};
use crate::source::Source;

/// Names by which a column of vectors is known among several.
const KNOWN: [&str; 4] = ["embedding", "embeddings", "vector", "vectors"];

/// The columns that make up a row's vector.
pub(crate) struct Columns {
    /// One column of vectors, or a column for each dimension, in the order of the dimensions.
    columns: Vec<usize>,
    /// How many bits a value has.
    pub(crate) half: bool,
    list: bool,
    names: Vec<String>,
}

impl Columns {
    /// One column of vectors.
    pub(crate) fn list(source: &Source, column: usize) -> Self {
        Self {
            half: list_of(source.kind(column)) == Some(&DataType::Float16),
            list: true,
            names: vec![source.name(column).to_owned()],
            columns: vec![column],
        }
    }

    /// A column for each dimension.
    pub(crate) fn dimensions(source: &Source, columns: Vec<usize>) -> Self {
        Self {
            half: columns
                .iter()
                .all(|&c| *source.kind(c) == DataType::Float16),
            list: false,
            names: columns.iter().map(|&c| source.name(c).to_owned()).collect(),
            columns,
        }
    }

    /// Their numbers in the file.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Replaces `out` by the vector in a row of a batch that has the file's columns `read`, which
    /// ascend.
    pub(crate) fn read(
        &self,
        batch: &RecordBatch,
        read: &[usize],
        row: usize,
        out: &mut Vec<f64>,
    ) -> Result<(), Flaw> {
        out.clear();
        for (column, name) in self.columns.iter().zip(&self.names) {
            let Ok(place) = read.binary_search(column) else {
                continue;
            };
            let array = batch.column(place);
            match self.list {
                true => vector(array, row, name, out)?,
                false => number(array, row, name, out)?,
            }
        }
        Ok(())
    }

    /// The name of the column that has value `at` of a vector, and the value's place in it.
    pub(crate) fn place(&self, at: usize) -> (String, usize) {
        match self.list {
            true => (self.names[0].clone(), at),
            false => (self.names.get(at).cloned().unwrap_or_default(), 0),
        }
    }
}

/// Finds the columns of embeddings.
pub(crate) fn find(source: &Source) -> Result<Columns, Error> {
    let fields = source.schema.fields().len();
    let all: Vec<usize> = (0..fields).filter(|&c| is_vector(source.kind(c))).collect();
    match all[..] {
        [column] => return Ok(Columns::list(source, column)),
        [] => {}
        _ => {
            let known = KNOWN.iter().find_map(|name| source.named(name));
            return match known.filter(|column| all.contains(column)) {
                Some(column) => Ok(Columns::list(source, column)),
                None => {
                    let names = all.iter().map(|&c| format!("`{}`", source.name(c)));
                    let names = names.collect::<Vec<_>>().join(", ");
                    Err(source.flaw(Flaw::SeveralVectors(names)))
                }
            };
        }
    }
    if let Some(columns) = dimensions(source)? {
        return Ok(Columns::dimensions(source, columns));
    }
    let unreadable = (0..fields).find_map(|column| {
        let (name, kind) = (source.name(column), source.kind(column));
        let (found, remedy) = unreadable(name, kind)?;
        Some(Flaw::VectorType {
            column: name.to_owned(),
            found,
            remedy,
        })
    });
    let columns = source.columns();
    Err(source.flaw(unreadable.unwrap_or(Flaw::NoVectors { columns })))
}

/// What a column that is meant to have vectors has instead, and what to do.
fn unreadable(name: &str, kind: &DataType) -> Option<(String, &'static str)> {
    const WRITE_LISTS: &str = "write lists of floating point numbers";
    let inner = list_of(kind);
    if inner.is_some_and(DataType::is_integer) {
        let remedy = "turn quantized values back into floating point numbers first";
        return Some(("whole numbers".to_owned(), remedy));
    }
    if inner.is_some_and(|kind| list_of(kind).is_some()) {
        let remedy = "give one vector for each text, not one for each token";
        return Some(("lists of lists".to_owned(), remedy));
    }
    if !KNOWN.contains(&name) {
        return None;
    }
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Some(("text".to_owned(), WRITE_LISTS))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Some(("bytes".to_owned(), WRITE_LISTS))
        }
        DataType::FixedSizeBinary(_) => Some(("bytes".to_owned(), WRITE_LISTS)),
        other => Some((other.to_string(), WRITE_LISTS)),
    }
}

/// A name that ends in a number: what comes before, and the number.
pub(crate) fn numbered(name: &str) -> Option<(&str, usize)> {
    let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[prefix.len()..];
    let plain = digits == "0" || !digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| plain);
    number.map(|number| (prefix, number))
}

/// The columns that are one dimension each: those of floating point numbers whose names are one
/// prefix and the numbers from 0 or 1 on. Nothing where there are fewer than two.
fn dimensions(source: &Source) -> Result<Option<Vec<usize>>, Error> {
    let mut groups: Vec<(String, Vec<(usize, usize)>)> = Vec::new();
    for column in 0..source.schema.fields().len() {
        let Some((prefix, number)) = numbered(source.name(column)) else {
            continue;
        };
        let kind = source.kind(column);
        if !kind.is_floating() && !kind.is_integer() {
            continue;
        }
        match groups.iter_mut().find(|(other, _)| other == prefix) {
            Some((_, columns)) => columns.push((number, column)),
            None => groups.push((prefix.to_owned(), vec![(number, column)])),
        }
    }
    groups.retain(|(_, columns)| columns.len() > 1);
    let (prefix, mut columns) = match groups.len() {
        0 => return Ok(None),
        1 => groups.remove(0),
        _ => {
            let names = groups
                .iter()
                .map(|(prefix, columns)| format!("`{prefix}{}`, ...", columns[0].0));
            let names = names.collect::<Vec<_>>().join(", ");
            return Err(source.flaw(Flaw::SeveralVectors(names)));
        }
    };
    columns.sort_unstable();
    let first = columns[0].0.min(1);
    let name = |number: usize| format!("{prefix}{number}");
    for (expected, (number, column)) in (first..).zip(&columns) {
        if *number != expected {
            return Err(source.flaw(Flaw::MissingDimension {
                first: name(columns[0].0),
                last: name(columns[columns.len() - 1].0),
                missing: name(expected),
            }));
        }
        if !source.kind(*column).is_floating() {
            return Err(source.flaw(Flaw::VectorType {
                column: name(*number),
                found: "whole numbers".to_owned(),
                remedy: "turn quantized values back into floating point numbers first",
            }));
        }
    }
    Ok(Some(
        columns.into_iter().map(|(_, column)| column).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_plain_numbers() {
        assert_eq!(numbered("12"), Some(("", 12)));
        assert_eq!(numbered("dim_0"), Some(("dim_", 0)));
        assert_eq!(numbered("f10"), Some(("f", 10)));
        assert_eq!(numbered("f01"), None);
        assert_eq!(numbered("x"), None);
        assert_eq!(numbered("f99999999999999999999999"), None);
    }
}
