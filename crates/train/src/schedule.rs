//! The learning rate of each step.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;

/// How the learning rate goes on after the warm-up, as transformers' schedules of these names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "schedule", rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Down to 0 in a straight line.
    #[default]
    Linear,
    /// Down to 0 along half a cosine: Loshchilov and Hutter 2017, arXiv:1608.03983.
    Cosine,
    /// At its height until the end.
    Constant,
}

impl fmt::Display for ScheduleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linear => "linear",
            Self::Cosine => "cosine",
            Self::Constant => "constant",
        })
    }
}

/// Linear warm-up from 0, then what the kind says.
pub(crate) struct Schedule {
    kind: ScheduleKind,
    peak: f64,
    warmup: usize,
    steps: usize,
}

impl Schedule {
    /// A schedule over `steps` steps, of which the share `warmup_ratio` (rounded up) is the warm-up.
    pub fn new(kind: ScheduleKind, peak: f64, warmup_ratio: f64, steps: usize) -> Self {
        Self {
            kind,
            peak,
            warmup: (warmup_ratio * steps as f64).ceil() as usize,
            steps,
        }
    }

    /// The learning rate of step `step`, from 0.
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.peak * step as f64 / self.warmup as f64;
        }
        let after = self.steps.saturating_sub(self.warmup).max(1) as f64;
        let left = self.steps.saturating_sub(step) as f64;
        match self.kind {
            ScheduleKind::Linear => self.peak * left / after,
            ScheduleKind::Cosine => self.peak * 0.5 * (1.0 - (PI * left / after).cos()),
            ScheduleKind::Constant => self.peak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_rates(kind: ScheduleKind, expected: [f64; 11]) {
        let schedule = Schedule::new(kind, 1e-2, 0.2, 10);
        let rates: Vec<f64> = (0..=10).map(|step| schedule.at(step)).collect();
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-12, "{kind}: {rates:?}");
        }
    }

    /// The values of transformers 5.23's `get_scheduler` with 2 warm-up steps of 10.
    #[test]
    fn rates_are_those_of_transformers() {
        assert_rates(
            ScheduleKind::Linear,
            [
                0.0, 5e-3, 1e-2, 8.75e-3, 7.5e-3, 6.25e-3, 5e-3, 3.75e-3, 2.5e-3, 1.25e-3, 0.0,
            ],
        );
        assert_rates(
            ScheduleKind::Cosine,
            [
                0.0,
                5e-3,
                1e-2,
                0.009619397662556433,
                0.008535533905932738,
                0.00691341716182545,
                5e-3,
                0.0030865828381745515,
                0.0014644660940672626,
                0.0003806023374435663,
                0.0,
            ],
        );
        let mut constant = [1e-2; 11];
        constant[..2].copy_from_slice(&[0.0, 5e-3]);
        assert_rates(ScheduleKind::Constant, constant);
    }

    #[test]
    fn without_warm_up_it_starts_at_the_peak() {
        for kind in [
            ScheduleKind::Linear,
            ScheduleKind::Cosine,
            ScheduleKind::Constant,
        ] {
            assert_eq!(Schedule::new(kind, 0.5, 0.0, 4).at(0), 0.5);
        }
        assert_eq!(Schedule::new(ScheduleKind::Linear, 0.5, 1.0, 4).at(4), 0.0);
    }
}
