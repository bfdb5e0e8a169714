//! Running a model over a table of texts: windows, batches of similar length, results in order.

use crate::batch::{by_length, tokens_per_batch};
use crate::device::Device;
use crate::error::Error;
use crate::tokenizer::Tokens;
use goldpan_artifact::{Progress, Texts};
use rayon::prelude::*;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;

/// Texts that are tokenized and sorted by length together. Three windows lie in memory at most.
const WINDOW: usize = 2048;

/// Gives the results of the texts in these rows to `emit`, in the order of `rows`, while the next ones
/// are computed.
///
/// `run` gets sequences of similar length, at most [`tokens_per_batch`] tokens together, and
/// returns their results row-major, equally wide. It is called on several threads at once, `emit` on
/// one of its own.
///
/// # Errors
///
/// Those of `tokenize` and `emit`, and [`Error::Cancelled`] when `progress` is cancelled.
pub fn for_each_text<'r, E: From<Error> + Send>(
    texts: &Texts,
    rows: &'r [usize],
    device: &Device,
    tokenize: impl Fn(&[&str]) -> Result<Vec<Tokens>, Error>,
    run: impl Fn(&[&Tokens]) -> Vec<f32> + Sync,
    mut emit: impl FnMut(usize, &[f32]) -> Result<(), E> + Send,
    progress: &dyn Progress,
) -> Result<(), E> {
    let compute = |rows: &'r [usize]| {
        let window: Vec<&str> = rows.iter().map(|&row| texts.text(row)).collect();
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
        let (sender, computed) = sync_channel::<Results<'r>>(1);
        let emitting = scope.spawn(move || {
            let mut results = computed.iter();
            results.try_for_each(|results| results.emit(&mut emit))
        });
        let outcome = rows.chunks(WINDOW).try_for_each(|rows| {
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
struct Results<'r> {
    rows: &'r [usize],
    /// Which rows each batch had, counted from the first.
    groups: Vec<Vec<usize>>,
    /// The results of each batch, row-major.
    values: Vec<Vec<f32>>,
}

impl Results<'_> {
    /// Gives them away in the order of the rows.
    fn emit<E>(self, emit: &mut impl FnMut(usize, &[f32]) -> Result<(), E>) -> Result<(), E> {
        let mut results: Vec<&[f32]> = vec![&[]; self.rows.len()];
        for (group, values) in self.groups.iter().zip(&self.values) {
            let width = values.len() / group.len();
            for (&index, values) in group.iter().zip(values.chunks_exact(width)) {
                results[index] = values;
            }
        }
        for (row, values) in self.rows.iter().zip(results) {
            emit(*row, values)?;
        }
        Ok(())
    }
}
