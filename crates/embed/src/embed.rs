//! Texts to vectors.

use crate::error::Error;
use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Origin, Precision, Producer, Progress, Reuse, Texts,
};
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

/// The model that embeds.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// Its name, which embeddings tell of.
    pub name: &'a str,
    /// Its folder.
    pub folder: &'a Path,
    /// What it embedded before with the same settings on the same device: the vectors of texts that
    /// are among these are copied.
    pub known: &'a [Known],
}

/// Texts and their embeddings, row by row.
pub struct Known {
    /// The texts.
    pub texts: Texts,
    /// Their embeddings.
    pub embeddings: Embeddings,
}

impl Known {
    /// Whether the embeddings are those of the texts, in the same order, of this kind.
    fn is_sound(&self, storage: Precision, dimension: usize) -> bool {
        (self.embeddings.precision(), self.embeddings.dimension()) == (storage, dimension)
            && self.embeddings.ids().eq(self.texts.ids())
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Texts embedded.
    pub rows: u64,
    /// Of these, texts whose vectors were known.
    pub known: u64,
    /// Components of a vector.
    pub dimension: usize,
    /// What was put before each text.
    pub prompt: Option<String>,
    /// The name of that prompt in the model's folder.
    pub prompt_name: Option<String>,
}

/// Embeds `texts` and writes an embeddings table to `out`, which says what it was made from.
///
/// A text has the same vector in any table, so the bytes are the same whatever is known.
///
/// # Errors
///
/// When the model cannot be loaded, the table cannot be written, or `progress` is cancelled; then
/// nothing is at `out`.
pub fn embed(
    config: &EmbedConfig,
    texts: &Texts,
    model: Model<'_>,
    device: &Device,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let options = SentenceOptions {
        max_length: config.max_length,
        normalize: config.normalize,
        prompt: config.prompt.as_deref(),
    };
    let encoder = SentenceEncoder::open(model.folder, options, device)?;
    let dimension = encoder.dimension();
    let is_sound = |known: &&Known| known.is_sound(config.storage, dimension);
    let known: Vec<&Known> = model.known.iter().filter(is_sound).collect();
    let earlier: Vec<&Texts> = known.iter().map(|known| &known.texts).collect();
    let reuse = Reuse::of(texts, &earlier);
    let rows = reuse.fresh();
    let origin = Origin::of(texts.of_texts()).by(model.name);
    let producer = Producer::new("embed", VERSION);
    let mut table = Table {
        texts,
        known,
        reuse,
        writer: EmbeddingsWriter::create(out, dimension, config.storage, producer)?
            .made_from(origin),
        vector: vec![0.0; dimension],
    };
    progress.begin("embedding", "texts", Some(rows.len() as u64));
    for_each_text(
        texts,
        &rows,
        device,
        |texts| encoder.tokenize(texts),
        |sequences| encoder.embed(sequences.iter().copied()),
        |row, vector| table.push(row, vector),
        progress,
    )?;
    progress.end();
    table.copy_up_to(texts.len())?;
    let written = table.writer.finish()?;
    Ok(Summary {
        rows: written.rows,
        known: (texts.len() - rows.len()) as u64,
        dimension,
        prompt: encoder.prompt().map(|prompt| prompt.text.clone()),
        prompt_name: encoder.prompt().and_then(|prompt| prompt.name.clone()),
    })
}

/// The table being written: what is known is copied in between.
struct Table<'a> {
    texts: &'a Texts,
    known: Vec<&'a Known>,
    reuse: Reuse,
    writer: EmbeddingsWriter,
    vector: Vec<f32>,
}

impl Table<'_> {
    /// Adds the vector of a row that was computed, after the known ones before it.
    fn push(&mut self, row: usize, vector: &[f32]) -> Result<(), Error> {
        self.copy_up_to(row)?;
        Ok(self.writer.push(self.texts.id(row), vector)?)
    }

    /// Copies the vectors of the rows before `end`.
    fn copy_up_to(&mut self, end: usize) -> Result<(), Error> {
        for (row, of) in self.reuse.up_to(end) {
            let known = &self.known[of.table].embeddings;
            known.row_f32(of.row, &mut self.vector);
            self.writer.push(self.texts.id(row), &self.vector)?;
        }
        Ok(())
    }
}
