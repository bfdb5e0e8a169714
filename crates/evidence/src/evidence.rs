//! What an experiment shows, arm by arm.

use std::collections::BTreeMap;

use crate::bootstrap::{Interval, interval};
use crate::experiment::{Experiment, Models};
use crate::{Curve, Difference, Error, Measure, Question, Trained, Verdict, deviation, mean};

/// A value over all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The value of all seeds together.
    pub value: f64,
    /// The sample standard deviation, where the value is a mean of several seeds' values.
    pub deviation: Option<f64>,
    /// The bootstrap interval; `None` for a single seed.
    pub interval: Option<Interval>,
}

/// An arm, or the start, after a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The arm; `None` for the start.
    pub arm: Option<String>,
    /// The round, 0 for the start.
    pub round: u32,
    /// Labelled texts, the mean over the seeds.
    pub labelled: f64,
    /// How many seeds there are.
    pub seeds: usize,
    /// The accuracy.
    pub accuracy: Estimate,
    /// The accuracy against the baseline's after the same round, by the seeds that both have.
    pub difference: Option<Difference>,
}

/// Labels that an arm saves against the baseline: the difference of what both need to reach the
/// highest accuracy that both reach. Each is read off its own mean learning curve; below zero the
/// arm needs more.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The highest mean accuracy that both reach at the end.
    pub accuracy: f64,
    /// Labels.
    pub labels: Estimate,
    /// The share of what the baseline needs beyond the start; `None` where it needs none.
    pub share: Option<Estimate>,
}

/// What is told of an arm over all its rounds, by the seeds whose every round is there.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmEvidence {
    /// The arm.
    pub arm: String,
    /// Labelled texts at the end, or where it was stopped; the mean over the seeds.
    pub labelled: f64,
    /// The accuracy at the end.
    pub accuracy: Estimate,
    /// The accuracy at the end, above that of the start.
    pub gain: Estimate,
    /// The gain as a multiple of the baseline's; `None` where the baseline gains nothing.
    pub factor: Option<Estimate>,
    /// The accuracy against the baseline's, at the last round that both did in each seed: the end, where
    /// neither was stopped before the other.
    pub difference: Option<Difference>,
    /// Labelled texts where the difference is taken, the mean over its seeds.
    pub compared_at: Option<f64>,
    /// Whether the difference is taken before the end of one of both, in any seed.
    pub is_cut: bool,
    /// The mean accuracy below the learning curve, over the labels that all arms and seeds went
    /// through; `None` where there are none.
    pub area: Option<Estimate>,
    /// The area against the baseline's.
    pub area_difference: Option<Difference>,
    /// Labels with which the mean learning curve reaches the target; infinite where it does not.
    pub labels_to_target: Option<Estimate>,
    /// Labels saved against the baseline.
    pub saved: Option<Saved>,
    /// What is shown at the end.
    pub verdict: Verdict,
}

/// What an experiment shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The accuracy that was compared.
    pub measure: Measure,
    /// The arm that others are compared with, where the experiment has it.
    pub baseline: Option<String>,
    /// The accuracy that labels are counted to.
    pub target: Option<f64>,
    /// The start, then round by round the arms in the order of the rows.
    pub points: Vec<Point>,
    /// The arms in the order of the rows, but those without a seed whose every round is there.
    pub arms: Vec<ArmEvidence>,
}

impl Evidence {
    /// Weighs the rows of an experiment, in any order. Rows that lack the measure are left out.
    ///
    /// # Errors
    ///
    /// When two rows tell of the same model, or an accuracy is not in [0, 1].
    pub fn of(rows: &[Trained], question: &Question) -> Result<Self, Error> {
        let experiment = Experiment::of(rows, question.measure)?;
        let weighing = Weighing::new(&experiment, question);
        Ok(Self {
            measure: question.measure,
            baseline: weighing.baseline.map(|_| question.baseline.clone()),
            target: weighing.target,
            points: weighing.points(),
            arms: weighing.arms(),
        })
    }
}

/// An experiment, and what every arm of it is held against.
struct Weighing<'a> {
    experiment: &'a Experiment,
    question: &'a Question,
    /// The number of the baseline.
    baseline: Option<usize>,
    /// The learning curves of each arm.
    curves: Vec<BTreeMap<u64, Curve>>,
    target: Option<f64>,
    /// The labels that all arms and seeds went through.
    range: (f64, f64),
}

impl<'a> Weighing<'a> {
    fn new(experiment: &'a Experiment, question: &'a Question) -> Self {
        let arms = &experiment.arms;
        let baseline = arms.iter().position(|arm| arm.name == question.baseline);
        let curves: Vec<_> = arms.iter().map(|arm| experiment.curves(arm)).collect();
        let all = curves.iter().flat_map(BTreeMap::values);
        let range = all.fold((0.0_f64, f64::INFINITY), |(from, to), curve| {
            (from.max(curve.start().0), to.min(curve.end().0))
        });
        let end = baseline
            .map(|baseline| &curves[baseline])
            .filter(|curves| !curves.is_empty())
            .map(|curves| Curve::mean(curves.values()).end().1);
        Self {
            experiment,
            question,
            baseline,
            curves,
            target: question.target.or(end),
            range,
        }
    }

