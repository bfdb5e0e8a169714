//! How good predictions are, by the texts' own labels.
//!
//! [`evaluate()`] joins a table of predictions with the texts they are of, by id, and measures them
//! with [`goldpan_metrics`]; [`write()`] saves the result as JSON.

mod error;
mod evaluate;
mod write;

pub use error::Error;
pub use evaluate::{Evaluation, VERSION, evaluate};
pub use write::write;
