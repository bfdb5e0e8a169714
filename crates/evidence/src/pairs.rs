//! An arm beside the baseline, seed by seed.

use std::collections::BTreeMap;

use crate::curve::Curve;
use crate::moments::mean;

/// The curves of an arm and of the baseline, of the seeds that both have and that stand for themselves.
pub(crate) struct Pairs<'a> {
    pub(crate) arm: Vec<&'a Curve>,
    pub(crate) baseline: Vec<&'a Curve>,
    /// The rounds that are compared, 0 for the start: of the arm, and of the baseline.
    at: Option<Vec<(usize, usize)>>,
}

impl<'a> Pairs<'a> {
    /// `None` where no seed has both. Seeds of `counts` alone are taken.
    pub(crate) fn of(
        arm: &'a BTreeMap<u64, Curve>,
        baseline: &'a BTreeMap<u64, Curve>,
        counts: impl Fn(u64) -> bool,
    ) -> Option<Self> {
        let pairs = arm.iter().filter(|(seed, _)| counts(**seed));
        let pairs = pairs.filter_map(|(seed, curve)| Some((curve, baseline.get(seed)?)));
        let (arm, baseline): (Vec<_>, Vec<_>) = pairs.unzip();
        let each = arm.iter().zip(&baseline);
        let at = each.map(|(arm, baseline)| equal_labels(arm, baseline));
        let at = at.collect();
        (!arm.is_empty()).then_some(Self { arm, baseline, at })
    }

    /// The difference with the most labels that both had, for each seed. `None` where in some seed both
    /// never had the same number: to leave the seed out would be a choice.
    pub(crate) fn differences(&self) -> Option<Vec<f64>> {
        let at = self.at.as_ref()?;
        let each = self.arm.iter().zip(&self.baseline).zip(at);
        let difference =
            |((arm, baseline), &(round, other)): ((&&Curve, &&Curve), &(usize, usize))| {
                arm.points()[round].1 - baseline.points()[other].1
            };
        Some(each.map(difference).collect())
    }

    /// The labelled texts where the difference is taken, the mean over the seeds.
    pub(crate) fn compared_at(&self) -> Option<f64> {
        let at = self.at.as_ref()?.iter().zip(&self.arm);
        let labelled = at.map(|(&(round, _), arm)| arm.points()[round].0);
        Some(mean(&labelled.collect::<Vec<_>>()))
    }

    /// Whether the difference is taken before the end of one of both, in any seed.
    pub(crate) fn is_cut(&self) -> bool {
        let mut at = self.at.iter().flatten().zip(&self.arm).zip(&self.baseline);
        at.any(|((&(round, other), arm), baseline)| {
            (round + 1, other + 1) != (arm.points().len(), baseline.points().len())
        })
    }

    /// Whether it is cut because both had different numbers of labels later, and not because one stopped.
    pub(crate) fn labels_part(&self) -> bool {
        let mut at = self.at.iter().flatten().zip(&self.arm).zip(&self.baseline);
        at.any(|((&(round, other), arm), baseline)| {
            let is_last = round + 1 == arm.points().len() || other + 1 == baseline.points().len();
            round != other || !is_last
        })
    }

    /// Whether both were measured with the same numbers of labels all the way from `from` to `to`.
    pub(crate) fn same_labels(&self, from: f64, to: f64) -> bool {
        let labels = |curve: &Curve| -> Vec<f64> {
            let points = curve.points().iter().map(|point| point.0);
            let mut labels: Vec<f64> = points.filter(|at| (from..=to).contains(at)).collect();
            labels.dedup();
            labels
        };
        let mut pairs = self.arm.iter().zip(&self.baseline);
        pairs.all(|(arm, baseline)| labels(arm) == labels(baseline))
    }

    /// The mean curves of some seeds.
    pub(crate) fn means(&self, seeds: &[usize]) -> (Curve, Curve) {
        (
            mean_curve(&self.arm, seeds),
            mean_curve(&self.baseline, seeds),
        )
    }
}

/// The last rounds, of each, after which both had the same number of labels.
fn equal_labels(arm: &Curve, baseline: &Curve) -> Option<(usize, usize)> {
    let place = |curve: &Curve, labelled: f64| {
        let place = curve.points().iter().rposition(|point| point.0 == labelled);
        // The start is the same model for both.
        place.filter(|&round| round > 0)
    };
    let mut rounds = arm.points().iter().skip(1).rev();
    rounds.find_map(|&(labelled, _)| Some((place(arm, labelled)?, place(baseline, labelled)?)))
}

/// The mean of the curves of some seeds.
pub(crate) fn mean_curve(curves: &[&Curve], seeds: &[usize]) -> Curve {
    Curve::mean(seeds.iter().map(|&seed| curves[seed]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::new(points.to_vec())
    }

    #[test]
    fn arms_meet_where_they_had_as_many_labels() {
        let random = curve(&[(40.0, 0.5), (60.0, 0.6), (170.0, 0.7)]);
        let long = curve(&[(40.0, 0.5), (60.0, 0.7), (67.0, 0.6)]);
        assert_eq!(equal_labels(&long, &random), Some((1, 1)));
        let late = curve(&[(40.0, 0.5), (50.0, 0.7), (60.0, 0.6)]);
        assert_eq!(equal_labels(&late, &random), Some((2, 1)));
        // The start is shared: to compare it with itself says nothing.
        let never = curve(&[(40.0, 0.5), (67.0, 0.6)]);
        assert_eq!(equal_labels(&never, &random), None);
        let nothing = curve(&[(40.0, 0.5), (40.0, 0.6)]);
        assert_eq!(equal_labels(&nothing, &random), None);
    }
}
