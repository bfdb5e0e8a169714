//! What a piece of work depends on, and the key made from it.

use std::fmt;
use std::str::FromStr;

use goldpan_artifact::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The digest of everything an action's result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Digest);

impl Key {
    /// The key as a digest.
    pub fn digest(&self) -> Digest {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Key {
    type Err = <Digest as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One piece of work: a kind, and the parts its result depends on.
///
/// Parts hold no times and no absolute paths, or equal work would get different keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    kind: String,
    name: String,
    parts: Map<String, Value>,
}

impl Action {
    /// An action of the given kind with no parts yet.
    ///
    /// `name` says where the action stands, such as `sst2/train margin round 1 seed 0`. It is
    /// not in the key; [`Store::why`](crate::Store::why) compares with the last action of that
    /// name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            parts: Map::new(),
        }
    }

    /// Adds a part of the key.
    #[must_use]
    pub fn with(mut self, part: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parts.insert(part.into(), value.into());
        self
    }

    /// The stage kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name under which the last action is remembered.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parts of the key.
    pub fn parts(&self) -> &Map<String, Value> {
        &self.parts
    }

    /// The key: equal for equal kinds and parts, whatever the order the parts were given in.
    pub fn key(&self) -> Key {
        key(&self.kind, &self.parts)
    }
}

/// The key of an action with this kind and these parts.
pub(crate) fn key(kind: &str, parts: &Map<String, Value>) -> Key {
    let mut text = String::from("goldpan action 1\n");
    write_canonical(&Value::from(kind), &mut text);
    write_map(parts, &mut text);
    Key(Digest::of(text.as_bytes()))
}

/// Writes JSON with sorted names and no spaces.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => write_map(map, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

fn write_map(map: &Map<String, Value>, out: &mut String) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    out.push('{');
    for (i, (name, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_canonical(&Value::from(name.as_str()), out);
        out.push(':');
        write_canonical(value, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn key_depends_on_kind_and_parts_but_not_on_name_or_order() {
        let a = Action::new("embed", "a/vectors")
            .with("config", json!({"max_length": 128, "normalize": true}))
            .with("seed", 0);
        let b = Action::new("embed", "b/other")
            .with("seed", 0)
            .with("config", json!({"normalize": true, "max_length": 128}));
        assert_eq!(a.key(), b.key());
        assert_ne!(a.key(), a.clone().with("seed", 1).key());
        assert_ne!(
            a.key(),
            Action {
                kind: "train".into(),
                ..a
            }
            .key()
        );
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_is_json_of_the_same_value(value in json_value()) {
            let mut text = String::new();
            write_canonical(&value, &mut text);
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
