//! `goldpan train`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use goldpan_model::Target;
use goldpan_train::TrainConfig;

use super::numbers::{not_negative, positive, ratio};
use super::{Computation, DeviceArgs};

const AFTER: &str = "\
L says which texts are labelled: a selection or labels table, or a JSONL, CSV or TSV file with a
column `id` (and `label`, where the texts carry none). Without it, all texts with a label are used.

The epoch with the best validation accuracy is kept. MODEL_DIR gets adapter_model.safetensors and
adapter_config.json as PEFT writes them, goldpan.json and history.arrow. Unfinished epochs are kept
in MODEL_DIR.checkpoint: the same command goes on from there.

Example:
  goldpan train --texts texts.arrow --labelled labels.csv --validation dev.arrow \\
    --model sentence-transformers/all-MiniLM-L6-v2 --out model";

/// Train a classifier: LoRA adapters and a head on a pretrained encoder
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct TrainArgs {
    /// The table of texts
    #[arg(long, value_name = "TEXTS")]
    pub texts: PathBuf,
    /// Which of the texts are labelled [default: those with a label]
    #[arg(long, value_name = "L")]
    pub labelled: Option<PathBuf>,
    /// The table of texts to validate on after each epoch
    #[arg(long, value_name = "TEXTS")]
    pub validation: PathBuf,
    /// The pretrained encoder
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: String,
    /// The model's folder to make
    #[arg(long, value_name = "MODEL_DIR")]
    pub out: PathBuf,
    /// Passes over the labelled texts
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().epochs)]
    pub epochs: NonZeroUsize,
    /// Texts in a step
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().batch_size)]
    pub batch_size: NonZeroUsize,
    /// The highest learning rate
    #[arg(long, value_name = "X", value_parser = positive,
        default_value_t = TrainConfig::default().learning_rate)]
    pub learning_rate: f64,
    /// The part of all steps in which the learning rate rises
    #[arg(long, value_name = "X", value_parser = ratio,
        default_value_t = TrainConfig::default().warmup_ratio)]
    pub warmup_ratio: f64,
    /// AdamW's weight decay
    #[arg(long, value_name = "X", value_parser = not_negative,
        default_value_t = TrainConfig::default().weight_decay)]
    pub weight_decay: f64,
    /// The most tokens of a text that are used [default: as many as the model takes]
    #[arg(long, value_name = "N")]
    pub max_length: Option<NonZeroUsize>,
    /// The adapters' inner dimension
    #[arg(long, value_name = "N", default_value = "8")]
    pub lora_rank: NonZeroUsize,
    /// The adapters' output is scaled by this over the rank
    #[arg(long, value_name = "X", value_parser = positive, default_value = "16")]
    pub lora_alpha: f64,
    /// The linear layers adapted: query, key, value, attention.output.dense, intermediate.dense,
    /// output.dense
    #[arg(
        long,
        value_name = "NAME,NAME...",
        value_delimiter = ',',
        default_value = "query,value"
    )]
    pub lora_targets: Vec<Target>,
    /// The encoder layers adapted, from 0 [default: all]
    #[arg(long, value_name = "N,N...", value_delimiter = ',')]
    pub lora_layers: Option<Vec<usize>>,
    /// The precision to compute in
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub precision: Computation,
    /// Decides the order of texts and the new tensors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub device: DeviceArgs,
}
