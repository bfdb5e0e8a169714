//! The predict stage: logits and probabilities of every class for each text, by a
//! trained classifier ([`predict()`], or [`predict_vectors()`] where a probe's vectors are there) or without training ([`zero_shot()`]).

mod error;
mod predict;
mod vectors;
mod write;
mod zero_shot;

pub use error::Error;
pub use predict::{Model, PredictConfig, VERSION, predict};
pub use vectors::{PROBE_VERSION, predict_vectors};
pub use write::Known;
pub use write::Summary;
pub use zero_shot::{TEMPERATURES, ZERO_SHOT_VERSION, ZeroShotConfig, zero_shot};
