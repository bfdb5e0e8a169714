//! A note in a run's folder while its run is not finished, for whoever looks for its report.

use std::path::Path;

use goldpan_artifact::atomic;
use goldpan_report::UNFINISHED;

use crate::error::Error;

/// Says that a run has begun, and was cut short unless more is noted.
pub(super) fn begin(folder: &Path) -> Result<(), Error> {
    note(folder, "it was interrupted, or goes on still")
}

/// Says why the run ended early.
pub(super) fn note(folder: &Path, why: &str) -> Result<(), Error> {
    let text = format!("{}\n", why.trim().replace('\n', " "));
    atomic::write_bytes(folder.join(UNFINISHED), text.as_bytes())?;
    Ok(())
}

/// Takes the note away: the run is finished.
pub(super) fn end(folder: &Path) {
    // A note that stays says no more than that the run may be repeated.
    let _ = std::fs::remove_file(folder.join(UNFINISHED));
}
