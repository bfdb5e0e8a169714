//! The precision in which a model computes, and that in which vectors are stored.

use clap::ValueEnum;
use goldpan_artifact::Precision;

use crate::error::Error;

/// The precision in which a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Computation {
    F32,
    Bf16,
}

impl Computation {
    /// Fails where this build cannot compute so.
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::F32 => Ok(()),
            Self::Bf16 => Err(Error::NoBf16),
        }
    }
}

/// The precision in which vectors are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    F32,
    F16,
}

impl From<Storage> for Precision {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::F32 => Self::F32,
            Storage::F16 => Self::F16,
        }
    }
}
