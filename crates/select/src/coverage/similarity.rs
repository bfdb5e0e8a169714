//! How well a picked text stands for another, by their distance.

/// A similarity of two vectors, in [0, 1], which does not grow with their distance: 1 at distance 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Similarity {
    /// max(0, 1 - rate · distance²).
    Slope { rate: f64 },
    /// exp(-rate · distance²).
    Gaussian { rate: f64 },
    /// 1 where distance² ≤ squared, else 0.
    Ball { squared: f32 },
}

impl Similarity {
    /// The similarity at a squared distance.
    pub(crate) fn of(self, squared: f32) -> f32 {
        match self {
            _ if squared == 0.0 => 1.0,
            Self::Slope { rate } => (1.0 - rate * f64::from(squared)).max(0.0) as f32,
            Self::Gaussian { rate } => (-rate * f64::from(squared)).exp() as f32,
            Self::Ball { squared: radius } => f32::from(squared <= radius),
        }
    }

    /// A squared distance from which on similarities are below one [`super::ONE`]th.
    pub(crate) fn reach(self) -> f32 {
        const NONE_LEFT: f64 = 22.0;
        let reach = match self {
            Self::Slope { rate } => 1.0 / rate,
            Self::Gaussian { rate } => NONE_LEFT / rate,
            Self::Ball { squared } => return squared.next_up(),
        };
        (reach as f32).next_up()
    }
}

/// The mean of squared lengths, summed in the order of the rows.
pub(crate) fn mean_square(squares: &[f32]) -> f64 {
    let sum: f64 = squares.iter().map(|square| f64::from(*square)).sum();
    sum / squares.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn falls_from_one_to_nothing(rate in 0.0_f64..1e3, a in 0.0_f32..9.0, b in 0.0_f32..9.0) {
            let (near, far) = (a.min(b), a.max(b));
            for similarity in [
                Similarity::Slope { rate },
                Similarity::Gaussian { rate },
                Similarity::Ball { squared: rate as f32 },
            ] {
                prop_assert_eq!(similarity.of(0.0), 1.0);
                prop_assert!(similarity.of(near) >= similarity.of(far));
                prop_assert!((0.0..=1.0).contains(&similarity.of(far)));
                let reach = similarity.reach();
                prop_assert!(reach > 0.0);
                prop_assert!(similarity.of(reach) * (super::super::ONE as f32) < 1.0);
            }
        }
    }

    #[test]
    fn is_one_among_vectors_without_length() {
        for rate in [f64::INFINITY, f64::MAX] {
            assert_eq!(Similarity::Gaussian { rate }.of(0.0), 1.0);
            assert_eq!(Similarity::Slope { rate }.of(0.0), 1.0);
        }
        assert_eq!(mean_square(&[]), 0.0);
        assert_eq!(mean_square(&[1.0, 3.0]), 2.0);
    }
}
