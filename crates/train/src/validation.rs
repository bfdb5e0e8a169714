//! How well the model does on the validation set.

use crate::Error;
use crate::examples::Examples;
use goldpan_artifact::Progress;
use goldpan_metrics::{Metrics, cross_entropy, measure};
use goldpan_model::{Classifier, Frozen, Parameters, PrefixCache, Tokens};
use goldpan_model::{by_length, tokens_per_batch};

/// The measurements of all validation texts.
pub(crate) struct Validation {
    pub metrics: Metrics,
    /// The mean loss with nothing held back: that of the metrics has a highest value, and a training that
    /// diverges goes beyond it.
    pub whole_loss: f64,
}

/// Classifies all validation texts and measures the result.
pub(crate) fn validate(
    classifier: &Classifier,
    parameters: &Parameters,
    frozen: Frozen,
    validation: &Examples,
    classes: &[String],
    cache: &PrefixCache,
    progress: &dyn Progress,
) -> Result<Validation, Error> {
    let parameters = parameters.constants();
    let lengths: Vec<usize> = validation.tokens.iter().map(Vec::len).collect();
    let mut logits = vec![Vec::new(); validation.len()];
    let budget = tokens_per_batch(&classifier.encoder().device());
    for group in by_length(&lengths, budget) {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let batch: Vec<&Tokens> = group
            .iter()
            .map(|&index| &validation.tokens[index])
            .collect();
        let start = cache.start(classifier.encoder(), frozen, &batch);
        let result = classifier.logits(start, &parameters);
        let values: Vec<f32> = result.into_data().iter::<f32>().collect();
        for (&index, values) in group.iter().zip(values.chunks_exact(classes.len())) {
            logits[index] = values.to_vec();
        }
    }
    let rows = || {
        let logits = logits.iter().map(Vec::as_slice);
        logits.zip(validation.labels.iter().copied())
    };
    let metrics = measure(classes, rows())?;
    // Every label was measured, so it is a class.
    let losses = rows().map(|(logits, label)| cross_entropy(logits, label as usize));
    Ok(Validation {
        whole_loss: losses.sum::<f64>() / validation.len() as f64,
        metrics,
    })
}
