//! Weighing the arms of an experiment against its baseline.

use std::collections::{BTreeMap, BTreeSet};

use crate::bootstrap::interval;
use crate::curve::Curve;
use crate::difference::{Difference, ROUNDING};
use crate::evidence::{ArmEvidence, Estimate, Point, Saved};
use crate::experiment::{Experiment, Models};
use crate::moments::{deviation, mean};
use crate::pairs::{Pairs, mean_curve};
use crate::repeats::repeats;
use crate::trained::Question;
use crate::verdict::Verdict;

/// An experiment, and what every arm of it is held against.
pub(crate) struct Weighing<'a> {
    experiment: &'a Experiment,
    question: &'a Question,
    /// The number of the baseline.
    baseline: Option<usize>,
    /// The learning curves of each arm.
    curves: Vec<BTreeMap<u64, Curve>>,
    /// The seeds of each arm that gave the same as an earlier one.
    again: Vec<BTreeSet<u64>>,
    target: Option<f64>,
    /// The labels that all arms and seeds went through.
    range: (f64, f64),
}

impl<'a> Weighing<'a> {
    pub(crate) fn new(experiment: &'a Experiment, question: &'a Question) -> Self {
        let arms = &experiment.arms;
        let is_baseline = |name: &str| question.baseline.as_deref() == Some(name);
        let baseline = arms.iter().position(|arm| is_baseline(&arm.name));
        let curves: Vec<_> = arms.iter().map(|arm| experiment.curves(arm)).collect();
        let all = curves.iter().flat_map(BTreeMap::values);
        let range = all.fold((0.0_f64, f64::INFINITY), |(from, to), curve| {
            (from.max(curve.start().0), to.min(curve.end().0))
        });
        let end = baseline
            .map(|baseline| &curves[baseline])
            .filter(|curves| !curves.is_empty())
            .map(|curves| Curve::mean(curves.values()).end().1);
        let again = arms.iter().map(|arm| {
            let repeats = repeats(arm).into_iter();
            repeats.flat_map(|repeat| repeat.again).collect()
        });
        Self {
            experiment,
            question,
            baseline,
            again: again.collect(),
            curves,
            target: question.target.or(end),
            range,
        }
    }

    /// The baseline, where the experiment has it.
    pub(crate) fn baseline_name(&self) -> Option<&str> {
        let baseline = &self.experiment.arms[self.baseline?];
        Some(&baseline.name)
    }

    /// The accuracy that labels are counted to.
    pub(crate) fn target(&self) -> Option<f64> {
        self.target
    }

    pub(crate) fn points(&self) -> Vec<Point> {
        let mut points = vec![self.point(None, 0, &self.experiment.start)];
        let rounds = self
            .experiment
            .arms
            .iter()
            .flat_map(|arm| arm.rounds.keys());
        let last = rounds.max().copied().unwrap_or_default();
        for round in 1..=last {
            let first = points.len();
            for (number, arm) in self.experiment.arms.iter().enumerate() {
                let Some(models) = arm.rounds.get(&round) else {
                    continue;
                };
                let against = self.baseline.filter(|&baseline| baseline != number);
                let mut point = self.point(Some(&arm.name), round, models);
                if let Some(baseline) = against {
                    self.compare(&mut point, number, baseline);
                }
                points.push(point);
            }
            Difference::correct(
                points[first..]
                    .iter_mut()
                    .filter_map(|point| point.difference.as_mut()),
            );
        }
        points.retain(|point| point.seeds > 0);
        points
    }

    fn point(&self, arm: Option<&str>, round: u32, models: &Models) -> Point {
        let accuracies: Vec<f64> = models.values().map(|model| model.accuracy).collect();
        Point {
            arm: arm.map(str::to_owned),
            round,
            labelled: labelled(models),
            seeds: models.len(),
            accuracy: self.of_values(&accuracies),
            difference: None,
            baseline_labelled: None,
        }
    }

