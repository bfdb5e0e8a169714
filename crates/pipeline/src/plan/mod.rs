//! What a pipeline asks for: a graph of work, and which part of it to do.

mod check;
mod graph;
mod scope;
mod unroll;

pub use check::{Check, CheckId};
pub use graph::{Baseline, Classifier, Graph, Node, NodeId, ProbeVectors, TrainedModel, Work};
pub(crate) use scope::named;
pub use scope::{Role, Scope, UnknownStage};
