//! What an experiment shows, arm by arm.

use crate::bootstrap::Interval;
use crate::difference::Difference;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::notes::{OneAnswer, chosen, one_answers};
use crate::repeats::{Repeat, repeats};
use crate::trained::{Measure, Metric, Question, Trained};
use crate::verdict::Verdict;
use crate::weighing::Weighing;

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
    /// The accuracy against the baseline's with as many labels, by the seeds that both have. `None` where
    /// in some seed the baseline was not measured with as many.
    pub difference: Option<Difference>,
    /// Labelled texts of the baseline after this round, the mean over the seeds, where they are others and
    /// there is no difference for it.
    pub baseline_labelled: Option<f64>,
}

/// Labels that an arm saves against the baseline: the difference of what both need to be, from then on,
/// at the highest accuracy that both end with or above. Each is read off its own mean learning curve,
/// straight between the rounds that were measured; below zero the arm needs more.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The highest mean accuracy that both end with or above.
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
    /// The accuracy against the baseline's, with the most labels that both were measured with in each
    /// seed: at the end, where neither was stopped before the other and both labelled as many.
    pub difference: Option<Difference>,
    /// Labelled texts where the difference is taken, the mean over its seeds.
    pub compared_at: Option<f64>,
    /// Whether the difference is taken before the end of one of both, in any seed.
    pub is_cut: bool,
    /// Whether that is because both had different numbers of labels later.
    pub labels_part: bool,
    /// Whether its mean accuracy at the end is below the baseline's.
    pub ends_below: bool,
    /// The mean accuracy below the learning curve, over the labels that all arms and seeds went
    /// through; `None` where there are none.
    pub area: Option<Estimate>,
    /// The area against the baseline's, where both were measured with the same numbers of labels.
    pub area_difference: Option<Difference>,
    /// Labels from which the mean learning curve stays at the target or above; infinite where it does not.
    pub labels_to_target: Option<Estimate>,
    /// Labels saved against the baseline; `None` where the arm ends below it and is not shown to be better.
    pub saved: Option<Saved>,
    /// What is shown at the end.
    pub verdict: Verdict,
}

/// What an experiment shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Which models and texts were compared.
    pub measure: Measure,
    /// What they were compared by. Wherever these types speak of accuracy, it is this.
    pub metric: Metric,
    /// The arm that others are to be compared with.
    pub asked: Option<String>,
    /// The same, where the experiment has it.
    pub baseline: Option<String>,
    /// The accuracy that labels are counted to.
    pub target: Option<f64>,
    /// The start, then round by round the arms in the order of the rows.
    pub points: Vec<Point>,
    /// The arms in the order of the rows, but those without a seed whose every round is there.
    pub arms: Vec<ArmEvidence>,
    /// How many arms there are rows of.
    pub arm_count: usize,
    /// The arms, and the start, whose every model answers one class only.
    pub one_answers: Vec<OneAnswer>,
    /// What was trained, where that was chosen for each model, and how many models each is of, most first.
    pub chosen: Vec<(String, usize)>,
    /// Seeds that gave the same models as others.
    pub repeats: Vec<Repeat>,
}

impl Evidence {
    /// Weighs the rows of an experiment, in any order. Rows that lack the measure are left out.
    ///
    /// # Errors
    ///
    /// When two rows tell of the same model, or an accuracy is not in [0, 1].
    pub fn of(rows: &[Trained], question: &Question) -> Result<Self, Error> {
        let experiment = Experiment::of(rows, question)?;
        let weighing = Weighing::new(&experiment, question);
        Ok(Self {
            measure: question.measure,
            metric: question.metric.clone(),
            asked: question.baseline.clone(),
            baseline: weighing.baseline_name().map(str::to_owned),
            target: weighing.target(),
            points: weighing.points(),
            arms: weighing.arms(),
            arm_count: experiment.arms.len(),
            one_answers: one_answers(&experiment),
            chosen: chosen(rows),
            repeats: experiment.arms.iter().flat_map(repeats).collect(),
        })
    }
}