    /// Holds an arm's models of a round against the baseline's with as many labels.
    fn compare(&self, point: &mut Point, arm: usize, baseline: usize) {
        let (rounds, others) = (
            &self.experiment.arms[arm].rounds,
            &self.experiment.arms[baseline].rounds,
        );
        let same_round = others.get(&point.round);
        let as_many = |seed: &u64, labelled: f64| {
            let here = same_round.into_iter().chain(others.values().rev());
            let mut models = here.filter_map(|models| models.get(seed));
            models.find(|model| model.labelled == labelled)
        };
        // Seeds that the baseline was stopped in before, or that it lacks, are no pairs.
        let is_pair = |seed: &u64, labelled: f64| {
            let here = same_round.is_some_and(|models| models.contains_key(seed));
            self.counts(arm, baseline, *seed) && (here || as_many(seed, labelled).is_some())
        };
        let models = rounds.get(&point.round).into_iter().flatten();
        let pairs: Vec<_> = models
            .filter(|(seed, model)| is_pair(seed, model.labelled))
            .map(|(seed, model)| Some(model.accuracy - as_many(seed, model.labelled)?.accuracy))
            .collect();
        match pairs.into_iter().collect::<Option<Vec<f64>>>() {
            Some(differences) => point.difference = self.difference(&differences),
            None => point.baseline_labelled = same_round.map(labelled),
        }
    }

    /// Whether a seed stands for itself, and does not repeat another, of an arm and of the baseline.
    fn counts(&self, arm: usize, baseline: usize, seed: u64) -> bool {
        ![arm, baseline]
            .iter()
            .any(|&arm| self.again[arm].contains(&seed))
    }

    pub(crate) fn arms(&self) -> Vec<ArmEvidence> {
        let arms = (0..self.curves.len()).filter(|&arm| !self.curves[arm].is_empty());
        let mut arms: Vec<ArmEvidence> = arms.map(|arm| self.arm(arm)).collect();
        Difference::correct(arms.iter_mut().filter_map(|arm| arm.difference.as_mut()));
        Difference::correct(
            arms.iter_mut()
                .filter_map(|arm| arm.area_difference.as_mut()),
        );
        for arm in &mut arms {
            if let Some(difference) = &arm.difference {
                arm.verdict = Verdict::of(difference);
            }
            if arm.ends_below && arm.verdict != Verdict::Better {
                arm.saved = None;
            }
        }
        arms
    }

