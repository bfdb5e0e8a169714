//! Floating point numbers of columns and of lists in columns.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int8Type, Int32Type};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::{DataType, Fields};

use crate::error::Flaw;

/// The type of a list's values, of any kind of list that is read.
pub(crate) fn list_of(kind: &DataType) -> Option<&DataType> {
    match kind {
        DataType::FixedSizeList(field, _) | DataType::List(field) | DataType::LargeList(field) => {
            Some(field.data_type())
        }
        _ => None,
    }
}

/// Whether a type is that of Spark's vectors: `type`, `size`, `indices`, `values`.
pub(crate) fn is_spark(kind: &DataType) -> bool {
    let DataType::Struct(fields) = kind else {
        return false;
    };
    let named = |fields: &Fields, name: &str| fields.find(name).map(|(_, f)| f.data_type().clone());
    let floats = |kind: DataType| list_of(&kind).is_some_and(DataType::is_floating);
    named(fields, "type") == Some(DataType::Int8)
        && named(fields, "size") == Some(DataType::Int32)
        && named(fields, "values").is_some_and(floats)
        && named(fields, "indices").is_some_and(|kind| list_of(&kind) == Some(&DataType::Int32))
}

/// Whether a column of this type has a vector of floating point numbers in each row.
pub(crate) fn is_vector(kind: &DataType) -> bool {
    list_of(kind).is_some_and(DataType::is_floating) || is_spark(kind)
}

/// The values of a list's row, and where they lie in all lists' values.
pub(crate) fn list_row(array: &dyn Array, row: usize) -> Option<(&ArrayRef, Range<usize>)> {
    match array.data_type() {
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let start = list.value_offset_at(row);
            Some((list.values(), start..start + list.value_length() as usize))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            Some((
                list.values(),
                offsets[row] as usize..offsets[row + 1] as usize,
            ))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            Some((
                list.values(),
                offsets[row] as usize..offsets[row + 1] as usize,
            ))
        }
        _ => None,
    }
}

/// Adds the floating point numbers of a range to `out`.
fn extend(
    array: &dyn Array,
    range: Range<usize>,
    column: &str,
    out: &mut Vec<f64>,
) -> Result<(), Flaw> {
    if array.null_count() > 0
        && let Some(at) = range.clone().position(|row| array.is_null(row))
    {
        let column = column.to_owned();
        return Err(Flaw::NullValue { column, at });
    }
    match array.data_type() {
        DataType::Float16 => {
            let values = &array.as_primitive::<Float16Type>().values()[range];
            out.extend(values.iter().map(|value| f64::from(*value)));
        }
        DataType::Float32 => {
            let values = &array.as_primitive::<Float32Type>().values()[range];
            out.extend(values.iter().map(|value| f64::from(*value)));
        }
        DataType::Float64 => {
            out.extend_from_slice(&array.as_primitive::<Float64Type>().values()[range]);
        }
        _ => {}
    }
    Ok(())
}

/// Adds the vector in a row of a column for which [`is_vector`] holds to `out`.
pub(crate) fn vector(
    array: &dyn Array,
    row: usize,
    column: &str,
    out: &mut Vec<f64>,
) -> Result<(), Flaw> {
    if array.is_null(row) {
        let column = column.to_owned();
        return Err(Flaw::Null { column });
    }
    match array.as_struct_opt() {
        Some(vectors) => spark(vectors, row, column, out),
        None => match list_row(array, row) {
            Some((values, range)) => extend(values, range, column, out),
            None => Ok(()),
        },
    }
}

/// Adds the number in a row of a column of floating point numbers to `out`.
pub(crate) fn number(
    array: &dyn Array,
    row: usize,
    column: &str,
    out: &mut Vec<f64>,
) -> Result<(), Flaw> {
    if array.is_null(row) {
        let column = column.to_owned();
        return Err(Flaw::Null { column });
    }
    extend(array, row..row + 1, column, out)
}

/// Adds a vector of Spark's: dense ones have type 1, sparse ones type 0.
fn spark(vectors: &StructArray, row: usize, column: &str, out: &mut Vec<f64>) -> Result<(), Flaw> {
    let sparse = || Flaw::Sparse {
        column: column.to_owned(),
    };
    let part = |name: &str| vectors.column_by_name(name).ok_or_else(sparse);
    let values = part("values")?;
    let (values, range) = list_row(values, row).ok_or_else(sparse)?;
    if part("type")?.as_primitive::<Int8Type>().value(row) == 1 {
        return extend(values, range, column, out);
    }
    let size = part("size")?.as_primitive::<Int32Type>().value(row);
    let size = usize::try_from(size).map_err(|_| sparse())?;
    let (indices, places) = list_row(part("indices")?, row).ok_or_else(sparse)?;
    let places = &indices.as_primitive::<Int32Type>().values()[places];
    let mut given = Vec::new();
    extend(values, range, column, &mut given)?;
    let ascend = places.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = |place: &i32| usize::try_from(*place).is_ok_and(|place| place < size);
    if !ascend || !places.iter().all(inside) || places.len() != given.len() || size > MOST_SPARSE {
        return Err(sparse());
    }
    let start = out.len();
    out.resize(start + size, 0.0);
    for (place, value) in places.iter().zip(given) {
        out[start + *place as usize] = value;
    }
    Ok(())
}

/// Sparse vectors are written out; larger ones than this would fill the memory.
const MOST_SPARSE: usize = 1 << 20;
