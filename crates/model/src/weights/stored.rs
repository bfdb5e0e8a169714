//! One tensor in a file, not read yet.

use super::pickle::Pickled;
use crate::error::Error;
use goldpan_artifact::Mapping;
use rayon::prelude::*;
use safetensors::Dtype;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Values that one task reads.
const TOGETHER: usize = 1 << 16;

/// A tensor of a file.
pub(super) struct Stored {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub data: Data,
}

/// Where a tensor's little-endian values are.
pub(super) enum Data {
    /// These bytes of a mapped file.
    Mapped(Arc<Mapping>, Range<usize>),
    /// The storages of a pickle.
    Pickled(Pickled),
}

impl Stored {
    /// The values in row-major order, as f32. `path` and `name` are for errors.
    pub fn floats(&self, path: &Path, name: &str) -> Result<Vec<f32>, Error> {
        let decode = match self.dtype {
            Dtype::F64 => f64s,
            Dtype::F32 => f32s,
            Dtype::F16 => f16s,
            Dtype::BF16 => bf16s,
            other => {
                return Err(Error::TensorType {
                    path: path.to_owned(),
                    name: name.to_owned(),
                    found: format!("{other:?}"),
                });
            }
        };
        let bytes = match &self.data {
            Data::Mapped(mapping, range) => Cow::Borrowed(&mapping[range.clone()]),
            Data::Pickled(tensor) => {
                Cow::Owned(tensor.read(name).map_err(|fault| Error::Pickle {
                    path: path.to_owned(),
                    fault,
                })?)
            }
        };
        Ok(decode(&bytes))
    }

    /// As [`Stored::floats`], where the mapped file has them as f32.
    pub fn mapped(&self) -> Option<&[f32]> {
        match (self.dtype, &self.data) {
            (Dtype::F32, Data::Mapped(mapping, range)) => {
                bytemuck::try_cast_slice(&mapping[range.clone()]).ok()
            }
            _ => None,
        }
    }
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    decoded(bytes, f32::from_le_bytes)
}

fn f64s(bytes: &[u8]) -> Vec<f32> {
    decoded(bytes, |value| f64::from_le_bytes(value) as f32)
}

fn f16s(bytes: &[u8]) -> Vec<f32> {
    decoded(bytes, |value| half::f16::from_le_bytes(value).to_f32())
}

fn bf16s(bytes: &[u8]) -> Vec<f32> {
    decoded(bytes, |value| half::bf16::from_le_bytes(value).to_f32())
}

/// The values that `number` makes of every `N` bytes.
fn decoded<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32 + Sync) -> Vec<f32> {
    let (words, _) = bytes.as_chunks();
    let mut values = vec![0.0; words.len()];
    let tasks = values.par_chunks_mut(TOGETHER);
    tasks
        .zip(words.par_chunks(TOGETHER))
        .for_each(|(values, words)| {
            for (value, &word) in values.iter_mut().zip(words) {
                *value = number(word);
            }
        });
    values
}

/// Whether there is neither NaN nor infinity.
pub(super) fn finite(values: &[f32]) -> bool {
    let tasks = values.par_chunks(TOGETHER);
    tasks.all(|values| values.iter().all(|value| value.is_finite()))
}
