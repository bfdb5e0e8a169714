//! `goldpan evaluate`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
Texts without a label are left out and counted. The file holds accuracy, macro-F1 over the classes
that occur, loss, calibration error, precision and recall of each class, and the confusion matrix:
the numbers that scikit-learn gives.

Example:
  goldpan evaluate --predictions predictions.arrow --texts dev.arrow --out metrics.json";

/// Measure predictions by the texts' own labels
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct EvaluateArgs {
    /// The predictions
    #[arg(long, value_name = "P")]
    pub predictions: PathBuf,
    /// The texts, with labels
    #[arg(long, value_name = "T")]
    pub texts: PathBuf,
    /// Join tables by id even where they were made from other texts
    #[arg(long)]
    pub allow_other_texts: bool,
    /// The JSON file to write
    #[arg(long, value_name = "JSON")]
    pub out: PathBuf,
}
