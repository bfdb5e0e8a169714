//! Paired differences: Student's t-test, Holm's correction, and the seeds that a test needs.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::bootstrap::{Interval, LEVEL, student, t_quantile};
use crate::moments::{deviation, mean};

/// What counts as shown: a corrected p-value below this.
pub(crate) const ALPHA: f64 = 1.0 - LEVEL;

/// The probability with which the seeds asked for would show the difference.
const POWER: f64 = 0.8;

/// Less than this is the rounding of shares: `0.1 + 0.2` is not `0.3`, and a share that went through f32
/// is off by up to 6e-8. Shares of a million texts differ by more.
pub(crate) const ROUNDING: f64 = 1e-7;

/// An arm's values against the baseline's, seed by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// How many seeds both have.
    pub seeds: usize,
    /// The mean difference, above zero where the arm is better.
    pub mean: f64,
    /// The sample standard deviation of the differences; `None` for a single seed.
    pub deviation: Option<f64>,
    /// Student's interval of the mean difference; `None` where there is no test.
    pub interval: Option<Interval>,
    /// The two-sided p-value of Student's paired t-test. `None` for a single seed, and where all
    /// differences are the same but for rounding: without a spread the test's t is not defined.
    pub p: Option<f64>,
    /// The p-value corrected for the number of arms that were compared.
    pub corrected_p: Option<f64>,
    /// How many seeds would show a difference as large as this one with a probability of 80%;
    /// `None` where there is no deviation or no difference to go by.
    pub seeds_needed: Option<f64>,
}

impl Difference {
    /// Compares pairs of one arm, of which there is at least one; the p-value is corrected later.
    pub(crate) fn of(differences: &[f64], comparisons: usize) -> Self {
        let (mean, deviation) = (mean(differences), deviation(differences));
        let p = paired_t(differences);
        let n = differences.len() as f64;
        let half = |deviation: f64| t_quantile(1.0 - ALPHA / 2.0, n - 1.0) * deviation / n.sqrt();
        let half = p.and(deviation).map(half);
        Self {
            seeds: differences.len(),
            mean,
            deviation,
            interval: half.map(|half| Interval {
                low: mean - half,
                high: mean + half,
                level: LEVEL,
            }),
            p,
            corrected_p: p,
            seeds_needed: deviation
                .and_then(|deviation| seeds_needed(mean, deviation, ALPHA / comparisons as f64)),
        }
    }

    /// Corrects the p-values of differences that are told together.
    pub(crate) fn correct<'a>(differences: impl Iterator<Item = &'a mut Self>) {
        let mut tested: Vec<(&mut Self, f64)> = differences
            .filter_map(|difference| difference.p.map(|p| (difference, p)))
            .collect();
        let p: Vec<f64> = tested.iter().map(|(_, p)| *p).collect();
        for ((difference, _), corrected) in tested.iter_mut().zip(holm(&p)) {
            difference.corrected_p = Some(corrected);
        }
    }

    /// Whether there are several differences, all the same but for rounding.
    pub fn has_no_spread(&self) -> bool {
        self.deviation
            .is_some_and(|deviation| is_nothing(deviation, self.mean))
    }

    /// Whether the mean is zero but for rounding.
    pub fn is_zero(&self) -> bool {
        self.mean.abs() < ROUNDING
    }

    /// Whether the corrected test shows a difference at the level of 5%.
    pub fn is_shown(&self) -> bool {
        self.corrected_p.is_some_and(|p| p < ALPHA)
    }
}

/// Whether a deviation around `mean` is no more than rounding.
fn is_nothing(deviation: f64, mean: f64) -> bool {
    // A NaN is nothing to test by either.
    deviation.is_nan() || deviation < ROUNDING.max(1e-9 * mean.abs())
}

/// The two-sided p-value of Student's t-test that the mean of paired differences of shares is zero
/// (Student 1908), as scipy's `ttest_rel` gives it. `None` of fewer than two, and where all are the same
/// but for rounding: t is then 0/0 or x/0, for which scipy gives NaN or 0 with a warning.
pub fn paired_t(differences: &[f64]) -> Option<f64> {
    let (mean, deviation) = (mean(differences), deviation(differences)?);
    if is_nothing(deviation, mean) {
        return None;
    }
    let n = differences.len() as f64;
    let t = mean.abs() / (deviation / n.sqrt());
    Some(2.0 * student(n - 1.0).sf(t))
}

/// Corrects p-values for being several, after Holm (1979, *A Simple Sequentially Rejective Multiple
/// Test Procedure*): each against as many as are not smaller. In the order given. A NaN is no test: it
/// stays NaN and is not counted, as in R's `p.adjust`.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&place| !p[place].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![f64::NAN; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        let times = (order.len() - rank) as f64;
        largest = largest.max((times * p[place]).min(1.0));
        corrected[place] = largest;
    }
    corrected
}

/// How many pairs a two-sided paired t-test at level `alpha` needs to show a mean difference with a
/// probability of 80%, by the approximation of Guenther (1981, *Sample Size Formulas for Normal
/// Theory T Tests*), which is within one pair of the exact number. `None` where the difference is
/// zero or the deviation is.
pub fn seeds_needed(difference: f64, deviation: f64, alpha: f64) -> Option<f64> {
    if difference.abs() < ROUNDING || is_nothing(deviation, difference) {
        return None;
    }
    let normal = Normal::standard();
    let z = normal.inverse_cdf(1.0 - alpha / 2.0);
    let both = z + normal.inverse_cdf(POWER);
    let pairs = (both * deviation / difference).powi(2) + z * z / 2.0;
    Some(pairs.ceil())
}