    /// The curves of an arm and of the baseline; `None` for the baseline itself.
    fn pairs(&self, arm: usize) -> Option<Pairs<'_>> {
        let baseline = self.baseline.filter(|&baseline| baseline != arm)?;
        let counts = |seed| self.counts(arm, baseline, seed);
        Pairs::of(&self.curves[arm], &self.curves[baseline], counts)
    }

    fn arm(&self, arm: usize) -> ArmEvidence {
        let curves: Vec<&Curve> = self.curves[arm].values().collect();
        let ends: Vec<f64> = curves.iter().map(|curve| curve.end().1).collect();
        let gains: Vec<f64> = curves.iter().map(|curve| gain(curve)).collect();
        let (from, to) = self.range;
        let areas: Vec<f64> = curves.iter().map(|curve| curve.area(from, to)).collect();
        let to_target = |target: f64| {
            let labels = |resample: &[usize]| Some(mean_curve(&curves, resample).labels_to(target));
            self.of_resamples(curves.len(), labels)
        };
        let pairs = self.pairs(arm);
        let pairs = pairs.as_ref();
        let of_areas = |pairs: &Pairs<'_>| {
            let each = pairs.arm.iter().zip(&pairs.baseline);
            let each = each.map(|(arm, other)| arm.area(from, to) - other.area(from, to));
            self.difference(&each.collect::<Vec<f64>>())
        };
        let differences = pairs.and_then(Pairs::differences);
        let means = pairs.map(|pairs| pairs.means(&all(pairs.arm.len())));
        ArmEvidence {
            arm: self.experiment.arms[arm].name.clone(),
            labelled: mean_curve(&curves, &all(curves.len())).end().0,
            accuracy: self.of_values(&ends),
            gain: self.of_values(&gains),
            factor: pairs.and_then(|pairs| self.factor(pairs)),
            verdict: match &means {
                None if self.baseline == Some(arm) => Verdict::Baseline,
                None => Verdict::NothingToCompare,
                // Where there is a difference, the verdict is by its corrected p-value.
                Some((arm, baseline)) => Verdict::UnequalLabels {
                    labelled: arm.end().0,
                    baseline: baseline.end().0,
                },
            },
            difference: differences.and_then(|differences| self.difference(&differences)),
            compared_at: pairs.and_then(Pairs::compared_at),
            is_cut: pairs.is_some_and(Pairs::is_cut),
            labels_part: pairs.is_some_and(Pairs::labels_part),
            ends_below: means
                .is_some_and(|(arm, baseline)| arm.end().1 < baseline.end().1 - ROUNDING),
            area: (from < to).then(|| self.of_values(&areas)),
            area_difference: pairs
                .filter(|pairs| from < to && pairs.same_labels(from, to))
                .and_then(of_areas),
            labels_to_target: self.target.and_then(to_target),
            saved: pairs.and_then(|pairs| self.saved(pairs)),
        }
    }

    /// The p-value is that of one comparison: corrected later.
    fn difference(&self, differences: &[f64]) -> Option<Difference> {
        let compared = self.experiment.arms.len() - 1;
        (!differences.is_empty()).then(|| Difference::of(differences, compared))
    }

    fn factor(&self, pairs: &Pairs<'_>) -> Option<Estimate> {
        self.of_resamples(pairs.arm.len(), |resample| {
            let (arm, baseline) = pairs.means(resample);
            (gain(&baseline) > ROUNDING).then(|| gain(&arm) / gain(&baseline))
        })
    }

    fn saved(&self, pairs: &Pairs<'_>) -> Option<Saved> {
        let count = pairs.arm.len();
        let both = |resample: &[usize]| {
            let (arm, baseline) = pairs.means(resample);
            let accuracy = arm.end().1.min(baseline.end().1);
            let needs = baseline.labels_to(accuracy);
            let labels = needs - arm.labels_to(accuracy);
            let beyond = needs - baseline.start().0;
            (accuracy, labels, (beyond > 0.0).then(|| labels / beyond))
        };
        Some(Saved {
            accuracy: both(&all(count)).0,
            labels: self.of_resamples(count, |resample| Some(both(resample).1))?,
            share: self.of_resamples(count, |resample| both(resample).2),
        })
    }

    /// A mean of one value for each seed.
    fn of_values(&self, values: &[f64]) -> Estimate {
        let drawn = |resample: &[usize]| {
            let sum: f64 = resample.iter().map(|&seed| values[seed]).sum();
            Some(sum / resample.len() as f64)
        };
        Estimate {
            value: mean(values),
            deviation: deviation(values),
            interval: interval(values.len(), self.question.seed, drawn),
        }
    }

    /// A value of seeds together; `None` where all seeds have none.
    fn of_resamples(
        &self,
        count: usize,
        statistic: impl Fn(&[usize]) -> Option<f64>,
    ) -> Option<Estimate> {
        Some(Estimate {
            value: statistic(&all(count))?,
            deviation: None,
            interval: interval(count, self.question.seed, statistic),
        })
    }
}

/// The labelled texts, the mean over the seeds.
fn labelled(models: &Models) -> f64 {
    mean(
        &models
            .values()
            .map(|model| model.labelled)
            .collect::<Vec<_>>(),
    )
}

fn all(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn gain(curve: &Curve) -> f64 {
    curve.end().1 - curve.start().1
}
