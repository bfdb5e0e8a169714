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
    #[inline(always)]
    pub(crate) fn of(self, squared: f32) -> f32 {
        match self {
            Self::Slope { rate } => slope(rate, squared),
            Self::Gaussian { rate } => gaussian(rate, squared),
            Self::Ball { squared: radius } => ball(radius, squared),
        }
    }

    /// Sums what `term` makes of the similarity at each of `distances`, in any order.
    #[inline(always)]
    pub(super) fn sum(
        self,
        distances: &[f32],
        term: impl Fn(usize, f32, f32) -> (u64, i64),
    ) -> (u64, i64) {
        match self {
            Self::Slope { rate } => sum(distances, |d| slope(rate, d), term),
            Self::Gaussian { rate } => sum(distances, |d| gaussian(rate, d), term),
            Self::Ball { squared } => sum(distances, |d| ball(squared, d), term),
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

#[inline(always)]
fn slope(rate: f64, squared: f32) -> f32 {
    if squared == 0.0 {
        1.0
    } else {
        (1.0 - rate * f64::from(squared)).max(0.0) as f32
    }
}

#[inline(always)]
fn gaussian(rate: f64, squared: f32) -> f32 {
    if squared == 0.0 {
        1.0
    } else {
        power(rate * f64::from(squared)) as f32
    }
}

#[inline(always)]
fn ball(radius: f32, squared: f32) -> f32 {
    if squared <= radius { 1.0 } else { 0.0 }
}

/// exp(-x) for x ≥ 0, and 0 from 40 on. Within 1e-13 of the truth; multiplications and additions alone, so
/// that many are done at a time, with the same bits on every processor.
#[inline(always)]
fn power(x: f64) -> f64 {
    const LARGEST: f64 = 40.0;
    /// Adding it rounds to a whole number, which then is in the lowest bits.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// 1 / n! from n = 11 down to 0.
    const TERMS: [f64; 12] = [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let bounded = if x < LARGEST { x } else { LARGEST };
    let shifted = WHOLE - bounded * std::f64::consts::LOG2_E;
    let whole = shifted - WHOLE;
    let part = (-bounded - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let series = TERMS.iter().fold(0.0, |sum, term| sum * part + term);
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    if x < LARGEST { series * scale } else { 0.0 }
}

#[inline(always)]
fn sum(
    distances: &[f32],
    similarity: impl Fn(f32) -> f32,
    term: impl Fn(usize, f32, f32) -> (u64, i64),
) -> (u64, i64) {
    let mut sums = (0_u64, 0_i64);
    for (i, &squared) in distances.iter().enumerate() {
        let (a, b) = term(i, squared, similarity(squared));
        sums = (sums.0.wrapping_add(a), sums.1 + b);
    }
    sums
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

    proptest! {
        #[test]
        fn the_power_is_that_of_the_library(x in 0.0_f64..39.9) {
            let (found, expected) = (power(x), (-x).exp());
            prop_assert!((found / expected - 1.0).abs() < 1e-13, "{found} {expected}");
        }
    }

    #[test]
    fn the_powers_ends() {
        assert_eq!(power(0.0), 1.0);
        for large in [40.0, 1e9, f64::INFINITY] {
            assert_eq!(power(large), 0.0);
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
