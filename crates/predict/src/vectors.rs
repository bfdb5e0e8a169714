//! Vectors to class probabilities, by a probe.

use crate::error::Error;
use crate::write::Summary;
use goldpan_artifact::{Embeddings, Origin, PredictionsWriter, Producer, Progress, Texts};
use goldpan_metrics::softmax;
use goldpan_model::{ModelCard, Probe, TuningKind};
use std::collections::HashMap;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const PROBE_VERSION: u32 = 1;

/// Texts that are classified at once.
const TOGETHER: usize = 4096;

/// Classifies texts whose vectors are there already, by the probe in `folder`, and writes a predictions table
/// to `out`: the same as [`predict`](crate::predict) gives, which makes the vectors.
///
/// # Errors
///
/// When the folder has no probe, or one for other vectors, a text has no vector, the table cannot be written,
/// or `progress` is cancelled; then nothing is at `out`.
pub fn predict_vectors(
    texts: &Texts,
    vectors: &Embeddings,
    (name, folder): (&str, &Path),
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let card = ModelCard::read(folder)?;
    if card.tuning != TuningKind::Probe {
        return Err(Error::NoProbe {
            path: folder.to_owned(),
            kind: card.tuning,
        });
    }
    let classes = card.classes;
    let probe = Probe::of_classes(folder, &classes)?;
    if vectors.dimension() != probe.dimension() {
        return Err(Error::Model(goldpan_model::Error::ProbeDimension {
            path: folder.to_owned(),
            found: vectors.dimension(),
            expected: probe.dimension(),
        }));
    }
    let row_of: HashMap<u64, usize> = vectors.ids().zip(0..).collect();
    let producer = Producer::new("predict", PROBE_VERSION);
    let mut writer = PredictionsWriter::create(out, &classes, producer)?
        .made_from(Origin::of(texts.of_texts()).by(name));
    let rows: Vec<usize> = (0..texts.len()).collect();
    let mut probabilities = vec![0.0; classes.len()];
    let dimension = probe.dimension();
    progress.begin("predicting", "texts", Some(texts.len() as u64));
    for rows in rows.chunks(TOGETHER) {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let mut vectors_of = vec![0.0; rows.len() * dimension];
        for (&row, vector) in rows.iter().zip(vectors_of.chunks_exact_mut(dimension)) {
            let id = texts.id(row);
            let row = row_of.get(&id).ok_or_else(|| Error::NoVector {
                path: vectors.path().to_owned(),
                id,
            })?;
            vectors.row_f32(*row, vector);
        }
        let logits = probe.logits(&vectors_of);
        for (&row, logits) in rows.iter().zip(logits.chunks_exact(classes.len())) {
            softmax(logits, &mut probabilities);
            writer.push(texts.id(row), logits, &probabilities)?;
        }
        progress.advance(rows.len() as u64);
    }
    progress.end();
    let written = writer.finish()?;
    Ok(Summary {
        rows: written.rows,
        known: 0,
        classes,
    })
}
