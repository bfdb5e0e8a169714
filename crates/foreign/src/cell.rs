//! Single values of columns of ids and labels.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_schema::DataType;

/// A value that may be an id or a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Whole(i128),
    Text(String),
}

impl Cell {
    /// The value as text; null is empty.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Whole(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Whether values of this type may be ids.
pub(crate) fn is_cell(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Float32 | DataType::Float64 => true,
        DataType::Dictionary(_, values) => is_cell(values),
        other => other.is_integer(),
    }
}

/// The values of a column for which [`is_cell`] holds.
pub(crate) fn cells(array: &dyn Array) -> Vec<Cell> {
    let Some(entries) = array
        .as_any_dictionary_opt()
        .filter(|entries| !entries.values().is_empty())
    else {
        return (0..array.len()).map(|row| cell(array, row)).collect();
    };
    let keys = entries.normalized_keys().into_iter().enumerate();
    keys.map(|(row, key)| match entries.keys().is_null(row) {
        true => Cell::Null,
        false => cell(entries.values(), key),
    })
    .collect()
}

/// The value in a row of a column that is no dictionary. A floating point number that is not
/// whole, or is so large that neighbours are the same number, stays a text.
fn cell(array: &dyn Array, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    let text = |text: &str| Cell::Text(text.to_owned());
    match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::Int8 => Cell::Whole(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Whole(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Whole(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Whole(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => Cell::Whole(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::Whole(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::Whole(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::Whole(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float32 => whole(
            array.as_primitive::<Float32Type>().value(row).into(),
            f64::from(1 << 24),
        ),
        DataType::Float64 => whole(
            array.as_primitive::<Float64Type>().value(row),
            (1_u64 << 53) as f64,
        ),
        _ => Cell::Null,
    }
}

fn whole(number: f64, limit: f64) -> Cell {
    match number.fract() == 0.0 && number.abs() < limit {
        true => Cell::Whole(number as i128),
        false if number.is_nan() => Cell::Null,
        false => Cell::Text(number.to_string()),
    }
}
