//! Texts to class probabilities.

use crate::error::Error;
use crate::write::{Known, Output, Summary, write};
use goldpan_artifact::{Origin, Producer, Progress, Texts};
use goldpan_model::{Device, PrefixCache, TextClassifier};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const VERSION: u32 = 4;

/// How texts are classified.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PredictConfig {
    /// Tokens that a text is cut at; without it, as in training.
    pub max_length: Option<NonZeroUsize>,
}

/// The model that classifies.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// Its name, which predictions tell of.
    pub name: &'a str,
    /// What it said before with the same settings on the same device: the predictions for texts that
    /// are among these are copied.
    pub known: &'a [Known],
    /// The base model's folder.
    pub base: &'a Path,
    /// The trained adapter's folder; without it, the base model's own head is used.
    pub adapter: Option<&'a Path>,
}

/// Classifies `texts` and writes a predictions table to `out`.
///
/// `cache` keeps the states of frozen layers between calls with the same base model.
///
/// # Errors
///
/// When the model cannot be loaded, the table cannot be written, or `progress` is cancelled; then
/// nothing is at `out`.
pub fn predict(
    config: &PredictConfig,
    texts: &Texts,
    model: Model<'_>,
    cache: &PrefixCache,
    device: &Device,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let (name, known) = (model.name, model.known);
    let model = TextClassifier::open(model.base, model.adapter, config.max_length, device)?;
    write(
        texts,
        device,
        |texts| model.tokenize(texts),
        |sequences| model.logits(sequences, cache),
        Output {
            path: out,
            classes: model.classes(),
            producer: Producer::new("predict", VERSION),
            origin: Origin::of(texts.of_texts()).by(name),
            known,
        },
        progress,
    )
}
