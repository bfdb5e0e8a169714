//! `goldpan run`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::DeviceArgs;
use super::numbers::size;

const AFTER: &str = "\
What was done before and would come out the same is taken from the store. The run's folder,
STORE/runs/NAME, links to the objects it used and holds results.csv: a row for each trained model,
and for the zero-shot baseline; report.html: what they show; and the trainings' curves in tensorboard.

Examples:
  goldpan run pipelines/quickstart.yaml
  goldpan run pipelines/quickstart.yaml --dry-run
  goldpan run pipelines/sst2.yaml --set loop.start.random=2000 --set 'loop.rounds=[1000]'
  goldpan run pipelines/quickstart.yaml --only select";

/// Run a pipeline: every stage that is not done yet
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct RunArgs {
    /// The pipeline file
    pub file: PathBuf,
    /// Do only this stage: a name, or a kind such as select
    #[arg(long, value_name = "STAGE", conflicts_with = "from")]
    pub only: Option<String>,
    /// Do this stage and those after it
    #[arg(long, value_name = "STAGE")]
    pub from: Option<String>,
    /// Do this stage again, though its result is there
    #[arg(long, value_name = "STAGE")]
    pub force: Option<String>,
    /// Override a value of the file, such as loop.model.base=NAME; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Only say what is there, what would run and why, and how long it is expected to take
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse a selection that needs more memory than this, such as 500MiB or 2GiB, as soon as its
    /// size is known
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
    /// How many trainings may go on at once on the CPU, with the same results [default: as many as
    /// cores and free memory allow]
    #[arg(long, value_name = "NUMBER")]
    pub trainings: Option<NonZeroUsize>,
    /// The store of results
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub store: PathBuf,
    #[command(flatten)]
    pub device: DeviceArgs,
}
