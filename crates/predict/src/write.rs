//! From a classifier's logits to a table of predictions.

use crate::{Error, Summary};
use goldpan_artifact::{
    Origin, Predictions, PredictionsWriter, Producer, Progress, RowOf, Texts, same_texts,
};
use goldpan_metrics::softmax;
use goldpan_model::{Device, Tokens, for_each_text};
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
    let places = match earlier.is_empty() {
        true => vec![None; texts.len()],
        false => same_texts(texts, &earlier),
    };
    let rows: Vec<usize> = (0..texts.len())
        .filter(|&row| places[row].is_none())
        .collect();
    let writer = PredictionsWriter::create(out.path, classes, out.producer)?;
    let mut table = Table {
        texts,
        known,
        places,
        writer: writer.made_from(out.origin),
        next: 0,
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
    places: Vec<Option<RowOf>>,
    writer: PredictionsWriter,
    /// The row to write next.
    next: usize,
}

impl Table<'_> {
    /// Adds a row that was computed, after the known ones before it.
    fn push(&mut self, row: usize, logits: &[f32], probabilities: &[f32]) -> Result<(), Error> {
        self.copy_up_to(row)?;
        self.next = row + 1;
        Ok(self
            .writer
            .push(self.texts.id(row), logits, probabilities)?)
    }

    /// Copies the rows before `end`.
    fn copy_up_to(&mut self, end: usize) -> Result<(), Error> {
        for row in self.next..end {
            if let Some(RowOf { table, row: known }) = self.places[row] {
                let of = &self.known[table].predictions;
                let (logits, probabilities) = (of.logits(known), of.probabilities(known));
                self.writer
                    .push(self.texts.id(row), logits, probabilities)?;
            }
        }
        self.next = end;
        Ok(())
    }
}
