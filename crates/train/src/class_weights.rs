//! What a text's loss is multiplied with, by its class.

use serde::Serialize;
use std::str::FromStr;

/// Weights of the classes in the loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// All classes weigh the same.
    #[default]
    None,
    /// Inversely to the labelled texts of the class: texts / (classes · texts of the class), as
    /// scikit-learn's `balanced` (King and Zeng 2001). A class without any weighs nothing.
    Balanced,
    /// These weights, in the order of the classes.
    Given(Vec<f64>),
}

impl ClassWeights {
    /// The weight of each of `classes` classes for texts with these labels; `None` for equal ones.
    pub(crate) fn of(&self, labels: &[i32], classes: usize) -> Option<Vec<f32>> {
        match self {
            Self::None => None,
            Self::Balanced => Some(balanced(labels, classes)),
            Self::Given(weights) => Some(weights.iter().map(|&weight| weight as f32).collect()),
        }
    }
}

fn balanced(labels: &[i32], classes: usize) -> Vec<f32> {
    let mut counts = vec![0_usize; classes];
    for &label in labels {
        counts[label as usize] += 1;
    }
    let present = counts.iter().filter(|&&count| count > 0).count();
    let weight = |count: usize| match count {
        0 => 0.0,
        _ => labels.len() as f64 / (present * count) as f64,
    };
    counts
        .into_iter()
        .map(|count| weight(count) as f32)
        .collect()
}

/// A text that gives no class weights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} gives no class weights: use none, balanced, or a number above 0 for each class, such as \
     `1,2.5`"
)]
pub struct ParseClassWeightsError(String);

impl FromStr for ClassWeights {
    type Err = ParseClassWeightsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => return Ok(Self::None),
            "balanced" => return Ok(Self::Balanced),
            _ => {}
        }
        let number = |part: &str| part.trim().parse().ok();
        let weights: Option<Vec<f64>> = text.split(',').map(number).collect();
        weights
            .filter(|weights| {
                weights
                    .iter()
                    .all(|weight| weight.is_finite() && *weight > 0.0)
            })
            .map(Self::Given)
            .ok_or_else(|| ParseClassWeightsError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        let labels = [0, 0, 0, 1, 2, 2];
        let weights = ClassWeights::Balanced.of(&labels, 3).unwrap();
        assert_eq!(weights, [6.0 / 9.0, 2.0, 1.0]);
        let absent = ClassWeights::Balanced.of(&[0, 2], 3).unwrap();
        assert_eq!(absent, [1.0, 0.0, 1.0]);
        assert_eq!(ClassWeights::None.of(&labels, 3), None);
    }

    #[test]
    fn weights_are_read_from_a_text() {
        assert_eq!("balanced".parse(), Ok(ClassWeights::Balanced));
        assert_eq!("none".parse(), Ok(ClassWeights::None));
        assert_eq!("1, 2.5".parse(), Ok(ClassWeights::Given(vec![1.0, 2.5])));
        for wrong in ["", "balance", "1,x", "1,0", "1,-2", "inf"] {
            assert!(wrong.parse::<ClassWeights>().is_err(), "{wrong}");
        }
    }
}
