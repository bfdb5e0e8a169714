//! The rules that stop an arm.

use crate::spec::check::context::Context;
use crate::spec::options::{LoopOptions, StartOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::stop::StopRules;
use goldpan_select::Budget;

/// The numbers that a rule can have: whether one fits, and in words.
type Range = (fn(f64) -> bool, &'static str);

const SHARE: Range = (|value| value > 0.0 && value <= 1.0, "above 0, at most 1");
const NOT_NEGATIVE: Range = (|value| value >= 0.0, "a number of at least 0");
const POSITIVE: Range = (|value| value > 0.0, "a number above 0");

impl Context<'_> {
    /// The rules, none where there are none.
    pub(super) fn stop(&mut self, path: &KeyPath, options: &LoopOptions) -> Option<StopRules> {
        let Some(stop) = &options.stop else {
            return Some(StopRules::default());
        };
        let mut number = |key: &str, value: Option<f64>, (fits, expected): Range| match value {
            None => Some(None),
            Some(value) => self.number(&path.key(key), value, fits, expected).map(Some),
        };
        let gain_per_label = number("gain_per_label", stop.gain_per_label, NOT_NEGATIVE);
        let kappa = number("kappa", stop.kappa, SHARE);
        let distance = number("distance", stop.distance, POSITIVE);
        let metric = options.metric.clone().unwrap_or_default();
        let target = self.target(path, (stop.target, stop.target_accuracy), &metric);
        if stop.distance.is_some() && options.embeddings.is_none() {
            let kind = ProblemKind::RuleNeeds {
                rule: "distance",
                field: "embeddings",
                stage: "an `embed` stage",
            };
            self.wrong_key::<()>(&path.key("distance"), kind);
        }
        let labels = match stop.labels {
            None => Some(None),
            Some(labels) => self.budget_of_labels(&path.key("labels"), labels, options),
        };
        let rules = StopRules {
            target: target?,
            gain_per_label: gain_per_label?,
            kappa: kappa?,
            distance: distance?,
            labels: labels?,
        };
        if rules.is_empty() {
            let expected = "give a rule, such as `target: 0.9`";
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        Some(rules)
    }

    /// A number of labels that leaves something beyond the start, as far as its size is known.
    fn budget_of_labels(
        &mut self,
        path: &KeyPath,
        budget: u64,
        options: &LoopOptions,
    ) -> Option<Option<u64>> {
        self.count(path, budget)?;
        let start = match &options.start {
            StartOptions::Random(count) => usize::try_from(*count).ok(),
            StartOptions::Select(select) => match select.count {
                Budget::Count(count) => Some(count),
                Budget::Share(_) | Budget::Until(_) | Budget::Rest => None,
            },
        };
        match start {
            Some(start) if start as u64 >= budget => {
                self.wrong(path, ProblemKind::BudgetOfStart { start, budget })
            }
            _ => Some(Some(budget)),
        }
    }
}
