//! Tensors in files that `torch.save` wrote: a pickle that says where in the file each one lies.
//!
//! The pickle is parsed by `pytorch_reader`, which builds tensors, dictionaries and lists and leaves
//! every other object and call alone: nothing that a pickle names is ever run. What a file may be
//! besides is narrowed here to what models are saved as: one flat dictionary of tensors, in a zip
//! archive or in the pickle stream of torch before 1.6.

use super::stored::{Data, Stored};
use crate::error::Error;
use pytorch_reader::{DType, PickleValue, PytorchError, PytorchReader, Tensor};
use safetensors::Dtype;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

/// Where a tar archive says that it is one.
const TAR_MAGIC: Range<usize> = 257..262;

/// What is wrong with a file of pickled weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PickleFault {
    /// It cannot be read, or is not what torch.save writes.
    #[error("it is no file of weights as torch.save writes them ({0})")]
    Damaged(Box<PytorchError>),
    /// It is a tar archive.
    #[error("it is a tar archive, as torch wrote them before 2017")]
    Tar,
    /// It holds something else than a dictionary.
    #[error("it holds no tensors by name, as a state_dict does")]
    NoStateDict,
    /// It holds tensors deeper inside, as checkpoints and whole pickled models do.
    #[error("it holds tensors inside {key}, and only a state_dict itself can be read")]
    Nested {
        /// The entry that holds them.
        key: String,
    },
    /// A tensor cannot be read.
    #[error("tensor {name} cannot be read ({source})")]
    Tensor {
        /// The tensor.
        name: String,
        /// The reason.
        source: io::Error,
    },
    /// A tensor is larger than the file that it is in.
    #[error("tensor {name} is said to take {bytes} bytes, and the whole file has {file}")]
    Inflated {
        /// The tensor.
        name: String,
        /// The bytes of its values.
        bytes: usize,
        /// The bytes of the file.
        file: u64,
    },
}

/// A tensor of a pickle.
pub(super) struct Pickled {
    tensor: Tensor,
    /// The bytes of the file that has it.
    file: u64,
}

impl Pickled {
    /// The tensor's bytes, row-major.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, PickleFault> {
        let name = name.to_owned();
        let bytes = self.tensor.byte_len();
        // Compressed or repeated storages could fill the memory from a tiny file; torch.save writes
        // neither.
        if bytes as u64 > self.file {
            let file = self.file;
            return Err(PickleFault::Inflated { name, bytes, file });
        }
        let read = self.tensor.read();
        read.map_err(|source| PickleFault::Tensor { name, source })
    }
}

/// The tensors of the file at `path`, sorted by name.
pub(super) fn tensors(path: &Path) -> Result<Vec<(String, Stored)>, Error> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    let length = file.metadata().map_err(read)?.len();
    let mut start = Vec::new();
    let mut limited = file.take(TAR_MAGIC.end as u64);
    limited.read_to_end(&mut start).map_err(read)?;
    parse(path, &start, length).map_err(|fault| Error::Pickle {
        path: path.to_owned(),
        fault,
    })
}

/// The tensors of a file of `length` bytes that begins with `start`.
fn parse(path: &Path, start: &[u8], length: u64) -> Result<Vec<(String, Stored)>, PickleFault> {
    // A tar archive can claim any size, and is unpacked before its tensors are looked at. No
    // transformer is that old.
    if start.get(TAR_MAGIC) == Some(b"ustar") {
        return Err(PickleFault::Tar);
    }
    let damaged = |error| PickleFault::Damaged(Box::new(error));
    let root = PytorchReader::read_pickle_data(path, None).map_err(damaged)?;
    check_flat(&root)?;
    let reader = PytorchReader::new(path).map_err(damaged)?;
    let stored = |(name, tensor): (String, Tensor)| {
        let stored = Stored {
            dtype: dtype(tensor.dtype()),
            shape: tensor.shape().to_vec(),
            data: Data::Pickled(Pickled {
                tensor,
                file: length,
            }),
        };
        (name, stored)
    };
    let mut tensors: Vec<_> = reader.into_tensors().into_iter().map(stored).collect();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(tensors)
}

/// Checks that the pickled object is a dictionary whose tensors are its own values. Two paths through
/// nested dictionaries can spell one name, and which tensor it means would be left to chance.
fn check_flat(root: &PickleValue) -> Result<(), PickleFault> {
    let PickleValue::Dict(entries) = root else {
        return Err(PickleFault::NoStateDict);
    };
    let is_leaf = |value: &PickleValue| matches!(value, PickleValue::Unsupported(_));
    let nested = |(_, value): &(&String, &PickleValue)| !is_leaf(value) && holds_tensor(value);
    match entries.iter().filter(nested).map(|(key, _)| key).min() {
        Some(key) => Err(PickleFault::Nested { key: key.clone() }),
        None => Ok(()),
    }
}

fn holds_tensor(value: &PickleValue) -> bool {
    match value {
        PickleValue::Unsupported(kind) => kind == "torch.Tensor",
        PickleValue::List(values) => values.iter().any(holds_tensor),
        PickleValue::Dict(entries) => entries.values().any(holds_tensor),
        _ => false,
    }
}

fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}
