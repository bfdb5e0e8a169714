//! Conditions on texts: `margin > 0.3 and length > 20 and not source in [bot, import]`.
//!
//! | name | value |
//! |---|---|
//! | `least-confidence`, `margin`, `entropy` | a number, as [`Uncertainty`] measures it |
//! | `confidence` | the top class' probability |
//! | `predicted` | the top class' name |
//! | `length`, `words` | how many characters and words the text has |
//! | any other, or a name in quotes | the metadata column of that name |
//!
//! A name in quotes is always the user's column: `"length" > 3` looks at a column called `length`,
//! `length > 3` at how long the text is. Quotes are `'` or `"`, and stand twice within themselves.
//!
//! Values without quotes are numbers, dates (`2024-01-31`, or with a time: ISO 8601) or words; values in
//! quotes are words, as they stand. Numbers and dates are compared by `<`, `<=`, `>`, `>=`, `=`, `!=` and
//! `in [a, b]`, words by the last three. Numbers are compared as numbers, whole ones of any length
//! exactly; a date without a time means the whole day. Where a column that is compared with a number or
//! a date has a value that is none, that is an error.
//!
//! Where a text has no value of a column, a comparison is neither true nor false, and so is its
//! negation; only texts for which the whole condition is true are kept. `is missing` is true there.
//! `not` binds closest, then `and`, then `or`. From the left, what is decided already is not looked at:
//! `stars != '?' and stars > 3` compares no `?` with 3.

mod decimal;
mod evaluate;
mod moment;
mod parse;
mod remarks;
mod tokens;

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::pool::Pool;
use crate::uncertainty::Uncertainty;
use decimal::Decimal;
use moment::Moment;
pub(crate) use remarks::ambiguous;
pub(crate) use tokens::written;

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
    Compare(Name, Order, Value),
    In(Name, Vec<Value>),
    Missing(Name),
}

/// What a name is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    /// A number, as it is written.
    Number(String, Decimal),
    /// A date, as it is written.
    Date(String, Moment),
    /// Anything else, and all that stands in quotes.
    Word(String),
}

impl Value {
    /// What stands without quotes.
    fn bare(text: &str) -> Self {
        match (Decimal::parse(text), Moment::parse(text)) {
            (Some(number), _) => Self::Number(text.to_owned(), number),
            (None, Some(moment)) => Self::Date(text.to_owned(), moment),
            (None, None) => Self::Word(text.to_owned()),
        }
    }
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
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
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
    /// A name without quotes.
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

    /// What a measure is, in words; none for a column.
    pub(crate) fn meaning(&self) -> Option<&'static str> {
        match self {
            Self::Column(_) => None,
            Self::Uncertainty(_) | Self::Confidence => Some("a measure of the predictions"),
            Self::Predicted => Some("the class that is predicted"),
            Self::Length => Some("the number of characters in the text"),
            Self::Words => Some("the number of words in the text"),
        }
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
        self.condition.mentions(Name::of_predictions)
    }

    /// True where the condition is about the texts, or what they came with.
    pub fn needs_texts(&self) -> bool {
        self.condition.mentions(|name| !name.of_predictions())
    }

    /// The names of the metadata columns that the condition looks at.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let mut columns = Vec::new();
        self.condition.each(&mut |name, _| {
            if let Name::Column(column) = name {
                columns.push(column.as_str());
            }
        });
        columns.into_iter()
    }

    /// Those of `rows` for which the condition is true, in order. What the condition may not have
    /// meant is warned of.
    pub(crate) fn keep(&self, pool: &Pool<'_>, rows: &[u32]) -> Result<Vec<u32>, Error> {
        remarks::check(&self.condition, pool)?;
        let held = evaluate::holds(&self.condition, pool, rows)?;
        remarks::unknown(self, &held);
        let pairs = rows.iter().zip(held);
        let kept = pairs.filter_map(|(row, held)| (held == Some(true)).then_some(*row));
        Ok(kept.collect())
    }
}

impl Condition {
    /// Calls `look` for every name and what it is compared with.
    fn each<'a>(&'a self, look: &mut dyn FnMut(&'a Name, &'a [Value])) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each(look)),
            Self::Not(part) => part.each(look),
            Self::Compare(name, _, value) => look(name, std::slice::from_ref(value)),
            Self::In(name, values) => look(name, values),
            Self::Missing(name) => look(name, &[]),
        }
    }

    fn mentions(&self, which: fn(&Name) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |name, _| found |= which(name));
        found
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
