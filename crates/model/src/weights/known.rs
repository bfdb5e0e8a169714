//! Which tensors a model's file may have: those of its encoder, and of heads that real models bring.

use super::Weights;
use crate::config::{EncoderConfig, Family};
use crate::error::Error;
use crate::lora::Target;

/// What heads and poolers are called. They are used by those who ask for them, and else left alone.
const HEADS: [&str; 6] = [
    "pooler",
    "cls",
    "lm_head",
    "classifier",
    "qa_outputs",
    "score",
];

/// The ends of the names of buffers that older versions of transformers saved. They hold constants.
const BUFFERS: [&str; 2] = [".position_ids", ".token_type_ids"];

/// How many names an error lists.
const LISTED: usize = 5;

impl Weights {
    /// Checks that every tensor belongs to the encoder that `config` describes, its names beginning
    /// with `prefix`, or is a head, pooler or buffer.
    ///
    /// # Errors
    ///
    /// When one does not: the numbers would be those of another model than the file's.
    pub(crate) fn check_known(&self, prefix: &str, config: &EncoderConfig) -> Result<(), Error> {
        let known = |name: &&str| {
            let inner = name.strip_prefix(prefix);
            inner.is_some_and(|name| is_encoder(name, config)) || is_companion(name)
        };
        let mut unknown: Vec<&str> = self.names().filter(|name| !known(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let more = unknown.len().saturating_sub(LISTED);
        unknown.truncate(LISTED);
        Err(Error::UnknownTensors {
            path: self.tensors[unknown[0]].path.to_path_buf(),
            names: unknown.into_iter().map(str::to_owned).collect(),
            more,
            layers: config.layers,
        })
    }
}

fn is_encoder(name: &str, config: &EncoderConfig) -> bool {
    if let Some(rest) = name.strip_prefix("embeddings.") {
        return match rest.strip_suffix("_embeddings.weight") {
            Some(table) => ["word", "position", "token_type"].contains(&table),
            None => is_part(rest, "LayerNorm"),
        };
    }
    let layer = name.strip_prefix("encoder.layer.");
    let Some((layer, rest)) = layer.and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    (0..config.layers).any(|index| index.to_string() == layer)
        && (Target::ALL
            .iter()
            .any(|target| is_part(rest, target.path()))
            || is_part(rest, "attention.output.LayerNorm")
            || is_part(rest, "output.LayerNorm"))
}

/// Whether `name` is the weight or the bias of `module`.
fn is_part(name: &str, module: &str) -> bool {
    let part = name.strip_prefix(module);
    part.is_some_and(|part| part == ".weight" || part == ".bias")
}

fn is_companion(name: &str) -> bool {
    let families = [Family::Bert, Family::Roberta].map(Family::prefix);
    let bare = match name.split_once('.') {
        Some((first, rest)) if families.contains(&first) => rest,
        _ => name,
    };
    let first = bare.split('.').next().unwrap_or(bare);
    HEADS.contains(&first) || BUFFERS.iter().any(|buffer| bare.ends_with(buffer))
}
