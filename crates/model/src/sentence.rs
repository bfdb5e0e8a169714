//! Sentence embeddings: Reimers and Gurevych 2019, arXiv:1908.10084.

use crate::error::read_json;
use crate::{Batch, Device, Encoder, EncoderConfig, Error, TextTokenizer, Tokens, Weights};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::Path;

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// Their sum divided by the square root of their number.
    MeanSqrtLength,
    /// The largest value of each component.
    Max,
    /// The state of the first token.
    First,
}

/// An encoder that gives each text one vector.
pub struct SentenceEncoder {
    encoder: Encoder,
    tokenizer: TextTokenizer,
    pooling: Pooling,
    normalize: bool,
    lowercase: bool,
}

#[derive(Deserialize)]
struct ModuleEntry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<NonZeroUsize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

impl SentenceEncoder {
    /// Opens a sentence-transformers folder, or a plain model's (then: mean, not normalised).
    ///
    /// `max_length` (tokens) and `normalize` replace what the folder says.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded, or `modules.json` names a module that is not implemented.
    pub fn open(
        folder: &Path,
        max_length: Option<NonZeroUsize>,
        normalize: Option<bool>,
        device: &Device,
    ) -> Result<Self, Error> {
        let config = EncoderConfig::read(folder)?;
        let own_path = folder.join("sentence_bert_config.json");
        let own: SentenceConfig = match own_path.is_file() {
            true => read_json(own_path)?,
            false => SentenceConfig::default(),
        };
        let (pooling, own_normalize) = modules(folder)?;
        let (tokenizer, encoder) = rayon::join(
            || TextTokenizer::open(folder, &config, max_length.or(own.max_seq_length)),
            || Encoder::load(&Weights::open(folder)?, config.clone(), device),
        );
        Ok(Self {
            tokenizer: tokenizer?,
            encoder: encoder?,
            pooling,
            normalize: normalize.unwrap_or(own_normalize),
            lowercase: own.do_lower_case,
        })
    }

    /// The number of components of a vector.
    pub fn dimension(&self) -> usize {
        self.encoder.config().hidden
    }

    /// The token ids of each text, surrounding white space removed as sentence-transformers does.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text.
    pub fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        let trimmed: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        if !self.lowercase {
            return self.tokenizer.encode(&trimmed);
        }
        let lower: Vec<String> = trimmed.iter().map(|text| text.to_lowercase()).collect();
        self.tokenizer
            .encode(&lower.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// One vector for each sequence, row-major, `[sequences, dimension]`.
    pub fn embed<'a>(&self, sequences: impl IntoIterator<Item = &'a Tokens>) -> Vec<f32> {
        let batch = Batch::new(sequences, self.encoder.config());
        let hidden = self.encoder.forward(&batch);
        let states = hidden.states.into_data();
        let states = states.as_slice::<f32>().unwrap_or_default();
        let width = self.dimension();
        let mut vectors = Vec::with_capacity(hidden.sequences.len() * width);
        for range in hidden.sequences.ranges() {
            let mut vector = pool(
                self.pooling,
                &states[range.start * width..range.end * width],
                width,
            );
            if self.normalize {
                normalize(&mut vector);
            }
            vectors.extend(vector);
        }
        vectors
    }
}

/// The pooling and whether vectors are normalised, as `modules.json` says.
fn modules(folder: &Path) -> Result<(Pooling, bool), Error> {
    let path = folder.join("modules.json");
    if !path.is_file() {
        return Ok((Pooling::Mean, false));
    }
    let entries: Vec<ModuleEntry> = read_json(path.clone())?;
    let (mut pooling, mut normalize) = (Pooling::Mean, false);
    for entry in entries {
        match entry.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => {}
            "Pooling" => pooling = pooling_of(&folder.join(&entry.path).join("config.json"))?,
            "Normalize" => normalize = true,
            _ => {
                return Err(Error::Unsupported {
                    path,
                    key: "type",
                    value: entry.kind,
                    supported: "the modules Transformer, Pooling and Normalize",
                });
            }
        }
    }
    Ok((pooling, normalize))
}

fn pooling_of(path: &Path) -> Result<Pooling, Error> {
    let config: PoolingConfig = read_json(path.to_owned())?;
    let modes = [
        (config.pooling_mode_cls_token, Some(Pooling::First)),
        (config.pooling_mode_mean_tokens, Some(Pooling::Mean)),
        (config.pooling_mode_max_tokens, Some(Pooling::Max)),
        (
            config.pooling_mode_mean_sqrt_len_tokens,
            Some(Pooling::MeanSqrtLength),
        ),
        (config.pooling_mode_weightedmean_tokens, None),
        (config.pooling_mode_lasttoken, None),
    ];
    let chosen: Vec<Option<Pooling>> = modes
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, mode)| mode)
        .collect();
    match chosen[..] {
        [Some(pooling)] => Ok(pooling),
        _ => Err(Error::Unsupported {
            path: path.to_owned(),
            key: "pooling_mode",
            value: format!("{} modes", chosen.len()),
            supported: "exactly one of cls, mean, max and mean_sqrt_len pooling",
        }),
    }
}

fn pool(pooling: Pooling, states: &[f32], width: usize) -> Vec<f32> {
    let rows = states.chunks_exact(width);
    let count = rows.len() as f32;
    let sum = || {
        let mut total = vec![0.0; width];
        for row in rows.clone() {
            for (total, value) in total.iter_mut().zip(row) {
                *total += value;
            }
        }
        total
    };
    let divided = |by: f32| sum().into_iter().map(|total| total / by).collect();
    match pooling {
        Pooling::Mean => divided(count),
        Pooling::MeanSqrtLength => divided(count.sqrt()),
        Pooling::Max => {
            let mut largest = vec![f32::NEG_INFINITY; width];
            for row in rows.clone() {
                for (largest, &value) in largest.iter_mut().zip(row) {
                    *largest = largest.max(value);
                }
            }
            largest
        }
        Pooling::First => states[..width].to_vec(),
    }
}

/// Scales to length 1; a zero vector stays zero.
pub(crate) fn normalize(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    for x in vector {
        *x /= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pooling_does_what_its_name_says() {
        let states = [1.0, -2.0, 3.0, 4.0, 5.0, 1.0, 0.0, 0.0];
        assert_eq!(pool(Pooling::Mean, &states, 2), [2.25, 0.75]);
        assert_eq!(pool(Pooling::MeanSqrtLength, &states, 2), [4.5, 1.5]);
        assert_eq!(pool(Pooling::Max, &states, 2), [5.0, 4.0]);
        assert_eq!(pool(Pooling::First, &states, 2), [1.0, -2.0]);
    }
}
