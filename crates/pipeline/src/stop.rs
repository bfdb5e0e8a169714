//! When an arm of the loop is done before all rounds are: the rules, and what they look at.

use std::fmt;

use goldpan_evidence::Metric;
use goldpan_report::grouped;

/// Less than this is the rounding of shares and of their sums.
const ROUNDING: f64 = 1e-12;

/// The rules of `loop.stop`. An arm stops after the first round, the start included, after which any
/// of them holds. They are part of no result's key: a model stays usable when a rule changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StopRules {
    /// Stop where the loop's metric, accuracy if none is given, is at least this on the validation texts, in
    /// the best epoch.
    pub target: Option<f64>,
    /// Stop where the last round gained less of the metric than this for each of its labels.
    pub gain_per_label: Option<f64>,
    /// Stop where the last two models' predictions of the validation texts agree by at least this
    /// Cohen's kappa, as Bloodgood and Vijay-Shanker (2009, *A Method for Stopping Active Learning
    /// Based on Stabilizing Predictions*) do on a set of texts kept for it.
    pub kappa: Option<f64>,
    /// Stop where the last pick was nearer than this to a labelled text or an earlier pick.
    pub distance: Option<f64>,
    /// Stop before a round that would make more labels than this, those of the start counted.
    pub labels: Option<u64>,
}

/// What is known of an arm after a round. What is `None` stops nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// The loop's metric.
    pub metric: Metric,
    /// Its value on the validation texts.
    pub value: Option<f64>,
    /// Labelled texts.
    pub labelled: Option<u64>,
    /// The metric's value and labelled texts of the round before.
    pub before: Option<(f64, u64)>,
    /// The agreement with the model of the round before.
    pub kappa: Option<f64>,
    /// The distance of the last pick to the nearest labelled text or earlier pick.
    pub distance: Option<f64>,
    /// Labelled texts after the next round, as far as is known of it.
    pub next: Option<u64>,
}

/// A rule that holds, with the value it was compared with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// The value wanted is there.
    Target {
        /// What is measured.
        metric: Metric,
        /// Its value on the validation texts.
        value: f64,
        /// The rule.
        target: f64,
    },
    /// Labels bring too little.
    GainPerLabel {
        /// What was gained of the metric per label.
        gain: f64,
        /// The rule.
        least: f64,
    },
    /// Successive models say the same.
    Kappa {
        /// Their agreement.
        kappa: f64,
        /// The rule.
        most: f64,
    },
    /// The picks lie close to what is labelled.
    Distance {
        /// The last pick's distance.
        distance: f64,
        /// The rule.
        least: f64,
    },
    /// The labels are used up.
    Labels {
        /// How many there would be after the next round.
        next: u64,
        /// The rule.
        budget: u64,
    },
    /// The texts are used up. No rule asks for this stop.
    Texts {
        /// How many are left for the next round.
        left: u64,
        /// How many it asks for.
        asked: u64,
    },
}

/// An arm that a rule stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The arm; `None` where the start is enough for all of them.
    pub arm: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The last round done, 0 for the start.
    pub round: u32,
    /// The rules that hold, at least one.
    pub reasons: Vec<StopReason>,
}

impl StopRules {
    /// Whether there is any rule.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The rules that hold.
    pub(crate) fn holding(&self, measured: &Measured) -> Vec<StopReason> {
        let all = [
            target(self.target, measured),
            gain_per_label(self.gain_per_label, measured),
            kappa(self.kappa, measured.kappa),
            distance(self.distance, measured.distance),
            labels(self.labels, measured.next),
        ];
        all.into_iter().flatten().collect()
    }
}

/// A mean of F1 may be a rounding error below what it is.
fn target(rule: Option<f64>, measured: &Measured) -> Option<StopReason> {
    let (target, value) = (rule?, measured.value?);
    (value >= target - ROUNDING).then(|| StopReason::Target {
        metric: measured.metric.clone(),
        value,
        target,
    })
}

/// A round that labelled nothing has no gain per label.
fn gain_per_label(rule: Option<f64>, measured: &Measured) -> Option<StopReason> {
    let (least, (before, labelled)) = (rule?, measured.before?);
    let labels = measured
        .labelled?
        .checked_sub(labelled)
        .filter(|&n| n > 0)?;
    let gained = measured.value? - before;
    let gain = gained / labels as f64;
    (gained < least * labels as f64 - ROUNDING).then_some(StopReason::GainPerLabel { gain, least })
}

fn kappa(rule: Option<f64>, kappa: Option<f64>) -> Option<StopReason> {
    let (most, kappa) = (rule?, kappa?);
    (kappa >= most).then_some(StopReason::Kappa { kappa, most })
}

fn distance(rule: Option<f64>, distance: Option<f64>) -> Option<StopReason> {
    let (least, distance) = (rule?, distance?);
    (distance < least).then_some(StopReason::Distance { distance, least })
}

fn labels(rule: Option<u64>, next: Option<u64>) -> Option<StopReason> {
    let (budget, next) = (rule?, next?);
    (next > budget).then_some(StopReason::Labels { next, budget })
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target {
                metric,
                value,
                target,
            } => write!(f, "target: {metric} {value:.4} is at least {target}"),
            Self::GainPerLabel { gain, least } => {
                write!(f, "gain_per_label: {gain:.2e} is below {least:e}")
            }
            Self::Kappa { kappa, most } => write!(f, "kappa: {kappa:.4} is at least {most}"),
            Self::Distance { distance, least } => {
                write!(f, "distance: {distance:.4} is below {least}")
            }
            Self::Labels { next, budget } => {
                let (next, budget) = (grouped(*next), grouped(*budget));
                write!(f, "labels: {next} after the next round is above {budget}")
            }
            Self::Texts { left, asked } => {
                let (left, asked) = (grouped(*left), grouped(*asked));
                write!(f, "{left} of {asked} texts left")
            }
        }
    }
}

