//! The learning rate of each step.

/// Linear warm-up from 0, then linear decay to 0: transformers' `linear` schedule.
pub(crate) struct Schedule {
    peak: f64,
    warmup: usize,
    steps: usize,
}

impl Schedule {
    /// A schedule over `steps` steps, of which the share `warmup_ratio` (rounded up) is the warm-up.
    pub fn new(peak: f64, warmup_ratio: f64, steps: usize) -> Self {
        Self {
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
        let left = self.steps.saturating_sub(step) as f64;
        self.peak * left / self.steps.saturating_sub(self.warmup).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_the_peak_and_falls_to_zero() {
        let schedule = Schedule::new(1e-2, 0.2, 10);
        let rates: Vec<f64> = (0..=10).map(|step| schedule.at(step)).collect();
        let expected = [
            0.0, 5e-3, 1e-2, 8.75e-3, 7.5e-3, 6.25e-3, 5e-3, 3.75e-3, 2.5e-3, 1.25e-3, 0.0,
        ];
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-15, "{rates:?}");
        }
    }

    #[test]
    fn without_warm_up_it_starts_at_the_peak() {
        assert_eq!(Schedule::new(0.5, 0.0, 4).at(0), 0.5);
        assert_eq!(Schedule::new(0.5, 1.0, 4).at(4), 0.0);
    }
}
