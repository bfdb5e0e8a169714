//! Texts to vectors.

use crate::Error;
use goldpan_artifact::{EmbeddingsWriter, Origin, Precision, Producer, Progress, Texts};
use goldpan_model::{Device, SentenceEncoder, SentenceOptions, for_each_text};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const VERSION: u32 = 4;

/// How texts are embedded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmbedConfig {
    /// Tokens that a text is cut at; without it, what the model's folder says.
    pub max_length: Option<NonZeroUsize>,
    /// Whether vectors are scaled to length 1; without it, what the model's folder says.
    pub normalize: Option<bool>,
    /// What is put before each text: the name of one of the folder's prompts, or else the text itself;
    /// nothing where it is empty. Without it, the folder's default prompt.
    pub prompt: Option<String>,
    /// The precision that vectors are stored with.
    pub storage: Precision,
}

impl Default for EmbedConfig {
    fn default() -> Self {
        Self {
            max_length: None,
            normalize: None,
            prompt: None,
            storage: Precision::F32,
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Texts embedded.
    pub rows: u64,
    /// Components of a vector.
    pub dimension: usize,
    /// What was put before each text.
    pub prompt: Option<String>,
    /// The name of that prompt in the model's folder.
    pub prompt_name: Option<String>,
}

/// Embeds `texts` with the model in `folder` and writes an embeddings table to `out`, which says that
/// it was made from these texts by the model called `name`.
///
/// # Errors
///
/// When the model cannot be loaded, the table cannot be written, or `progress` is cancelled; then
/// nothing is at `out`.
pub fn embed(
    config: &EmbedConfig,
    texts: &Texts,
    folder: &Path,
    name: &str,
    device: &Device,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let options = SentenceOptions {
        max_length: config.max_length,
        normalize: config.normalize,
        prompt: config.prompt.as_deref(),
    };
    let encoder = SentenceEncoder::open(folder, options, device)?;
    let dimension = encoder.dimension();
    let producer = Producer::new("embed", VERSION);
    let mut writer = EmbeddingsWriter::create(out, dimension, config.storage, producer)?
        .made_from(Origin::of(texts.of_texts()).by(name));
    progress.begin("embedding", "texts", Some(texts.len() as u64));
    for_each_text(
        texts,
        device,
        |texts| encoder.tokenize(texts),
        |sequences| encoder.embed(sequences.iter().copied()),
        |row, vector| Ok::<(), Error>(writer.push(texts.id(row), vector)?),
        progress,
    )?;
    progress.end();
    let written = writer.finish()?;
    Ok(Summary {
        rows: written.rows,
        dimension,
        prompt: encoder.prompt().map(|prompt| prompt.text.clone()),
        prompt_name: encoder.prompt().and_then(|prompt| prompt.name.clone()),
    })
}
