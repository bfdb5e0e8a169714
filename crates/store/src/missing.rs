//! Why a result is not there.

use std::path::PathBuf;

use crate::object::ObjectId;

/// Why an action's result can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// The action was not finished in this store, or its record was removed.
    #[error("no result of it is in the store")]
    Record,
    /// The record can't be read or contradicts itself.
    #[error("its record {path} is damaged")]
    DamagedRecord {
        /// The record.
        path: PathBuf,
    },
    /// The object was removed, or its manifest is missing, damaged or another one's.
    #[error("its result {object} is gone")]
    Object {
        /// The object.
        object: ObjectId,
    },
    /// A file of the object was removed.
    #[error("{path} is gone")]
    File {
        /// The file.
        path: PathBuf,
    },
    /// A file of the object has another length than when it was written.
    #[error("{path} has {found} bytes instead of {expected}")]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length when it was written.
        expected: u64,
        /// Its length now.
        found: u64,
    },
}

impl Missing {
    /// True if something that had been kept was lost or altered.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Record => false,
            Self::DamagedRecord { .. }
            | Self::Object { .. }
            | Self::File { .. }
            | Self::Length { .. } => true,
        }
    }
}
