//! The stage: labelled texts and their vectors to a model's folder.

use super::fit::{Examples, features, fit};
use crate::examples::{checked_classes, labelled_rows, own_labels};
use crate::train::largest_share;
use crate::{Error, Summary};
use goldpan_artifact::{
    Embeddings, HistoryRow, HistoryWriter, Labelled, Producer, Progress, Texts,
};
use goldpan_metrics::{Metrics, measure};
use goldpan_model::{BaseModel, Encoding, ModelCard, Probe, ProbeConfig, TuningKind};
use goldpan_model::{check_output, write_folder};
use ndarray::Array2;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const PROBE_VERSION: u32 = 1;

/// Vectors whose sum is made at once: the same on any number of threads.
const TOGETHER: usize = 1024;

/// What is learned from, and measured with.
#[derive(Clone, Copy)]
pub struct ProbeInputs<'a> {
    /// The texts.
    pub texts: &'a Texts,
    /// Their vectors, of which the mean is that of labelled and unlabelled ones.
    pub vectors: &'a Embeddings,
    /// Which texts are labelled, with labels where the texts have none of their own.
    pub labelled: &'a Labelled,
    /// Texts with labels to measure with. Its classes are the model's.
    pub validation: &'a Texts,
    /// Their vectors.
    pub validation_vectors: &'a Embeddings,
    /// The vectors of what describes each class, in their order, each `[descriptions, dimension]`; none where
    /// classes are not described.
    pub descriptions: &'a [Vec<f32>],
    /// The name and digest of the model that made the vectors.
    pub base_model: &'a BaseModel,
    /// How it made them.
    pub encoding: &'a Encoding,
}

/// Solves for a probe and writes its folder to `out`: `goldpan.json`, `history.arrow` and
/// `probe.safetensors`.
///
/// # Errors
///
/// When an input does not fit, or `progress` is cancelled; then nothing is at `out`.
pub fn probe(
    config: &ProbeConfig,
    inputs: &ProbeInputs<'_>,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    check_output(out)?;
    let names = inputs.validation.classes();
    let classes = checked_classes(inputs.texts, inputs.validation)?;
    let (rows, labels) = labelled_rows(inputs.texts, inputs.labelled, classes)?;
    if rows.is_empty() && inputs.descriptions.is_empty() {
        return Err(Error::NothingLabelled);
    }
    if inputs.validation.is_empty() {
        return Err(Error::NothingToValidate {
            path: inputs.validation.path().to_owned(),
        });
    }
    let truth = own_labels(inputs.validation, classes)?;
    let vectors = Vectors::of(inputs.texts, inputs.vectors)?;
    let validation = Vectors::of(inputs.validation, inputs.validation_vectors)?;
    if inputs.vectors.dimension() != inputs.validation_vectors.dimension() {
        return Err(Error::Dimensions {
            texts: inputs.vectors.path().to_owned(),
            dimension: inputs.vectors.dimension(),
            validation: inputs.validation_vectors.path().to_owned(),
            other: inputs.validation_vectors.dimension(),
        });
    }
    progress.begin("solving", "texts", Some(rows.len() as u64));
    let mean = mean(inputs.vectors);
    let examples = Examples {
        features: features(&mean, vectors.of_rows(&rows).view()),
        labels: labels.iter().map(|&label| label as usize).collect(),
        classes,
        prior: prior(&mean, inputs.descriptions),
    };
    let fitted = fit(config, &examples, mean, &|| progress.cancelled())?;
    progress.advance(rows.len() as u64);
    progress.end();
    let metrics = validated(&fitted.probe, &validation, &truth, names)?;
    tracing::debug!(
        steps = fitted.steps,
        temperature = fitted.temperature,
        accuracy = metrics.accuracy,
        "probe"
    );
    write_folder::<Error>(out, |folder| {
        fitted.probe.write(folder)?;
        let base = inputs.base_model.clone();
        let length = inputs.encoding.max_length;
        let mut card = ModelCard::new(names.to_vec(), base, length, TuningKind::Probe);
        card.encoding = Some(inputs.encoding.clone());
        card.texts = Some(inputs.texts.of_texts());
        card.write(folder)?;
        let producer = Producer::new("train", PROBE_VERSION);
        let mut history = HistoryWriter::create(folder.join("history.arrow"), producer)?;
        history.push(&HistoryRow {
            epoch: 1,
            step: fitted.steps as u64,
            loss: Some(fitted.loss as f32),
            learning_rate: None,
            validation_loss: Some(metrics.loss as f32),
            validation_accuracy: Some(metrics.accuracy as f32),
            validation_macro_f1: Some(metrics.macro_f1 as f32),
        })?;
        history.finish()?;
        Ok(())
    })?;
    let f1: Vec<f64> = metrics.per_class.iter().map(|class| class.f1).collect();
    Ok(Summary {
        labelled: rows.len(),
        steps: fitted.steps,
        parameters: fitted.probe.count(),
        epoch: 1,
        equal_epochs: 1,
        accuracy: metrics.accuracy,
        macro_f1: metrics.macro_f1,
        loss: metrics.loss,
        classes: names.to_vec(),
        f1: f1.clone(),
        predicted: metrics.predicted(),
        last_accuracy: metrics.accuracy,
        last_macro_f1: metrics.macro_f1,
        last_f1: f1,
        head: "a probe, solved anew".to_owned(),
        largest_share: largest_share(&truth),
        still_falling: false,
    })
}

