//! Learning curves: accuracy by the number of labelled texts, straight between the rounds.

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

    /// As much of the curve as another has points.
    pub(crate) fn up_to(&self, other: &Self) -> Self {
        let points = self.points.iter().copied();
        Self::new(points.take(other.points.len()).collect())
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
    /// *Active Learning Literature Survey*).
    pub fn area(&self, from: f64, to: f64) -> f64 {
        let inside = self
            .points
            .iter()
            .filter(|point| from < point.0 && point.0 < to);
        let ends = [(from, self.accuracy(from)), (to, self.accuracy(to))];
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

    /// The labelled texts with which the curve first reaches `accuracy`: those of the start where it
    /// is there already, infinite where it is never reached.
    pub fn labels_to(&self, accuracy: f64) -> f64 {
        match self.points.iter().position(|point| point.1 >= accuracy) {
            None => f64::INFINITY,
            Some(0) => self.start().0,
            Some(reached) => {
                let (before, after) = (self.points[reached - 1], self.points[reached]);
                let share = (accuracy - before.1) / (after.1 - before.1);
                before.0 + share * (after.0 - before.0)
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
    fn a_target_counts_where_it_is_reached_first() {
        assert_eq!(curve().labels_to(0.4), 100.0);
        assert!((curve().labels_to(0.65) - 175.0).abs() < 1e-9);
        assert!((curve().labels_to(0.75) - 550.0).abs() < 1e-9);
        assert_eq!(curve().labels_to(0.9), f64::INFINITY);
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
        assert_eq!(curve().up_to(&short).points(), &curve().points()[..2]);
        assert_eq!(short.up_to(&curve()), short);
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
            prop_assert!((start.0..=end.0).contains(&labels));
            if target > start.1 {
                prop_assert!((curve.accuracy(labels) - target).abs() < 1e-9);
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
