//! What epochs are compared by.

use crate::peak::Peak;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// The measurement on the validation set that the kept epoch is best in. Of epochs that are equal in it the
/// one with the lowest loss is kept, and of those the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "validation metric", rename_all = "kebab-case")]
pub enum ValidationMetric {
    /// The highest accuracy, as in the published experiment.
    #[default]
    Accuracy,
    /// The highest macro-averaged F1.
    MacroF1,
    /// The lowest loss.
    Loss,
}

/// Less than this is the rounding of sums.
const ROUNDING: f64 = 1e-12;

/// How an epoch stands to the best before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Better by the metric.
    Better,
    /// Equal by the metric, with a lower loss: better.
    LowerLoss,
    /// Equal in both: the later is kept, and is no better.
    SameLoss,
    /// Equal by the metric, with a higher loss: the earlier stays.
    HigherLoss,
    /// Worse by the metric.
    Worse,
}

impl ValidationMetric {
    /// How `new` stands to `old`. On few texts many epochs are equal in accuracy, and the first of them is
    /// the least trained: the loss decides between them. A loss that is no number is higher than any.
    pub(crate) fn standing(self, new: &Peak, old: &Peak) -> Standing {
        let by = |new: f64, old: f64| match new - old {
            difference if difference.abs() <= ROUNDING => Ordering::Equal,
            difference => difference.total_cmp(&0.0),
        };
        let loss = |peak: &Peak| match peak.loss.is_nan() {
            true => f64::INFINITY,
            false => peak.loss,
        };
        let loss = loss(old).total_cmp(&loss(new));
        let order = match self {
            Self::Accuracy => by(new.accuracy, old.accuracy),
            Self::MacroF1 => by(new.macro_f1, old.macro_f1),
            Self::Loss => loss,
        };
        match (order, loss) {
            (Ordering::Greater, _) => Standing::Better,
            (Ordering::Less, _) => Standing::Worse,
            (Ordering::Equal, Ordering::Greater) => Standing::LowerLoss,
            (Ordering::Equal, Ordering::Equal) => Standing::SameLoss,
            (Ordering::Equal, Ordering::Less) => Standing::HigherLoss,
        }
    }
}

impl fmt::Display for ValidationMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro-f1",
            Self::Loss => "loss",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(accuracy: f64, loss: f64) -> Peak {
        Peak {
            accuracy,
            macro_f1: accuracy,
            loss,
            ..Peak::default()
        }
    }

    #[test]
    fn ties_go_to_the_lower_loss_and_then_to_the_later() {
        let (high, low) = (peak(1.0, 1.45), peak(1.0, 0.72));
        for metric in [ValidationMetric::Accuracy, ValidationMetric::MacroF1] {
            assert_eq!(metric.standing(&low, &high), Standing::LowerLoss);
            assert_eq!(metric.standing(&high, &low), Standing::HigherLoss);
            assert_eq!(metric.standing(&low, &low), Standing::SameLoss);
            assert_eq!(metric.standing(&peak(0.9, 0.1), &low), Standing::Worse);
            assert_eq!(metric.standing(&low, &peak(0.9, 0.1)), Standing::Better);
            // Equal but for the order in which it was summed.
            let (one, other) = (peak(0.1 + 0.2, 0.5), peak(0.3, 0.6));
            assert_eq!(metric.standing(&one, &other), Standing::LowerLoss);
            assert_eq!(metric.standing(&other, &one), Standing::HigherLoss);
        }
        let loss = ValidationMetric::Loss;
        assert_eq!(
            loss.standing(&peak(0.1, 0.5), &peak(0.9, 0.6)),
            Standing::Better
        );
        assert_eq!(
            loss.standing(&peak(0.1, 0.5), &peak(0.9, 0.5)),
            Standing::SameLoss
        );
    }

    #[test]
    fn a_loss_that_is_no_number_is_the_highest() {
        let (none, some) = (peak(0.9, f64::NAN), peak(0.9, 3.0));
        for metric in [ValidationMetric::Accuracy, ValidationMetric::MacroF1] {
            assert_eq!(metric.standing(&none, &some), Standing::HigherLoss);
            assert_eq!(metric.standing(&some, &none), Standing::LowerLoss);
        }
        let loss = ValidationMetric::Loss;
        assert_eq!(loss.standing(&none, &some), Standing::Worse);
        assert_eq!(loss.standing(&some, &none), Standing::Better);
        assert_eq!(loss.standing(&none, &none), Standing::SameLoss);
    }
}
