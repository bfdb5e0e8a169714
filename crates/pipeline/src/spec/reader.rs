//! Reads YAML values into Rust types, saying exactly where a value does not fit.
//!
//! Unlike `serde_yaml`'s own reader this one takes `{ random: {} }` for a variant with fields,
//! and its errors are data: the key path, what was found, and what is possible.

use std::fmt::Display;
use std::sync::LazyLock;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected,
    IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_yaml::{Mapping, Value};

use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::shown::cut;
use crate::spec::source::Side;

/// Reads a value of type `T`.
pub(crate) fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Mismatch> {
    T::deserialize(Reader {
        value,
        path: KeyPath::root(),
    })
}

/// A value that does not fit.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct Mismatch {
    /// Where: known as soon as the error has passed the reader of that value.
    pub(crate) place: Option<(KeyPath, Side)>,
    pub(crate) kind: ProblemKind,
}

/// What is chosen among, where the key does not say it.
const UNNAMED: &str = "choice";

impl Mismatch {
    fn at(mut self, path: &KeyPath, side: Side) -> Self {
        self.place.get_or_insert_with(|| (path.clone(), side));
        self
    }

    fn names(mut self, of: &'static str) -> Self {
        if let ProblemKind::UnknownName { what, .. } = &mut self.kind
            && *what == UNNAMED
        {
            *what = of;
        }
        self
    }
}

impl From<ProblemKind> for Mismatch {
    fn from(kind: ProblemKind) -> Self {
        Self { place: None, kind }
    }
}

impl de::Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        ProblemKind::Refused {
            reason: message.to_string(),
        }
        .into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plain_type(&expected.to_string());
        let found = match found {
            Unexpected::Float(value) if value.fract() == 0.0 && expected.contains("whole") => {
                format!("{value:?}, which is not written as a whole number")
            }
            found => plain_value(found),
        };
        ProblemKind::WrongType { expected, found }.into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        ProblemKind::UnknownName {
            what: UNNAMED,
            found: found.to_owned(),
            known,
        }
        .into()
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        ProblemKind::UnknownField {
            found: found.to_owned(),
            known,
        }
        .into()
    }

    fn missing_field(field: &'static str) -> Self {
        ProblemKind::MissingField { field }.into()
    }
}

/// serde's names of types, in words.
fn plain_type(expected: &str) -> String {
    match expected {
        "a string" => "text",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct") => "a mapping",
        other => other,
    }
    .to_owned()
}

fn plain_value(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("{value}"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(text) => format!("the text `{}`", cut(text, 100)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// A value and the path that led to it.
struct Reader<'de> {
    value: &'de Value,
    path: KeyPath,
}

impl<'de> Reader<'de> {
    fn unexpected(&self) -> Unexpected<'de> {
        match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Unexpected::Unsigned(value),
                (None, Some(value)) => Unexpected::Signed(value),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Sequence(_) => Unexpected::Seq,
            Value::Mapping(_) => Unexpected::Map,
            Value::Tagged(_) => Unexpected::Other("a YAML tag"),
        }
    }

    fn visit<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Mismatch> {
        match (self.value, self.unexpected()) {
            (Value::Sequence(items), _) => visitor.visit_seq(Items {
                items,
                next: 0,
                path: &self.path,
            }),
            (Value::Mapping(map), _) => visitor.visit_map(Entries {
                entries: map.iter(),
                value: None,
                path: &self.path,
            }),
            (_, Unexpected::Bool(value)) => visitor.visit_bool(value),
            (_, Unexpected::Unsigned(value)) => visitor.visit_u64(value),
            (_, Unexpected::Signed(value)) => visitor.visit_i64(value),
            (_, Unexpected::Float(value)) => visitor.visit_f64(value),
            (_, Unexpected::Str(text)) => visitor.visit_borrowed_str(text),
            (_, Unexpected::Unit) => visitor.visit_unit(),
            (_, found) => Err(Mismatch::invalid_type(found, &visitor)),
        }
    }

    /// The one key of a mapping that stands for a variant, and its content.
    fn variant(&self, known: &'static [&'static str]) -> Result<Variant<'de>, Mismatch> {
        let expected = || crate::spec::nearest::list(known);
        match self.value {
            Value::String(name) => Ok(Variant {
                name,
                path: self.path.clone(),
                side: Side::Value,
                content: None,
            }),
            Value::Mapping(map) if map.len() == 1 => {
                let (name, content) = entry(map.iter().next(), &self.path)?;
                Ok(Variant {
                    name,
                    path: self.path.key(name),
                    side: Side::Key,
                    content: Some(content),
                })
            }
            Value::Mapping(map) => Err(ProblemKind::WrongType {
                expected: format!("one of {}", expected()),
                found: match map.len() {
                    0 => "nothing".to_owned(),
                    keys => format!("{keys} keys"),
                },
            }
            .into()),
            _ => Err(ProblemKind::WrongType {
                expected: format!("one of {}", expected()),
                found: plain_value(self.unexpected()),
            }
            .into()),
        }
    }
}

