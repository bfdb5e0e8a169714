//! Texts to token ids, as transformers makes them of the same folder.

mod assemble;
mod class;
mod settings;
mod stored;

use crate::config::{EncoderConfig, Family};
use crate::error::Error;
use crate::notice::warn_once;
use assemble::{Assembled, assemble};
use goldpan_artifact::caught;
use rayon::prelude::*;
use serde_json::{Map, Value};
use settings::Settings;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tokenizers::normalizers::{Lowercase, Sequence};
use tokenizers::{NormalizerWrapper, Tokenizer, TruncationDirection, TruncationParams};

/// The token ids of one text, special tokens included.
pub type Tokens = Vec<u32>;

/// A tokenizer that cuts at a maximum length and never pads.
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    max_length: usize,
    /// The file with the vocabulary.
    path: PathBuf,
    /// The size of the model's vocabulary.
    vocabulary: usize,
    mask: Option<String>,
}

/// What a sentence encoder's own file says of its tokenizer.
#[derive(Debug, Default)]
pub(crate) struct OwnSettings {
    /// The most tokens of a text, and the file that says so.
    pub length: Option<(usize, PathBuf)>,
    /// Whether texts are made lower case first.
    pub lowercase: bool,
    /// Values over those of `tokenizer_config.json`.
    pub values: Map<String, Value>,
}

impl TextTokenizer {
    /// Opens the tokenizer of a model folder, as transformers makes it of `tokenizer.json`,
    /// `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, and where there is no
    /// `tokenizer.json`, of `vocab.txt` or of `vocab.json` and `merges.txt`.
    ///
    /// `max_length` is in tokens, special tokens included; without it, as much as the folder says and the
    /// model takes.
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
        Self::open_with(folder, config, max_length, &OwnSettings::default())
    }

    /// As [`TextTokenizer::open`], with what a sentence encoder's own file says.
    pub(crate) fn open_with(
        folder: &Path,
        config: &EncoderConfig,
        max_length: Option<NonZeroUsize>,
        own: &OwnSettings,
    ) -> Result<Self, Error> {
        // The tokenizers crate panics on some damaged files.
        let wrong = |panic: String| Error::Tokenizer {
            path: folder.join("tokenizer.json"),
            source: panic.into(),
        };
        caught(wrong, || Self::open_whole(folder, config, max_length, own))
    }

    fn open_whole(
        folder: &Path,
        config: &EncoderConfig,
        max_length: Option<NonZeroUsize>,
        own: &OwnSettings,
    ) -> Result<Self, Error> {
        let settings = Settings::read(folder, &own.values)?;
        let Assembled {
            mut tokenizer,
            path,
            tolerated,
            cuts_start,
            mask,
        } = assemble(folder, config, &settings)?;
        let tokens = tokenizer.get_vocab(true).into_iter();
        let named = tokens.filter(|(token, _)| !tolerated.contains(token));
        let highest = named.map(|(_, number)| number).max().unwrap_or(0) as usize;
        if highest >= config.vocabulary {
            return Err(Error::Vocabulary {
                path,
                token: highest,
                vocabulary: config.vocabulary,
            });
        }
        let limit = match &own.length {
            Some((length, file)) => Some((*length, file.clone())),
            None => settings
                .limit()?
                .map(|limit| (limit, settings.path.clone())),
        };
        let least = tokenizer.get_post_processor().map_or(0, |processor| {
            tokenizers::PostProcessor::added_tokens(processor, false)
        }) + 1;
        let most = config.longest_sequence();
        let file = folder.join("config.json");
        let max_length = length(max_length, limit, &file, least, most)?;
        if own.lowercase {
            lowercase(&mut tokenizer).map_err(Error::Tokenize)?;
        }
        if config.family == Family::Bert
            && settings
                .given("padding_side")
                .is_some_and(|side| side == "left")
        {
            warn_once(format!(
                "{}: padding_side is left, and nothing is padded here: transformers moves the positions of \
                 texts that it pads, so that their numbers depend on the batch",
                settings.path.display()
            ));
        }
        let loading = |source| Error::Tokenizer {
            path: path.clone(),
            source,
        };
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length,
                direction: match cuts_start {
                    true => TruncationDirection::Left,
                    false => TruncationDirection::Right,
                },
                ..TruncationParams::default()
            }))
            .map_err(loading)?;
        Ok(Self {
            tokenizer,
            max_length,
            path,
            vocabulary: config.vocabulary,
            mask,
        })
    }

    /// The most tokens a text gets.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The mask token that the folder names.
    pub(crate) fn mask(&self) -> Option<&str> {
        self.mask.as_deref()
    }

    /// The tokenizer itself, cutting nothing.
    pub(crate) fn uncut(&self) -> Result<Tokenizer, Error> {
        let mut tokenizer = self.tokenizer.clone();
        tokenizer.with_truncation(None).map_err(Error::Tokenize)?;
        Ok(tokenizer)
    }

    /// How many tokens a prompt takes at the start of a text, as sentence-transformers counts them: all
    /// of its own, with the special tokens before it and without one after it.
    pub(crate) fn prompt_length(&self, prompt: &str) -> Result<usize, Error> {
        let encoding = self
            .uncut()?
            .encode(prompt, true)
            .map_err(Error::Tokenize)?;
        let added = self.tokenizer.get_added_tokens_decoder();
        let last = encoding.get_ids().last().and_then(|last| added.get(last));
        Ok(encoding.len() - usize::from(last.is_some_and(|token| token.special)))
    }

    /// The token ids of each text, in order.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text, or gives it a token that the model does not have.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        let tokens = texts.par_iter().map(|text| {
            let encoding = caught(Into::into, || self.tokenizer.encode_fast(*text, true));
            let tokens = encoding.map_err(Error::Tokenize)?.get_ids().to_vec();
            match tokens
                .iter()
                .find(|token| **token as usize >= self.vocabulary)
            {
                None => Ok(tokens),
                Some(&token) => Err(Error::Vocabulary {
                    path: self.path.clone(),
                    token: token as usize,
                    vocabulary: self.vocabulary,
                }),
            }
        });
        tokens.collect()
    }
}

