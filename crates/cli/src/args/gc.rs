//! `goldpan gc`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
What a folder in STORE/runs links to is kept: delete a run's folder to give up its results. While a
run is in progress nothing is removed.

Example:
  goldpan gc --dry-run";

/// Remove what no run uses from the store
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct GcArgs {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// The store of results
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub store: PathBuf,
}
