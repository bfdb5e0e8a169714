//! `goldpan predict`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use goldpan_model::Template;

use super::numbers::temperature;
use super::{Computation, DeviceArgs};

const AFTER: &str = "\
MODEL_DIR is a folder that `goldpan train` made (its base model is found by the name it was trained
with, and checked), or a model with a classification head of its own, by folder or name. With
--adapter, MODEL_DIR is the base model and DIR the trained folder.

With --class nothing is trained (zero-shot). MODEL_DIR is then a sentence encoder that compares each
text with the classes' descriptions; or, with --prompt, a masked-language model that fills the gap
of the template, where each TEXT is one word. Classes are named as the texts name them.

Examples:
  goldpan predict --texts texts.arrow --model model --out predictions.arrow
  goldpan predict --texts texts.arrow --model probe --embeddings vectors.arrow \\
    --out predictions.arrow
  goldpan predict --texts texts.arrow --model ./base --adapter model --out predictions.arrow
  goldpan predict --texts texts.arrow --model sentence-transformers/all-MiniLM-L6-v2 \\
    --class 'negative=a bad film' --class 'positive=a good film' --class 'positive=I loved it.' \\
    --out predictions.arrow
  goldpan predict --texts texts.arrow --model FacebookAI/roberta-base \\
    --prompt '{text} It was {mask}.' --class negative=terrible --class positive=great \\
    --out predictions.arrow";

/// Where the options without training are listed.
const HEADING: &str = "Without training";

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
    /// The texts' vectors, where MODEL_DIR is a probe: the encoder is not asked then
    #[arg(long, value_name = "EMBEDDINGS", conflicts_with = "class")]
    pub embeddings: Option<PathBuf>,
    /// The table of predictions to write
    #[arg(long, value_name = "PREDICTIONS")]
    pub out: PathBuf,
    /// The most tokens of a text that are used [default: as many as the model takes]
    #[arg(long, value_name = "N")]
    pub max_length: Option<NonZeroUsize>,
    /// What stands for a class; repeated for each class, and for more texts of one
    #[arg(long, value_name = "NAME=TEXT", value_parser = class, conflicts_with = "adapter",
        help_heading = HEADING)]
    pub class: Vec<(String, String)>,
    /// A sentence with {text} and {mask}, each once
    #[arg(long, value_name = "TEMPLATE", requires = "class", help_heading = HEADING)]
    pub prompt: Option<Template>,
    /// What logits are divided by [default: 1 with --prompt, else 0.05]
    #[arg(long, value_name = "X", value_parser = temperature, requires = "class",
        help_heading = HEADING)]
    pub temperature: Option<f64>,
    /// The precision to compute in
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub precision: Computation,
    #[command(flatten)]
    pub device: DeviceArgs,
}

/// `NAME=TEXT`, both with something in them.
pub(super) fn class(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, text)) if !name.trim().is_empty() && !text.trim().is_empty() => {
            Ok((name.trim().to_owned(), text.trim().to_owned()))
        }
        _ => Err("it is not NAME=TEXT, such as 'positive=a good film'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_a_name_and_a_text() {
        let owned = |name: &str, text: &str| Ok((name.to_owned(), text.to_owned()));
        assert_eq!(
            class("positive=a good film"),
            owned("positive", "a good film")
        );
        assert_eq!(class(" a = b=c "), owned("a", "b=c"));
        for text in ["", "positive", "=great", "positive=", "positive= "] {
            assert!(class(text).is_err(), "{text:?}");
        }
    }
}
