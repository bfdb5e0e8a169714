//! JSON objects by tensor name as they are written, with every key that is repeated.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// The key that safetensors keep for strings about the file.
const METADATA: &str = "__metadata__";

/// The entries of a JSON object by tensor name, in the order of the file, without `__metadata__`.
/// Maps keep one of two equal keys and say nothing.
pub(super) struct Entries<V>(pub Vec<(String, V)>);

impl<V> Entries<V> {
    /// A key that is there twice.
    pub fn repeated(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        twice.map(|pair| pair[0])
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map by tensor name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<BTreeMap<String, String>>()?;
                continue;
            }
            let value = map.next_value();
            let value = value.map_err(|error| A::Error::custom(format!("{name}: {error}")))?;
            entries.push((name, value));
        }
        Ok(Entries(entries))
    }
}
