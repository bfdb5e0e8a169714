//! Choices of a training by their names.

use std::str::FromStr;

use clap::ValueEnum;
use goldpan_model::{ParseTargetError, Target, TuningKind};
use goldpan_train::{NewHeadStart, ScheduleKind, ValidationMetric};

/// What of the model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tune {
    Lora,
    Full,
    Head,
    Probe,
    Auto,
}

impl From<Tune> for TuningKind {
    fn from(tune: Tune) -> Self {
        match tune {
            Tune::Lora => Self::Lora,
            Tune::Full => Self::Full,
            Tune::Head => Self::Head,
            Tune::Probe => Self::Probe,
            Tune::Auto => Self::Auto,
        }
    }
}

/// How the learning rate goes on after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schedule {
    Linear,
    Cosine,
    Constant,
}

impl From<Schedule> for ScheduleKind {
    fn from(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Linear => Self::Linear,
            Schedule::Cosine => Self::Cosine,
            Schedule::Constant => Self::Constant,
        }
    }
}

/// What a head that the base model does not have starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewHead {
    Solved,
    Random,
}

impl From<NewHead> for NewHeadStart {
    fn from(start: NewHead) -> Self {
        match start {
            NewHead::Solved => Self::Solved,
            NewHead::Random => Self::Random,
        }
    }
}

/// What the kept epoch is best in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    Accuracy,
    MacroF1,
    Loss,
}

impl From<Metric> for ValidationMetric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Accuracy => Self::Accuracy,
            Metric::MacroF1 => Self::MacroF1,
            Metric::Loss => Self::Loss,
        }
    }
}

/// Linear layers by a name: one of them, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    One(Target),
    AllLinear,
}

impl Targets {
    /// The layers.
    pub fn layers(self) -> Vec<Target> {
        match self {
            Self::One(target) => vec![target],
            Self::AllLinear => Target::ALL.to_vec(),
        }
    }
}

impl FromStr for Targets {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all-linear" => Ok(Self::AllLinear),
            name => name.parse().map(Self::One),
        }
    }
}
