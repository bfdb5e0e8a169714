//! Newton's method with conjugate gradients: Lin, Weng and Keerthi 2008, "Trust region Newton method for
//! large-scale logistic regression" (JMLR 9), with a line search in the place of the trust region.
//!
//! No library: `argmin`'s line searches give up near the minimum, where losses no longer differ in double
//! precision, and a probe that stops early is points worse.

use super::problem::{Point, Problem, square};
use ndarray::Array2;

/// The most steps; some ten are usual.
const STEPS: usize = 100;
/// The most products in a step.
const PRODUCTS: usize = 250;

/// When the minimum counts as found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tolerance {
    /// At this norm of the gradient.
    Norm(f64),
    /// At this part of the first one's norm.
    Part(f64),
}

/// The minimum, as near as was asked for.
#[derive(Debug)]
pub(crate) struct Solution {
    /// `[classes, features]`
    pub weights: Array2<f64>,
    /// The loss there.
    pub loss: f64,
    /// The gradient's norm there, and so the most that the weights are away from the minimum.
    pub gradient: f64,
    /// How many steps were made.
    pub steps: usize,
}

/// Finds the minimum: until the gradient's norm is as `tolerance` says, or cannot fall further. `None` where
/// `cancelled` says to stop.
pub(crate) fn solve(
    problem: &Problem<'_>,
    tolerance: Tolerance,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Option<Solution> {
    let mut weights = Array2::zeros(problem.shape());
    let mut point = problem.at(&weights);
    let mut norm = square(&point.gradient).sqrt();
    let first = norm;
    let enough = match tolerance {
        Tolerance::Norm(norm) => norm,
        Tolerance::Part(part) => part * first,
    };
    let mut steps = 0;
    while norm > enough && steps < STEPS {
        if cancelled() {
            return None;
        }
        let step = direction(problem, &point, norm, first);
        let slope = (&point.gradient * &step).sum();
        let Some((length, next)) = search(problem, &weights, &point, &step, slope) else {
            break;
        };
        weights.scaled_add(length, &step);
        point = next;
        norm = square(&point.gradient).sqrt();
        steps += 1;
    }
    Some(Solution {
        weights,
        loss: point.loss,
        gradient: norm,
        steps,
    })
}

/// Newton's step, the more exact the nearer the minimum is.
fn direction(problem: &Problem<'_>, point: &Point, norm: f64, first: f64) -> Array2<f64> {
    let enough = norm * (norm / first).sqrt().min(0.1);
    let mut step = Array2::zeros(problem.shape());
    let mut left = -&point.gradient;
    let mut along = left.clone();
    let mut before = square(&left);
    for _ in 0..PRODUCTS {
        let bend = problem.curvature(point, &along);
        let length = before / (&along * &bend).sum();
        step.scaled_add(length, &along);
        left.scaled_add(-length, &bend);
        let after = square(&left);
        if after.sqrt() <= enough {
            break;
        }
        along *= after / before;
        along += &left;
        before = after;
    }
    step
}

/// The first of 1, ½, ¼ ... of a step that lets the loss fall enough, or, where losses no longer differ, the
/// gradient.
fn search(
    problem: &Problem<'_>,
    weights: &Array2<f64>,
    point: &Point,
    step: &Array2<f64>,
    slope: f64,
) -> Option<(f64, Point)> {
    let norm = square(&point.gradient);
    let rounding = point.loss.abs() * 1e-13;
    let mut length = 1.0;
    for _ in 0..40 {
        let mut moved = weights.clone();
        moved.scaled_add(length, step);
        let next = problem.at(&moved);
        let falls = next.loss <= point.loss + 1e-4 * length * slope;
        let level = (next.loss - point.loss).abs() <= rounding && square(&next.gradient) < norm;
        if falls || level {
            return Some((length, next));
        }
        length *= 0.5;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;
    use proptest::prelude::*;

    fn case(texts: usize, width: usize, classes: usize, seed: u64) -> (Array2<f64>, Vec<usize>) {
        let value = |i: usize, j: usize| ((i * 31 + j * 17) as f64 + seed as f64).sin();
        let mut features = Array2::from_shape_fn((texts, width), |(i, j)| value(i, j));
        for mut row in features.axis_iter_mut(Axis(0)) {
            let length = row.dot(&row).sqrt();
            // A text at the pool's mean has no direction.
            if length > 0.0 {
                row /= length;
            }
        }
        let labels = (0..texts).map(|text| (text * 7 + seed as usize) % classes);
        (features, labels.collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_gradient_vanishes_and_the_classes_balance(
            texts in 2_usize..40, width in 1_usize..20, classes in 2_usize..6, seed in 0_u64..100,
            strength in 0.01_f64..100.0,
        ) {
            let (features, labels) = case(texts, width, classes, seed);
            let weights = vec![strength; texts];
            let problem = Problem {
                features: features.view(),
                labels: &labels,
                weights: &weights,
                offsets: None,
                classes,
            };
            let found = solve(&problem, Tolerance::Norm(1e-8), &|| false).unwrap();
            prop_assert!(found.gradient <= 1e-8, "{}", found.gradient);
            // Moving all classes' weights alike changes nothing but their length, so they sum to 0.
            let sums = found.weights.sum_axis(Axis(0));
            prop_assert!(sums.iter().all(|sum| sum.abs() < 1e-7));
        }
    }

    #[test]
    fn a_search_that_is_cancelled_gives_nothing() {
        let (features, labels) = case(10, 4, 3, 1);
        let problem = Problem {
            features: features.view(),
            labels: &labels,
            weights: &[1.0; 10],
            offsets: None,
            classes: 3,
        };
        assert!(solve(&problem, Tolerance::Norm(1e-8), &|| true).is_none());
    }
}
