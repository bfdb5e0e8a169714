//! The embed stage: one vector for each text, by a sentence-transformers model.
//!
//! Texts are packed into batches of similar length, so no padding is computed; vectors are written
//! in the order of the texts, as they come. What the same model embedded before is copied.

mod embed;
mod error;

pub use embed::{EmbedConfig, Known, Model, Summary, VERSION, embed};
pub use error::Error;
