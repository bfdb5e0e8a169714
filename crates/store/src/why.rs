//! Why an action runs: what differs from the last action of the same name.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{Action, Key};
use crate::error::Error;
use crate::layout::Layout;
use crate::look::look;
use crate::missing::Missing;
use crate::{action, files};

/// Why an action has to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Nothing was done under this name before.
    New,
    /// The last action of this name differed.
    Changed(Vec<Change>),
    /// The same action was done before, and its result can't be used any more.
    Missing(Missing),
}

/// A part of an action's key that differs from the last action of its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The path of the part, such as `config.max_length` or `inputs.texts`.
    pub part: String,
    /// The value before, if there was one.
    pub from: Option<Value>,
    /// The value now, if there is one.
    pub to: Option<Value>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Missing(missing) => missing.fmt(f),
            Self::Changed(changes) => {
                for (i, change) in changes.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    change.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut prefixes = ["config.", "files."].iter();
        let part = prefixes.find_map(|prefix| self.part.strip_prefix(prefix));
        let part = part.unwrap_or(&self.part);
        let text = |value: &Option<Value>| match value {
            None | Some(Value::Null) => "unset".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        let (from, to) = (text(&self.from), text(&self.to));
        let is_digest = |text: &str| text.parse::<Key>().is_ok();
        if is_digest(&from) || is_digest(&to) {
            write!(f, "{part} changed")
        } else {
            write!(f, "{part} {from} -> {to}")
        }
    }
}

/// The last action done, or found done, under a name.
#[derive(Serialize, Deserialize)]
struct Last {
    name: String,
    kind: String,
    parts: Map<String, Value>,
}

impl Last {
    /// `None` if there is none or its file is damaged: it serves to explain, no more.
    fn load(layout: &Layout, name: &str) -> Result<Option<Self>, Error> {
        let bytes = files::read(&layout.last(name))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    fn key(&self) -> Key {
        action::key(&self.kind, &self.parts)
    }
}

pub(crate) fn why(layout: &Layout, action: &Action) -> Result<Why, Error> {
    let key = action.key();
    if let Err(missing) = look(layout, &key)?
        && missing.is_damage()
    {
        return Ok(Why::Missing(missing));
    }
    Ok(match Last::load(layout, action.name())? {
        None => Why::New,
        Some(last) if last.key() == key => Why::Missing(Missing::Record),
        Some(last) => {
            let mut changes = Vec::new();
            if last.kind != action.kind() {
                changes.push(Change {
                    part: "kind".to_owned(),
                    from: Some(last.kind.into()),
                    to: Some(action.kind().into()),
                });
            }
            compare("", &last.parts, action.parts(), &mut changes);
            Why::Changed(changes)
        }
    })
}

pub(crate) fn remember(layout: &Layout, action: &Action) -> Result<(), Error> {
    let last = Last::load(layout, action.name())?;
    if last.is_some_and(|last| last.key() == action.key()) {
        return Ok(());
    }
    let last = Last {
        name: action.name().to_owned(),
        kind: action.kind().to_owned(),
        parts: action.parts().clone(),
    };
    files::write_json(&layout.last(action.name()), &last)
}

/// Lists the differing leaves of two maps, sorted by path. Lists count as leaves.
fn compare(
    prefix: &str,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    let mut names: Vec<_> = from.keys().chain(to.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let part = format!("{prefix}{name}");
        match (from.get(name), to.get(name)) {
            (a, b) if a == b => {}
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                compare(&format!("{part}."), a, b, changes);
            }
            (a, b) => changes.push(Change {
                part,
                from: a.cloned(),
                to: b.cloned(),
            }),
        }
    }
}
