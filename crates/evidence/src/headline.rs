//! The verdict in sentences.

use std::fmt::Write;

use crate::difference::Difference;
use crate::evidence::{ArmEvidence, Evidence, Saved};
use crate::verdict::Verdict;

/// More seeds than this are not counted out.
const MANY: f64 = 1000.0;

/// More arms than this are not named one by one.
const NAMED: usize = 5;

impl Evidence {
    /// What the experiment shows, in one or a few sentences.
    pub fn headline(&self) -> String {
        let Some(baseline) = &self.baseline else {
            return match &self.asked {
                _ if self.arms.is_empty() => "No arm did its rounds, so nothing is compared.".to_owned(),
                Some(asked) => format!("There is no result of {asked}, so nothing is compared."),
                None => "No arm picks at random and none is named in loop.report.baseline, so nothing is \
                          compared."
                    .to_owned(),
            };
        };
        let named = |wanted: &dyn Fn(&ArmEvidence) -> bool| {
            let arms = self.arms.iter().filter(|arm| wanted(arm));
            list(arms.map(|arm| arm.arm.as_str()).collect(), NAMED)
        };
        let of = |wanted: fn(&Verdict) -> bool| named(&|arm| wanted(&arm.verdict));
        let no_spread = |zero: bool| {
            named(&|arm| {
                let difference = arm.difference.as_ref();
                arm.verdict == Verdict::NoSpread
                    && difference.is_some_and(|difference| difference.is_zero() == zero)
            })
        };
        let told = [
            (
                of(|verdict| *verdict == Verdict::Better),
                format!("beat {baseline}"),
            ),
            (
                of(|verdict| *verdict == Verdict::Worse),
                format!("fell behind {baseline}"),
            ),
            (
                of(|verdict| matches!(verdict, Verdict::NotShown { .. })),
                format!("showed no difference from {baseline}"),
            ),
            (
                no_spread(true),
                format!("did as well as {baseline} in every seed, to the same number"),
            ),
            (
                no_spread(false),
                format!(
                    "differed from {baseline} by the same in every seed, which no test can judge"
                ),
            ),
            (
                of(|verdict| *verdict == Verdict::OneSeed),
                format!("cannot be told from {baseline}: one seed has no interval"),
            ),
        ];
        let mut parts: Vec<String> = told
            .into_iter()
            .filter_map(|(arms, said)| Some(format!("{} {said}", arms?)))
            .collect();
        let is_compared = !parts.is_empty();
        let unequal = of(|verdict| matches!(verdict, Verdict::UnequalLabels { .. }));
        parts.extend(unequal.map(|arms| {
            format!("{arms} cannot be compared with {baseline}: the numbers of labels differ")
        }));
        match (parts.is_empty(), is_compared) {
            (true, _) => format!("There is no arm to compare with {baseline}."),
            (false, true) => format!("{}, {}.", self.place(), parts.join("; ")),
            (false, false) => format!("{}.", parts.join("; ")),
        }
    }

    /// Where arms are compared.
    fn place(&self) -> &'static str {
        let compared = || self.arms.iter().filter(|arm| arm.difference.is_some());
        match compared().any(|arm| arm.is_cut) {
            true if compared().any(|arm| arm.is_cut && arm.labels_part) => {
                "With the most labels that both had"
            }
            true => "At the last round that both did",
            false => "At the end",
        }
    }

    /// What is shown of an arm, with its numbers.
    pub fn sentence(&self, arm: &ArmEvidence) -> String {
        let baseline = self.baseline.as_deref().unwrap_or("the baseline");
        let labels = count(arm.compared_at.unwrap_or(arm.labelled));
        let numbers = arm.difference.as_ref().map(numbers).unwrap_or_default();
        match &arm.verdict {
            Verdict::Baseline => "what the others are compared with".to_owned(),
            Verdict::NothingToCompare if self.baseline.is_none() => {
                "compared with nothing".to_owned()
            }
            Verdict::NothingToCompare => format!("no seed to compare with {baseline}"),
            Verdict::UnequalLabels {
                labelled,
                baseline: other,
            } => format!(
                "not compared: it has {} labels at the end and {baseline} has {}",
                count(*labelled),
                count(*other)
            ),
            Verdict::OneSeed => format!("one seed: no interval ({numbers})"),
            Verdict::NoSpread => {
                let zero = arm.difference.as_ref().is_some_and(Difference::is_zero);
                let told = match zero {
                    true => format!("the same as {baseline} in every seed"),
                    false => format!("the same difference from {baseline} in every seed"),
                };
                format!(
                    "{told} with {labels} labels ({numbers}): without a spread there is no test"
                )
            }
            Verdict::Better => {
                let saved = arm.saved.as_ref().and_then(saves).unwrap_or_default();
                format!("better than {baseline} with {labels} labels ({numbers}){saved}")
            }
            Verdict::Worse => format!("worse than {baseline} with {labels} labels ({numbers})"),
            Verdict::NotShown { more_seeds } => {
                let more = more_seeds.map(more).unwrap_or_default();
                format!("no difference shown with {labels} labels ({numbers}){more}")
            }
        }
    }
}

/// `, which saves about 50 labels at 0.6000`; `None` where it saves none.
fn saves(saved: &Saved) -> Option<String> {
    let labels = saved.labels.value;
    let (labels_, accuracy) = (count(labels), saved.accuracy);
    (labels >= 0.5).then(|| format!(", which saves about {labels_} labels at {accuracy:.4}"))
}

/// `+1.44 points, 95% interval -0.10 to +2.98, p = 0.061`
fn numbers(difference: &Difference) -> String {
    let mut text = format!("{:+.2} points", 100.0 * difference.mean);
    if let Some(interval) = difference.interval {
        let (low, high) = (100.0 * interval.low, 100.0 * interval.high);
        // Writing to a string cannot fail.
        let _ = write!(text, ", 95% interval {low:+.2} to {high:+.2}");
    }
    match difference.corrected_p {
        Some(p) if p < 0.001 => text += ", p < 0.001",
        Some(p) => {
            let _ = write!(text, ", p = {p:.3}");
        }
        None => {}
    }
    text
}

fn more(seeds: f64) -> String {
    let seeds = match seeds > MANY {
        true => format!("more than {MANY} more seeds"),
        false => format!("about {seeds} more seeds"),
    };
    format!("; {seeds} would show a difference of this size")
}

/// `a`, `a and b`, `a, b and c`, `9 arms` of more than `most`; `None` of nothing.
pub(crate) fn list(names: Vec<&str>, most: usize) -> Option<String> {
    match names.as_slice() {
        [] => None,
        many if many.len() > most => Some(format!("{} arms", many.len())),
        [name] => Some((*name).to_owned()),
        [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
    }
}

/// A whole number with its thousands apart.
pub(crate) fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
