//! `modules.json`: what a sentence encoder is made of.

use super::dense::{Dense, Step};
use super::pooling::Poolings;
use crate::error::{Error, read_json};
use crate::notice::warn_once;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The modules of a sentence encoder, by their folders.
pub(super) struct Modules {
    /// Where the transformer's files are.
    pub transformer: PathBuf,
    /// Whether there is a `modules.json`. Without one, sentence-transformers reads neither its own
    /// settings of the transformer nor prompts, and takes the mean of the tokens.
    pub listed: bool,
    pooling: Option<PathBuf>,
    after: Vec<(Kind, PathBuf)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transformer,
    Pooling,
    Dense,
    LayerNorm,
    Normalize,
    Dropout,
}

const KINDS: [(&str, Kind); 6] = [
    ("Transformer", Kind::Transformer),
    ("Pooling", Kind::Pooling),
    ("Dense", Kind::Dense),
    ("LayerNorm", Kind::LayerNorm),
    ("Normalize", Kind::Normalize),
    ("Dropout", Kind::Dropout),
];

/// The families of modules, whose names may equal those of modules that work on sentences.
const OTHERS: [&str; 3] = ["sparse_encoder", "cross_encoder", "multi_vector_encoder"];

impl Modules {
    /// Reads the list in a model's folder.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("modules.json");
        if !path.is_file() {
            for name in [
                "sentence_bert_config.json",
                "config_sentence_transformers.json",
            ] {
                if folder.join(name).is_file() {
                    warn_once(format!(
                        "{} is not used, as in sentence-transformers: the folder has no modules.json, so \
                         vectors are means of the tokens",
                        folder.join(name).display()
                    ));
                }
            }
            return Ok(Self {
                transformer: folder.to_owned(),
                listed: false,
                pooling: None,
                after: Vec::new(),
            });
        }
        let entries: Vec<Map<String, Value>> = read_json(path.clone())?;
        let mut transformer = None;
        let mut pooling = None;
        let mut after = Vec::new();
        for entry in &entries {
            let unsupported =
                |key: &'static str, value: &str, supported: &'static str| Error::Unsupported {
                    path: path.clone(),
                    key,
                    value: value.to_owned(),
                    supported,
                };
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let kind = text("type").unwrap_or("missing");
            let place = text("path").unwrap_or_default();
            let stays = Path::new(place).components().all(|part| {
                matches!(
                    part,
                    std::path::Component::Normal(_) | std::path::Component::CurDir
                )
            });
            if !stays {
                return Err(unsupported("path", place, "modules inside its folder"));
            }
            let place = folder.join(place);
            let known = kind_of(kind).ok_or_else(|| {
                let supported = "the modules Transformer, Pooling, Dense, LayerNorm, Dropout and Normalize \
                                 of sentence-transformers";
                unsupported("type", kind, supported)
            })?;
            let order = "one Transformer, then one Pooling, then the others";
            match (known, &transformer, &pooling) {
                (Kind::Transformer, None, None) => transformer = Some(place),
                (Kind::Pooling, Some(_), None) => pooling = Some(place),
                (Kind::Dropout, Some(_), _) => {}
                (Kind::Dense | Kind::LayerNorm | Kind::Normalize, Some(_), Some(_)) => {
                    after.push((known, place));
                }
                _ => return Err(unsupported("type", kind, order)),
            }
        }
        match (transformer, pooling) {
            (Some(transformer), Some(pooling)) => Ok(Self {
                transformer,
                listed: true,
                pooling: Some(pooling),
                after,
            }),
            (transformer, _) => Err(Error::Unsupported {
                path,
                key: "type",
                value: match transformer {
                    None => "no Transformer".to_owned(),
                    Some(_) => "no Pooling".to_owned(),
                },
                supported: "one Transformer and one Pooling",
            }),
        }
    }

    /// The pooling of tokens of this width, and what is done to its vectors.
    pub fn steps(&self, width: usize) -> Result<(Poolings, Vec<Step>), Error> {
        let pooling = match &self.pooling {
            Some(folder) => Poolings::read(&folder.join("config.json"), width)?,
            None => Poolings::default(),
        };
        let mut width = width * pooling.modes.len();
        let mut steps = Vec::new();
        for (kind, folder) in &self.after {
            let step = match kind {
                Kind::Dense => Step::Dense(Dense::read(folder, width)?),
                Kind::LayerNorm => Step::layer_norm(folder, width)?,
                _ => {
                    check_normalize(folder)?;
                    Step::Normalize
                }
            };
            width = step.width(width);
            steps.push(step);
        }
        Ok((pooling, steps))
    }
}

/// A module of sentence-transformers, by its class: `sentence_transformers.models.X` of older versions,
/// or a longer path of today's.
fn kind_of(class: &str) -> Option<Kind> {
    let parts: Vec<&str> = class.split('.').collect();
    let ours = parts.first() == Some(&"sentence_transformers")
        && !parts.iter().any(|part| OTHERS.contains(part));
    let name = parts.last().filter(|_| ours)?;
    KINDS
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, kind)| *kind)
}

/// The names that a normalisation reads and writes, where its folder gives any.
fn check_normalize(folder: &Path) -> Result<(), Error> {
    let path = folder.join("config.json");
    if !path.is_file() {
        return Ok(());
    }
    let values: Map<String, Value> = read_json(path.clone())?;
    for key in ["module_input_name", "module_output_name"] {
        let other = values
            .get(key)
            .filter(|name| !name.is_null() && *name != "sentence_embedding");
        if let Some(other) = other {
            return Err(Error::Unsupported {
                path,
                key,
                value: other.to_string(),
                supported: "sentence_embedding there",
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_known_by_old_and_current_paths_and_strange_code_is_not() {
        for class in [
            "sentence_transformers.models.Pooling",
            "sentence_transformers.models.Pooling.Pooling",
            "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
            "sentence_transformers.sentence_transformer.modules.Pooling",
        ] {
            assert!(kind_of(class) == Some(Kind::Pooling), "{class}");
        }
        let transformer = "sentence_transformers.base.modules.transformer.Transformer";
        assert!(kind_of(transformer) == Some(Kind::Transformer));
        for class in [
            "custom_st.Transformer",
            "Pooling",
            "sentence_transformers.models.CNN",
            "sentence_transformers.sparse_encoder.models.Transformer",
            "sentence_transformers_fork.models.Pooling",
        ] {
            assert!(kind_of(class).is_none(), "{class}");
        }
    }
}
