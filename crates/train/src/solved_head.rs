//! A new head that training starts from: logistic regression on what its last layer sees of the labelled texts
//! before the training, so that it begins where a linear probe ends (Kumar et al. 2022, arXiv:2202.10054).

use crate::error::Error;
use crate::examples::Examples;
use crate::probe::solved_layer;
use crate::validation::in_batches;
use goldpan_artifact::Progress;
use goldpan_model::{Classifier, Frozen, Parameters, PrefixCache};
use ndarray::{Array1, Array2, Axis};

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
    let rows = {
        let (encoder, parameters) = (classifier.encoder(), &parameters);
        let forward = |start| classifier.head_inputs(start, parameters);
        in_batches(encoder, frozen, examples, cache, progress, forward)?
    };
    let width = rows.first().map_or(0, Vec::len);
    let mut inputs = Array2::from_shape_fn((rows.len(), width), |(row, i)| f64::from(rows[row][i]));
    // Around their mean, and of length 1 by the root of the mean square, as the strength of a probe is for.
    let mean = inputs
        .mean_axis(Axis(0))
        .unwrap_or_else(|| Array1::zeros(inputs.ncols()));
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
    let solved = solved_layer(inputs, labels, classes, &cancelled)?;
    let weights = solved.weights / length;
    let bias = solved.bias - weights.dot(&mean);
    let numbers = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
    let weights: Vec<f64> = weights.iter().copied().collect();
    classifier.set_last_layer(&mut parameters, numbers(&weights), numbers(&bias.to_vec()));
    Ok((parameters.tracked(), solved.loss))
}
