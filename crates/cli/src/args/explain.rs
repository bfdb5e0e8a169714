//! `goldpan explain`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
Of every arm, seed and round is told: was the text picked, with which rank, score and values; or was
it labelled already, and since when; or passed over. Then also how far the nearest labelled text and
the nearest pick are, what the model before thought of it, and the score of the last pick, as far as
the run knows.

Examples:
  goldpan explain quickstart 4711
  goldpan explain quickstart 4711 --arm margin --seed 0
  goldpan explain reviews 12 --key";

/// Tell why a run picked a text, or did not
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ExplainArgs {
    /// The run: the pipeline's name
    pub run: String,
    /// The text's id as `show` tells it, or else its key: the id it came with
    pub id: String,
    /// ID is the key, though it may be another text's id
    #[arg(long)]
    pub key: bool,
    /// Only of this arm; `start` for the texts picked first
    #[arg(long)]
    pub arm: Option<String>,
    /// Only of this seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The store of results
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub store: PathBuf,
}
