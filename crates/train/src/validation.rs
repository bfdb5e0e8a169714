//! How well the model does on the validation set.

use crate::error::Error;
use crate::examples::Examples;
use burn::tensor::Tensor;
use goldpan_artifact::Progress;
use goldpan_metrics::{Metrics, cross_entropy, measure};
use goldpan_model::{Classifier, Encoder, Frozen, Parameters, PrefixCache, Start, Tokens};
use goldpan_model::{by_length, tokens_per_batch};

/// The measurements of all validation texts.
pub(crate) struct Validation {
    pub metrics: Metrics,
    /// The mean loss with nothing held back: that of the metrics has a highest value, and a training that
    /// diverges goes beyond it.
    pub whole_loss: f64,
}

/// What a forward pass makes of each text, in batches of texts of a length.
pub(crate) fn in_batches(
    encoder: &Encoder,
    frozen: Frozen,
    texts: &Examples,
    cache: &PrefixCache,
    progress: &dyn Progress,
    forward: impl Fn(Start) -> Tensor<2>,
) -> Result<Vec<Vec<f32>>, Error> {
    let lengths: Vec<usize> = texts.tokens.iter().map(Vec::len).collect();
    let mut rows = vec![Vec::new(); texts.len()];
    for group in by_length(&lengths, tokens_per_batch(&encoder.device())) {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let batch: Vec<&Tokens> = group.iter().map(|&row| &texts.tokens[row]).collect();
        let result = forward(cache.start(encoder, frozen, &batch));
        let [_, width] = result.dims();
        let values: Vec<f32> = result.into_data().iter::<f32>().collect();
        for (&row, values) in group.iter().zip(values.chunks_exact(width)) {
            rows[row] = values.to_vec();
        }
    }
    Ok(rows)
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
    let forward = |start| classifier.logits(start, &parameters);
    let encoder = classifier.encoder();
    let logits = in_batches(encoder, frozen, validation, cache, progress, forward)?;
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
