//! From logits to probabilities, the predicted class, and the loss.

/// Writes the softmax of `logits` to `probabilities`, computed in f64 and rounded once.
///
/// # Panics
///
/// When the two slices differ in length.
pub fn softmax(logits: &[f32], probabilities: &mut [f32]) {
    assert_eq!(
        logits.len(),
        probabilities.len(),
        "one probability for each logit"
    );
    let normaliser = Normaliser::of(logits);
    for (probability, &logit) in probabilities.iter_mut().zip(logits) {
        *probability = (-normaliser.surprise(logit)).exp() as f32;
    }
}

/// The negative log-likelihood, in nats, that softmax of `logits` gives the class `label`.
///
/// # Panics
///
/// When `label` is not an index of `logits`.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    Normaliser::of(logits).surprise(logits[label])
}

/// The class with the largest logit; ties go to the lowest class. 0 when there are none.
pub fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = class;
        }
    }
    best
}

/// The log-sum-exp of a row, kept in two parts so that large logits lose nothing.
pub(crate) struct Normaliser {
    largest: f64,
    log_sum: f64,
}

impl Normaliser {
    pub(crate) fn of(logits: &[f32]) -> Self {
        let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let sum = logits
            .iter()
            .fold(0.0, |sum, &logit| sum + (f64::from(logit) - largest).exp());
        Self {
            largest,
            log_sum: sum.ln(),
        }
    }

    /// -log of the probability that a logit stands for: at least 0.
    pub(crate) fn surprise(&self, logit: f32) -> f64 {
        self.log_sum + (self.largest - f64::from(logit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn huge_logits_neither_overflow_nor_vanish() {
        let logits = [3.0e38, -3.0e38, 3.0e38];
        let mut probabilities = [f32::NAN; 3];
        softmax(&logits, &mut probabilities);
        assert_eq!(probabilities, [0.5, 0.0, 0.5]);
        let gap = f64::from(logits[0]) - f64::from(logits[1]);
        assert_eq!(cross_entropy(&logits, 1), gap);
    }

    #[test]
    fn ties_go_to_the_lowest_class() {
        assert_eq!(argmax(&[1.0, 2.0, 2.0]), 1);
        assert_eq!(argmax(&[]), 0);
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_agree_with_the_loss(
            logits in prop::collection::vec(-50.0_f32..50.0, 1..8)
        ) {
            let mut probabilities = vec![0.0; logits.len()];
            softmax(&logits, &mut probabilities);
            let sum: f64 = probabilities.iter().map(|&p| f64::from(p)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-6);
            for (label, &probability) in probabilities.iter().enumerate() {
                let expected = (-cross_entropy(&logits, label)).exp();
                prop_assert!((f64::from(probability) - expected).abs() <= 1e-7);
            }
        }
    }
}