/// The text key and the value of a mapping's entry.
fn entry<'de>(
    entry: Option<(&'de Value, &'de Value)>,
    path: &KeyPath,
) -> Result<(&'de str, &'de Value), Mismatch> {
    match entry {
        Some((Value::String(key), value)) => Ok((key, value)),
        Some((key, _)) => {
            let key = Reader {
                value: key,
                path: path.clone(),
            };
            Err(Mismatch::invalid_type(key.unexpected(), &"text as a key").at(path, Side::Value))
        }
        None => Err(Mismatch::invalid_type(Unexpected::Unit, &"a key").at(path, Side::Value)),
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit(visitor)
            .map_err(|error| error.at(&self.path, Side::Value))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    /// A mapping; where a key of it is missing, the place is the mapping's own key. Nothing stands for
    /// `{}`.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if let Value::Sequence(_) = self.value {
            let wrong = Mismatch::invalid_type(Unexpected::Seq, &"a mapping");
            return Err(wrong.at(&self.path, Side::Value));
        }
        let side = match self.value {
            Value::Mapping(_) => Side::Key,
            _ => Side::Value,
        };
        let value = match self.value {
            Value::Null => &EMPTY,
            value => value,
        };
        let path = self.path.clone();
        Reader { value, path }
            .visit(visitor)
            .map_err(|error| error.at(&self.path, side))
    }

    /// A name, or a mapping of one name to what belongs to it.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.variant(variants)
            .and_then(|variant| visitor.visit_enum(variant))
            .map_err(|error| error.names(name).at(&self.path, Side::Value))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a, 'de> {
    items: &'de [Value],
    next: usize,
    path: &'a KeyPath,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let Some(value) = self.items.get(self.next) else {
            return Ok(None);
        };
        let path = self.path.index(self.next);
        self.next += 1;
        seed.deserialize(Reader { value, path }).map(Some)
    }
}

struct Entries<'a, 'de> {
    entries: serde_yaml::mapping::Iter<'de>,
    /// The entry whose key was read last.
    value: Option<(&'de str, &'de Value)>,
    path: &'a KeyPath,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let Some(next) = self.entries.next() else {
            return Ok(None);
        };
        let (key, value) = entry(Some(next), self.path)?;
        self.value = Some((key, value));
        seed.deserialize(key.into_deserializer())
            .map(Some)
            .map_err(|error: Mismatch| error.at(&self.path.key(key), Side::Key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        let (key, value) = entry_value(self.value.take())?;
        let path = self.path.key(key);
        seed.deserialize(Reader { value, path })
    }
}

/// serde asks for a value only after its key.
fn entry_value<'de>(
    entry: Option<(&'de str, &'de Value)>,
) -> Result<(&'de str, &'de Value), Mismatch> {
    entry.ok_or_else(|| Mismatch::invalid_type(Unexpected::Unit, &"a value"))
}

struct Variant<'de> {
    name: &'de str,
    path: KeyPath,
    side: Side,
    /// What the mapping has under the name; `None` for a name alone.
    content: Option<&'de Value>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        let name = seed
            .deserialize(self.name.into_deserializer())
            .map_err(|error: Mismatch| error.at(&self.path, self.side));
        Ok((name?, self))
    }
}

/// What stands for a mapping where there is nothing.
static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Mapping(Mapping::new()));

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

impl<'de> Variant<'de> {
    fn content(self) -> Reader<'de> {
        Reader {
            value: self.content.unwrap_or(&Value::Null),
            path: self.path,
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        NoFields::deserialize(self.content()).map(|NoFields {}| ())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.content())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.content().deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.content().deserialize_struct("", fields, visitor)
    }
}
