//! Single values of Arrow columns, whatever their type.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowTemporalType, Date32Type, Date64Type, Decimal32Type,
    Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};

use crate::value::Value;

/// Whether values of this type are texts.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        other => is_bytes(other),
    }
}

/// Whether values of this type are bytes, as some programs write texts.
pub(crate) fn is_bytes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Whether values of this type are texts, numbers or truth values.
pub(crate) fn is_plain(kind: &DataType) -> bool {
    match kind {
        DataType::Null | DataType::Boolean => true,
        DataType::Dictionary(_, values) => is_plain(values),
        other => is_text(other) || other.is_integer() || other.is_floating() || other.is_decimal(),
    }
}

/// Whether values of this type can be kept as metadata: those and dates.
pub(crate) fn is_kept(kind: &DataType) -> bool {
    match kind {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => true,
        DataType::Dictionary(_, values) => is_kept(values),
        other => is_plain(other),
    }
}

/// Whether values of this type can be labels: those, and lists of them.
pub(crate) fn is_label(kind: &DataType) -> bool {
    is_kept(item(kind).unwrap_or(kind))
}

/// The type of the values in lists of this type.
pub(crate) fn item(kind: &DataType) -> Option<&DataType> {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// The value of a row of a column. Dates are texts as ISO 8601 has them, times in UTC.
pub(crate) fn value(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let text = |text: &str| Value::Text(text.to_owned());
    match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::Boolean => Value::Truth(array.as_boolean().value(row)),
        DataType::Int8 => Value::Whole(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Whole(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Whole(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Whole(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => Value::Whole(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::Whole(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::Whole(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Value::Whole(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float16 => Value::Number(shortest(
            array.as_primitive::<Float16Type>().value(row).into(),
        )),
        DataType::Float32 => {
            Value::Number(shortest(array.as_primitive::<Float32Type>().value(row)))
        }
        DataType::Float64 => Value::Number(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(..) => decimal::<Decimal32Type>(array, row),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(array, row),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array, row),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array, row),
        DataType::Date32 => date::<Date32Type>(array, row),
        DataType::Date64 => date::<Date64Type>(array, row),
        DataType::Timestamp(unit, zone) => {
            let end = if zone.is_some() { "Z" } else { "" };
            match unit {
                TimeUnit::Second => time::<TimestampSecondType>(array, row, end),
                TimeUnit::Millisecond => time::<TimestampMillisecondType>(array, row, end),
                TimeUnit::Microsecond => time::<TimestampMicrosecondType>(array, row, end),
                TimeUnit::Nanosecond => time::<TimestampNanosecondType>(array, row, end),
            }
        }
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => entry::<Int8Type>(array, row),
            DataType::Int16 => entry::<Int16Type>(array, row),
            DataType::Int32 => entry::<Int32Type>(array, row),
            DataType::Int64 => entry::<Int64Type>(array, row),
            DataType::UInt8 => entry::<UInt8Type>(array, row),
            DataType::UInt16 => entry::<UInt16Type>(array, row),
            DataType::UInt32 => entry::<UInt32Type>(array, row),
            _ => entry::<UInt64Type>(array, row),
        },
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row)),
        _ => Value::Null,
    }
}

/// A text that was written as bytes.
fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes,
    }
}

/// A list: its first two values, as from JSON.
fn list(values: &dyn Array) -> Value {
    let first = 0..values.len().min(2);
    Value::List(first.map(|row| value(values, row)).collect())
}

/// A decimal number, with the digits that its type has.
fn decimal<T: DecimalType>(array: &dyn Array, row: usize) -> Value {
    Value::Digits(array.as_primitive::<T>().value_as_string(row))
}

/// A date, or its number where it lies beyond the calendar.
fn date<T: ArrowTemporalType>(array: &dyn Array, row: usize) -> Value
where
    i64: From<T::Native>,
{
    let array = array.as_primitive::<T>();
    match array.value_as_date(row) {
        Some(date) => Value::Text(date.to_string()),
        None => Value::Whole(i64::from(array.value(row)).into()),
    }
}

/// A date and time, or its number where it lies beyond the calendar.
fn time<T: ArrowTemporalType>(array: &dyn Array, row: usize, end: &str) -> Value
where
    i64: From<T::Native>,
{
    let array = array.as_primitive::<T>();
    match array.value_as_datetime(row) {
        Some(time) => Value::Text(format!("{time:?}{end}")),
        None => Value::Whole(i64::from(array.value(row)).into()),
    }
}

/// The dictionary's value for a row.
fn entry<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> Value {
    let array = array.as_dictionary::<K>();
    match array.key(row) {
        Some(key) => value(array.values(), key),
        None => Value::Null,
    }
}

/// The number that a person means by an f32: 0.1, where the exact value is 0.10000000149011612.
fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| number.into())
}
