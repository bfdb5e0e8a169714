//! The parts of a model's `config.json` that decide its arithmetic.

use crate::Error;
use crate::error::read_json;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// BERT: Devlin et al. 2019, arXiv:1810.04805.
    Bert,
    /// RoBERTa: Liu et al. 2019, arXiv:1907.11692.
    Roberta,
}

impl Family {
    /// The prefix of the encoder's tensors in a model with a head.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Roberta => "roberta",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// The configuration of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The architecture.
    pub family: Family,
    /// How many tokens there are.
    pub vocabulary: usize,
    /// The width of a token's state.
    pub hidden: usize,
    /// How many layers.
    pub layers: usize,
    /// Attention heads in each layer.
    pub heads: usize,
    /// The width inside the feed-forward part.
    pub intermediate: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Rows of the token-type table.
    pub token_types: usize,
    /// Added to variances in layer normalisation.
    pub epsilon: f32,
    /// The padding token: RoBERTa counts positions from the next number on.
    pub pad_token: u32,
    /// The class names, where the model was trained to classify.
    pub classes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "tiny")]
    layer_norm_eps: f64,
    #[serde(default)]
    pad_token_id: Option<u32>,
    #[serde(default = "gelu")]
    hidden_act: String,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    id2label: Option<BTreeMap<String, String>>,
    num_labels: Option<usize>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
}

fn two() -> usize {
    2
}

fn tiny() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

impl EncoderConfig {
    /// Reads `config.json` in the model folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is of another architecture, or asks for something else than GELU,
    /// absolute positions and a bidirectional encoder.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        let raw: Raw = read_json(path.clone())?;
        let family = match raw.model_type.as_deref() {
            Some("bert") => Family::Bert,
            Some("roberta" | "xlm-roberta" | "camembert") => Family::Roberta,
            other => {
                return Err(Error::Architecture {
                    path,
                    found: other.unwrap_or("missing").to_owned(),
                });
            }
        };
        check(&path, &raw)?;
        let classifies = raw
            .architectures
            .as_deref()
            .unwrap_or_default()
            .iter()
            .any(|name| name.ends_with("ForSequenceClassification"));
        Ok(Self {
            family,
            vocabulary: raw.vocab_size,
            hidden: raw.hidden_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            intermediate: raw.intermediate_size,
            positions: raw.max_position_embeddings,
            token_types: raw.type_vocab_size,
            epsilon: raw.layer_norm_eps as f32,
            pad_token: raw.pad_token_id.unwrap_or(match family {
                Family::Bert => 0,
                Family::Roberta => 1,
            }),
            classes: classifies.then(|| class_names(raw.id2label, raw.num_labels)),
        })
    }

    /// The name that a model with a head gives to a part of its encoder.
    pub(crate) fn trained_name(&self, part: &str) -> String {
        format!("{}.{part}", self.family.prefix())
    }

    /// The most tokens that a sequence may have.
    pub fn longest_sequence(&self) -> usize {
        match self.family {
            Family::Bert => self.positions,
            Family::Roberta => self.positions.saturating_sub(self.pad_token as usize + 1),
        }
    }
}

/// Class names in the order of their numbers; Hugging Face leaves them out for two classes.
fn class_names(id2label: Option<BTreeMap<String, String>>, count: Option<usize>) -> Vec<String> {
    match id2label {
        Some(names) => {
            let mut names: Vec<(usize, String)> = names
                .into_iter()
                .filter_map(|(number, name)| Some((number.parse().ok()?, name)))
                .collect();
            names.sort();
            names.into_iter().map(|(_, name)| name).collect()
        }
        None => (0..count.unwrap_or(2))
            .map(|class| format!("LABEL_{class}"))
            .collect(),
    }
}

fn check(path: &Path, raw: &Raw) -> Result<(), Error> {
    let unsupported = |key, value: String, supported| {
        Err(Error::Unsupported {
            path: PathBuf::from(path),
            key,
            value,
            supported,
        })
    };
    if raw.hidden_act != "gelu" {
        return unsupported("hidden_act", raw.hidden_act.clone(), "gelu");
    }
    if let Some(kind) = raw
        .position_embedding_type
        .as_deref()
        .filter(|&kind| kind != "absolute")
    {
        return unsupported(
            "position_embedding_type",
            kind.to_owned(),
            "absolute positions",
        );
    }
    if raw.is_decoder {
        return unsupported("is_decoder", "true".to_owned(), "an encoder");
    }
    let sizes = [
        ("vocab_size", raw.vocab_size),
        ("hidden_size", raw.hidden_size),
        ("num_hidden_layers", raw.num_hidden_layers),
        ("num_attention_heads", raw.num_attention_heads),
        ("intermediate_size", raw.intermediate_size),
        ("max_position_embeddings", raw.max_position_embeddings),
        ("type_vocab_size", raw.type_vocab_size),
    ];
    for (key, value) in sizes {
        if value == 0 || value > 1 << 24 {
            return unsupported(key, value.to_string(), "sizes from 1 to 16777216");
        }
    }
    if !raw.hidden_size.is_multiple_of(raw.num_attention_heads) {
        return unsupported(
            "num_attention_heads",
            raw.num_attention_heads.to_string(),
            "a hidden_size that the heads divide",
        );
    }
    Ok(())
}