/// The most tokens of a text: what the user asks for, or else the folder's limit, cut to what the model
/// takes, which is said.
fn length(
    asked: Option<NonZeroUsize>,
    own: Option<(usize, PathBuf)>,
    config: &Path,
    least: usize,
    most: usize,
) -> Result<usize, Error> {
    if let Some(asked) = asked.map(NonZeroUsize::get) {
        return match (least..=most).contains(&asked) {
            true => Ok(asked),
            false => Err(Error::MaxLength { asked, least, most }),
        };
    }
    let (own, path) = own.unwrap_or((most, config.to_owned()));
    if own < least || most < least {
        return Err(Error::FolderLength {
            path,
            found: own,
            least,
            most,
        });
    }
    if own > most {
        warn_once(format!(
            "{} allows {own} tokens of a text, and the model has positions for {most}: texts are cut at \
             {most}",
            path.display()
        ));
    }
    Ok(own.min(most))
}

/// Makes texts lower case before all else, where the normaliser does not say so already.
fn lowercase(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    let lower = NormalizerWrapper::Lowercase(Lowercase);
    let mut steps = match tokenizer.get_normalizer().cloned() {
        None => Vec::new(),
        Some(NormalizerWrapper::Sequence(steps)) => steps.as_ref().to_vec(),
        Some(single) => vec![single],
    };
    if steps
        .iter()
        .any(|step| matches!(step, NormalizerWrapper::Lowercase(_)))
    {
        return Ok(());
    }
    steps.insert(0, lower);
    let steps = NormalizerWrapper::Sequence(Sequence::new(steps));
    tokenizer.with_normalizer(Some(steps))?;
    Ok(())
}
