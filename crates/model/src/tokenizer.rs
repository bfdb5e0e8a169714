//! Texts to token ids, by the model's own `tokenizer.json`.

use crate::error::read_json;
use crate::{EncoderConfig, Error};
use rayon::prelude::*;
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::path::Path;
use tokenizers::{Tokenizer, TruncationParams};

/// The token ids of one text, special tokens included.
pub type Tokens = Vec<u32>;

/// A tokenizer that cuts at a maximum length and never pads.
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    max_length: usize,
}

#[derive(Deserialize)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

impl TextTokenizer {
    /// Opens the tokenizer of a model folder.
    ///
    /// `max_length` is in tokens, special tokens included; without it, as much as the model takes.
    ///
    /// # Errors
    ///
    /// When the tokenizer cannot be read, knows tokens that the model does not, or `max_length` is
    /// more than the model takes.
    pub fn open(
        folder: &Path,
        config: &EncoderConfig,
        max_length: Option<NonZeroUsize>,
    ) -> Result<Self, Error> {
        let path = folder.join("tokenizer.json");
        let loading = |source| Error::Tokenizer {
            path: path.clone(),
            source,
        };
        let mut tokenizer = Tokenizer::from_file(&path).map_err(loading)?;
        let highest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0) as usize;
        if highest >= config.vocabulary {
            return Err(Error::Vocabulary {
                path,
                token: highest,
                vocabulary: config.vocabulary,
            });
        }
        let most = config.longest_sequence();
        let own = own_limit(folder)?.map_or(most, |own| own.min(most));
        let max_length = max_length.map_or(own, NonZeroUsize::get);
        let least = tokenizer.get_post_processor().map_or(0, |processor| {
            tokenizers::PostProcessor::added_tokens(processor, false)
        }) + 1;
        if max_length < least || max_length > most {
            return Err(Error::MaxLength {
                asked: max_length,
                least,
                most,
            });
        }
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length,
                ..TruncationParams::default()
            }))
            .map_err(loading)?;
        Ok(Self {
            tokenizer,
            max_length,
        })
    }

    /// The most tokens a text gets.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The tokenizer itself, cutting nothing.
    pub(crate) fn uncut(&self) -> Result<Tokenizer, Error> {
        let mut tokenizer = self.tokenizer.clone();
        tokenizer.with_truncation(None).map_err(Error::Tokenize)?;
        Ok(tokenizer)
    }

    /// The token ids of each text, in order.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        let tokens = texts.par_iter().map(|text| {
            let encoding = self.tokenizer.encode_fast(*text, true);
            Ok(encoding.map_err(Error::Tokenize)?.get_ids().to_vec())
        });
        tokens.collect()
    }
}

/// The limit in `tokenizer_config.json`; tokenizers without one write a number past all bounds.
fn own_limit(folder: &Path) -> Result<Option<usize>, Error> {
    let path = folder.join("tokenizer_config.json");
    if !path.is_file() {
        return Ok(None);
    }
    let config: TokenizerConfig = read_json(path)?;
    Ok(config
        .model_max_length
        .filter(|&limit| (1.0..1e9).contains(&limit))
        .map(|limit| limit as usize))
}