impl Stop {
    /// Whether the arm ended because nothing is left to pick, and not by a rule.
    pub fn ran_out(&self) -> bool {
        let texts = |reason: &StopReason| matches!(reason, StopReason::Texts { .. });
        self.reasons.iter().any(texts)
    }

    /// After which round, and why: `after round 2 (kappa: 0.9921 is at least 0.99)`.
    pub fn why(&self) -> String {
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        let place = match self.round {
            0 => "the start".to_owned(),
            round => format!("round {round}"),
        };
        match self.ran_out() {
            true => format!("after {place}: {}", reasons.join("; ")),
            false => format!("after {place} ({})", reasons.join("; ")),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arm = self.arm.as_deref().unwrap_or("every arm");
        let ended = if self.ran_out() { "ended" } else { "stopped" };
        write!(f, "seed {}: {arm} {ended} {}", self.seed, self.why())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> StopRules {
        StopRules {
            target: Some(0.9),
            gain_per_label: Some(1e-4),
            kappa: Some(0.99),
            distance: Some(0.1),
            labels: Some(2_000),
        }
    }

    /// A round that no rule of [`rules`] holds after, if only just.
    fn going_on() -> Measured {
        Measured {
            metric: Metric::Accuracy,
            value: Some(0.8999),
            labelled: Some(1_500),
            before: Some((0.8499, 1_000)),
            kappa: Some(0.9899),
            distance: Some(0.1),
            next: Some(2_000),
        }
    }

    #[test]
    fn each_rule_holds_from_its_value_on() {
        assert_eq!(rules().holding(&going_on()), []);
        let stopping = [
            Measured {
                value: Some(0.9),
                ..going_on()
            },
            Measured {
                metric: Metric::F1("spam".to_owned()),
                value: Some(0.9 - 1e-16),
                ..going_on()
            },
            Measured {
                before: Some((0.85, 1_000)),
                ..going_on()
            },
            Measured {
                kappa: Some(0.99),
                ..going_on()
            },
            Measured {
                distance: Some(0.0999),
                ..going_on()
            },
            Measured {
                next: Some(2_001),
                ..going_on()
            },
        ];
        let told: Vec<String> = stopping
            .iter()
            .flat_map(|measured| rules().holding(measured))
            .map(|reason| reason.to_string())
            .collect();
        assert_eq!(
            told,
            [
                "target: accuracy 0.9000 is at least 0.9",
                "target: F1 of spam 0.9000 is at least 0.9",
                "gain_per_label: 9.98e-5 is below 1e-4",
                "kappa: 0.9900 is at least 0.99",
                "distance: 0.0999 is below 0.1",
                "labels: 2,001 after the next round is above 2,000",
            ]
        );
    }

    /// 0.1 by 1,000 labels is 1e-4 each, though 0.3 - 0.2 is less than 0.1.
    #[test]
    fn a_gain_is_not_too_small_by_a_rounding_error() {
        let measured = Measured {
            value: Some(0.3),
            labelled: Some(1_500),
            before: Some((0.2, 500)),
            ..Measured::default()
        };
        let rules = StopRules {
            gain_per_label: Some(1e-4),
            ..StopRules::default()
        };
        assert_eq!(rules.holding(&measured), []);
    }

    #[test]
    fn what_is_not_known_or_not_asked_stops_nothing() {
        assert_eq!(rules().holding(&Measured::default()), []);
        let perfect = Measured {
            metric: Metric::Accuracy,
            value: Some(1.0),
            labelled: Some(10),
            before: Some((1.0, 5)),
            kappa: Some(1.0),
            distance: Some(0.0),
            next: Some(u64::MAX),
        };
        assert_eq!(StopRules::default().holding(&perfect), []);
        assert_eq!(rules().holding(&perfect).len(), 5);
        let nothing_labelled = Measured {
            labelled: Some(1_000),
            ..going_on()
        };
        assert_eq!(rules().holding(&nothing_labelled), []);
    }

    #[test]
    fn a_stop_tells_arm_round_and_every_reason() {
        let stop = |arm: Option<&str>, round| Stop {
            arm: arm.map(str::to_owned),
            seed: 3,
            round,
            reasons: vec![
                StopReason::Kappa {
                    kappa: 1.0,
                    most: 0.99,
                },
                StopReason::Distance {
                    distance: 0.05,
                    least: 0.1,
                },
            ],
        };
        assert_eq!(
            stop(Some("margin"), 2).to_string(),
            "seed 3: margin stopped after round 2 (kappa: 1.0000 is at least 0.99; distance: 0.0500 \
             is below 0.1)"
        );
        let out = Stop {
            reasons: vec![StopReason::Texts {
                left: 15,
                asked: 20,
            }],
            ..stop(Some("long"), 2)
        };
        assert_eq!(
            out.to_string(),
            "seed 3: long ended after round 2: 15 of 20 texts left"
        );
        assert!(
            stop(None, 0)
                .to_string()
                .starts_with("seed 3: every arm stopped after the start (")
        );
    }
}
