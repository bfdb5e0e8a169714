//! Safetensors files: a length, a JSON header and the tensors' bytes, each claim of the header checked.
//!
//! The safetensors crate checks as much, but keeps one of two tensors of the same name and does not
//! always say which tensor is wrong.

use super::stored::{Data, Stored};
use super::unique::Entries;
use crate::error::Error;
use goldpan_artifact::Mapping;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use std::path::Path;
use std::str::Utf8Error;
use std::sync::Arc;

/// The longest header that the format allows, in bytes.
const LONGEST: u64 = 100_000_000;

/// What is wrong with a safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// There is no room for the header's length.
    #[error("it has {bytes} bytes, too few for a header")]
    Short {
        /// The bytes of the file.
        bytes: usize,
    },
    /// The header is longer than the format allows.
    #[error("its header is said to have {length} bytes, and 100 MB is the most")]
    Long {
        /// The header's length in bytes.
        length: u64,
    },
    /// The header does not fit into the file.
    #[error("its header is said to have {length} bytes, and the file ends after {left}")]
    Cut {
        /// The header's length in bytes.
        length: u64,
        /// The bytes there are.
        left: usize,
    },
    /// The header is not UTF-8.
    #[error("its header is not UTF-8: {0}")]
    NotUtf8(Utf8Error),
    /// The header is not JSON, or not of tensors. The reason names the tensor.
    #[error("its header is not JSON of tensors: {0}")]
    NotJson(serde_json::Error),
    /// A name is there twice.
    #[error("tensor {name} is there twice")]
    Repeated {
        /// The tensor.
        name: String,
    },
    /// A tensor ends before it begins.
    #[error("tensor {name} is said to begin at byte {start} and end at {end}")]
    Backwards {
        /// The tensor.
        name: String,
        /// Where it begins, in bytes after the header.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// A tensor lies outside the file.
    #[error("tensor {name} is said to end at byte {end}, and there are {bytes}: it is cut short")]
    Outside {
        /// The tensor.
        name: String,
        /// Where it ends, in bytes after the header.
        end: usize,
        /// The bytes after the header.
        bytes: usize,
    },
    /// A tensor's size is no number that a computer can hold.
    #[error("tensor {name} is said to have shape {shape:?}, which is too large to count")]
    Uncountable {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A tensor has not as many bytes as its shape and type take.
    #[error(
        "tensor {name} has {found} bytes, and {dtype:?} values of shape {shape:?} take {bits} bits"
    )]
    Size {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: Dtype,
        /// Its shape.
        shape: Vec<usize>,
        /// The bytes it has.
        found: usize,
        /// The bits it needs.
        bits: usize,
    },
    /// Two tensors share bytes.
    #[error("tensors {name} and {other} overlap")]
    Overlap {
        /// The tensor that begins later.
        name: String,
        /// The one that has not ended there.
        other: String,
    },
    /// Bytes belong to no tensor.
    #[error("{bytes} bytes before tensor {name} belong to no tensor")]
    Gap {
        /// The tensor after them.
        name: String,
        /// How many.
        bytes: usize,
    },
    /// Bytes after the last tensor.
    #[error("{bytes} bytes at its end belong to no tensor")]
    Rest {
        /// How many.
        bytes: usize,
    },
}

/// The tensors of the safetensors file at `path`, in the order of their bytes.
pub(super) fn tensors(path: &Path) -> Result<Vec<(String, Stored)>, Error> {
    let mapping = Mapping::open(path).map_err(|source| Error::Map {
        path: path.to_owned(),
        source,
    })?;
    let (start, infos) = read(&mapping).map_err(|fault| Error::Safetensors {
        path: path.to_owned(),
        fault,
    })?;
    let mapping = Arc::new(mapping);
    let stored = |(name, info): (String, TensorInfo)| {
        let range = start + info.data_offsets.0..start + info.data_offsets.1;
        let stored = Stored {
            dtype: info.dtype,
            shape: info.shape,
            data: Data::Mapped(mapping.clone(), range),
        };
        (name, stored)
    };
    Ok(infos.into_iter().map(stored).collect())
}

/// Where the tensors' bytes begin, and the tensors in the order of their bytes, which they fill
/// without gap or overlap.
fn read(file: &[u8]) -> Result<(usize, Vec<(String, TensorInfo)>), HeaderFault> {
    let short = HeaderFault::Short { bytes: file.len() };
    let (length, rest) = file.split_first_chunk::<8>().ok_or(short)?;
    let length = u64::from_le_bytes(*length);
    if length > LONGEST {
        return Err(HeaderFault::Long { length });
    }
    let cut = HeaderFault::Cut {
        length,
        left: rest.len(),
    };
    let (header, data) = rest.split_at_checked(length as usize).ok_or(cut)?;
    let header = std::str::from_utf8(header).map_err(HeaderFault::NotUtf8)?;
    let entries: Entries<TensorInfo> =
        serde_json::from_str(header).map_err(HeaderFault::NotJson)?;
    if let Some(name) = entries.repeated() {
        let name = name.to_owned();
        return Err(HeaderFault::Repeated { name });
    }
    let mut tensors = entries.0;
    for (name, info) in &tensors {
        check(name, info, data.len())?;
    }
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    check_cover(&tensors, data.len())?;
    Ok((file.len() - data.len(), tensors))
}

/// Checks that a tensor lies within the `bytes` bytes of data and has as many as it needs.
fn check(name: &str, info: &TensorInfo, bytes: usize) -> Result<(), HeaderFault> {
    let (start, end) = info.data_offsets;
    let name = name.to_owned();
    let shape = info.shape.clone();
    if start > end {
        return Err(HeaderFault::Backwards { name, start, end });
    }
    if end > bytes {
        return Err(HeaderFault::Outside { name, end, bytes });
    }
    let mut factors = shape.iter().copied();
    let Some(bits) = factors.try_fold(info.dtype.bitsize(), usize::checked_mul) else {
        return Err(HeaderFault::Uncountable { name, shape });
    };
    let found = end - start;
    if found.checked_mul(8) != Some(bits) {
        return Err(HeaderFault::Size {
            name,
            dtype: info.dtype,
            shape,
            found,
            bits,
        });
    }
    Ok(())
}

/// Checks that tensors, sorted by their offsets, fill the `bytes` bytes of data.
fn check_cover(tensors: &[(String, TensorInfo)], bytes: usize) -> Result<(), HeaderFault> {
    let mut before: Option<(&str, usize)> = None;
    for (name, info) in tensors {
        let (start, end) = info.data_offsets;
        let filled = before.map_or(0, |(_, end)| end);
        if let Some((other, _)) = before.filter(|_| start < filled) {
            return Err(HeaderFault::Overlap {
                name: name.clone(),
                other: other.to_owned(),
            });
        }
        if start > filled {
            return Err(HeaderFault::Gap {
                name: name.clone(),
                bytes: start - filled,
            });
        }
        before = Some((name, end));
    }
    match bytes - before.map_or(0, |(_, end)| end) {
        0 => Ok(()),
        bytes => Err(HeaderFault::Rest { bytes }),
    }
}
