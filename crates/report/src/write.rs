//! Writing the report.

use std::path::Path;

use goldpan_artifact::atomic;

use crate::findings::Findings;
use crate::{Error, Run, html, markdown, tensorboard};

/// The name of the HTML file.
pub const HTML: &str = "report.html";

/// The name of the Markdown file.
pub const MARKDOWN: &str = "report.md";

/// The name of the folder for TensorBoard.
pub const TENSORBOARD: &str = "tensorboard";

/// Writes the report of a run into a folder that is there: [`HTML`], [`MARKDOWN`], and in [`TENSORBOARD`]
/// an event file for every training. Each file is there whole or not at all.
///
/// # Errors
///
/// When a table of the run cannot be read, its rows cannot be compared, or a file not be written.
pub fn write(run: &Run, folder: &Path) -> Result<(), Error> {
    let findings = Findings::of(run)?;
    atomic::write_bytes(folder.join(HTML), html::page(&findings)?.as_bytes())?;
    let markdown = markdown::markdown(&findings);
    atomic::write_bytes(folder.join(MARKDOWN), markdown.as_bytes())?;
    tensorboard::write(run, &folder.join(TENSORBOARD))
}
