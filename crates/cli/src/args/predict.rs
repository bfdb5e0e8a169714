//! `goldpan predict`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::DeviceArgs;

const AFTER: &str = "\
MODEL_DIR is a folder that `goldpan train` made (its base model is found by the name it was trained
with, and checked), or a model with a classification head of its own, by folder or name. With
--adapter, MODEL_DIR is the base model and DIR the trained folder.

Examples:
  goldpan predict --texts texts.arrow --model model --out predictions.arrow
  goldpan predict --texts texts.arrow --model ./base --adapter model --out predictions.arrow";

/// Classify texts: logits and probabilities
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct PredictArgs {
    /// The table of texts
    #[arg(long, value_name = "TEXTS")]
    pub texts: PathBuf,
    /// The classifier, or with --adapter its base model
    #[arg(long, value_name = "MODEL_DIR")]
    pub model: String,
    /// A trained folder, or a LoRA adapter of PEFT's
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// The table of predictions to write
    #[arg(long, value_name = "PREDICTIONS")]
    pub out: PathBuf,
    /// The most tokens of a text that are used [default: as many as the model takes]
    #[arg(long, value_name = "N")]
    pub max_length: Option<NonZeroUsize>,
    #[command(flatten)]
    pub device: DeviceArgs,
}
