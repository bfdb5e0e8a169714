//! What is shown of an arm.

use crate::difference::Difference;

/// What the accuracy at the end shows of an arm, against the baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is the baseline.
    Baseline,
    /// There is no baseline, or no seed that both have.
    NothingToCompare,
    /// It never had as many labels as the baseline, in some seed: nothing is compared.
    UnequalLabels {
        /// Labelled texts of the arm at its end, the mean over the seeds.
        labelled: f64,
        /// Those of the baseline at its end.
        baseline: f64,
    },
    /// One seed: nothing is known of the deviation.
    OneSeed,
    /// The same difference in every seed: there is no spread, so there is no test.
    NoSpread,
    /// Better, at a corrected level of 5%.
    Better,
    /// Worse, at a corrected level of 5%.
    Worse,
    /// No difference shown.
    NotShown {
        /// How many more seeds would show a difference as large as the one seen, with a
        /// probability of 80%; `None` where there is no deviation or no difference to go by.
        more_seeds: Option<f64>,
    },
}

impl Verdict {
    /// What a difference, corrected for the others that are told with it, shows.
    pub(crate) fn of(difference: &Difference) -> Self {
        match (difference.seeds, difference.is_shown()) {
            (1, _) => Self::OneSeed,
            _ if difference.has_no_spread() => Self::NoSpread,
            (_, true) if difference.mean > 0.0 => Self::Better,
            (_, true) => Self::Worse,
            (seeds, false) => Self::NotShown {
                more_seeds: difference
                    .seeds_needed
                    .map(|needed| (needed - seeds as f64).max(1.0)),
            },
        }
    }
}
