//! `goldpan select`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use goldpan_select::Strategy;

const AFTER: &str = "\
Strategies: random, least-confidence, margin, entropy, diversity (or k-center),
diversity-least-confidence, diversity-margin, diversity-entropy. The uncertain ones need
--predictions, the diverse ones --embeddings. A file for --config holds one strategy as an arm of a
pipeline does:
  product: [ { diversity: {} }, { uncertainty: { score: margin } } ]

L is a selection or labels table, or a JSONL, CSV or TSV file with a column `id`. Labelled texts are
never picked.

Example:
  goldpan select --count 100 --strategy diversity-margin --embeddings embeddings.arrow \\
    --predictions predictions.arrow --labelled labels.csv --out selection.arrow";

/// Pick the texts that are worth labelling next
#[derive(Debug, Args)]
#[command(after_help = AFTER, group(ArgGroup::new("how").required(true).args(["strategy", "config"])))]
pub struct SelectArgs {
    /// How many texts to pick
    #[arg(long, value_name = "N")]
    pub count: usize,
    /// The strategy, by name
    #[arg(long, value_name = "NAME", value_parser = Strategy::from_name)]
    pub strategy: Option<Strategy>,
    /// A YAML file with the strategy instead
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The texts to pick from [default: those of the embeddings or predictions]
    #[arg(long, value_name = "TEXTS")]
    pub texts: Option<PathBuf>,
    /// The texts' embeddings
    #[arg(long, value_name = "E")]
    pub embeddings: Option<PathBuf>,
    /// A model's predictions of the texts
    #[arg(long, value_name = "P")]
    pub predictions: Option<PathBuf>,
    /// Which texts are labelled already
    #[arg(long, value_name = "L")]
    pub labelled: Option<PathBuf>,
    /// Decides what `random` picks, and where diversity starts with nothing labelled
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The selection to write
    #[arg(long, value_name = "SELECTION")]
    pub out: PathBuf,
}
