//! A strategy with what comes before it: which texts may be picked, and in what mixture.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::filter::Filter;
use crate::strategy::Strategy;

/// How texts are chosen. In a pipeline file it is a strategy's name, or a strategy with any of these
/// keys beside it:
///
/// ```yaml
/// diversity: {}
/// where: margin > 0.3 and length > 20   # which texts may be picked
/// skip_outliers: 0.02                   # not the least typical share
/// skip_copies: true                     # not the same text again
/// skip_duplicates: 0.05                 # not the same again, nor anything this near to it
/// balance: uniform                      # or shares: { positive: 0.7, negative: 0.3 }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The strategy.
    pub strategy: Strategy,
    /// Only texts for which this is true are picked.
    pub filter: Option<Filter>,
    /// Of the texts that are left, this share is passed over, the least typical first: those with the
    /// largest mean distance to their nearest neighbours. From 0 to below 1.
    pub skip_outliers: Option<f64>,
    /// Texts that are equal to a labelled text, or to an earlier one that is kept, are passed over.
    pub skip_copies: bool,
    /// Texts within this distance of a labelled text, or of an earlier one that is kept, are passed over.
    /// At least 0, which leaves out exact repetitions alone.
    pub skip_duplicates: Option<f64>,
    /// What share of the picks each predicted class gets.
    pub balance: Option<Balance>,
}

/// The mixture of predicted classes among the picks.
#[derive(Debug, Clone, PartialEq)]
pub enum Balance {
    /// As many of each class.
    Uniform,
    /// A weight for each class, by its name; classes without one get none.
    Weights(BTreeMap<String, f64>),
}

impl From<Strategy> for Rule {
    fn from(strategy: Strategy) -> Self {
        Self {
            strategy,
            filter: None,
            skip_copies: false,
            skip_outliers: None,
            skip_duplicates: None,
            balance: None,
        }
    }
}

impl Rule {
    /// Checks what the types cannot.
    ///
    /// # Errors
    ///
    /// Those of [`Strategy::check`], and [`Error::Budget`] for a share, distance or weight out of its
    /// range.
    pub fn check(&self) -> Result<(), Error> {
        self.strategy.check()?;
        let wrong = |key, value: f64, expected| Error::Budget {
            key,
            value: value.to_string(),
            expected,
        };
        if let Some(share) = self.skip_outliers
            && !(0.0..1.0).contains(&share)
        {
            return Err(wrong("skip_outliers", share, "from 0 to below 1"));
        }
        if let Some(distance) = self.skip_duplicates
            && !(distance >= 0.0 && distance.is_finite())
        {
            return Err(wrong(
                "skip_duplicates",
                distance,
                "a distance of at least 0",
            ));
        }
        if let Some(Balance::Weights(weights)) = &self.balance {
            let sum: f64 = weights.values().sum();
            for weight in weights.values() {
                if !(*weight >= 0.0 && weight.is_finite()) {
                    return Err(wrong("balance", *weight, "a weight of at least 0"));
                }
            }
            if !(sum > 0.0 && sum.is_finite()) {
                return Err(wrong("balance", sum, "weights of which one is above 0"));
            }
        }
        Ok(())
    }

    /// True where embeddings are looked at.
    pub fn needs_embeddings(&self) -> bool {
        self.strategy.needs_embeddings()
            || self.skip_outliers.is_some()
            || self.skip_duplicates.is_some()
    }

    /// True where predictions are looked at.
    pub fn needs_predictions(&self) -> bool {
        self.strategy.needs_predictions()
            || self.balance.is_some()
            || self.filter.as_ref().is_some_and(Filter::needs_predictions)
    }

    /// True where the texts are looked at, and what they came with.
    pub fn needs_texts(&self) -> bool {
        self.skip_copies
            || self.strategy.needs_texts()
            || self.filter.as_ref().is_some_and(Filter::needs_texts)
    }
}

/// The strategy's name, and what comes before it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.strategy.fmt(f)?;
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        if self.skip_copies {
            f.write_str(", without copies")?;
        }
        if let Some(share) = self.skip_outliers {
            write!(f, ", without the {share} least typical")?;
        }
        if let Some(distance) = self.skip_duplicates {
            write!(f, ", without duplicates within {distance}")?;
        }
        match &self.balance {
            None => Ok(()),
            Some(Balance::Uniform) => f.write_str(", classes balanced"),
            Some(Balance::Weights(_)) => f.write_str(", classes weighted"),
        }
    }
}

