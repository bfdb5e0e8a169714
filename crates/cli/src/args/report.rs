//! `goldpan report`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
Without --figures, the report's Markdown goes to stdout. With it, DIR gets report.md and the charts it
shows, each an .svg file with its title and legend on white: learning-curves, gain-over-start, a map of
the embeddings for each arm, the trainings' curves, calibration; what the run has no data for is left
out. The same run gives the same bytes, so that DIR can be kept under version control.

Examples:
  goldpan report quickstart
  goldpan report quickstart --figures docs/results/quickstart";

/// Show a run's report, or write its figures for a publication
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ReportArgs {
    /// The run: the pipeline's name
    pub run: String,
    /// Write report.md and its charts, as .svg files, into this folder
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
    /// The store of results
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub store: PathBuf,
}
