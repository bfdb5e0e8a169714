//! `goldpan embed`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::{Computation, DeviceArgs, Storage};

const AFTER: &str = "\
A model is a folder as on the Hugging Face Hub (config.json, tokenizer.json, model.safetensors), or
a name: a folder in $GOLDPAN_MODELS, else fetched once and kept in the cache.

Example:
  goldpan embed --texts texts.arrow --model sentence-transformers/all-MiniLM-L6-v2 \\
    --out embeddings.arrow";

/// Turn texts into vectors with a sentence encoder
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct EmbedArgs {
    /// The table of texts
    #[arg(long, value_name = "TEXTS")]
    pub texts: PathBuf,
    /// The sentence encoder
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: String,
    /// The table of embeddings to write
    #[arg(long, value_name = "EMBEDDINGS")]
    pub out: PathBuf,
    /// The precision to compute in
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub precision: Computation,
    /// The precision to store vectors in; f16 has half the size
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub storage: Storage,
    /// Whether vectors get length 1 [default: as the model's folder says]
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub normalize: Option<bool>,
    /// What to put before each text: the name of one of the model's prompts, or the text itself; ''
    /// for nothing [default: the model's default prompt, if it has one]
    #[arg(long, value_name = "NAME|TEXT")]
    pub prompt: Option<String>,
    /// The most tokens of a text that are used [default: as many as the model takes]
    #[arg(long, value_name = "N")]
    pub max_length: Option<NonZeroUsize>,
    #[command(flatten)]
    pub device: DeviceArgs,
}
