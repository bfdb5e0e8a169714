//! `goldpan import`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const AFTER: &str = "\
FILE is an Arrow, Feather, Parquet, .npy or .npz file that pyarrow, polars, DuckDB, pandas, Spark or
NumPy wrote; selections and labels may be CSV, TSV and JSONL files too. A column `id` has the numbers
of the texts, `key` your own ids; without them each row is taken for the text in the same row.
Embeddings are a column of lists of floating point numbers, or a column for each dimension, named
0, 1, 2, ...; predictions a column `probabilities` or `logits` of lists, or a column for each class.

`goldpan select`, `goldpan evaluate` and `goldpan train` take such files as they are, and check them
each time; an imported table is checked once, and says which texts it is of.

Examples:
  goldpan import embeddings vectors.parquet --texts texts.arrow --out vectors.arrow
  goldpan import predictions guesses.npy --texts texts.arrow --out guesses.arrow";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A vector for each text.
    Embeddings,
    /// What a model says of each text.
    Predictions,
    /// Texts that were picked, best first.
    Selection,
    /// Labels of texts.
    Labels,
}

/// Check a table that another program wrote, and keep it as one of Goldpan's
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ImportArgs {
    /// What the file holds
    #[arg(value_name = "WHAT")]
    pub what: What,
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The texts that it is of
    #[arg(long, value_name = "TEXTS")]
    pub texts: PathBuf,
    /// The table to write
    #[arg(long, value_name = "TABLE")]
    pub out: PathBuf,
}
