//! A new head that training starts from: logistic regression on what its last layer sees of the labelled texts
//! before the training, so that it begins where a linear probe ends (Kumar et al. 2022, arXiv:2202.10054).

use crate::Error;
use crate::examples::Examples;
use crate::probe::solved_weights;
use goldpan_artifact::Progress;
use goldpan_model::{Classifier, Frozen, Parameters, PrefixCache, Tokens};
use goldpan_model::{by_length, tokens_per_batch};
use ndarray::{Array2, Axis};

/// Puts the solution into the head; returns its mean loss on the labelled texts, in nats.
pub(crate) fn solve(
    classifier: &Classifier,
    parameters: &Parameters,
    frozen: Frozen,
    examples: &Examples,
    classes: usize,
    cache: &PrefixCache,
    progress: &dyn Progress,
) -> Result<(Parameters, f64), Error> {
    let mut parameters = parameters.constants();
    let mut inputs = Array2::zeros((examples.len(), classifier.encoder().config().hidden));
    let lengths: Vec<usize> = examples.tokens.iter().map(Vec::len).collect();
    let budget = tokens_per_batch(&classifier.encoder().device());
    progress.begin("solving the head", "texts", Some(examples.len() as u64));
    for group in by_length(&lengths, budget) {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let batch: Vec<&Tokens> = group.iter().map(|&row| &examples.tokens[row]).collect();
        let start = cache.start(classifier.encoder(), frozen, &batch);
        let rows = classifier.head_inputs(start, &parameters).into_data();
        let mut values = rows.iter::<f32>();
        for &row in &group {
            for value in inputs.row_mut(row) {
                *value = values.next().map_or(0.0, f64::from);
            }
        }
        progress.advance(group.len() as u64);
    }
    // Around their mean, and of length 1 by the root of the mean square, as the strength of a probe is for.
    let mean = inputs
        .mean_axis(Axis(0))
        .unwrap_or_else(|| ndarray::Array1::zeros(inputs.ncols()));
    inputs -= &mean;
    let square = inputs.iter().map(|value| value * value).sum::<f64>();
    let length = (square / examples.len() as f64)
        .sqrt()
        .max(f64::MIN_POSITIVE);
    inputs /= length;
    let labels = examples
        .labels
        .iter()
        .map(|&label| label as usize)
        .collect();
    let cancelled = || progress.cancelled();
    let solved = solved_weights(inputs, labels, classes, &cancelled)?;
    progress.end();
    let weights = solved.weights / length;
    let bias = solved.bias - weights.dot(&mean);
    let numbers = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
    let weights: Vec<f64> = weights.iter().copied().collect();
    classifier.set_last_layer(&mut parameters, numbers(&weights), numbers(&bias.to_vec()));
    Ok((parameters.tracked(), solved.loss))
}
