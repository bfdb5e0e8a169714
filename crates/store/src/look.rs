//! Whether an action's result is there, without reading the result.

use crate::action::Key;
use crate::error::Error;
use crate::files;
use crate::layout::Layout;
use crate::manifest::{MANIFEST, Manifest};
use crate::missing::Missing;
use crate::object::ObjectId;
use crate::record::Record;

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
