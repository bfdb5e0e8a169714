//! Finding the runs of a store.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use goldpan_report::UNFINISHED;
use goldpan_store::Store;

use crate::error::Error;
use crate::output::line_of;

/// Puts back the links of a run that a copied store has lost, as far as the store can be written to.
pub fn restore(store: &Path, run: &str) {
    let restored = || {
        let store = Store::open(store)?;
        let session = store.session(&mut || ControlFlow::Break(()))?;
        let folder = session.run_folder(run)?;
        let lock = folder.lock(&mut || ControlFlow::Break(()))?;
        folder.restore(&lock)
    };
    match restored() {
        Ok(0) => {}
        Ok(links) => tracing::info!("{links} links of runs/{run} were lost, and are put back"),
        // What is missing is told where it is looked for.
        Err(error) => tracing::debug!("the links of runs/{run} are not put back: {error}"),
    }
}

/// Why a run has no report, or not one of its last state; `None` where it is finished.
fn unfinished(folder: &Path) -> Option<String> {
    let why = std::fs::read_to_string(folder.join(UNFINISHED)).ok()?;
    Some(line_of(why.trim(), 400)).filter(|why| !why.is_empty())
}

/// Warns of a run whose last state is not that of its end.
pub fn warn_unfinished(folder: &Path, run: &str) {
    if let Some(why) = unfinished(folder) {
        tracing::warn!("the last run of `{run}` is not finished: {why}");
    }
}

/// The error of reading what a run leaves at its end, with the reason why it is not there.
pub fn or_unfinished(folder: &Path, run: &str, error: goldpan_report::Error) -> Error {
    match (&error, unfinished(folder)) {
        (goldpan_report::Error::NoContents { .. }, Some(why)) => Error::Unfinished {
            run: run.to_owned(),
            why,
        },
        _ => error.into(),
    }
}

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
