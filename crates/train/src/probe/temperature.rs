//! One temperature for all logits: Guo et al. 2017, arXiv:1706.04599, fitted on texts that were held out.
//!
//! Of n texts, the right class counts as (n + 1) / (n + 2) right, as in Platt 1999, "Probabilistic outputs for
//! support vector machines": few texts that are all right make nothing certain.

use ndarray::{Array2, ArrayView1};

/// The least and the highest factor of the logits.
const RANGE: (f64, f64) = (0.05, 50.0);

/// The factor, one over the temperature, at which held-out logits have the lowest cross-entropy. Rows whose
/// label is `None` do not count; without any other, it is 1.
pub(crate) fn factor(logits: &Array2<f64>, labels: &[Option<usize>]) -> f64 {
    let rows: Vec<(ArrayView1<'_, f64>, usize)> = logits
        .rows()
        .into_iter()
        .zip(labels)
        .filter_map(|(row, label)| Some((row, (*label)?)))
        .collect();
    if rows.is_empty() {
        return 1.0;
    }
    // The loss is convex in the factor: its slope rises.
    let doubt = 1.0 / (rows.len() + 2) as f64;
    let slope = |factor: f64| -> f64 {
        let rows = rows.iter();
        rows.map(|(row, own)| slope(*row, *own, factor, doubt))
            .sum()
    };
    let (mut low, mut high) = (RANGE.0.ln(), RANGE.1.ln());
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match slope(middle.exp()) < 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    (0.5 * (low + high)).exp()
}

/// The slope of a row's cross-entropy over the factor, with some doubt in its label. A logit of minus infinity
/// is of a class that is not asked.
fn slope(row: ArrayView1<'_, f64>, own: usize, factor: f64, doubt: f64) -> f64 {
    let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut sum, mut mean, mut total, mut asked) = (0.0, 0.0, 0.0, 0.0);
    for logit in row.iter().filter(|logit| logit.is_finite()) {
        let weight = (factor * (logit - highest)).exp();
        sum += weight;
        mean += weight * logit;
        total += logit;
        asked += 1.0;
    }
    let others = (total - row[own]) / (asked - 1.0);
    mean / sum - (1.0 - doubt) * row[own] - doubt * others
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn logits_are_as_sure_as_they_are_right() {
        // All logits are 2 apart: a factor f gives the odds exp(2 f).
        let odds = |labels: &[Option<usize>]| {
            let logits = array![[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 0.0]];
            (2.0 * factor(&logits, labels)).exp()
        };
        // Three of four are right, and each label counts as 5 / 6 right: 16 / 24 against 8 / 24.
        assert!((odds(&[Some(0), Some(0), Some(1), Some(1)]) - 2.0).abs() < 1e-9);
        // The wrong one does not count: all three are right, as far as 4 / 5 go.
        assert!((odds(&[Some(0), Some(0), Some(1), None]) - 4.0).abs() < 1e-9);
        assert!((odds(&[None; 4]) - 1_f64.exp().powi(2)).abs() < 1e-9);
    }

    #[test]
    fn classes_that_are_not_asked_do_not_count() {
        let none = f64::NEG_INFINITY;
        let logits = array![[2.0, none, 0.0], [0.0, none, 2.0]];
        let two = array![[2.0, 0.0], [0.0, 2.0]];
        let asked = factor(&logits, &[Some(0), Some(2)]);
        assert_eq!(asked, factor(&two, &[Some(0), Some(1)]));
    }
}