/// A table of vectors, and the row of each text in it.
struct Vectors<'a> {
    table: &'a Embeddings,
    rows: Vec<usize>,
}

impl<'a> Vectors<'a> {
    /// The vectors of these texts, by their ids.
    fn of(texts: &Texts, table: &'a Embeddings) -> Result<Self, Error> {
        let row_of: HashMap<u64, usize> = table.ids().zip(0..).collect();
        let row = |id| {
            row_of.get(&id).copied().ok_or_else(|| Error::NoVector {
                path: table.path().to_owned(),
                id,
            })
        };
        Ok(Self {
            table,
            rows: texts.ids().map(row).collect::<Result<_, _>>()?,
        })
    }

    /// The vectors of some of the texts' rows, `[rows, dimension]`.
    fn of_rows(&self, rows: &[usize]) -> Array2<f32> {
        let mut vectors = Array2::zeros((rows.len(), self.table.dimension()));
        for (&row, mut vector) in rows.iter().zip(vectors.rows_mut()) {
            if let Some(vector) = vector.as_slice_mut() {
                self.table.row_f32(self.rows[row], vector);
            }
        }
        vectors
    }
}

/// The direction of each class's descriptions: their mean, once they are placed.
fn prior(mean: &[f32], descriptions: &[Vec<f32>]) -> Option<Array2<f64>> {
    if descriptions.is_empty() {
        return None;
    }
    let width = mean.len();
    let mut prior: Array2<f64> = Array2::zeros((descriptions.len(), width + 1));
    for (vectors, mut row) in descriptions.iter().zip(prior.rows_mut()) {
        let mut placed = vec![0.0; width];
        for vector in vectors.chunks_exact(width) {
            Probe::place(mean, vector, &mut placed);
            row.iter_mut()
                .zip(&placed)
                .for_each(|(sum, value)| *sum += value);
        }
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    Some(prior)
}

/// The mean of all vectors.
fn mean(vectors: &Embeddings) -> Vec<f32> {
    let parts: Vec<Vec<f64>> = (0..vectors.len().div_ceil(TOGETHER))
        .into_par_iter()
        .map(|part| {
            let rows = part * TOGETHER..((part + 1) * TOGETHER).min(vectors.len());
            let mut sum = vec![0.0; vectors.dimension()];
            let mut vector = vec![0.0; vectors.dimension()];
            for row in rows {
                vectors.row_f32(row, &mut vector);
                let pairs = sum.iter_mut().zip(&vector);
                pairs.for_each(|(sum, value)| *sum += f64::from(*value));
            }
            sum
        })
        .collect();
    let mut mean = vec![0.0; vectors.dimension()];
    for part in parts {
        let pairs = mean.iter_mut().zip(part);
        pairs.for_each(|(sum, part)| *sum += part);
    }
    let count = vectors.len() as f64;
    mean.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// How the probe does on the validation texts.
fn validated(
    probe: &Probe,
    vectors: &Vectors<'_>,
    labels: &[i32],
    classes: &[String],
) -> Result<Metrics, Error> {
    let logits: Vec<Vec<f32>> = vectors
        .rows
        .par_iter()
        .map_init(
            || vec![0.0; vectors.table.dimension()],
            |vector, &row| {
                vectors.table.row_f32(row, vector);
                probe.logits(vector)
            },
        )
        .collect();
    let rows = logits.iter().map(Vec::as_slice);
    Ok(measure(classes, rows.zip(labels.iter().copied()))?)
}
