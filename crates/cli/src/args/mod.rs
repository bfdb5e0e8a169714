//! The command line as clap reads it: one file for each subcommand.

mod cli;
mod device;
mod embed;
mod evaluate;
mod explain;
mod export;
mod gc;
mod import;
mod ingest;
mod labels;
mod numbers;
mod precision;
mod predict;
mod report;
mod run;
mod select;
mod show;
mod train;
mod training;

pub use cli::{Cli, Command, Verbosity};
pub use device::DeviceArgs;
pub use embed::EmbedArgs;
pub use evaluate::EvaluateArgs;
pub use explain::ExplainArgs;
pub use export::ExportArgs;
pub use gc::GcArgs;
pub use import::{ImportArgs, What};
pub use ingest::IngestArgs;
pub use labels::{LabelArgs, LabelledArgs};
pub use precision::{Computation, Storage};
pub use predict::PredictArgs;
pub use report::ReportArgs;
pub use run::RunArgs;
pub use select::SelectArgs;
pub use show::ShowArgs;
pub use train::TrainArgs;
