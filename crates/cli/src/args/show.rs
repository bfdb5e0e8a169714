//! `goldpan show`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
Examples:
  goldpan show texts.arrow
  goldpan show selection.arrow --rows 50
  goldpan show model --verify";

/// Show what a table or a trained model's folder holds
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ShowArgs {
    /// A table, or a folder with tables or a trained model
    pub artifact: PathBuf,
    /// How many rows of each table to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// Read all of it and compare it with its checksums
    #[arg(long)]
    pub verify: bool,
}
