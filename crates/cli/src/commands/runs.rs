//! Finding the runs of a store.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The run's folder, if there is one.
pub fn folder(store: &Path, run: &str) -> Result<PathBuf, Error> {
    let runs = store.join("runs");
    let entries = std::fs::read_dir(&runs).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    match names.iter().any(|name| name == run) {
        true => Ok(runs.join(run)),
        false => Err(Error::NoRun {
            run: run.to_owned(),
            path: runs,
            runs: names,
        }),
    }
}
