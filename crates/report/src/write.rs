//! Writing the report.

use std::path::Path;

use goldpan_artifact::atomic;

use crate::error::Error;
use crate::findings::Findings;
use crate::run::Run;
use crate::{figures, html, markdown as text, tensorboard};

/// The name of the HTML file.
pub const HTML: &str = "report.html";

/// The name of the Markdown file.
pub const MARKDOWN: &str = "report.md";

/// The name of the folder for TensorBoard.
pub const TENSORBOARD: &str = "tensorboard";

/// Writes the report of a run into its folder: [`HTML`], [`MARKDOWN`], [`REPORT`](crate::REPORT), and in
/// [`TENSORBOARD`] an event file for every training. Each file is there whole or not at all.
///
/// # Errors
///
/// When a table of the run cannot be read, its rows cannot be compared, or a file not be written.
pub fn write(run: &Run, folder: &Path) -> Result<(), Error> {
    let inside = run.within(folder);
    let findings = Findings::of(&inside, folder)?;
    atomic::write_bytes(folder.join(HTML), html::page(&findings)?.as_bytes())?;
    let markdown = text::markdown(&findings, &[]);
    atomic::write_bytes(folder.join(MARKDOWN), markdown.as_bytes())?;
    tensorboard::write(&inside, &folder.join(TENSORBOARD))?;
    run.write(folder)
}

/// Reads [`MARKDOWN`] from a run's folder.
///
/// # Errors
///
/// When there is none.
pub fn markdown(folder: &Path) -> Result<String, Error> {
    let path = folder.join(MARKDOWN);
    std::fs::read_to_string(&path).map_err(|source| Error::NoContents { path, source })
}

/// Writes the figures of the run in `folder` into another, which is made where it is missing: each chart
/// as an SVG file, and [`MARKDOWN`], which shows them. Told are the files' names.
///
/// # Errors
///
/// When the folder has no [`REPORT`](crate::REPORT), a table of the run cannot be read, or a file not be
/// written.
pub fn publish(folder: &Path, out: &Path) -> Result<Vec<String>, Error> {
    let run = Run::read(folder)?.within(folder);
    let findings = Findings::of(&run, folder)?;
    let figures = figures::files(&findings)?;
    std::fs::create_dir_all(out).map_err(|source| Error::Folder {
        path: out.to_owned(),
        source,
    })?;
    let mut names = Vec::new();
    for figure in &figures {
        atomic::write_bytes(out.join(&figure.name), figure.svg.as_bytes())?;
        names.push(figure.name.clone());
    }
    let markdown = text::markdown(&findings, &figures);
    atomic::write_bytes(out.join(MARKDOWN), markdown.as_bytes())?;
    names.push(MARKDOWN.to_owned());
    Ok(names)
}
