//! The measurements themselves.

use serde::{Deserialize, Serialize};

/// How well a classifier did on labelled rows.
///
/// Where a ratio has nothing below the line (precision of a class that is never predicted, recall
/// of a class without rows, F1 where both are so) it is 0, as with scikit-learn's
/// `zero_division=0`. Every number is what scikit-learn gives for the same rows (`tests/fixtures`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// How many rows were measured.
    pub examples: u64,
    /// The share of rows whose largest logit is at the true class, in [0, 1].
    pub accuracy: f64,
    /// The plain mean of F1 over the classes that occur, among the true ones or the predicted:
    /// scikit-learn's `f1_score(average="macro")`. In [0, 1].
    pub macro_f1: f64,
    /// The mean negative log-likelihood of the true class, in nats: scikit-learn's `log_loss` of the
    /// probabilities in f64, each held between [`f64::EPSILON`] and 1 less that. So one row adds at most
    /// 36.05.
    pub loss: f64,
    /// The expected calibration error over [`BINS`](crate::BINS) equal-width bins of the top
    /// probability, in [0, 1].
    pub calibration_error: f64,
    /// One entry for each class, in the classes' order.
    pub per_class: Vec<PerClass>,
    /// How many rows of true class `t` were predicted as class `p`: `confusion[t][p]`.
    pub confusion: Vec<Vec<u64>>,
}

/// How well a classifier did on one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerClass {
    /// The class's name.
    pub class: String,
    /// Of the rows predicted as this class, the share that truly is.
    pub precision: f64,
    /// Of the rows truly of this class, the share predicted as such.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
    /// How many rows are truly of this class.
    pub support: u64,
}

impl Metrics {
    /// How many rows each class was predicted for, in the classes' order.
    pub fn predicted(&self) -> Vec<u64> {
        let classes = 0..self.per_class.len();
        let column = |class: usize| self.confusion.iter().map(|row| row[class]).sum();
        classes.map(column).collect()
    }
}

/// The one class that has all rows, where several classes could; `None` where there are two such or none.
pub fn only(counts: &[u64]) -> Option<usize> {
    let mut filled = (0..counts.len()).filter(|&class| counts[class] > 0);
    match (filled.next(), filled.next()) {
        (Some(class), None) if counts.len() > 1 => Some(class),
        _ => None,
    }
}

impl PerClass {
    /// Whether no row is truly of this class and none was predicted as such: macro-F1 leaves it out.
    pub(crate) fn is_absent(&self, predicted: u64) -> bool {
        self.support == 0 && predicted == 0
    }

    pub(crate) fn new(class: &str, hits: u64, predicted: u64, support: u64) -> Self {
        Self {
            class: class.to_owned(),
            precision: ratio(hits, predicted),
            recall: ratio(hits, support),
            f1: ratio(2 * hits, predicted + support),
            support,
        }
    }
}

pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
