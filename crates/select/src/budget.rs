//! How many texts are picked.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::strategy::Strategy;
use crate::term::Term;

/// How many texts are picked. In a pipeline file a number, `rest`, `{ share: 0.1 }` or
/// `{ until: { min_distance: 0.2 } }`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// So many.
    Count(usize),
    /// This share of the texts that may be picked, above 0 and at most 1, rounded to the nearest
    /// number and at least one.
    Share(f64),
    /// As many as are worth it.
    Until(Until),
    /// All that may be picked.
    Rest,
}

/// When to stop picking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// Stop where the next pick would be nearer than this to a labelled or picked text: a euclidean
    /// distance of embeddings as they are stored, above 0.
    pub min_distance: f64,
    /// Pick no more than this many; by default all may be picked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<usize>,
}

impl Budget {
    /// Checks the numbers, and that `strategy` measures the distance to stop at.
    ///
    /// # Errors
    ///
    /// [`Error::Budget`] or [`Error::NoDistance`].
    pub fn check(&self, strategy: &Strategy) -> Result<(), Error> {
        let wrong = |key, value: f64, expected| Error::Budget {
            key,
            value: value.to_string(),
            expected,
        };
        match *self {
            Self::Count(_) | Self::Rest => Ok(()),
            Self::Until(Until {
                at_most: Some(0), ..
            }) => Err(wrong("at_most", 0.0, "a whole number above 0")),
            Self::Share(share) if share > 0.0 && share <= 1.0 => Ok(()),
            Self::Share(share) => Err(wrong("share", share, "above 0 and at most 1")),
            Self::Until(Until { min_distance, .. })
                if !(min_distance > 0.0 && min_distance.is_finite()) =>
            {
                Err(wrong("min_distance", min_distance, "a distance above 0"))
            }
            Self::Until(_) if measures_distance(strategy) => Ok(()),
            Self::Until(_) => Err(Error::NoDistance {
                strategy: strategy.to_string(),
            }),
        }
    }

    /// The most texts that are picked of `free` ones.
    pub fn most(&self, free: usize) -> usize {
        match *self {
            Self::Count(count) => count,
            Self::Share(share) => ((free as f64 * share).round() as usize).clamp(1, free.max(1)),
            Self::Until(until) => until.at_most.unwrap_or(free).min(free),
            Self::Rest => free.max(1),
        }
    }

    /// The distance to stop at.
    pub(crate) fn min_distance(&self) -> Option<f32> {
        match self {
            Self::Until(until) => Some(until.min_distance as f32),
            Self::Count(_) | Self::Share(_) | Self::Rest => None,
        }
    }
}

impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Share(share) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("share", share)?;
                map.end()
            }
            Self::Until(until) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("until", until)?;
                map.end()
            }
            Self::Rest => serializer.serialize_str(REST),
        }
    }
}

/// How [`Budget::Rest`] is written.
const REST: &str = "rest";

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "budget", rename_all = "kebab-case")]
        enum Other {
            Share(f64),
            Until(Until),
        }
        struct NumberOrOther;
        impl<'de> Visitor<'de> for NumberOrOther {
            type Value = Budget;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number above 0, `rest`, `share` or `until`")
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Budget, E> {
                match usize::try_from(count) {
                    Ok(count) if count > 0 => Ok(Budget::Count(count)),
                    _ => Err(E::invalid_value(
                        serde::de::Unexpected::Unsigned(count),
                        &self,
                    )),
                }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Budget, E> {
                match text {
                    REST => Ok(Budget::Rest),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budget, A::Error> {
                Ok(match Other::deserialize(MapAccessDeserializer::new(map))? {
                    Other::Share(share) => Budget::Share(share),
                    Other::Until(until) => Budget::Until(until),
                })
            }
        }
        deserializer.deserialize_any(NumberOrOther)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{share} of all"),
            Self::Rest => f.write_str("the rest"),
            Self::Until(until) => write!(f, "as many as lie {} apart", until.min_distance),
        }
    }
}

impl From<usize> for Budget {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

/// Whether each pick of the strategy has a distance among its objectives.
fn measures_distance(strategy: &Strategy) -> bool {
    match strategy {
        Strategy::Diversity { .. } => true,
        Strategy::Product(terms) => terms
            .iter()
            .any(|term| matches!(term, Term::Diversity { .. })),
        _ => false,
    }
}
