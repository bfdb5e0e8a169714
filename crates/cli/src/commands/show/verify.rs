//! Tables and folders compared with their checksums.

use std::collections::BTreeMap;
use std::path::Path;

use goldpan_artifact::{Digest, verify_checksum, verify_file};
use serde::Deserialize;

use crate::error::Error;

/// The part of an object's manifest that is needed here.
#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: Digest,
}

/// Reads all of a table and compares it with the checksum that it carries.
pub fn checksum(path: &Path) -> Result<String, Error> {
    verify_checksum(path)?;
    Ok("checksum right\n".to_owned())
}

/// Reads all files that the folder's manifest lists and compares them with it. A folder outside
/// the store has none.
pub fn manifest(folder: &Path) -> Result<String, Error> {
    let path = folder.join("manifest.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|source| Error::Manifest { path, source })?;
    for (name, entry) in &manifest.files {
        verify_file(folder.join(name), &entry.digest)?;
    }
    Ok(format!("manifest right: {} files\n", manifest.files.len()))
}
