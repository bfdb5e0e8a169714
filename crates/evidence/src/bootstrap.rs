//! Bootstrap intervals over the seeds.

use goldpan_artifact::rng;
use rand::RngExt;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The level of intervals, where there are seeds enough for it.
pub(crate) const LEVEL: f64 = 0.95;

/// Up to so many seeds, all resamples are looked at.
const FEW: usize = 5;

/// How many resamples are drawn of more seeds.
const RESAMPLES: usize = 10_000;

/// Where a value probably lies, and how probably.
///
/// Bootstrap intervals here are of a plain kind: the seeds are drawn with replacement, the arms of a
/// seed staying together. From six seeds on they are percentile intervals, widened as Hesterberg (2015,
/// *What Teachers Should Know About the Bootstrap*, section 5.3.2) proposes, because plain ones are
/// too narrow for few values. Of two to five seeds, the interval spans all resamples. It then holds
/// the true value with a probability of about 1 - 2^(1-n), by which all n seeds do not err to the
/// same side: 50%, 75%, 87.5% and 93.75%, told as its level. One seed has no interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The probability of holding the true value, in (0, 1).
    pub level: f64,
}

impl Interval {
    /// Whether zero lies in it.
    pub fn contains_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// The interval of a statistic of `count` seeds, given by their numbers. `None` of one seed, and where
/// a resample has no such value.
pub(crate) fn interval(
    count: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    let (mut values, level, cut) = match count {
        0 | 1 => return None,
        2..=FEW => {
            let values = all_resamples(count, statistic)?;
            (values, 1.0 - 0.5_f64.powi(count as i32 - 1), 0)
        }
        _ => {
            let values = drawn_resamples(count, seed, statistic)?;
            let cut = tail(count) * values.len() as f64;
            (values, LEVEL, cut as usize)
        }
    };
    values.sort_by(f64::total_cmp);
    Some(Interval {
        low: values[cut],
        high: values[values.len() - 1 - cut],
        level,
    })
}

/// The statistic of every way to draw `count` seeds out of `count`.
fn all_resamples(count: usize, statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<Vec<f64>> {
    let resamples = 0..count.pow(count as u32);
    let of = |number: usize| {
        let digit = |place: u32| number / count.pow(place) % count;
        let resample: Vec<usize> = (0..count as u32).map(digit).collect();
        statistic(&resample)
    };
    resamples.map(of).collect()
}

fn drawn_resamples(
    count: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Option<f64>,
) -> Option<Vec<f64>> {
    let mut rng = rng(seed, "evidence/bootstrap");
    let mut resample = vec![0; count];
    let mut draw = || {
        resample.fill_with(|| rng.random_range(0..count));
        statistic(&resample)
    };
    (0..RESAMPLES).map(|_| draw()).collect()
}

/// The share of resamples that is cut off at each end: half of what a normal distribution leaves
/// beyond t(n - 1) · √(n / (n - 1)).
fn tail(count: usize) -> f64 {
    let n = count as f64;
    let t = t_quantile(1.0 - (1.0 - LEVEL) / 2.0, n - 1.0);
    Normal::standard().cdf(-t * (n / (n - 1.0)).sqrt())
}

/// The quantile of Student's t-distribution with `freedom` degrees of freedom, 1 or more.
pub(crate) fn t_quantile(probability: f64, freedom: f64) -> f64 {
    student(freedom).inverse_cdf(probability)
}

/// Student's t-distribution with `freedom` degrees of freedom, 1 or more.
pub(crate) fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::mean;

    fn of_mean(values: &[f64]) -> Option<Interval> {
        interval(values.len(), 0, |resample| {
            let drawn: Vec<f64> = resample.iter().map(|&seed| values[seed]).collect();
            Some(mean(&drawn))
        })
    }

    #[test]
    fn few_seeds_span_all_resamples_at_the_level_they_can_have() {
        assert_eq!(of_mean(&[0.5]), None);
        let three = of_mean(&[0.25, 0.5, 0.75]).unwrap();
        assert_eq!((three.low, three.high, three.level), (0.25, 0.75, 0.75));
        assert_eq!(of_mean(&[0.0; 2]).unwrap().level, 0.5);
        assert_eq!(of_mean(&[0.0; 6]).unwrap().level, 0.95);
    }

    #[test]
    fn a_resample_without_a_value_leaves_no_interval() {
        let some = |resample: &[usize]| (resample[0] != resample[1]).then_some(1.0);
        assert_eq!(interval(2, 0, some), None);
    }

    /// `scipy.stats.norm.cdf(-scipy.stats.t.ppf(0.975, n - 1) * (n / (n - 1)) ** 0.5)`, scipy 1.17.
    #[test]
    fn tails_are_those_of_the_expanded_percentile_interval() {
        for (count, expected) in TAILS {
            assert!((tail(count) / expected - 1.0).abs() < 1e-6, "{count}");
        }
    }

    const TAILS: [(usize, f64); 3] = [(6, 2.431803e-3), (10, 8.550639e-3), (30, 1.8753900e-2)];

    /// Standard normal seeds, by the sum of twelve uniform numbers.
    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let mut rng = rng(0, "evidence/test");
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        for (count, trials) in [(3, 4000), (5, 1000), (8, 400)] {
            let mut held = 0;
            let mut level = 0.0;
            for _ in 0..trials {
                let values: Vec<f64> = (0..count).map(|_| normal()).collect();
                let found = of_mean(&values).unwrap();
                held += u32::from(found.contains_zero());
                level = found.level;
            }
            let share = f64::from(held) / f64::from(trials);
            assert!((share - level).abs() < 0.04, "{count}: {share} of {level}");
        }
    }
}
