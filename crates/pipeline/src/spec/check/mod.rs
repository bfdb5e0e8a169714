//! From options to settings: ranges, names, references, and what needs what.

mod context;
mod experiment;
mod numbers;
mod pipeline;
mod references;
mod report;
mod stages;
mod stop;
mod training;
mod zero_shot;

pub(crate) use pipeline::check;
pub(crate) use report::ClassPlace;
