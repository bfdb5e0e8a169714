//! The tables in a folder.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The paths of the files that end in `.arrow`, by name.
pub fn tables(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read {
        path: folder.to_owned(),
        source,
    };
    let mut tables = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "arrow") {
            tables.push(path);
        }
    }
    tables.sort();
    Ok(tables)
}