    fn points(&self) -> Vec<Point> {
        let mut points = vec![self.point(None, 0, &self.experiment.start, None)];
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
                let baseline = self.baseline.filter(|&baseline| baseline != number);
                let baseline =
                    baseline.and_then(|baseline| self.experiment.arms[baseline].rounds.get(&round));
                points.push(self.point(Some(&arm.name), round, models, baseline));
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

    fn point(
        &self,
        arm: Option<&str>,
        round: u32,
        models: &Models,
        baseline: Option<&Models>,
    ) -> Point {
        let accuracies: Vec<f64> = models.values().map(|model| model.accuracy).collect();
        let labelled: Vec<f64> = models.values().map(|model| model.labelled).collect();
        let differences = baseline.map(|baseline| {
            let pairs = models.iter().filter_map(|(seed, model)| {
                let other = baseline.get(seed)?;
                Some(model.accuracy - other.accuracy)
            });
            pairs.collect::<Vec<f64>>()
        });
        Point {
            arm: arm.map(str::to_owned),
            round,
            labelled: mean(&labelled),
            seeds: models.len(),
            accuracy: self.of_values(&accuracies),
            difference: differences.and_then(|differences| self.difference(&differences)),
        }
    }

    fn arms(&self) -> Vec<ArmEvidence> {
        let arms = (0..self.curves.len()).filter(|&arm| !self.curves[arm].is_empty());
        let mut arms: Vec<ArmEvidence> = arms.map(|arm| self.arm(arm)).collect();
        Difference::correct(arms.iter_mut().filter_map(|arm| arm.difference.as_mut()));
        Difference::correct(
            arms.iter_mut()
                .filter_map(|arm| arm.area_difference.as_mut()),
        );
        for arm in &mut arms {
            arm.verdict = match &arm.difference {
                Some(difference) => Verdict::of(difference),
                None if self.is_baseline(&arm.arm) => Verdict::Baseline,
                None => Verdict::NothingToCompare,
            };
        }
        arms
    }

    fn is_baseline(&self, arm: &str) -> bool {
        self.baseline.is_some() && arm == self.question.baseline
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
        let pairs = Pairs::of(&self.curves, arm, self.baseline);
        let differences = |value: &dyn Fn(&Curve) -> f64| {
            let pairs = pairs.as_ref()?;
            let each = pairs.arm.iter().zip(&pairs.baseline);
            let each: Vec<f64> = each.map(|(arm, other)| value(arm) - value(other)).collect();
            self.difference(&each)
        };
        ArmEvidence {
            arm: self.experiment.arms[arm].name.clone(),
            labelled: mean_curve(&curves, &all(curves.len())).end().0,
            accuracy: self.of_values(&ends),
            gain: self.of_values(&gains),
            factor: pairs.as_ref().and_then(|pairs| self.factor(pairs)),
            difference: pairs
                .as_ref()
                .and_then(|pairs| self.difference(&pairs.last_differences())),
            compared_at: pairs.as_ref().map(Pairs::compared_at),
            is_cut: pairs.as_ref().is_some_and(Pairs::is_cut),
            area: (from < to).then(|| self.of_values(&areas)),
            area_difference: (from < to)
                .then(|| differences(&|curve| curve.area(from, to)))
                .flatten(),
            labels_to_target: self.target.and_then(to_target),
            saved: pairs.as_ref().and_then(|pairs| self.saved(pairs)),
            verdict: Verdict::NothingToCompare,
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
            (gain(&baseline) > 0.0).then(|| gain(&arm) / gain(&baseline))
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

/// The curves of an arm and of the baseline, of the seeds that both have.
struct Pairs<'a> {
    arm: Vec<&'a Curve>,
    baseline: Vec<&'a Curve>,
}

impl<'a> Pairs<'a> {
    /// `None` for the baseline itself, and where no seed has both.
    fn of(curves: &'a [BTreeMap<u64, Curve>], arm: usize, baseline: Option<usize>) -> Option<Self> {
        let baseline = baseline.filter(|&baseline| baseline != arm)?;
        let pairs = curves[arm].iter().filter_map(|(seed, curve)| {
            let other = curves[baseline].get(seed)?;
            Some((curve, other))
        });
        let (arm, baseline): (Vec<_>, Vec<_>) = pairs.unzip();
        (!arm.is_empty()).then_some(Self { arm, baseline })
    }

    /// Both curves of each seed as far as both go.
    fn shared(&self) -> impl Iterator<Item = (Curve, Curve)> {
        let pairs = self.arm.iter().zip(&self.baseline);
        pairs.map(|(arm, baseline)| (arm.up_to(baseline), baseline.up_to(arm)))
    }

    /// The difference at the last round that both did, for each seed.
    fn last_differences(&self) -> Vec<f64> {
        let shared = self.shared();
        let differences = shared.map(|(arm, baseline)| arm.end().1 - baseline.end().1);
        differences.collect()
    }

    /// The arm's labelled texts at the last round that both did, the mean over the seeds.
    fn compared_at(&self) -> f64 {
        mean(
            &self
                .shared()
                .map(|(arm, _)| arm.end().0)
                .collect::<Vec<_>>(),
        )
    }

    /// Whether one of both goes on after the other's end.
    fn is_cut(&self) -> bool {
        let mut pairs = self.arm.iter().zip(&self.baseline);
        pairs.any(|(arm, baseline)| arm.points().len() != baseline.points().len())
    }

    /// The mean curves of some seeds.
    fn means(&self, seeds: &[usize]) -> (Curve, Curve) {
        (
            mean_curve(&self.arm, seeds),
            mean_curve(&self.baseline, seeds),
        )
    }
}

fn mean_curve(curves: &[&Curve], seeds: &[usize]) -> Curve {
    Curve::mean(seeds.iter().map(|&seed| curves[seed]))
}

fn all(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn gain(curve: &Curve) -> f64 {
    curve.end().1 - curve.start().1
}
