//! What a row says of the classes: logits and probabilities out of the numbers given.

use crate::error::Flaw;

/// What probabilities may differ from 1 together: numbers of 16 bits and rounded ones do.
const TOLERANCE: f64 = 1e-2;
/// What is left as it is.
const EXACT: f64 = 1e-6;

/// What the numbers of a row are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Probabilities,
    Logits,
    /// Not said: they are taken for probabilities where they are some, and refused elsewhere.
    Unsaid,
}

/// A row of a table of predictions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Belief {
    pub(crate) logits: Vec<f32>,
    pub(crate) probabilities: Vec<f32>,
}

impl Belief {
    /// From the numbers of each class.
    pub(crate) fn of(values: &[f64], what: What) -> Result<Self, Flaw> {
        match what {
            What::Logits => Ok(Self {
                logits: values.iter().map(|value| *value as f32).collect(),
                probabilities: softmax(values).into_iter().map(|p| p as f32).collect(),
            }),
            What::Probabilities | What::Unsaid => {
                let probabilities = checked(values)?;
                let logit = |p: &f64| (*p as f32).max(f32::MIN_POSITIVE).ln();
                Ok(Self {
                    logits: probabilities.iter().map(logit).collect(),
                    probabilities: probabilities.iter().map(|p| *p as f32).collect(),
                })
            }
        }
    }

    /// From logits and probabilities, which have to say the same.
    pub(crate) fn of_both(logits: &[f64], probabilities: &[f64]) -> Result<Self, Flaw> {
        let given = checked(probabilities)?;
        let made = softmax(logits);
        let apart = |class: &usize| (made[*class] - given[*class]).abs() > TOLERANCE;
        if let Some(class) = (0..given.len()).find(apart) {
            return Err(Flaw::Contradiction {
                class,
                logits: made[class],
                given: given[class],
            });
        }
        Ok(Self {
            logits: logits.iter().map(|value| *value as f32).collect(),
            probabilities: given.iter().map(|p| *p as f32).collect(),
        })
    }
}

/// Probabilities in [0, 1] that sum to one.
fn checked(values: &[f64]) -> Result<Vec<f64>, Flaw> {
    let wrong = |why: String| {
        const MOST: usize = 4;
        let shown = values.iter().take(MOST).map(|value| format!("{value:.4}"));
        let mut shown = shown.collect::<Vec<_>>().join(", ");
        if values.len() > MOST {
            shown += ", ...";
        }
        Flaw::NoProbabilities { values: shown, why }
    };
    let range = -EXACT..=1.0 + EXACT;
    if let Some(value) = values.iter().find(|value| !range.contains(value)) {
        return Err(wrong(format!("{value:.4} is not in 0 to 1")));
    }
    let sum: f64 = values.iter().sum();
    if (sum - 1.0).abs() > TOLERANCE {
        return Err(wrong(format!("they sum to {sum:.4}")));
    }
    let scale = match (sum - 1.0).abs() > EXACT {
        true => sum,
        false => 1.0,
    };
    let probability = |value: &f64| (value / scale).clamp(0.0, 1.0);
    Ok(values.iter().map(probability).collect())
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_checked_and_their_logits_give_them_back() {
        let belief = Belief::of(&[0.25, 0.75], What::Unsaid).unwrap();
        assert_eq!(belief.probabilities, [0.25, 0.75]);
        let logits: Vec<f64> = belief.logits.iter().map(|x| f64::from(*x)).collect();
        assert!((softmax(&logits)[1] - 0.75).abs() < 1e-7);
        let sure = Belief::of(&[0.0, 1.0], What::Probabilities).unwrap();
        assert!(sure.logits.iter().all(|logit| logit.is_finite()));
        let rounded = Belief::of(&[0.333, 0.333, 0.333], What::Unsaid).unwrap();
        assert!((rounded.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        for (wrong, why) in [
            (&[2.0, -1.0][..], "2.0000 is not in 0 to 1"),
            (&[0.9, 0.8], "they sum to 1.7000"),
            (&[0.1, 0.2], "they sum to 0.3000"),
        ] {
            let error = Belief::of(wrong, What::Unsaid).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn logits_give_probabilities() {
        let belief = Belief::of(&[1000.0, 1000.0], What::Logits).unwrap();
        assert_eq!(belief.probabilities, [0.5, 0.5]);
        assert!(Belief::of_both(&[0.0, 0.0], &[0.5, 0.5]).is_ok());
        let error = Belief::of_both(&[0.0, 5.0], &[0.5, 0.5]).unwrap_err();
        assert!(matches!(error, Flaw::Contradiction { class: 0, .. }));
    }
}
