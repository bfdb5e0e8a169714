//! Conditions on texts: `margin > 0.3 and length > 20 and not source in [bot, import]`.
//!
//! | name | value |
//! |---|---|
//! | `least-confidence`, `margin`, `entropy` | a number, as [`Uncertainty`] measures it |
//! | `confidence` | the top class' probability |
//! | `predicted` | the top class' name |
//! | `length`, `words` | how many characters and words the text has |
//! | any other | the metadata column of that name |
//!
//! Numbers are compared by `<`, `<=`, `>`, `>=`, `=` and `!=`; words by `=`, `!=` and `in [a, b]`;
//! words with spaces or signs in them stand in quotes. `is missing` is true where a row has no value of
//! a metadata column; every comparison is false there. `not` binds closest, then `and`, then `or`.

mod parse;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::pool::Pool;
use crate::{Error, Uncertainty};

/// A condition that was parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    text: String,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Number(Name, Order, f64),
    Words(Name, Vec<String>),
    Missing(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Order {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::Equal => a == b,
            Self::NotEqual => a != b,
        }
    }
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Name {
    Uncertainty(Uncertainty),
    Confidence,
    Predicted,
    Length,
    Words,
    Column(String),
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let measure = Uncertainty::ALL
            .into_iter()
            .find(|measure| measure.name() == name || measure.name().replace('-', "_") == name);
        match (measure, name) {
            (Some(measure), _) => Self::Uncertainty(measure),
            (_, "confidence") => Self::Confidence,
            (_, "predicted") => Self::Predicted,
            (_, "length") => Self::Length,
            (_, "words") => Self::Words,
            _ => Self::Column(name.to_owned()),
        }
    }

    fn of_predictions(&self) -> bool {
        matches!(
            self,
            Self::Uncertainty(_) | Self::Confidence | Self::Predicted
        )
    }

    /// Whether values are words, as far as that is known before the texts are.
    fn is_words(&self) -> Option<bool> {
        match self {
            Self::Column(_) => None,
            Self::Predicted => Some(true),
            _ => Some(false),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uncertainty(measure) => measure.name(),
            Self::Confidence => "confidence",
            Self::Predicted => "predicted",
            Self::Length => "length",
            Self::Words => "words",
            Self::Column(name) => name,
        })
    }
}

impl Filter {
    /// Parses a condition.
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] with the place and what is expected there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self {
            text: text.to_owned(),
            condition: parse::condition(text)?,
        })
    }

    /// True where the condition is about predictions.
    pub fn needs_predictions(&self) -> bool {
        self.condition.mentions(&Name::of_predictions)
    }

    /// True where the condition is about the texts, or what they came with.
    pub fn needs_texts(&self) -> bool {
        self.condition.mentions(&|name| !name.of_predictions())
    }

    /// Those of `rows` for which the condition is true, in order.
    pub(crate) fn keep(&self, pool: &Pool<'_>, rows: &[u32]) -> Result<Vec<u32>, Error> {
        let kept = self.condition.holds(pool, rows)?;
        let pairs = rows.iter().zip(kept);
        Ok(pairs
            .filter_map(|(row, kept)| kept.then_some(*row))
            .collect())
    }
}

impl Condition {
    fn mentions(&self, which: &dyn Fn(&Name) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.mentions(which)),
            Self::Not(part) => part.mentions(which),
            Self::Number(name, ..) | Self::Words(name, _) | Self::Missing(name) => which(name),
        }
    }

    fn holds(&self, pool: &Pool<'_>, rows: &[u32]) -> Result<Vec<bool>, Error> {
        let fold = |parts: &[Self], whole: bool, join: fn(bool, bool) -> bool| {
            let mut all = vec![whole; rows.len()];
            for part in parts {
                for (all, part) in all.iter_mut().zip(part.holds(pool, rows)?) {
                    *all = join(*all, part);
                }
            }
            Ok(all)
        };
        match self {
            Self::All(parts) => fold(parts, true, |a, b| a && b),
            Self::Any(parts) => fold(parts, false, |a, b| a || b),
            Self::Not(part) => Ok(part.holds(pool, rows)?.iter().map(|kept| !kept).collect()),
            Self::Number(name, order, than) => {
                let values = pool.numbers(name, rows)?;
                let holds = |value: Option<f64>| value.is_some_and(|v| order.holds(v, *than));
                Ok(values.into_iter().map(holds).collect())
            }
            Self::Words(name, known) => pool.test_words(name, rows, |word| {
                word.is_some_and(|word| known.iter().any(|known| known == word))
            }),
            Self::Missing(name) => pool.test_words(name, rows, |word| word.is_none()),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
