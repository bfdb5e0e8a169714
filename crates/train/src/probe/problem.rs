//! Multinomial logistic regression: its loss, gradient and curvature.
//!
//! The loss is `½ |W|² + Σ wᵢ (log Σₖ exp(zᵢₖ) - zᵢ,yᵢ)` with `zᵢ = W xᵢ + oᵢ`: that of scikit-learn's
//! `LogisticRegression` with `fit_intercept=False` and `wᵢ = C · sample_weightᵢ`, where a constant feature
//! stands for the bias. It is strictly convex, so it has one minimum, and a gradient of norm g is at most g
//! away from it.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis};

/// The labelled texts.
pub(crate) struct Problem<'a> {
    /// `[texts, features]`
    pub features: ArrayView2<'a, f64>,
    /// The class of each text.
    pub labels: &'a [usize],
    /// What the loss of each text is multiplied with.
    pub weights: &'a [f64],
    /// Logits that are given, `[texts, classes]`.
    pub offsets: Option<ArrayView2<'a, f64>>,
    /// How many classes there are.
    pub classes: usize,
}

/// The loss at some weights, and what its derivatives are made of.
pub(crate) struct Point {
    pub loss: f64,
    /// `[classes, features]`
    pub gradient: Array2<f64>,
    /// The probabilities, `[texts, classes]`.
    probabilities: Array2<f64>,
}

impl Problem<'_> {
    /// The shape of the weights that are looked for.
    pub fn shape(&self) -> (usize, usize) {
        (self.classes, self.features.ncols())
    }

    /// The logits at some weights.
    pub fn logits(&self, weights: &Array2<f64>) -> Array2<f64> {
        let mut logits = match &self.offsets {
            Some(offsets) => offsets.to_owned(),
            None => Array2::zeros((self.features.nrows(), self.classes)),
        };
        general_mat_mul(1.0, &self.features, &weights.t(), 1.0, &mut logits);
        logits
    }

    /// The loss at some weights, with what else is known there.
    pub fn at(&self, weights: &Array2<f64>) -> Point {
        let mut probabilities = self.logits(weights);
        let mut loss = 0.5 * square(weights);
        let mut errors = Array2::zeros(probabilities.dim());
        let rows = probabilities.axis_iter_mut(Axis(0));
        for (text, (mut row, mut error)) in rows.zip(errors.axis_iter_mut(Axis(0))).enumerate() {
            let (label, weight) = (self.labels[text], self.weights[text]);
            let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let own = row[label] - highest;
            row.mapv_inplace(|logit| (logit - highest).exp());
            let sum = row.sum();
            row.mapv_inplace(|value| value / sum);
            loss += weight * (sum.ln() - own);
            error.assign(&row);
            error[label] -= 1.0;
            error.mapv_inplace(|value| value * weight);
        }
        let mut gradient = weights.clone();
        general_mat_mul(1.0, &errors.t(), &self.features, 1.0, &mut gradient);
        Point {
            loss,
            gradient,
            probabilities,
        }
    }

    /// The second derivative at a point, multiplied with a direction.
    pub fn curvature(&self, point: &Point, direction: &Array2<f64>) -> Array2<f64> {
        let mut moved = self.features.dot(&direction.t());
        let rows = moved
            .axis_iter_mut(Axis(0))
            .zip(point.probabilities.axis_iter(Axis(0)));
        for ((mut row, probabilities), weight) in rows.zip(self.weights) {
            let mean = row.dot(&probabilities);
            row.zip_mut_with(&probabilities, |value, probability| {
                *value = weight * probability * (*value - mean);
            });
        }
        let mut product = direction.clone();
        general_mat_mul(1.0, &moved.t(), &self.features, 1.0, &mut product);
        product
    }
}

/// The squared norm.
pub(crate) fn square(values: &Array2<f64>) -> f64 {
    values.iter().map(|value| value * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivatives are those that differences of the loss give.
    #[test]
    fn derivatives_are_those_of_the_loss() {
        let features = Array2::from_shape_fn((5, 3), |(i, j)| ((i * 3 + j) as f64 * 0.7).sin());
        let offsets = Array2::from_shape_fn((5, 3), |(i, j)| ((i + j) as f64 * 0.3).cos());
        let problem = Problem {
            features: features.view(),
            labels: &[0, 1, 2, 1, 0],
            weights: &[1.0, 2.0, 0.5, 1.5, 3.0],
            offsets: Some(offsets.view()),
            classes: 3,
        };
        let weights = Array2::from_shape_fn((3, 3), |(i, j)| (i as f64 - j as f64) * 0.2);
        let direction = Array2::from_shape_fn((3, 3), |(i, j)| ((i * 5 + j) as f64).cos());
        let moved = |step: f64| problem.at(&(&weights + &(&direction * step)));
        let (before, after, here) = (moved(-1e-5), moved(1e-5), moved(0.0));
        let slope = (&here.gradient * &direction).sum();
        assert!(((after.loss - before.loss) / 2e-5 - slope).abs() < 1e-7);
        let bend = problem.curvature(&here, &direction);
        let found = (&after.gradient - &before.gradient) / 2e-5;
        assert!(square(&(found - bend)).sqrt() < 1e-7);
    }
}
