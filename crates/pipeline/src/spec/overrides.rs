//! Overrides from the command line: `--set loop.model.base=NAME`.

use std::sync::Arc;

use miette::NamedSource;
use serde_yaml::{Mapping, Value};

use crate::spec::path::{KeyPath, Segment};
use crate::spec::problem::{Problem, ProblemKind};
use crate::spec::source::{Place, Side, Text};

/// One parsed `KEY=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    text: Text,
    /// Length of the part before `=`.
    key_len: usize,
    path: KeyPath,
    value: Value,
}

impl Override {
    /// Parses `KEY=VALUE`, where `KEY` is a path like `loop.rounds.0` and `VALUE` is YAML.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let source: Text = Arc::new(NamedSource::new("--set", text.to_owned()));
        let split = text.split_once('=');
        let parsed = split.and_then(|(key, value)| Some((key, KeyPath::parse(key)?, value)));
        let Some((key, path, value)) = parsed else {
            return Err(Problem::new(
                KeyPath::root(),
                Place::new(&source, 0..text.len()),
                ProblemKind::BadOverride,
            ));
        };
        let parsed = serde_yaml::from_str::<Value>(value).and_then(|mut value| {
            value.apply_merge()?;
            Ok(value)
        });
        match parsed {
            Ok(value) => Ok(Self {
                text: source,
                key_len: key.len(),
                path,
                value,
            }),
            Err(error) => Err(Problem::new(
                path,
                Place::new(&source, key.len() + 1..text.len()),
                ProblemKind::Syntax(Arc::new(error)),
            )),
        }
    }

    /// `KEY=VALUE` as it was given.
    pub(crate) fn text(&self) -> &str {
        self.text.inner()
    }

    pub(crate) fn path(&self) -> &KeyPath {
        &self.path
    }

    /// Where `path` stands in this override: its part of the key, or the value.
    pub(crate) fn place(&self, path: &KeyPath, side: Side) -> Place {
        let depth = path.segments().len();
        let deeper = depth > self.path.segments().len();
        let same = depth == self.path.segments().len();
        let span = if deeper || (same && side == Side::Value) {
            self.key_len + 1..self.text.inner().len()
        } else {
            let key = &self.text.inner()[..self.key_len];
            let before: usize = key
                .split('.')
                .take(depth.max(1) - 1)
                .map(|part| part.len() + 1)
                .sum();
            let part = key[before..].split('.').next().unwrap_or_default();
            before..before + part.len()
        };
        Place::new(&self.text, span)
    }

    /// Puts the value in its place, creating mappings on the way.
    pub(crate) fn apply(&self, root: &mut Value) -> Result<(), Problem> {
        let mut here = root;
        let mut path = KeyPath::root();
        for segment in self.path.segments() {
            if here.is_null() {
                *here = Value::Mapping(Mapping::new());
            }
            let parent = path.clone();
            path = match segment {
                Segment::Key(key) => path.key(key),
                Segment::Index(index) => path.index(*index),
            };
            let kind = match (&mut *here, segment) {
                (Value::Mapping(map), segment) => {
                    let key = Value::String(segment.to_string());
                    here = map.entry(key).or_insert(Value::Null);
                    continue;
                }
                (Value::Sequence(items), segment) => match segment {
                    Segment::Index(index) if *index < items.len() => {
                        here = &mut items[*index];
                        continue;
                    }
                    Segment::Index(_) | Segment::Key(_) => ProblemKind::NoSuchItem {
                        list: parent,
                        items: items.len(),
                    },
                },
                (_, _) => ProblemKind::NotAMapping { value: parent },
            };
            let place = self.place(&path, Side::Key);
            return Err(Problem::new(path, place, kind));
        }
        *here = self.value.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, overrides: &[&str]) -> Result<Value, String> {
        let mut value: Value = serde_yaml::from_str(text).unwrap();
        for text in overrides {
            let set = Override::parse(text).map_err(|problem| problem.to_string())?;
            set.apply(&mut value)
                .map_err(|problem| problem.to_string())?;
        }
        Ok(value)
    }

    #[test]
    fn replaces_adds_and_creates() {
        let value = set(
            "a: {b: 1}\nl: [1, 2]\n",
            &["a.b=2", "a.c=x=y", "l.1=[3, 4]", "n.m.o={p: 5}", "a.d="],
        );
        let wanted = "a: {b: 2, c: x=y, d: null}\nl: [1, [3, 4]]\nn: {m: {o: {p: 5}}}\n";
        assert_eq!(
            value.unwrap(),
            serde_yaml::from_str::<Value>(wanted).unwrap()
        );
    }

    #[test]
    fn says_what_is_wrong_with_it() {
        let wrong = |text: &str| set("a: 1\nl: [1]\n", &[text]).unwrap_err();
        let form = "an override is KEY=VALUE, such as `loop.rounds=[500, 500]`";
        assert_eq!(wrong("a"), form);
        assert_eq!(wrong("a..b=1"), form);
        let plain = "a.b: `a` is not a mapping, so it has nothing to override inside it";
        assert_eq!(wrong("a.b=1"), plain);
        assert_eq!(
            wrong("l.1=1"),
            "l.1: `l` is a list of 1: its items are numbered from 0"
        );
        assert_eq!(
            wrong("l.x=1"),
            "l.x: `l` is a list of 1: its items are numbered from 0"
        );
        assert!(wrong("a=[1").starts_with("a: this is not YAML: "));
    }

    #[test]
    fn knows_its_places() {
        let set = Override::parse("loop.model.base=x/y").unwrap();
        let at = |path: &str, side| {
            let place = set.place(&KeyPath::parse(path).unwrap(), side);
            set.text.inner()[place.span].to_owned()
        };
        assert_eq!(at("loop", Side::Key), "loop");
        assert_eq!(at("loop.model", Side::Value), "model");
        assert_eq!(at("loop.model.base", Side::Key), "base");
        assert_eq!(at("loop.model.base", Side::Value), "x/y");
        assert_eq!(at("loop.model.base.deep", Side::Key), "x/y");
    }
}
