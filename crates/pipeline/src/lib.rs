//! Pipelines: a YAML file, checked ([`spec`]), and what it asks for as a graph of actions.

mod error;
mod kind;
pub mod spec;

pub use error::Error;
pub use kind::StageKind;
