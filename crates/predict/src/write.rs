//! From a classifier's logits to a table of predictions.

use crate::error::Error;
use goldpan_artifact::{Origin, Predictions, PredictionsWriter, Producer, Progress, Reuse, Texts};
use goldpan_metrics::softmax;
use goldpan_model::{Device, Tokens, for_each_text};
use serde::Serialize;
use std::path::Path;

/// Texts and their predictions, row by row.
pub struct Known {
    /// The texts.
    pub texts: Texts,
    /// Their predictions.
    pub predictions: Predictions,
}

/// The table that is written.
pub(crate) struct Output<'a> {
    pub path: &'a Path,
    pub classes: &'a [String],
    pub producer: Producer,
    pub origin: Origin,
    pub known: &'a [Known],
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
    let is_sound = |known: &&Known| {
        known.predictions.classes() == classes && known.predictions.ids().eq(known.texts.ids())
    };
    let known: Vec<&Known> = out.known.iter().filter(is_sound).collect();
    let earlier: Vec<&Texts> = known.iter().map(|known| &known.texts).collect();
    let reuse = Reuse::of(texts, &earlier);
    let rows = reuse.fresh();
    let writer = PredictionsWriter::create(out.path, classes, out.producer)?;
    let mut table = Table {
        texts,
        known,
        reuse,
        writer: writer.made_from(out.origin),
    };
    let mut probabilities = vec![0.0; classes.len()];
    progress.begin("predicting", "texts", Some(rows.len() as u64));
    for_each_text(
        texts,
        &rows,
        device,
        tokenize,
        logits,
        |row, logits| {
            softmax(logits, &mut probabilities);
            table.push(row, logits, &probabilities)
        },
        progress,
    )?;
    progress.end();
    table.copy_up_to(texts.len())?;
    let written = table.writer.finish()?;
    Ok(Summary {
        rows: written.rows,
        known: (texts.len() - rows.len()) as u64,
        classes: classes.to_vec(),
    })
}

/// The table being written: what is known is copied in between.
struct Table<'a> {
    texts: &'a Texts,
    known: Vec<&'a Known>,
    reuse: Reuse,
    writer: PredictionsWriter,
}

impl Table<'_> {
    /// Adds a row that was computed, after the known ones before it.
    fn push(&mut self, row: usize, logits: &[f32], probabilities: &[f32]) -> Result<(), Error> {
        self.copy_up_to(row)?;
        Ok(self
            .writer
            .push(self.texts.id(row), logits, probabilities)?)
    }

    /// Copies the rows before `end`.
    fn copy_up_to(&mut self, end: usize) -> Result<(), Error> {
        for (row, of) in self.reuse.up_to(end) {
            let known = &self.known[of.table].predictions;
            let (logits, probabilities) = (known.logits(of.row), known.probabilities(of.row));
            self.writer
                .push(self.texts.id(row), logits, probabilities)?;
        }
        Ok(())
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Texts classified.
    pub rows: u64,
    /// Of these, texts whose predictions were known.
    pub known: u64,
    /// The class names.
    pub classes: Vec<String>,
}
