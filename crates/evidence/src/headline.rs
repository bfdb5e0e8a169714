//! The verdict in sentences.

use std::fmt::Write;

use crate::{ArmEvidence, Difference, Evidence, Verdict};

/// More seeds than this are not counted out.
const MANY: f64 = 1000.0;

/// More arms than this are not named one by one.
const NAMED: usize = 5;

impl Evidence {
    /// What the experiment shows, in one or a few sentences.
    pub fn headline(&self) -> String {
        let Some(baseline) = &self.baseline else {
            return match self.arms.is_empty() {
                true => "No arm did its rounds, so nothing is compared.".to_owned(),
                false => "There is no arm called random, so nothing is compared.".to_owned(),
            };
        };
        let named = |wanted: fn(&Verdict) -> bool| {
            let arms = self.arms.iter().filter(|arm| wanted(&arm.verdict));
            list(arms.map(|arm| arm.arm.as_str()).collect())
        };
        let told = [
            (
                named(|verdict| *verdict == Verdict::Better),
                format!("beat {baseline}"),
            ),
            (
                named(|verdict| *verdict == Verdict::Worse),
                format!("fell behind {baseline}"),
            ),
            (
                named(|verdict| matches!(verdict, Verdict::NotShown { .. })),
                format!("showed no difference from {baseline}"),
            ),
            (
                named(|verdict| *verdict == Verdict::OneSeed),
                format!("cannot be told from {baseline}: one seed has no interval"),
            ),
        ];
        let parts: Vec<String> = told
            .into_iter()
            .filter_map(|(arms, said)| Some(format!("{} {said}", arms?)))
            .collect();
        match parts.is_empty() {
            true => format!("There is no arm to compare with {baseline}."),
            false => format!("{}, {}.", self.place(), parts.join("; ")),
        }
    }

    /// Where arms are compared.
    fn place(&self) -> &'static str {
        match self.arms.iter().any(|arm| arm.is_cut) {
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
            Verdict::NothingToCompare => format!("no seed to compare with {baseline}"),
            Verdict::OneSeed => format!("one seed: no interval ({numbers})"),
            Verdict::Better => {
                let saved = arm.saved.as_ref().map(|saved| count(saved.labels.value));
                let saved = saved.map(|saved| format!(", which saves about {saved} labels"));
                let saved = saved.unwrap_or_default();
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
        None if difference.seeds > 1 => text += ", the same for every seed",
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

/// `a`, `a and b`, `a, b and c`, `9 arms`; `None` of nothing.
fn list(names: Vec<&str>) -> Option<String> {
    match names.as_slice() {
        [] => None,
        many if many.len() > NAMED => Some(format!("{} arms", many.len())),
        [name] => Some((*name).to_owned()),
        [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
    }
}

/// A whole number with its thousands apart.
fn count(number: f64) -> String {
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
