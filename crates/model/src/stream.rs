//! Running a model over a table of texts: windows, batches of similar length, results in order.

use crate::{Device, Error, Tokens, by_length, tokens_per_batch};
use goldpan_artifact::{Progress, Texts};
use rayon::prelude::*;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;

/// Texts that are tokenized and sorted by length together. Three windows lie in memory at most.
const WINDOW: usize = 2048;

/// Gives every text's result to `emit`, in the order of the table, while the next ones are computed.
///
/// `run` gets sequences of similar length, at most [`tokens_per_batch`] tokens together, and
/// returns their results row-major, equally wide. It is called on several threads at once, `emit` on
/// one of its own.
///
/// # Errors
///
/// Those of `tokenize` and `emit`, and [`Error::Cancelled`] when `progress` is cancelled.
pub fn for_each_text<E: From<Error> + Send>(
    texts: &Texts,
    device: &Device,
    tokenize: impl Fn(&[&str]) -> Result<Vec<Tokens>, Error>,
    run: impl Fn(&[&Tokens]) -> Vec<f32> + Sync,
    mut emit: impl FnMut(usize, &[f32]) -> Result<(), E> + Send,
    progress: &dyn Progress,
) -> Result<(), E> {
    let compute = |rows: Range<usize>| {
        let window: Vec<&str> = rows.clone().map(|row| texts.text(row)).collect();
        let tokens = tokenize(&window)?;
        let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();
        let groups = by_length(&lengths, tokens_per_batch(device.tensors()));
        let values = groups.par_iter().map(|group| {
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let batch: Vec<&Tokens> = group.iter().map(|&index| &tokens[index]).collect();
            let values = run(&batch);
            progress.advance(group.len() as u64);
            Ok(values)
        });
        let values = values.collect::<Result<_, _>>()?;
        Ok(Results {
            rows,
            groups,
            values,
        })
    };
    std::thread::scope(|scope| {
        let (sender, computed) = sync_channel::<Results>(1);
        let emitting = scope.spawn(move || {
            let mut results = computed.iter();
            results.try_for_each(|results| results.emit(&mut emit))
        });
        let starts = (0..texts.len()).step_by(WINDOW);
        let mut windows = starts.map(|start| start..texts.len().min(start + WINDOW));
        let outcome = windows.try_for_each(|rows| {
            // Nobody receives after an error of `emit`, which is returned below.
            let results = compute(rows).map_err(Some)?;
            sender.send(results).map_err(|_| None)
        });
        drop(sender);
        let emitted = emitting.join().unwrap_or_else(|panic| resume_unwind(panic));
        match outcome {
            Err(Some(error)) => Err(E::from(error)),
            _ => emitted,
        }
    })
}

/// What was computed of some rows.
struct Results {
    rows: Range<usize>,
    /// Which rows each batch had, counted from the first.
    groups: Vec<Vec<usize>>,
    /// The results of each batch, row-major.
    values: Vec<Vec<f32>>,
}

impl Results {
    /// Gives them away in the order of the rows.
    fn emit<E>(self, emit: &mut impl FnMut(usize, &[f32]) -> Result<(), E>) -> Result<(), E> {
        let mut results: Vec<&[f32]> = vec![&[]; self.rows.len()];
        for (group, values) in self.groups.iter().zip(&self.values) {
            let width = values.len() / group.len();
            for (&index, values) in group.iter().zip(values.chunks_exact(width)) {
                results[index] = values;
            }
        }
        for (row, values) in self.rows.zip(results) {
            emit(row, values)?;
        }
        Ok(())
    }
}
