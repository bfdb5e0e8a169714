//! The embed stage: one vector for each text, by a sentence-transformers model.
//!
//! Texts are packed into batches of similar length, so no padding is computed; vectors are written
//! in the order of the texts, as they come.

mod embed;
mod error;

pub use embed::{EmbedConfig, Summary, VERSION, embed};
pub use error::Error;
