//! What has to be known of the numbers before they are believed, in sentences.

use crate::evidence::Evidence;
use crate::experiment::{Experiment, Models};
use crate::headline::{count, list};
use crate::moments::mean;
use crate::trained::Trained;
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// Models of an arm that all answer one class to every validation text.
#[derive(Clone, Debug, PartialEq)]
pub struct OneAnswer {
    /// The arm; `None` for the start.
    pub arm: Option<String>,
    /// The class.
    pub class: String,
    /// How many models there are.
    pub models: usize,
    /// What they are measured with, the mean.
    pub value: f64,
}

/// The arms, the start first, whose every model answers the same one class.
pub(crate) fn one_answers(experiment: &Experiment) -> Vec<OneAnswer> {
    let start = (None, vec![&experiment.start]);
    let arms = experiment.arms.iter();
    let arms = arms.map(|arm| (Some(&arm.name), arm.rounds.values().collect()));
    let of = |(arm, rounds): (Option<&String>, Vec<&Models>)| {
        let models = || rounds.iter().flat_map(|models| models.values());
        let class = models().next()?.only.as_ref()?;
        let values: Vec<f64> = models().map(|model| model.accuracy).collect();
        let all = models().all(|model| model.only.as_ref() == Some(class));
        all.then(|| OneAnswer {
            arm: arm.cloned(),
            class: class.clone(),
            models: values.len(),
            value: mean(&values),
        })
    };
    [start].into_iter().chain(arms).filter_map(of).collect()
}

/// What was trained, where it was chosen, and of how many models: most first.
pub(crate) fn chosen(rows: &[Trained]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for chosen in rows.iter().filter_map(|row| row.chosen.as_deref()) {
        *counts.entry(chosen).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts
        .into_iter()
        .map(|(chosen, count)| (chosen.to_owned(), count))
        .collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

impl Evidence {
    /// What has to be known of the numbers: models that answer one class only, arms with other numbers of
    /// labels, and seeds without effect. A sentence each, none where there is nothing to say.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.answers();
        if !self.chosen.is_empty() {
            let of = |(chosen, models): &(String, usize)| format!("{chosen} ({models})");
            let all: Vec<String> = self.chosen.iter().map(of).collect();
            notes.push(format!(
                "What was trained was chosen for each model by labelled texts that were held out: {}.",
                all.join(", ")
            ));
        }
        notes.extend(self.arms.iter().filter_map(|arm| {
            let baseline = self.baseline.as_deref()?;
            let Verdict::UnequalLabels { labelled, baseline: other } = arm.verdict else {
                return None;
            };
            Some(format!(
                "{} ended with {} labels and {baseline} with {}, and they never had the same number after \
                 the start: they are not compared.",
                arm.arm,
                count(labelled),
                count(other),
            ))
        }));
        notes.extend(self.repeats.iter().map(|repeat| {
            let seeds: Vec<String> = [repeat.seed].iter().chain(&repeat.again).map(u64::to_string).collect();
            let seeds = seeds.iter().map(String::as_str).collect();
            format!(
                "{}: the seeds {} gave the same models, so the seed had no effect there and they count \
                 once in comparisons.",
                repeat.arm,
                list(seeds, usize::MAX).unwrap_or_default()
            )
        }));
        notes
    }

    /// Models that answer one class to everything.
    fn answers(&self) -> Vec<String> {
        let metric = &self.metric;
        let told = |who: String, class: &str, value: f64| {
            let value = format!("{value:.4}");
            let value = value.trim_end_matches('0').trim_end_matches('.');
            format!(
                "{who} answers one class, {class}, to all validation texts: {metric} is that of always \
                 answering {class} ({value})."
            )
        };
        let of_arms = || self.one_answers.iter().filter(|one| one.arm.is_some());
        let Some(first) = self.one_answers.first() else {
            return Vec::new();
        };
        let everywhere = of_arms().count() == self.arm_count
            && self.one_answers.iter().all(|one| one.class == first.class)
            && self.arm_count > 0;
        if everywhere {
            let models: usize = self.one_answers.iter().map(|one| one.models).sum();
            let sum: f64 = self
                .one_answers
                .iter()
                .map(|one| one.value * one.models as f64)
                .sum();
            let who = match self.one_answers.len() > self.arm_count {
                true => "Every model",
                false => "Every model of every arm",
            };
            return vec![told(who.to_owned(), &first.class, sum / models as f64)];
        }
        let of = |one: &OneAnswer| {
            let arm = one.arm.as_deref().unwrap_or("the start");
            told(format!("Every model of {arm}"), &one.class, one.value)
        };
        self.one_answers.iter().map(of).collect()
    }
}
