//! The precision in which a model computes, and that in which vectors are stored.

use clap::ValueEnum;
use goldpan_artifact::Precision as Stored;
use goldpan_model::Precision;

/// The precision in which a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Computation {
    F32,
    Bf16,
}

impl From<Computation> for Precision {
    fn from(computation: Computation) -> Self {
        match computation {
            Computation::F32 => Self::F32,
            Computation::Bf16 => Self::Bf16,
        }
    }
}

/// The precision in which vectors are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    F32,
    F16,
}

impl From<Storage> for Stored {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::F32 => Self::F32,
            Storage::F16 => Self::F16,
        }
    }
}
