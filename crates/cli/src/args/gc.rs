//! `goldpan gc`

use std::path::PathBuf;

use clap::Args;

const AFTER: &str = "\
What a folder in STORE/runs links to is kept, and what it linked to before its last run took the place
of another: delete a run's folder to give up its results. Nothing is removed while a run is in progress,
or where a run's folder has lost its links and does not tell what it used.

Examples:
  goldpan gc --dry-run
  goldpan gc --superseded";

/// Remove what no run uses from the store
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct GcArgs {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Remove also what a run linked to before another of its name took its place
    #[arg(long)]
    pub superseded: bool,
    /// The store of results
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub store: PathBuf,
}
