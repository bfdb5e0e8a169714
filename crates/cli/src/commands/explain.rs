//! `goldpan explain`

use std::collections::BTreeSet;

use goldpan_report::{Explanation, Opinion, Round, Told, Verdict, explain};

use super::runs::{folder, or_unfinished, restore, warn_unfinished};
use crate::args::ExplainArgs;
use crate::error::Error;
use crate::output::{count, grouped, line_of, print};

/// Characters of the text, of a key and of a rule that are shown.
const TEXT: usize = 2000;

/// Tells what a run did with a text.
pub fn run(args: &ExplainArgs) -> Result<(), Error> {
    let folder = folder(&args.store, &args.run)?;
    restore(&args.store, &args.run);
    let explanation = explain(&folder, &args.id, args.key)
        .map_err(|error| or_unfinished(&folder, &args.run, error))?;
    warn_unfinished(&folder, &args.run);
    let asked = |told: &&Told| {
        let arm = args.arm.as_ref();
        arm.is_none_or(|arm| arm == arm_of(&told.round))
            && args.seed.is_none_or(|seed| seed == told.round.seed)
    };
    let told: Vec<&Told> = explanation.rounds.iter().filter(asked).collect();
    if told.is_empty() {
        return Err(no_round(&args.run, &explanation));
    }
    print(&rendered(&explanation, &told))
}

fn no_round(run: &str, explanation: &Explanation) -> Error {
    let rounds = || explanation.rounds.iter().map(|told| &told.round);
    let seeds: BTreeSet<u64> = rounds().map(|round| round.seed).collect();
    let arms: BTreeSet<&str> = rounds().map(arm_of).collect();
    Error::NoRound {
        run: run.to_owned(),
        arms: arms.into_iter().map(str::to_owned).collect(),
        seeds: seeds.iter().map(u64::to_string).collect(),
    }
}

fn arm_of(round: &Round) -> &str {
    round.arm.as_deref().unwrap_or("start")
}

/// The text, the rules by which it might have been picked, and a paragraph for each round.
fn rendered(explanation: &Explanation, told: &[&Told]) -> String {
    let mut lines = vec![format!("text    {}", explanation.id)];
    if let Some(key) = &explanation.key {
        lines.push(format!("key     {}", line_of(key, TEXT)));
    }
    let label = explanation.label.as_deref().unwrap_or("none");
    lines.push(format!("label   {}", line_of(label, TEXT)));
    lines.push(format!("        {}", line_of(&explanation.text, TEXT)));
    lines.push(String::new());
    let mut rules: Vec<String> = Vec::new();
    for told in told {
        let rule = line_of(&told.round.rule.to_string(), TEXT);
        let rule = format!("rule of {}: {rule}", arm_of(&told.round));
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    lines.extend(rules);
    for told in told {
        let Round { seed, round, .. } = told.round;
        let place = match &told.round.arm {
            Some(arm) => format!("seed {seed}, {arm}, round {round}"),
            None => format!("seed {seed}, start"),
        };
        lines.push(format!("\n{place}: {}", verdict(&told.verdict)));
        lines.extend(reasons(told).iter().map(|reason| format!("  {reason}")));
    }
    lines.join("\n") + "\n"
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::NotDone => "not picked from yet".to_owned(),
        Verdict::Stopped { why } => format!("not done, the arm stopped {}", line_of(why, TEXT)),
        Verdict::Labelled { since: 0 } => "labelled since the start".to_owned(),
        Verdict::Labelled { since } => format!("labelled since round {since}"),
        Verdict::Picked { rank, of, .. } => {
            let of = count(*of as u64, "pick");
            format!(
                "picked, rank {} (from 0) of {of}",
                grouped(u64::from(*rank))
            )
        }
        Verdict::Excluded => {
            "left out of the pool, as validation or test have it too (exclude_shared)".to_owned()
        }
        Verdict::PassedOver { .. } => "not picked".to_owned(),
    }
}

