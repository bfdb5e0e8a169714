//! Doing a pipeline's work: names to files, cached results or stages, and what came out.

mod action;
mod contents;
mod context;
mod execution;
mod foreseen;
mod made_by;
mod measured;
mod metric;
mod names;
mod notes;
mod order;
mod outcome;
mod overlap;
mod prepared;
mod preview;
mod report;
mod room;
mod run;
mod selections;
mod stage;
mod stops;
mod tables;
mod told;
mod totals;
mod unfinished;
mod watched;
mod work;
mod zero_shot;

pub(crate) use context::FROZEN_STATES;
pub(crate) use names::Names;
pub use outcome::{ModelRow, Outcome};
pub use preview::{Preview, Status, Step};
pub use run::{RunOptions, preview, run};
pub use stage::StageError;
pub(crate) use tables::Tables;
pub use told::Told;
