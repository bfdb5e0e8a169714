//! The `adapter_config.json` of a LoRA adapter.

use super::features;
use super::pattern::{END, Pattern};
use super::targets::{Keys, Layers, Names, Targets};
use crate::error::{Error, read_json};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// What is adapted, and with which ranks and scales.
pub(super) struct Config {
    pub targets: Targets,
    rank: usize,
    alpha: f64,
    ranks: Vec<(Pattern, usize)>,
    alphas: Vec<(Pattern, f64)>,
    use_rslora: bool,
    saved: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    rank_pattern: Ordered<usize>,
    #[serde(default)]
    alpha_pattern: Ordered<f64>,
    target_modules: Option<Names>,
    exclude_modules: Option<Names>,
    modules_to_save: Option<Vec<String>>,
    layers_to_transform: Option<Layers>,
    layers_pattern: Option<Names>,
}

/// An object's entries in the order of the file, which decides between patterns.
struct Ordered<T>(Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of patterns and numbers")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Ordered::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_any(Entries(PhantomData))
    }
}

/// Entries of `modules_to_save` that name the head or a part of it, in BERT, RoBERTa or elsewhere.
const HEADS: [&str; 5] = [
    "classifier",
    "score",
    "classifier.dense",
    "classifier.out_proj",
    "out_proj",
];

impl Config {
    /// Reads an `adapter_config.json`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or asks for more of PEFT than LoRA on linear layers and a head.
    pub fn read(path: &Path) -> Result<Self, Error> {
        features::check(path, &read_json(path.to_owned())?)?;
        let raw: Raw = read_json(path.to_owned())?;
        let refuse = |feature: String| Error::AdapterFeature {
            path: path.to_owned(),
            feature,
        };
        let saved = raw.modules_to_save.unwrap_or_default();
        if let Some(other) = saved.iter().find(|name| !HEADS.contains(&name.as_str())) {
            return Err(refuse(format!("{other:?} in modules_to_save")));
        }
        let ranks = raw.rank_pattern.0;
        if raw.r == 0 || ranks.iter().any(|(_, rank)| *rank == 0) {
            return Err(refuse("a rank of 0".to_owned()));
        }
        let keys = Keys {
            target_modules: raw.target_modules.as_ref(),
            exclude_modules: raw.exclude_modules.as_ref(),
            modules_to_save: &saved,
            layers_to_transform: raw.layers_to_transform.as_ref(),
            layers_pattern: raw.layers_pattern.as_ref(),
        };
        Ok(Self {
            targets: Targets::new(path, &keys)?,
            rank: raw.r,
            alpha: raw.lora_alpha,
            ranks: patterns(path, "rank_pattern", ranks)?,
            alphas: patterns(path, "alpha_pattern", raw.alpha_pattern.0)?,
            use_rslora: raw.use_rslora,
            saved,
        })
    }

    /// The inner dimension of a module's LoRA matrices.
    pub fn rank(&self, module: &str) -> Result<usize, Error> {
        Ok(first(&self.ranks, module)?.unwrap_or(self.rank))
    }

    /// What a module's LoRA product is multiplied with: alpha / r, or alpha / sqrt(r) for
    /// rank-stabilised LoRA (Kalajdzievski 2023, arXiv:2312.03732).
    pub fn scale(&self, module: &str) -> Result<f32, Error> {
        let rank = self.rank(module)? as f64;
        let alpha = first(&self.alphas, module)?.unwrap_or(self.alpha);
        let divisor = if self.use_rslora { rank.sqrt() } else { rank };
        Ok((alpha / divisor) as f32)
    }

    /// Whether the adapter has to bring the head's tensor of this name.
    pub fn saves(&self, tensor: &str) -> bool {
        self.saved.iter().any(|name| {
            let start = if name == "out_proj" {
                "classifier.out_proj"
            } else {
                name
            };
            let rest = tensor.strip_prefix(start);
            rest.is_some_and(|rest| rest.starts_with('.'))
        })
    }
}

fn patterns<T>(
    path: &Path,
    key: &'static str,
    entries: Vec<(String, T)>,
) -> Result<Vec<(Pattern, T)>, Error> {
    let compiled = entries
        .into_iter()
        .map(|(pattern, value)| Ok((Pattern::new(path, key, &pattern, END)?, value)));
    compiled.collect()
}

/// The value of the first pattern that matches.
fn first<T: Copy>(patterns: &[(Pattern, T)], module: &str) -> Result<Option<T>, Error> {
    for (pattern, value) in patterns {
        if pattern.matches(module)? {
            return Ok(Some(*value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
