//! The stage: labelled texts and their vectors to a model's folder.

use super::fit::{Examples, Fitted, features, fit};
use super::graph::Graph;
use crate::error::Error;
use crate::examples::{checked_classes, labelled_rows, own_labels};
use crate::train::{Summary, largest_share};
use goldpan_artifact::{
    Embeddings, HistoryRow, HistoryWriter, Labelled, Producer, Progress, Texts,
};
use goldpan_metrics::{Metrics, measure};
use goldpan_model::{
    BaseModel, Choice, Encoding, LoraConfig, ModelCard, Probe, ProbeConfig, SentenceAdapter,
    TuningKind,
};
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
    let prepared = Prepared::new(inputs)?;
    let fitted = prepared.solve(config, None, progress)?;
    let metrics = prepared.measured(&fitted.probe)?;
    let solved = Solved::of(&fitted, metrics);
    prepared.finish(&solved, None, PROBE_VERSION, out)
}

/// Inputs that fit each other, and the labelled texts where the probe sees them.
pub(super) struct Prepared<'a> {
    pub inputs: &'a ProbeInputs<'a>,
    /// The rows of the labelled texts.
    pub rows: Vec<usize>,
    pub examples: Examples,
    pub mean: Vec<f32>,
    pub vectors: Vectors<'a>,
    validation: Vectors<'a>,
    truth: Vec<i32>,
}

impl<'a> Prepared<'a> {
    pub fn new(inputs: &'a ProbeInputs<'a>) -> Result<Self, Error> {
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
        let mean = mean(inputs.vectors);
        // A value that is none makes the mean one: only then it is looked for.
        if !mean.iter().all(|value| value.is_finite()) {
            finite(inputs.vectors)?;
        }
        finite(inputs.validation_vectors)?;
        Ok(Self {
            inputs,
            examples: Examples {
                features: features(&mean, vectors.of_rows(&rows).view()),
                labels: labels.iter().map(|&label| label as usize).collect(),
                classes,
                prior: prior(&mean, inputs.descriptions),
            },
            rows,
            mean,
            vectors,
            validation,
            truth,
        })
    }

    /// The probe, with the votes of a graph's texts where they are worth it.
    pub fn solve(
        &self,
        config: &ProbeConfig,
        graph: Option<(Graph, Vec<usize>)>,
        progress: &dyn Progress,
    ) -> Result<Fitted, Error> {
        progress.begin("solving", "texts", Some(self.rows.len() as u64));
        let cancelled = || progress.cancelled();
        let fitted = fit(config, &self.examples, self.mean.clone(), graph, &cancelled)?;
        progress.advance(self.rows.len() as u64);
        progress.end();
        tracing::debug!(temperature = fitted.temperature, "solved");
        Ok(fitted)
    }

    /// How a probe does on the validation texts.
    pub fn measured(&self, probe: &Probe) -> Result<Metrics, Error> {
        let rows: Vec<usize> = (0..self.validation.rows.len()).collect();
        let values = self.validation.of_rows(&rows);
        let logits = probe.logits(values.as_slice().unwrap_or_default());
        self.metrics(logits.chunks_exact(self.examples.classes))
    }

    /// How logits do that were made of the validation texts.
    pub fn metrics<'r>(&self, logits: impl Iterator<Item = &'r [f32]>) -> Result<Metrics, Error> {
        let names = self.inputs.validation.classes();
        Ok(measure(names, logits.zip(self.truth.iter().copied()))?)
    }

    /// Writes the folder of a probe.
    pub fn finish(
        &self,
        solved: &Solved<'_>,
        choice: Option<Choice>,
        version: u32,
        out: &Path,
    ) -> Result<Summary, Error> {
        let inputs = self.inputs;
        let names = inputs.validation.classes();
        let metrics = &solved.metrics;
        tracing::debug!(
            steps = solved.steps,
            accuracy = metrics.accuracy,
            adapted = solved.adapter.is_some(),
            "probe"
        );
        write_folder::<Error>(out, |folder| {
            solved.probe.write(folder)?;
            let base = inputs.base_model.clone();
            let mut kind = TuningKind::Probe;
            if let Some((adapter, lora)) = solved.adapter {
                kind = TuningKind::Adapted;
                adapter.write(folder, lora, &base.name)?;
            }
            let length = inputs.encoding.max_length;
            let mut card = ModelCard::new(names.to_vec(), base, length, kind);
            card.encoding = Some(inputs.encoding.clone());
            card.texts = Some(inputs.texts.of_texts());
            card.choice = choice.clone();
            card.write(folder)?;
            let producer = Producer::new("train", version);
            let mut history = HistoryWriter::create(folder.join("history.arrow"), producer)?;
            history.push(&HistoryRow {
                epoch: 1,
                step: solved.steps as u64,
                loss: Some(solved.loss as f32),
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
            labelled: self.rows.len(),
            steps: solved.steps,
            parameters: solved.parameters,
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
            choice,
            largest_share: largest_share(&self.truth),
            compared_by: None,
            still_falling: false,
        })
    }
}

/// A probe that is to be written.
pub(super) struct Solved<'a> {
    pub probe: &'a Probe,
    /// What adapts the encoder below it.
    pub adapter: Option<(&'a SentenceAdapter, &'a LoraConfig)>,
    pub steps: usize,
    /// How many numbers were learned.
    pub parameters: usize,
    /// The mean loss of the labelled texts, in nats.
    pub loss: f64,
    pub metrics: Metrics,
}

impl<'a> Solved<'a> {
    pub fn of(fitted: &'a Fitted, metrics: Metrics) -> Self {
        Self {
            probe: &fitted.probe,
            adapter: None,
            steps: fitted.steps,
            parameters: fitted.probe.count(),
            loss: fitted.loss,
            metrics,
        }
    }
}

/// A table of vectors, and the row of each text in it.
pub(super) struct Vectors<'a> {
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
    pub fn of_rows(&self, rows: &[usize]) -> Array2<f32> {
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

/// Checks that no vector has a value that is NaN or infinite.
fn finite(vectors: &Embeddings) -> Result<(), Error> {
    let parts = (0..vectors.len().div_ceil(TOGETHER)).into_par_iter();
    let wrong = parts.find_map_first(|part| {
        let mut vector = vec![0.0; vectors.dimension()];
        let mut rows = part * TOGETHER..((part + 1) * TOGETHER).min(vectors.len());
        rows.find_map(|row| {
            vectors.row_f32(row, &mut vector);
            let value = vector.iter().copied().find(|value| !value.is_finite())?;
            Some((row, value))
        })
    });
    match wrong {
        None => Ok(()),
        Some((row, value)) => Err(Error::NotFinite {
            path: vectors.path().to_owned(),
            id: vectors.id(row),
            value,
        }),
    }
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