/// What led to the verdict, as far as it is known.
fn reasons(told: &Told) -> Vec<String> {
    let near = |what: &str, near: Option<(u64, f32)>| {
        near.map(|(id, distance)| format!("{what}: {id}, {distance:.4} away"))
    };
    let mut reasons = Vec::new();
    match &told.verdict {
        Verdict::NotDone
        | Verdict::Stopped { .. }
        | Verdict::Labelled { .. }
        | Verdict::Excluded => {}
        Verdict::Picked {
            score,
            objectives,
            nearest,
            ..
        } => {
            let score = score.iter().map(|score| format!("score {score:.4}"));
            let objectives = objectives.iter();
            let objectives =
                objectives.map(|(name, value)| format!("{} {value:.4}", line_of(name, TEXT)));
            let line: Vec<String> = score.chain(objectives).collect();
            reasons.extend((!line.is_empty()).then(|| line.join(", ")));
            reasons.extend(near("nearest labelled text", nearest.labelled));
            reasons.extend(near("nearest earlier pick", nearest.earlier));
        }
        Verdict::PassedOver {
            last_score,
            nearest_labelled,
            nearest_pick,
        } => {
            reasons
                .extend(last_score.map(|score| format!("the last pick has the score {score:.4}")));
            reasons.extend(near("nearest labelled text", *nearest_labelled));
            reasons.extend(near("nearest pick of the round", *nearest_pick));
        }
    }
    reasons.extend(told.opinion.as_ref().map(opinion));
    reasons
}

fn opinion(opinion: &Opinion) -> String {
    let classes = opinion.probabilities.iter();
    let classes: Vec<String> = classes
        .map(|(class, probability)| format!("{} {probability:.4}", line_of(class, TEXT)))
        .collect();
    format!(
        "the model before: {}; margin {:.4}; it was less sure of {} of {} without a label",
        classes.join(", "),
        opinion.margin,
        grouped(opinion.less_sure as u64),
        count(opinion.free as u64, "text"),
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use goldpan_artifact::Nearest;
    use serde_json::json;

    use super::*;

    fn told(arm: Option<&str>, round: u32, verdict: Verdict, opinion: Option<Opinion>) -> Told {
        let rule = match arm {
            Some(_) => json!({ "uncertainty": { "score": "margin" } }),
            None => json!({ "random": {} }),
        };
        Told {
            round: Round {
                arm: arm.map(str::to_owned),
                seed: 0,
                round,
                stopped: None,
                rule,
                selection: PathBuf::new(),
                predictions: None,
            },
            verdict,
            opinion,
        }
    }

    #[test]
    fn every_verdict_is_told_with_its_reasons() {
        let opinion = Opinion {
            probabilities: vec![("yes".to_owned(), 0.62), ("no".to_owned(), 0.38)],
            margin: 0.24,
            less_sure: 1_017,
            free: 4_000,
        };
        let passed_over = Verdict::PassedOver {
            last_score: Some(0.0),
            nearest_labelled: None,
            nearest_pick: Some((8, 0.5)),
        };
        let picked = Verdict::Picked {
            rank: 3,
            of: 50,
            score: Some(0.76),
            objectives: vec![("margin".to_owned(), 0.24)],
            nearest: Nearest {
                labelled: Some((12, 0.42)),
                earlier: None,
            },
        };
        let why = "after round 3 (kappa: 0.9921 is at least 0.99)".to_owned();
        let stopped = Verdict::Stopped { why };
        let rounds = vec![
            told(None, 0, passed_over, None),
            told(Some("margin"), 1, picked, Some(opinion)),
            told(Some("margin"), 2, Verdict::Labelled { since: 1 }, None),
            told(Some("margin"), 3, Verdict::NotDone, None),
            told(Some("margin"), 4, stopped, None),
        ];
        let explanation = Explanation {
            id: 17,
            key: Some("a-17".to_owned()),
            text: "a \u{1b}[31mtext\nof two lines".to_owned(),
            label: Some("yes".to_owned()),
            rounds,
        };
        let told: Vec<&Told> = explanation.rounds.iter().collect();
        insta::assert_snapshot!(rendered(&explanation, &told));
    }
}
