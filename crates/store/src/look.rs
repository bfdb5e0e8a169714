//! Whether an action's result is there, without reading the result.

use std::path::PathBuf;

use crate::layout::Layout;
use crate::manifest::{MANIFEST, Manifest};
use crate::{Error, Key, ObjectId, Record, files};

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

/// The record of an action whose object is whole by names and lengths, or why there is none.
pub(crate) fn look(layout: &Layout, key: &Key) -> Result<Result<Record, Missing>, Error> {
    let record = match Record::load(layout, key)? {
        Ok(record) => record,
        Err(missing) => return Ok(Err(missing)),
    };
    Ok(match flaw(layout, &record)? {
        Some(missing) => Err(missing),
        None => Ok(record),
    })
}

fn flaw(layout: &Layout, record: &Record) -> Result<Option<Missing>, Error> {
    let folder = layout.object(&record.object);
    let manifest = Manifest::load(&folder)?;
    if manifest.is_none_or(|manifest| manifest.files != record.files) {
        let object = record.object;
        return Ok(Some(Missing::Object { object }));
    }
    for (name, entry) in &record.files {
        let path = folder.join(name);
        match files::length(&path)? {
            None => return Ok(Some(Missing::File { path })),
            Some(found) if found != entry.bytes => {
                let expected = entry.bytes;
                return Ok(Some(Missing::Length {
                    path,
                    expected,
                    found,
                }));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Reads all of an object and compares it with its name.
pub(crate) fn verify(layout: &Layout, object: &ObjectId) -> Result<(), Error> {
    let folder = layout.object(object);
    let no_manifest = || Error::NoManifest {
        object: *object,
        path: folder.join(MANIFEST),
    };
    let manifest = Manifest::load(&folder)?.ok_or_else(no_manifest)?;
    if ObjectId::of(&manifest.files) != *object {
        return Err(no_manifest());
    }
    for (name, entry) in &manifest.files {
        let path = folder.join(name);
        let same = files::length(&path)? == Some(entry.bytes)
            && goldpan_artifact::digest_file(&path)? == entry.digest;
        if !same {
            let object = *object;
            return Err(Error::Damaged { object, path });
        }
    }
    Ok(())
}
