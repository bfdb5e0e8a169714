//! What a file shows about its comparison before anything is done.

use goldpan_select::{Budget, Rule};

use crate::spec::settings::{Arm, Loop, Pipeline};

impl Pipeline {
    /// What is allowed, but will not compare what it seems to: a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let Some(experiment) = &self.experiment else {
            return Vec::new();
        };
        let none = none_to_compare_with(experiment);
        none.into_iter().chain(unequal(experiment)).collect()
    }
}

/// Arms, and nothing that they are compared with.
fn none_to_compare_with(experiment: &Loop) -> Option<String> {
    let many = experiment.arms.len() > 1 && experiment.report.baseline.is_none();
    many.then(|| {
        let random = experiment.arms.iter().find(|arm| arm.name.as_str() == "random");
        let but = random.map_or(String::new(), |arm| {
            format!(" (the arm random picks by: {})", arm.strategy)
        });
        format!(
            "no arm picks at random from the whole pool{but}, so no arm is compared with another: name one \
             in loop.report.baseline"
        )
    })
}

/// Rounds in which arms get different numbers of labels.
fn unequal(experiment: &Loop) -> Option<String> {
    let arms = &experiment.arms;
    let (round, why) = (1..).zip(&experiment.rounds).find_map(|(round, budget)| {
        let why = match budget {
            Budget::Count(_) => return None,
            Budget::Share(_) | Budget::Rest => {
                let (first, other) = other_texts(arms)?;
                let share = match budget {
                    Budget::Rest => "the rest",
                    _ => "a share",
                };
                format!("its budget is {share} of the texts that an arm may pick, and {first} and {other} may \
                         pick different ones")
            }
            Budget::Until(_) if arms.len() > 1 => {
                "its budget is as many as lie apart, which is another number for each arm".to_owned()
            }
            Budget::Until(_) => return None,
        };
        Some((round, why))
    })?;
    Some(format!(
        "arms may get different numbers of labels in round {round}: {why}. Where the numbers differ, arms are \
         not compared: give a number of texts to compare them"
    ))
}

/// Two arms that may pick from different texts.
fn other_texts(arms: &[Arm]) -> Option<(&str, &str)> {
    let before = |rule: &Rule| {
        let strategy = goldpan_select::Strategy::Random {};
        Rule {
            strategy,
            balance: None,
            ..rule.clone()
        }
    };
    let first = arms.first()?;
    let same = before(&first.strategy);
    let other = arms.iter().find(|arm| before(&arm.strategy) != same)?;
    Some((first.name.as_str(), other.name.as_str()))
}
