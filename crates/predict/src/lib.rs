//! The predict stage: logits and probabilities of every class for each text.

mod error;
mod predict;

pub use error::Error;
pub use predict::{Model, PredictConfig, Summary, VERSION, predict};
