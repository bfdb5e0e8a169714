//! How unsure a model is of a text, from its class probabilities.

use serde::{Deserialize, Serialize};

/// A measure of uncertainty; larger is less sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertainty {
    /// 1 minus the top probability.
    LeastConfidence,
    /// 1 minus the lead of the top probability over the second.
    Margin,
    /// The Shannon entropy of the probabilities, in nats.
    Entropy,
}

impl Uncertainty {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::LeastConfidence, Self::Margin, Self::Entropy];

    /// The measure's name: `least-confidence`, `margin` or `entropy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeastConfidence => "least-confidence",
            Self::Margin => "margin",
            Self::Entropy => "entropy",
        }
    }

    /// The measure of one row of probabilities, at least 0. With a single class, its second
    /// probability counts as 0.
    pub fn of(self, probabilities: &[f32]) -> f32 {
        match self {
            Self::LeastConfidence => (1.0 - top_two(probabilities).0).max(0.0),
            Self::Margin => {
                let (first, second) = top_two(probabilities);
                (1.0 - (first - second)).max(0.0)
            }
            Self::Entropy => {
                let nats = |p: f64| if p > 0.0 { p * p.ln() } else { 0.0 };
                let sum = probabilities
                    .iter()
                    .fold(0.0, |sum, &p| sum - nats(f64::from(p)));
                sum.max(0.0) as f32
            }
        }
    }
}

fn top_two(probabilities: &[f32]) -> (f32, f32) {
    probabilities
        .iter()
        .fold((0.0, 0.0), |(first, second), &p| {
            if p > first {
                (p, first)
            } else {
                (first, p.max(second))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::LN_2;

    fn all(probabilities: &[f32]) -> [f32; 3] {
        Uncertainty::ALL.map(|measure| measure.of(probabilities))
    }

    #[test]
    fn golden() {
        assert_eq!(all(&[0.5, 0.25, 0.25]), [0.5, 0.75, 1.039_720_8]);
        assert_eq!(all(&[0.25, 0.75]), [0.25, 0.5, 0.562_335_13]);
        assert_eq!(all(&[0.5, 0.5]), [0.5, 1.0, std::f32::consts::LN_2]);
    }

    /// `scipy.stats.entropy` of the same rows in f64, scipy 1.17: no probability, the least there is, one
    /// class, many classes.
    #[test]
    fn entropies_are_those_of_scipy() {
        let cases: [(Vec<f32>, f64); 8] = [
            (vec![1.0, 0.0, 0.0], 0.0),
            (vec![0.5, 0.5, 0.0, 0.0], LN_2),
            (vec![1e-45, 1.0, 0.0], 1.447_246_058_707_894_8e-43),
            (vec![1e-30, 1.0], 6.907_755_300_570_052e-29),
            (vec![0.1; 10], 2.302_585_092_994_045_5),
            (vec![0.7, 0.2, 0.1], 0.801_818_562_493_072_3),
            (
                vec![0.999_999_94, 5.960_464_5e-8],
                1.051_159_638_383_171_8e-6,
            ),
            (vec![1.0 / 300.0; 300], 5.703_782_474_656_201),
        ];
        for (row, expected) in cases {
            let found = f64::from(Uncertainty::Entropy.of(&row));
            // scipy divides by the sum, which is 1 but for the rounding of f32.
            let difference = (found - expected).abs();
            assert!(
                difference <= 1e-6 * expected + 1e-44,
                "{row:?}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn a_sure_model_is_not_uncertain() {
        for sure in [&[0.0, 1.0][..], &[1.0], &[1.000_000_1, 0.0]] {
            assert_eq!(all(sure).map(f32::to_bits), [0; 3], "{sure:?}");
        }
    }

    #[test]
    fn names_are_those_of_serde() {
        for measure in Uncertainty::ALL {
            let name = format!("\"{}\"", measure.name());
            assert_eq!(serde_json::to_string(&measure).unwrap(), name);
            assert_eq!(serde_json::from_str::<Uncertainty>(&name).unwrap(), measure);
        }
    }

    proptest! {
        #[test]
        fn order_of_classes_does_not_matter_to_the_top_two(
            mut probabilities in prop::collection::vec(0.0_f32..1.0, 1..6)
        ) {
            let before = top_two(&probabilities);
            probabilities.sort_by(|a, b| b.total_cmp(a));
            let second = probabilities.get(1).copied().unwrap_or(0.0);
            prop_assert_eq!(before, (probabilities[0], second));
        }
    }
}
