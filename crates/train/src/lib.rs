//! The train stage: LoRA fine-tuning of a BERT or RoBERTa classifier.
//!
//! AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with a linear warm-up and linear decay over
//! all steps, cross-entropy averaged over each batch, no dropout. After each epoch the validation
//! set is classified; the epoch with the highest accuracy (the first on ties) is kept. A checkpoint
//! after each epoch lets a stopped training go on with the same result.

mod checkpoint;
mod config;
mod error;
mod examples;
mod optimizer;
mod schedule;
mod train;
mod validation;

pub use config::{ConfigError, TrainConfig};
pub use error::Error;
pub use train::{Inputs, Summary, VERSION, train};
