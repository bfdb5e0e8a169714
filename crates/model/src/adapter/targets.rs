//! Which modules of a model PEFT adapts: `check_target_module_exists` in its `tuners_utils.py`.

use super::pattern::{INSIDE, NUMBER, NUMBER_AFTER, Pattern, WHOLE};
use crate::error::Error;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// The modules that an adapter's configuration names.
pub(super) struct Targets {
    modules: Modules,
    excluded: Option<Modules>,
    saved: Vec<Pattern>,
    layers: Option<BTreeSet<usize>>,
    /// Each finds a layer's number in its group `idx`.
    numbers: Vec<Pattern>,
}

enum Modules {
    /// All linear layers but the head.
    Linear,
    Matching(Pattern),
    /// Ends of names, from a part's beginning on.
    Named(Vec<String>),
}

/// The parts of `adapter_config.json` that say what is adapted.
pub(super) struct Keys<'a> {
    pub target_modules: Option<&'a Names>,
    pub exclude_modules: Option<&'a Names>,
    pub modules_to_save: &'a [String],
    pub layers_to_transform: Option<&'a Layers>,
    pub layers_pattern: Option<&'a Names>,
}

/// What PEFT adapts in BERT and RoBERTa where `target_modules` is not given.
const DEFAULT: [&str; 2] = ["query", "value"];

impl Targets {
    pub fn new(path: &Path, keys: &Keys<'_>) -> Result<Self, Error> {
        let matching = |key, pattern: &str| Pattern::new(path, key, pattern, WHOLE);
        let modules = match keys.target_modules {
            None => Modules::Named(DEFAULT.map(str::to_owned).to_vec()),
            Some(Names::One(text)) if text.eq_ignore_ascii_case("all-linear") => Modules::Linear,
            Some(Names::One(text)) => Modules::Matching(matching("target_modules", text)?),
            Some(Names::Many(names)) => Modules::Named(names.clone()),
        };
        let excluded = match keys.exclude_modules {
            None => None,
            Some(Names::One(text)) if text.is_empty() => None,
            Some(Names::One(text)) => Some(Modules::Matching(matching("exclude_modules", text)?)),
            Some(Names::Many(names)) => Some(Modules::Named(names.clone())),
        };
        let saved = keys.modules_to_save.iter();
        let saved = saved.map(|name| Pattern::new(path, "modules_to_save", name, INSIDE));
        let layers: Option<BTreeSet<usize>> = keys.layers_to_transform.map(|layers| match layers {
            Layers::One(layer) => [*layer].into(),
            Layers::Many(layers) => layers.iter().copied().collect(),
        });
        let lists = match keys.layers_pattern {
            None => Vec::new(),
            Some(Names::One(list)) if list.is_empty() => Vec::new(),
            Some(Names::One(list)) => vec![list.clone()],
            Some(Names::Many(lists)) => lists.clone(),
        };
        let number = |list: &String| Pattern::new(path, "layers_pattern", list, NUMBER_AFTER);
        let numbers = match lists.is_empty() {
            true => vec![Pattern::new(path, "layers_pattern", "", NUMBER)?],
            false => lists.iter().map(number).collect::<Result<_, _>>()?,
        };
        Ok(Self {
            modules,
            excluded,
            saved: saved.collect::<Result<_, _>>()?,
            layers: layers.filter(|layers| !layers.is_empty()),
            numbers,
        })
    }

    /// Whether the linear layer `module` of the encoder, or BERT's pooler, is adapted.
    pub fn cover(&self, module: &str) -> Result<bool, Error> {
        if let Some(excluded) = &self.excluded
            && excluded.have(module)?
        {
            return Ok(false);
        }
        for saved in &self.saved {
            if saved.matches(module)? {
                return Ok(false);
            }
        }
        if self.modules.list(module) {
            return Ok(true);
        }
        Ok(self.modules.have(module)? && self.is_in_layers(module)?)
    }

    fn is_in_layers(&self, module: &str) -> Result<bool, Error> {
        let Some(layers) = &self.layers else {
            return Ok(true);
        };
        for pattern in &self.numbers {
            if let Some(captures) = pattern.captures(module)? {
                let number = captures
                    .name("idx")
                    .and_then(|text| text.as_str().parse().ok());
                return Ok(number.is_some_and(|number| layers.contains(&number)));
            }
        }
        Ok(false)
    }
}

impl Modules {
    /// Whether `module` is listed by its whole name, so that its layer does not matter.
    fn list(&self, module: &str) -> bool {
        matches!(self, Self::Named(names) if names.iter().any(|name| name == module))
    }

    fn have(&self, module: &str) -> Result<bool, Error> {
        match self {
            Self::Linear => Ok(true),
            Self::Matching(pattern) => pattern.matches(module),
            Self::Named(names) => Ok(names.iter().any(|name| {
                let before = module.strip_suffix(name.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            })),
        }
    }
}

/// A name or pattern, or a list of names.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Many(Vec<String>),
}

/// A layer's number, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Layers {
    One(usize),
    Many(Vec<usize>),
}
