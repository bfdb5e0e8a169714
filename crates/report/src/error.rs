//! What can go wrong with a report.

use std::io;

use plotters::drawing::DrawingAreaErrorKind;

/// An error of a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The results cannot be compared.
    #[error(transparent)]
    Evidence(#[from] goldpan_evidence::Error),
    /// A table of the run cannot be read, or the report not written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// A chart cannot be drawn.
    #[error(
        "a chart of the report cannot be drawn: this is a mistake in goldpan, please report it"
    )]
    Chart(#[from] DrawingAreaErrorKind<io::Error>),
}
