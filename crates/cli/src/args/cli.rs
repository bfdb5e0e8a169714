//! The program's own arguments, and its subcommands.

use clap::{ArgAction, Args, Parser, Subcommand};

use super::{
    EmbedArgs, EvaluateArgs, ExplainArgs, ExportArgs, GcArgs, ImportArgs, IngestArgs, PredictArgs,
    ReportArgs, RunArgs, SelectArgs, ShowArgs, TrainArgs,
};

const AFTER: &str = "\
Exit codes:
  0    all was done
  1    failed while running: disk, device or network
  2    the command line, the strategy or the pipeline file is wrong
  3    the input data is wrong: malformed, damaged, of another kind, without labels
  4    a file, model or dataset was not found or could not be reached
  130  stopped by Ctrl-C or a signal; the next run goes on where it can

Environment:
  GOLDPAN_MODELS, GOLDPAN_DATA   folders with models and datasets of your own, by name
  GOLDPAN_CACHE                  where downloads are kept
  HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, PIP_INDEX_URL, PIP_NO_INDEX
                                 the servers that may be asked
  GOLDPAN_LOG                    log filter, such as goldpan_sources=debug";

/// Where options that every subcommand takes are listed.
const HEADING: &str = "Global options";

/// Active learning for text classifiers: finds the texts that are worth labelling.
///
/// Data goes to stdout, everything for people to stderr. Tables are Arrow files.
#[derive(Debug, Parser)]
#[command(name = "goldpan", version, max_term_width = 100, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// How much the program says on stderr.
#[derive(Clone, Copy, Debug, Args)]
pub struct Verbosity {
    /// Say more; twice for debugging
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet",
        help_heading = HEADING)]
    pub verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true, help_heading = HEADING)]
    pub quiet: bool,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    Ingest(IngestArgs),
    Import(ImportArgs),
    Embed(EmbedArgs),
    Train(TrainArgs),
    Predict(PredictArgs),
    Select(SelectArgs),
    Evaluate(EvaluateArgs),
    Export(ExportArgs),
    Run(RunArgs),
    Report(ReportArgs),
    Explain(ExplainArgs),
    Gc(GcArgs),
    Show(ShowArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
