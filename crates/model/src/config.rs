//! The parts of a model's `config.json` that decide its arithmetic.

mod fields;

use crate::error::{Error, read_json};
use crate::notice::{warn_of_unknown, warn_once};
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;

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
    /// Whether the outputs of a masked-language head are the word embeddings.
    pub tied: bool,
    /// The tokenizer's class in transformers, or the usual one of this `model_type`.
    pub(crate) tokenizer_class: TokenizerClass,
}

/// Which tokenizer class of transformers a model has, where `tokenizer_config.json` does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenizerClass {
    /// What `config.json` says.
    pub given: Option<String>,
    /// The class that belongs to the `model_type`.
    pub usual: &'static str,
}

/// What transformers takes where `config.json` says nothing: vocabulary, layers and so on.
const DEFAULTS: [(&str, usize); 6] = [
    ("hidden_size", 768),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
    ("max_position_embeddings", 512),
    ("type_vocab_size", 2),
];

impl EncoderConfig {
    /// Reads `config.json` in the model folder.
    ///
    /// A key that is missing has the value that transformers gives it. Keys that would change the numbers
    /// in a way that is not implemented are refused by name, and keys that nobody knows are warned of.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is of another architecture, or asks for something else than GELU,
    /// absolute positions and a bidirectional encoder.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        if !path.is_file() && folder.join("adapter_config.json").is_file() {
            return Err(Error::AdapterAlone {
                folder: folder.to_owned(),
            });
        }
        let file = ConfigFile {
            values: read_json(path.clone())?,
            path: &path,
        };
        let model_type = file.text("model_type")?;
        let (family, vocabulary, usual) = match model_type {
            Some("bert") => (Family::Bert, 30522, "BertTokenizer"),
            Some("roberta") => (Family::Roberta, 50265, "RobertaTokenizer"),
            Some("xlm-roberta") => (Family::Roberta, 30522, "XLMRobertaTokenizer"),
            Some("camembert") => (Family::Roberta, 30522, "CamembertTokenizer"),
            other => {
                let found = other.unwrap_or("missing").to_owned();
                return Err(Error::Architecture { path, found });
            }
        };
        file.check()?;
        let [hidden, layers, heads, intermediate, positions, token_types] =
            DEFAULTS.map(|(key, default)| file.size(key, default));
        let (hidden, heads) = (hidden?, heads?);
        if !hidden.is_multiple_of(heads) {
            return file.unsupported(
                "num_attention_heads",
                &heads.to_string(),
                "a hidden_size that the heads divide",
            );
        }
        let pad_token = match (file.values.get("pad_token_id"), family) {
            (None, Family::Bert) => 0,
            (None, Family::Roberta) => 1,
            // BERT's positions do not depend on it.
            (Some(Value::Null), Family::Bert) => 0,
            (Some(value), _) => match value.as_u64().and_then(|token| u32::try_from(token).ok()) {
                Some(token) => token,
                None => {
                    return file.unsupported(
                        "pad_token_id",
                        &value.to_string(),
                        "a token's number there, from which RoBERTa counts positions",
                    );
                }
            },
        };
        warn_of_unknown(
            &path,
            file.values.keys().map(String::as_str),
            fields::is_known,
        );
        Ok(Self {
            family,
            vocabulary: file.size("vocab_size", vocabulary)?,
            hidden,
            layers: layers?,
            heads,
            intermediate: intermediate?,
            positions: positions?,
            token_types: token_types?,
            epsilon: file.number("layer_norm_eps", 1e-12)? as f32,
            pad_token,
            tied: file.flag("tie_word_embeddings", true)?,
            tokenizer_class: TokenizerClass {
                given: file.text("tokenizer_class")?.map(str::to_owned),
                usual,
            },
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

/// The values of a `config.json`.
struct ConfigFile<'a> {
    values: Map<String, Value>,
    path: &'a Path,
}

impl ConfigFile<'_> {
    fn unsupported<T>(
        &self,
        key: &'static str,
        value: &str,
        supported: &'static str,
    ) -> Result<T, Error> {
        Err(Error::Unsupported {
            path: self.path.to_owned(),
            key,
            value: value.to_owned(),
            supported,
        })
    }

    /// A value that is there and not null.
    fn given(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &'static str) -> Result<Option<&str>, Error> {
        match self.given(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.unsupported(key, &other.to_string(), "a string there"),
        }
    }

    fn flag(&self, key: &'static str, default: bool) -> Result<bool, Error> {
        match self.given(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => self.unsupported(key, &other.to_string(), "true or false there"),
        }
    }

    fn number(&self, key: &'static str, default: f64) -> Result<f64, Error> {
        match self.given(key) {
            None => Ok(default),
            Some(value) => match value.as_f64().filter(|number| (0.0..1.0).contains(number)) {
                Some(number) => Ok(number),
                None => self.unsupported(key, &value.to_string(), "a number from 0 to 1 there"),
            },
        }
    }

    fn size(&self, key: &'static str, default: usize) -> Result<usize, Error> {
        let value = match self.given(key) {
            None => return Ok(default),
            Some(value) => value,
        };
        let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
        match size.filter(|size| (1..=1 << 24).contains(size)) {
            Some(size) => Ok(size),
            None => self.unsupported(key, &value.to_string(), "sizes from 1 to 16777216"),
        }
    }

    /// Refuses what would change the numbers and is not implemented.
    fn check(&self) -> Result<(), Error> {
        let act = self.text("hidden_act")?.unwrap_or("gelu");
        if !["gelu", "gelu_python"].contains(&act) {
            return self.unsupported("hidden_act", act, "gelu");
        }
        let positions = self.text("position_embedding_type")?.unwrap_or("absolute");
        if positions != "absolute" {
            return self.unsupported("position_embedding_type", positions, "absolute positions");
        }
        for key in ["is_decoder", "add_cross_attention", "is_encoder_decoder"] {
            if self.flag(key, false)? {
                return self.unsupported(key, "true", "an encoder");
            }
        }
        let whole =
            "weights that are stored as they are: load it in transformers and save it in float32";
        if let Some(value) = self.given("quantization_config") {
            let method = value.get("quant_method").map(Value::to_string);
            let shown = method.unwrap_or_else(|| "{…}".to_owned());
            return self.unsupported("quantization_config", &shown, whole);
        }
        if let Some(Value::Object(heads)) = self.given("pruned_heads")
            && !heads.is_empty()
        {
            let shown = Value::Object(heads.clone()).to_string();
            return self.unsupported("pruned_heads", &shown, "all of its heads");
        }
        if let Some(value) = self.given("auto_map")
            && value
                .as_object()
                .is_none_or(|map| map.keys().any(|key| key != "AutoTokenizer"))
        {
            return self.unsupported(
                "auto_map",
                &value.to_string(),
                "no code of its own, which is never run here",
            );
        }
        for key in ["torch_dtype", "dtype"] {
            if let Some(kind) = self.given(key).and_then(Value::as_str)
                && ["float8", "int"]
                    .iter()
                    .any(|start| kind.starts_with(start))
            {
                warn_once(format!(
                    "{}: {key} is {kind}; the weights are read as they are stored and computed with in f32",
                    self.path.display()
                ));
            }
        }
        Ok(())
    }
}