const WHERE: &str = "where";
const SKIP_COPIES: &str = "skip_copies";
const SKIP_OUTLIERS: &str = "skip_outliers";
const SKIP_DUPLICATES: &str = "skip_duplicates";
const BALANCE: &str = "balance";

/// What a key of a rule is: one of these, or a strategy.
enum Key {
    Where,
    SkipCopies,
    SkipOutliers,
    SkipDuplicates,
    Balance,
    Strategy(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.as_str() {
            WHERE => Self::Where,
            SKIP_COPIES => Self::SkipCopies,
            SKIP_OUTLIERS => Self::SkipOutliers,
            SKIP_DUPLICATES => Self::SkipDuplicates,
            BALANCE => Self::Balance,
            _ => {
                VariantName::deserialize(StrDeserializer::new(&name))?;
                Self::Strategy(name)
            }
        })
    }
}

/// A name that [`Strategy`] has a variant for.
struct VariantName;

impl<'de> Deserialize<'de> for VariantName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match Strategy::kinds().contains(&name.as_str()) {
            true => Ok(Self),
            false => Err(D::Error::unknown_variant(&name, Strategy::kinds())),
        }
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = Rule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a strategy: one of {}", Strategy::kinds().join(", "))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Rule, E> {
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| Strategy::names().collect());
        let strategy = Strategy::from_name(name).map_err(|_| E::unknown_variant(name, &NAMES))?;
        Ok(Rule::from(strategy))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rule, A::Error> {
        let mut strategy = None;
        let mut rule = Rule::from(Strategy::Random {});
        while let Some(key) = map.next_key()? {
            match key {
                Key::Where => rule.filter = Some(map.next_value()?),
                Key::SkipCopies => rule.skip_copies = map.next_value()?,
                Key::SkipOutliers => rule.skip_outliers = Some(map.next_value()?),
                Key::SkipDuplicates => rule.skip_duplicates = Some(map.next_value()?),
                Key::Balance => rule.balance = Some(map.next_value()?),
                Key::Strategy(_) if strategy.is_some() => {
                    return Err(A::Error::custom("one strategy is asked for, not two"));
                }
                Key::Strategy(name) => {
                    let content = Content {
                        name: &name,
                        map: &mut map,
                    };
                    strategy = Some(Strategy::deserialize(One(content))?);
                }
            }
        }
        match strategy {
            Some(strategy) => Ok(Rule { strategy, ..rule }),
            None => Err(A::Error::custom(
                "a strategy is missing: for example `diversity: {}`",
            )),
        }
    }
}

/// A name that was read, and the map that holds what belongs to it.
struct Content<'a, A> {
    name: &'a str,
    map: &'a mut A,
}

/// That as a deserializer of an enum.
struct One<'a, A>(Content<'a, A>);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for One<'_, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Content<'_, A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), A::Error> {
        let name = seed.deserialize(StrDeserializer::new(self.name))?;
        Ok((name, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Content<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.map.next_value()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.map.next_value_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(Tuple { len, visitor })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(Struct { fields, visitor })
    }
}

struct Struct<V> {
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Struct<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_struct("", self.fields, self.visitor)
    }
}

struct Tuple<V> {
    len: usize,
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Tuple<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_tuple(self.len, self.visitor)
    }
}

impl<'de> Deserialize<'de> for Balance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UniformOrWeights;
        impl<'de> Visitor<'de> for UniformOrWeights {
            type Value = Balance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`uniform`, or a mapping from classes to weights")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Balance, E> {
                match name {
                    "uniform" => Ok(Balance::Uniform),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(name), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Balance, A::Error> {
                let mut weights = BTreeMap::new();
                while let Some((class, weight)) = map.next_entry()? {
                    weights.insert(class, weight);
                }
                Ok(Balance::Weights(weights))
            }
        }
        deserializer.deserialize_any(UniformOrWeights)
    }
}

impl Serialize for Balance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uniform => serializer.serialize_str("uniform"),
            Self::Weights(weights) => weights.serialize(serializer),
        }
    }
}

/// A plain strategy as itself; otherwise the strategy with what comes before it.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            #[serde(flatten)]
            strategy: &'a Strategy,
            #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
            filter: &'a Option<Filter>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            skip_copies: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            skip_outliers: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            skip_duplicates: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            balance: &'a Option<Balance>,
        }
        Whole {
            strategy: &self.strategy,
            filter: &self.filter,
            skip_copies: self.skip_copies,
            skip_outliers: self.skip_outliers,
            skip_duplicates: self.skip_duplicates,
            balance: &self.balance,
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
