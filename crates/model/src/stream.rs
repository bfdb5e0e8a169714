//! Running a model over a table of texts: windows, batches of similar length, results in order.

use crate::{Device, Error, Tokens, by_length, tokens_per_batch};
use goldpan_artifact::{Progress, Texts};
use rayon::prelude::*;

/// Texts that are tokenized and sorted by length together; what lies in memory at once.
const WINDOW: usize = 8192;

/// Gives every text's result to `emit`, in the order of the table.
///
/// `run` gets sequences of similar length, at most [`tokens_per_batch`] tokens together, and
/// returns their results row-major, equally wide. It is called on several threads at once.
///
/// # Errors
///
/// Those of `tokenize` and `emit`, and [`Error::Cancelled`] when `progress` is cancelled.
pub fn for_each_text<E: From<Error>>(
    texts: &Texts,
    device: &Device,
    tokenize: impl Fn(&[&str]) -> Result<Vec<Tokens>, Error>,
    run: impl Fn(&[&Tokens]) -> Vec<f32> + Sync,
    mut emit: impl FnMut(usize, &[f32]) -> Result<(), E>,
    progress: &dyn Progress,
) -> Result<(), E> {
    for start in (0..texts.len()).step_by(WINDOW) {
        let rows = start..texts.len().min(start + WINDOW);
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
        let values: Vec<Vec<f32>> = values.collect::<Result<_, _>>()?;
        let mut results: Vec<&[f32]> = vec![&[]; tokens.len()];
        for (group, values) in groups.iter().zip(&values) {
            let width = values.len() / group.len();
            for (&index, values) in group.iter().zip(values.chunks_exact(width)) {
                results[index] = values;
            }
        }
        for (row, values) in rows.zip(results) {
            emit(row, values)?;
        }
    }
    Ok(())
}
