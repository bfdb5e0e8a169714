//! From a classifier's logits to a table of predictions.

use crate::{Error, Summary};
use goldpan_artifact::{Origin, PredictionsWriter, Producer, Progress, Texts};
use goldpan_metrics::softmax;
use goldpan_model::{Device, Tokens, for_each_text};
use std::path::Path;

/// The table that is written.
pub(crate) struct Output<'a> {
    pub path: &'a Path,
    pub classes: &'a [String],
    pub producer: Producer,
    pub origin: Origin,
}

/// Classifies `texts` and writes a row for each to `out`.
///
/// `logits` are those of several sequences, row-major, `[sequences, classes]`.
pub(crate) fn write(
    texts: &Texts,
    device: &Device,
    tokenize: impl Fn(&[&str]) -> Result<Vec<Tokens>, goldpan_model::Error>,
    logits: impl Fn(&[&Tokens]) -> Vec<f32> + Sync,
    out: Output<'_>,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let classes = out.classes;
    let mut writer =
        PredictionsWriter::create(out.path, classes, out.producer)?.made_from(out.origin);
    let mut probabilities = vec![0.0; classes.len()];
    progress.begin("predicting", "texts", Some(texts.len() as u64));
    for_each_text(
        texts,
        device,
        tokenize,
        logits,
        |row, logits| {
            softmax(logits, &mut probabilities);
            Ok::<(), Error>(writer.push(texts.id(row), logits, &probabilities)?)
        },
        progress,
    )?;
    progress.end();
    let written = writer.finish()?;
    Ok(Summary {
        rows: written.rows,
        classes: classes.to_vec(),
    })
}
