//! Pipelines: a YAML file, checked ([`spec`]); what it asks for as a graph of work ([`plan`]); and
//! doing that work, each piece once ([`run`]).

mod cost;
mod error;
mod exec;
mod kind;
pub mod plan;
pub mod spec;
mod stop;
mod unfit;

pub use cost::Source;
pub use error::Error;
pub use exec::{
    ModelRow, Outcome, Preview, RunOptions, StageError, Status, Step, Told, preview, run,
};
pub use kind::StageKind;
pub use stop::{Stop, StopReason, StopRules};
pub use unfit::Unfit;
