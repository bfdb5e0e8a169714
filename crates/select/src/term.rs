//! The factors of a product.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::uncertainty::Uncertainty;

/// One objective of a product. Each is a number of at least 0 for each row, larger for rows more worth
/// labelling; it counts as objective^strength, so that a strength above 1 makes it matter more, one
/// below 1 less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "objective", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Term {
    /// The euclidean distance to the nearest labelled or picked row.
    Diversity {
        /// The exponent, above 0.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        strength: f64,
    },
    /// How unsure a model is.
    Uncertainty {
        /// How that is measured.
        score: Uncertainty,
        /// The exponent, above 0.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        strength: f64,
    },
    /// A column of numbers that the texts came with, or `length` or `words`.
    Metadata {
        /// The column's name; in quotes, as `"length"`, it is the column's even where a measure is
        /// called the same.
        column: String,
        /// The exponent, above 0.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        strength: f64,
    },
    /// A number drawn for each row from (0, 1].
    Random {
        /// The exponent, above 0.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        strength: f64,
    },
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_one(strength: &f64) -> bool {
    *strength == 1.0
}

impl Term {
    /// Distance with a strength of 1.
    pub const DIVERSITY: Self = Self::Diversity { strength: 1.0 };

    /// Uncertainty with a strength of 1.
    pub const fn uncertainty(score: Uncertainty) -> Self {
        Self::Uncertainty {
            score,
            strength: 1.0,
        }
    }

    /// The exponent.
    pub fn strength(&self) -> f64 {
        match self {
            Self::Diversity { strength }
            | Self::Uncertainty { strength, .. }
            | Self::Metadata { strength, .. }
            | Self::Random { strength } => *strength,
        }
    }

    /// The objective's name: `diversity`, the uncertainty's or the column's name, or `random`.
    pub fn name(&self) -> &str {
        match self {
            Self::Diversity { .. } => "diversity",
            Self::Uncertainty { score, .. } => score.name(),
            Self::Metadata { column, .. } => column,
            Self::Random { .. } => "random",
        }
    }

    /// Checks the strength.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let strength = self.strength();
        if strength.is_finite() && strength > 0.0 {
            return Ok(());
        }
        Err(Error::Setting {
            strategy: "product",
            key: "strength",
            value: strength.to_string(),
            expected: "a number above 0",
        })
    }
}

/// The name, with the strength where that is not 1: `margin^2`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.strength() {
            1.0 => Ok(()),
            strength => write!(f, "^{strength}"),
        }
    }
}
