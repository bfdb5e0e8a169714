//! The train stage: fine-tuning of a BERT or RoBERTa classifier.
//!
//! [`probe()`] solves a logistic regression on vectors that were made before. [`train()`] goes through the encoder:
//! LoRA adapters and the head are trained, the head alone, or every tensor, by AdamW (Loshchilov and
//! Hutter 2019, arXiv:1711.05101) with a linear warm-up. The loss is cross-entropy, averaged over the
//! texts of a step. A head that the base model does not have is solved for first, and few labelled texts are gone
//! through several times in an epoch. Dropout is where the settings ask for it, before adapters and the head, and
//! nowhere else. After each epoch the validation set is classified; the best epoch is kept, of
//! equal ones that with the lowest loss. A checkpoint after each epoch lets a stopped training go on with the same result.

mod checkpoint;
mod class_weights;
mod config;
mod divergence;
mod error;
mod examples;
mod gradients;
mod lacking;
mod loss;
mod optimizer;
mod peak;
mod probe;
mod sample;
mod schedule;
mod solved_head;
mod start;
mod train;
mod validation;
mod validation_metric;
mod weight_decay;

pub use class_weights::{ClassWeights, ParseClassWeightsError};
pub use config::{ConfigError, NewHeadStart, TrainConfig};
pub use error::Error;
pub use lacking::lacking;
pub use probe::{
    AUTO_VERSION, AutoInputs, NeighbourCache, PROBE_VERSION, ProbeInputs, auto, probe,
};
pub use schedule::ScheduleKind;
pub use train::{Inputs, Summary, VERSION, train};
pub use validation_metric::ValidationMetric;
pub use weight_decay::{ParseWeightDecayError, WeightDecay};
