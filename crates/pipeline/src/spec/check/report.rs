//! What the arms are compared by, and with which arm, and what the report tells of it.

use goldpan_evidence::Metric;
use goldpan_report::Price;
use goldpan_select::{Rule, Strategy};

use crate::spec::check::context::Context;
use crate::spec::named::Named;
use crate::spec::options::{LoopOptions, ReportOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::{Invalid, Problem, ProblemKind};
use crate::spec::settings::{Name, ReportSettings};
use crate::spec::source::{Place, Side};

/// Where the file names a class.
#[derive(Clone, Debug)]
pub(crate) struct ClassPlace {
    path: KeyPath,
    place: Place,
}

/// Pipelines are compared by what they say, not by where they say it.
impl PartialEq for ClassPlace {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl ClassPlace {
    /// What is wrong where the texts do not have the class.
    pub(crate) fn unknown(&self, found: &str, known: &[String]) -> Invalid {
        let kind = ProblemKind::UnknownClass {
            found: found.to_owned(),
            known: known.to_vec(),
        };
        let problem = Problem::new(self.path.clone(), self.place.clone(), kind);
        Invalid::new(vec![problem])
    }
}

impl<'a> Context<'a> {
    /// The place of the metric's class, if it has one. A class that the texts are known not to have is
    /// refused.
    pub(super) fn metric_class(
        &mut self,
        path: &KeyPath,
        metric: &Metric,
        options: &LoopOptions,
    ) -> Option<Option<ClassPlace>> {
        let Metric::F1(class) = metric else {
            return Some(None);
        };
        let path = path.key("f1");
        for texts in [&options.validation, &options.pool] {
            if let Some(known) = self.known_classes(texts)
                && !known.contains(class)
            {
                let found = class.clone();
                return self.wrong(&path, ProblemKind::UnknownClass { found, known });
            }
        }
        let place = self.source().place(&path, Side::Value);
        Some(Some(ClassPlace { path, place }))
    }

    /// A target: `target` in the loop's metric, or `target_accuracy` where that is accuracy. `path` leads
    /// to what holds them.
    pub(super) fn target(
        &mut self,
        path: &KeyPath,
        (target, accuracy): (Option<f64>, Option<f64>),
        metric: &Metric,
    ) -> Option<Option<f64>> {
        let field = "target_accuracy";
        let (path, value) = match (target, accuracy) {
            (None, None) => return Some(None),
            (Some(_), Some(_)) => {
                let (first, second) = ("target", field);
                return self.wrong_key(&path.key(second), ProblemKind::Conflict { first, second });
            }
            (None, Some(_)) if *metric != Metric::Accuracy => {
                let metric = metric.to_string();
                let kind = ProblemKind::OtherMetric { field, metric };
                return self.wrong_key(&path.key(field), kind);
            }
            (Some(target), None) => (path.key("target"), target),
            (None, Some(accuracy)) => (path.key(field), accuracy),
        };
        let fits = |value: f64| value > 0.0 && value <= 1.0;
        self.number(&path, value, fits, "above 0, at most 1")
            .map(Some)
    }

    /// What the report tells; `path` leads to the loop.
    pub(super) fn report(
        &mut self,
        path: &KeyPath,
        options: &'a LoopOptions,
        metric: &Metric,
    ) -> Option<ReportSettings> {
        let arms = &options.arms;
        let standard = ReportOptions::default();
        let options = options.report.as_ref().unwrap_or(&standard);
        let report = &path.key("report");
        let baseline = self.arm_to_compare_with(path, arms, options.baseline.as_deref());
        let target = (options.target, options.target_accuracy);
        let target = self.target(report, target, metric);
        let price = options.label_price.map(|price| {
            let path = report.key("label_price");
            self.number(&path, price, |price| price > 0.0, "a number above 0")
        });
        if price.is_none() && options.currency.is_some() {
            let (field, without) = ("currency", "label_price");
            return self.wrong_key(&report.key(field), ProblemKind::NoEffect { field, without });
        }
        let price = match price {
            Some(price) => Some(Price {
                of_label: price?,
                currency: options.currency.clone().unwrap_or_default(),
            }),
            None => None,
        };
        Some(ReportSettings {
            baseline: baseline?,
            target: target?,
            price,
        })
    }

    /// The arm that is named, or else the only one that picks at random from the whole pool, whatever it is
    /// called.
    fn arm_to_compare_with(
        &mut self,
        path: &KeyPath,
        Named(arms): &Named<Rule>,
        named: Option<&str>,
    ) -> Option<Option<Name>> {
        if let Some(found) = named {
            if arms.iter().any(|(arm, _)| arm == found) {
                // A bad name was noted where the arm is.
                return Name::new(found).map(Some);
            }
            let known = arms.iter().map(|(arm, _)| arm.clone()).collect();
            let found = found.to_owned();
            let path = path.key("report").key("baseline");
            return self.wrong(&path, ProblemKind::UnknownArm { found, known });
        }
        let plain = Rule::from(Strategy::Random {});
        let random = arms.iter().filter(|(_, rule)| *rule == plain);
        let random: Vec<String> = random.map(|(arm, _)| arm.clone()).collect();
        match random.as_slice() {
            [] => Some(None),
            [arm] => Name::new(arm).map(Some),
            _ => self.wrong_key(&path.key("arms"), ProblemKind::RandomArms { arms: random }),
        }
    }
}
