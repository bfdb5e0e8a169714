//! Columns that grow row by row and are taken as Arrow arrays.

use arrow2::array::{
    Array, FixedSizeListArray, MutablePrimitiveArray, MutableUtf8Array, PrimitiveArray, Utf8Array,
};
use arrow2::error::Error;
use arrow2::types::{NativeType, f16};

use crate::schema::{ColumnType, Precision, data_type};

/// Numbers, each of which may be null.
pub(crate) type Numbers<T> = MutablePrimitiveArray<T>;
/// Texts, each of which may be null.
pub(crate) type Texts = MutableUtf8Array<i64>;

/// Takes the numbers.
pub(crate) fn numbers<T: NativeType>(column: &mut Numbers<T>) -> Box<dyn Array> {
    PrimitiveArray::from(std::mem::take(column)).boxed()
}

/// Takes the texts.
pub(crate) fn texts(column: &mut Texts) -> Box<dyn Array> {
    let array: Utf8Array<i64> = std::mem::take(column).into();
    array.boxed()
}

/// Vectors of one width.
pub(crate) struct Vectors {
    pub(crate) width: usize,
    values: VectorValues,
}

enum VectorValues {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Vectors {
    pub(crate) fn new(precision: Precision, width: usize) -> Self {
        let values = match precision {
            Precision::F32 => VectorValues::F32(Vec::new()),
            Precision::F16 => VectorValues::F16(Vec::new()),
        };
        Self { width, values }
    }

    /// Adds a vector, which has to have the column's width. Half precision rounds to nearest even.
    pub(crate) fn push(&mut self, vector: &[f32]) {
        match &mut self.values {
            VectorValues::F32(values) => values.extend_from_slice(vector),
            VectorValues::F16(values) => values.extend(
                vector
                    .iter()
                    .map(|value| f16::from_bits(half::f16::from_f32(*value).to_bits())),
            ),
        }
    }

    /// Takes the vectors.
    pub(crate) fn take(&mut self) -> Result<Box<dyn Array>, Error> {
        let (precision, values) = match &mut self.values {
            VectorValues::F32(values) => (Precision::F32, taken(values)),
            VectorValues::F16(values) => (Precision::F16, taken(values)),
        };
        let kind = ColumnType::Vector {
            precision,
            width: self.width,
        };
        Ok(FixedSizeListArray::try_new(data_type(kind), values, None)?.boxed())
    }
}

/// Takes the values and makes room for as many more.
fn taken<T: NativeType>(values: &mut Vec<T>) -> Box<dyn Array> {
    let room = Vec::with_capacity(values.len());
    PrimitiveArray::from_vec(std::mem::replace(values, room)).boxed()
}
