//! `goldpan export`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
MODEL_DIR is a folder that `goldpan train` made: its base model is found by the name it was trained
with, and checked. With --adapter, MODEL_DIR is the base model, and the adapter may be PEFT's own.

With --merged DIR gets a whole model in f32 for transformers: LoRA is added into the weights, and
config.json names the classes; `goldpan predict --model DIR` takes it too. Without, DIR gets the
adapter for PEFT. Either has the base model's tokenizer. Nothing is at DIR until all is there.

A probe (--tune probe) becomes a model of sentence-transformers, with the base model: what `encode`
gives are the logits, in the order of classes.json. No head of transformers centres vectors.

Examples:
  goldpan export --model model --merged --out merged
  goldpan export --model model --out adapter
  goldpan export --model ./base --adapter lora --merged --out merged

In Python then:
  AutoModelForSequenceClassification.from_pretrained(\"merged\")
  PeftModel.from_pretrained(base, \"adapter\")
  AutoTokenizer.from_pretrained(\"merged\")
  SentenceTransformer(\"probe-exported\").encode(texts).argmax(axis=1)";

/// Write a trained model for transformers, PEFT or sentence-transformers
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ExportArgs {
    /// The trained folder, or with --adapter the base model
    #[arg(long, value_name = "MODEL_DIR")]
    pub model: String,
    /// A trained folder, or a LoRA adapter of PEFT's
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Make a whole model, with the adapter in its weights
    #[arg(long)]
    pub merged: bool,
}
