//! Logistic regression with a Gaussian (RBF) kernel, by the same solver: features whose inner products are the
//! kernel's values.
//!
//! They come from a Cholesky factor of the kernel's matrix, with the text next that is least like those before
//! (Fine and Scheinberg 2001, "Efficient SVM training using low-rank kernel representations").

use goldpan_model::near;
use ndarray::{Array1, Array2, Axis, s};

/// The kernel's width: `exp(-GAMMA |x - y|²)` of vectors of length 1.
pub(super) const GAMMA: f64 = 1.0;
/// The part of a text that may be left out: what those before do not say of it.
const LEFT: f64 = 1e-4;
/// The most that it may take: the square of the labelled texts times the classes.
pub(super) const MOST: usize = 20_000_000;

/// Texts that say all of the others, and the Cholesky factor of their kernel matrix.
pub(super) struct Landmarks {
    /// The number of each.
    pub texts: Vec<usize>,
    /// `[landmarks, landmarks]`, lower triangular.
    factor: Array2<f64>,
}

/// Features of placed vectors `[texts, dimension]`: `[texts, landmarks + 1]`, the last one `constant`.
pub(super) fn features(placed: &Array2<f64>, constant: f64) -> (Landmarks, Array2<f64>) {
    let count = placed.nrows();
    let cosines = placed.dot(&placed.t());
    let value = |a: usize, b: usize| {
        let squared = cosines[[a, a]] + cosines[[b, b]] - 2.0 * cosines[[a, b]];
        near(GAMMA, squared)
    };
    let mut left = Array1::ones(count);
    let mut columns: Array2<f64> = Array2::zeros((count, count));
    let mut texts = Vec::new();
    let mut taken = vec![false; count];
    while texts.len() < count {
        let next = furthest(&left);
        if left[next] <= LEFT {
            break;
        }
        let column = texts.len();
        let known = columns.slice(s![.., ..column]);
        let said = known.dot(&columns.slice(s![next, ..column]));
        let length = f64::sqrt(left[next]);
        for text in 0..count {
            let own = match taken[text] {
                // Exactly nothing is left of it.
                true => 0.0,
                false => (value(text, next) - said[text]) / length,
            };
            columns[[text, column]] = own;
            left[text] -= own * own;
        }
        left[next] = 0.0;
        texts.push(next);
        taken[next] = true;
    }
    let rank = texts.len();
    let columns = columns.slice(s![.., ..rank]);
    let mut features = Array2::from_elem((count, rank + 1), constant);
    features.slice_mut(s![.., ..rank]).assign(&columns);
    let factor = columns.select(Axis(0), &texts);
    (Landmarks { texts, factor }, features)
}

impl Landmarks {
    /// The weight of each landmark, `[landmarks]`, for weights of features.
    pub fn weights(&self, weights: &[f64]) -> Vec<f64> {
        let rank = self.texts.len();
        let mut found = weights[..rank].to_vec();
        for row in (0..rank).rev() {
            let later = row + 1..rank;
            let sum: f64 = later.map(|i| self.factor[[i, row]] * found[i]).sum();
            found[row] = (found[row] - sum) / self.factor[[row, row]];
        }
        found
    }
}

/// The first of those of which most is left.
fn furthest(left: &Array1<f64>) -> usize {
    let all = left.iter().enumerate();
    let most = all.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    most.map_or(0, |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(count: usize) -> Array2<f64> {
        let mut placed =
            Array2::from_shape_fn((count, 5), |(i, j)| ((i * 7 + j * j * 3) as f64).sin());
        for mut row in placed.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        placed
    }

    #[test]
    fn inner_products_of_features_are_the_kernels_values() {
        let placed = placed(20);
        let (landmarks, features) = features(&placed, 0.3);
        let rank = landmarks.texts.len();
        assert_eq!(features.ncols(), rank + 1);
        for a in 0..20 {
            assert_eq!(features[[a, rank]], 0.3);
            for b in 0..20 {
                let apart = &placed.row(a) - &placed.row(b);
                let value = (-apart.dot(&apart)).exp();
                let (a, b) = (features.row(a), features.row(b));
                let product = a.dot(&b) - 0.09;
                assert!((product - value).abs() < 2e-4, "{product} {value}");
            }
        }
    }

    #[test]
    fn weights_of_landmarks_give_the_logits_of_features() {
        let placed = placed(12);
        let (landmarks, features) = features(&placed, 0.3);
        let weights: Vec<f64> = (0..features.ncols()).map(|i| (i as f64).cos()).collect();
        let own = landmarks.weights(&weights);
        for text in 0..12 {
            let last = weights.len() - 1;
            let features = features.row(text);
            let by_features: f64 = (0..last).map(|i| features[i] * weights[i]).sum();
            let by_landmarks: f64 = landmarks
                .texts
                .iter()
                .zip(&own)
                .map(|(&landmark, weight)| {
                    let apart = &placed.row(text) - &placed.row(landmark);
                    (-apart.dot(&apart)).exp() * weight
                })
                .sum();
            assert!((by_features - by_landmarks).abs() < 1e-9);
        }
    }

    #[test]
    fn the_same_text_twice_is_one_landmark() {
        let one = placed(6);
        let twice = ndarray::concatenate(Axis(0), &[one.view(), one.view()]).unwrap();
        let (landmarks, features) = features(&twice, 0.3);
        assert!(landmarks.texts.iter().all(|text| *text < 6));
        assert_eq!(features.row(0), features.row(6));
    }
}
