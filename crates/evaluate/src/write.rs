//! Evaluations as JSON files.

use std::path::Path;

use goldpan_artifact::atomic;

use crate::error::Error;
use crate::evaluate::Evaluation;

/// Writes `evaluation` to `path` as indented JSON, whole or not at all.
///
/// # Errors
///
/// When the file cannot be written; what was there before then stays.
pub fn write(evaluation: &Evaluation, path: &Path) -> Result<(), Error> {
    let mut json = serde_json::to_vec_pretty(evaluation).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })?;
    json.push(b'\n');
    Ok(atomic::write_bytes(path, &json)?)
}
