//! Learning curves: accuracy by the number of labelled texts, straight between the rounds.

use crate::difference::ROUNDING;

/// A learning curve: points of labelled texts and accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<(f64, f64)>,
}

impl Curve {
    /// The curve through at least one point, in the order of rounds: labelled texts do not fall.
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        debug_assert!(!points.is_empty() && points.is_sorted_by(|a, b| a.0 <= b.0));
        Self { points }
    }

    /// The mean of curves, of labelled texts and of accuracy, point by point; one that has ended stays at
    /// its last point.
    pub(crate) fn mean<'a>(curves: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let count = curves.clone().count() as f64;
        let longest = curves.clone().map(|curve| curve.points.len()).max();
        let points = (0..longest.unwrap_or_default()).map(|point| {
            let sum = curves.clone().fold((0.0, 0.0), |sum, curve| {
                let (labelled, accuracy) = curve.points[point.min(curve.points.len() - 1)];
                (sum.0 + labelled, sum.1 + accuracy)
            });
            (sum.0 / count, sum.1 / count)
        });
        Self::new(points.collect())
    }

    /// The points.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The first point.
    pub(crate) fn start(&self) -> (f64, f64) {
        self.points[0]
    }

    /// The last point.
    pub(crate) fn end(&self) -> (f64, f64) {
        self.points[self.points.len() - 1]
    }

    /// The accuracy with `labelled` texts; before the start and after the end it stays.
    pub fn accuracy(&self, labelled: f64) -> f64 {
        let after = self.points.iter().position(|point| point.0 >= labelled);
        match after {
            None => self.end().1,
            Some(0) => self.start().1,
            Some(after) => {
                let (before, after) = (self.points[after - 1], self.points[after]);
                let share = (labelled - before.0) / (after.0 - before.0);
                before.1 + share * (after.1 - before.1)
            }
        }
    }

    /// The area below the curve from one number of labelled texts to a larger one, divided by their
    /// distance: the mean accuracy on the way. A learning curve's area is told so by Settles (2009,
    /// *Active Learning Literature Survey*). Where there is no way, the accuracy there.
    pub fn area(&self, from: f64, to: f64) -> f64 {
        if to <= from {
            return self.accuracy(from);
        }
        let inside = self
            .points
            .iter()
            .filter(|point| from < point.0 && point.0 < to);
        // A round without labels leaves two points above each other: the way goes on from the later.
        let later = self.points.iter().rev().find(|point| point.0 == from);
        let start = later.map_or_else(|| self.accuracy(from), |point| point.1);
        let ends = [(from, start), (to, self.accuracy(to))];
        let points: Vec<(f64, f64)> = ends[..1]
            .iter()
            .chain(inside)
            .chain(&ends[1..])
            .copied()
            .collect();
        let areas = points
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0);
        areas.sum::<f64>() / (to - from)
    }

    /// The labelled texts from which the curve is at `accuracy` or above until its end: those of the
    /// start where it always is, infinite where it ends below. A single good round that the next one takes
    /// back does not count.
    pub fn labels_to(&self, accuracy: f64) -> f64 {
        let is_below = |point: &(f64, f64)| point.1 < accuracy - ROUNDING;
        match self.points.iter().rposition(is_below) {
            None => self.start().0,
            Some(last) if last + 1 == self.points.len() => f64::INFINITY,
            Some(below) => {
                let (before, after) = (self.points[below], self.points[below + 1]);
                let share = (accuracy - before.1) / (after.1 - before.1);
                before.0 + share.min(1.0) * (after.0 - before.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curve() -> Curve {
        Curve::new(vec![(100.0, 0.5), (200.0, 0.7), (400.0, 0.6), (600.0, 0.8)])
    }

    #[test]
    fn lies_straight_between_its_points() {
        let accuracies = [50.0, 100.0, 150.0, 300.0, 700.0].map(|at| curve().accuracy(at));
        let expected = [0.5, 0.5, 0.6, 0.65, 0.8];
        for (found, expected) in accuracies.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_target_counts_where_it_is_reached_for_good() {
        assert_eq!(curve().labels_to(0.4), 100.0);
        assert!((curve().labels_to(0.55) - 125.0).abs() < 1e-9);
        // 0.7 with 200 labels is taken back by the next round.
        assert!((curve().labels_to(0.65) - 450.0).abs() < 1e-9);
        assert!((curve().labels_to(0.75) - 550.0).abs() < 1e-9);
        assert_eq!(curve().labels_to(0.9), f64::INFINITY);
        let falling = Curve::new(vec![(100.0, 0.5), (200.0, 0.9), (300.0, 0.8)]);
        assert_eq!(falling.labels_to(0.85), f64::INFINITY);
        let flat = Curve::new(vec![(100.0, 0.7), (200.0, 0.7)]);
        assert_eq!(flat.labels_to(0.7), 100.0);
    }

    #[test]
    fn a_target_is_not_missed_by_a_rounding_error() {
        let curve = Curve::new(vec![(100.0, 0.1), (200.0, 0.3)]);
        assert!((curve.labels_to(0.1 + 0.2) - 200.0).abs() < 1e-6);
        let mean = (0.7 + 0.6 + 0.5) / 3.0 - 1e-16;
        assert!(Curve::new(vec![(50.0, 0.2), (90.0, mean)]).labels_to(0.6) <= 90.0);
    }

    #[test]
    fn a_curve_of_one_point_is_as_high_as_that() {
        let point = Curve::new(vec![(100.0, 0.7)]);
        assert_eq!(point.area(100.0, 100.0), 0.7);
        assert_eq!(
            (point.labels_to(0.7), point.labels_to(0.8)),
            (100.0, f64::INFINITY)
        );
    }

    #[test]
    fn the_area_is_the_mean_height() {
        // By hand: 100 * 0.6 + 200 * 0.65 + 200 * 0.7, of 500.
        assert!((curve().area(100.0, 600.0) - 330.0 / 500.0).abs() < 1e-12);
        assert!((curve().area(150.0, 200.0) - 0.65).abs() < 1e-12);
    }

    #[test]
    fn a_curve_that_has_ended_stays_where_it_is() {
        let short = Curve::new(vec![(100.0, 0.7), (300.0, 0.9)]);
        let mean = Curve::mean([&curve(), &short].into_iter());
        let expected = [(100.0, 0.6), (250.0, 0.8), (350.0, 0.75), (450.0, 0.85)];
        for (found, expected) in mean.points().iter().zip(expected) {
            assert!((found.0 - expected.0).abs() < 1e-12 && (found.1 - expected.1).abs() < 1e-12);
        }
    }

    fn curves() -> impl Strategy<Value = Curve> {
        let steps = prop::collection::vec((1.0..500.0_f64, 0.0..1.0_f64), 2..8);
        steps.prop_map(|steps| {
            let mut labelled = 0.0;
            let points = steps.into_iter().map(|(step, accuracy)| {
                labelled += step;
                (labelled, accuracy)
            });
            Curve::new(points.collect())
        })
    }

    proptest! {
        #[test]
        fn a_target_is_reached_where_the_curve_says(curve in curves(), share in 0.0..1.0_f64) {
            let (start, end) = (curve.start(), curve.end());
            let target = start.1 + share * (end.1 - start.1);
            let labels = curve.labels_to(target);
            if target > end.1 {
                prop_assert!(labels.is_infinite() || target - end.1 <= ROUNDING);
                return Ok(());
            }
            prop_assert!((start.0..=end.0).contains(&labels));
            for point in curve.points().iter().filter(|point| point.0 > labels) {
                prop_assert!(point.1 >= target - ROUNDING);
            }
            if labels > start.0 {
                prop_assert!((curve.accuracy(labels) - target).abs() <= 2.0 * ROUNDING);
            }
        }

        #[test]
        fn areas_add_up(curve in curves(), share in 0.01..0.99_f64) {
            let (from, to) = (curve.start().0, curve.end().0);
            let middle = from + share * (to - from);
            let parts = curve.area(from, middle) * (middle - from) + curve.area(middle, to) * (to - middle);
            prop_assert!((parts / (to - from) - curve.area(from, to)).abs() < 1e-9);
        }
    }
}
