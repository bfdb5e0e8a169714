//! Classifying by what a masked-language model would write in a gap: Schick and Schütze 2021,
//! arXiv:2001.07676.

use crate::batch::Batch;
use crate::class_texts::ClassTexts;
use crate::config::{EncoderConfig, Family};
use crate::device::Device;
use crate::error::Error;
use crate::masked::MaskedLanguageModel;
use crate::prompt_error::PromptError;
use crate::template::Template;
use crate::tokenizer::{TextTokenizer, Tokens};
use crate::verbalizer::Verbalizer;
use std::num::NonZeroUsize;
use std::path::Path;
use tokenizers::{Encoding, Tokenizer};

/// A classifier that asks a masked-language model to fill the gap of a [`Template`].
///
/// Each class has one or more words, single tokens all. As in the paper, the words' logits at the
/// gap are compared with each other alone; where a class has several words, its logit is the log of
/// the sum of their exponentials, so that the softmax over classes adds their words' probabilities.
pub struct PromptClassifier {
    /// With an output for each of the verbalizer's words.
    model: MaskedLanguageModel,
    prompt: Prompt,
    verbalizer: Verbalizer,
    temperature: f32,
}

/// A template for a certain tokenizer.
struct Prompt {
    template: Template,
    tokenizer: Tokenizer,
    max_length: usize,
    mask: String,
    mask_token: u32,
}

impl PromptClassifier {
    /// Opens the masked-language model in `folder`.
    ///
    /// Classes' logits are divided by `temperature`. `max_length` (tokens) limits the sentence, of
    /// which only the text is cut; by default it is as long as the model takes.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded or has no masked-language head, when the template leaves no
    /// room for a text, and when a word is not exactly one known token of its own.
    pub fn open(
        folder: &Path,
        template: &Template,
        classes: &[ClassTexts],
        temperature: f32,
        max_length: Option<NonZeroUsize>,
        device: &Device,
    ) -> Result<Self, Error> {
        let config = EncoderConfig::read(folder)?;
        let prompt = Prompt::new(folder, &config, template.clone(), max_length)?;
        let verbalizer = Verbalizer::new(classes, template, &prompt.tokenizer)?;
        let model = MaskedLanguageModel::open(folder, device)?;
        Ok(Self {
            model: model.narrowed(verbalizer.tokens()),
            prompt,
            verbalizer,
            temperature,
        })
    }

    /// The token ids of the whole sentence for each text, white space around the text removed.
    ///
    /// A text that makes the sentence too long is cut at its end; the template and its gap stay.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a sentence.
    pub fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        self.prompt.tokenize(texts)
    }

    /// Logits of the classes for each sequence, row-major, `[sequences, classes]`.
    ///
    /// # Panics
    ///
    /// When a sequence is not one of [`PromptClassifier::tokenize`]'s.
    pub fn logits(&self, sequences: &[&Tokens]) -> Vec<f32> {
        let batch = Batch::new(sequences.iter().copied(), self.model.config());
        let places: Vec<usize> = sequences
            .iter()
            .map(|tokens| match self.prompt.place(tokens) {
                Some(place) => place,
                None => panic!("a sequence has no gap"),
            })
            .collect();
        let words = self.model.logits_at(&batch, &places).into_data();
        let words: Vec<f32> = words.iter::<f32>().collect();
        words
            .chunks_exact(self.verbalizer.tokens().len())
            .flat_map(|words| self.verbalizer.class_logits(words))
            .map(|logit| logit / self.temperature)
            .collect()
    }
}

impl Prompt {
    fn new(
        folder: &Path,
        config: &EncoderConfig,
        template: Template,
        max_length: Option<NonZeroUsize>,
    ) -> Result<Self, Error> {
        let tokenizer = TextTokenizer::open(folder, config, max_length)?;
        let max_length = tokenizer.max_length();
        let mask = tokenizer.mask().map(str::to_owned);
        let tokenizer = tokenizer.uncut()?;
        let usual = match config.family {
            Family::Roberta => "<mask>",
            Family::Bert => "[MASK]",
        };
        let mask = mask.unwrap_or_else(|| usual.to_owned());
        let mask_token = tokenizer.token_to_id(&mask);
        let Some(mask_token) = mask_token.filter(|&token| (token as usize) < config.vocabulary)
        else {
            let path = folder.join("tokenizer.json");
            return Err(PromptError::NoMaskToken { path }.into());
        };
        if template.to_string().contains(&mask) {
            return Err(PromptError::LiteralMask { mask }.into());
        }
        let prompt = Self {
            template,
            tokenizer,
            max_length,
            mask,
            mask_token,
        };
        let (_, empty) = prompt.encode("")?;
        if prompt.max_length <= empty.len() {
            return Err(Error::MaxLength {
                asked: prompt.max_length,
                least: empty.len() + 1,
                most: config.longest_sequence(),
            });
        }
        prompt.checked(&empty, "")?;
        Ok(prompt)
    }

    fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        let sentences: Vec<String> = texts
            .iter()
            .map(|text| self.template.fill(text.trim(), &self.mask).sentence)
            .collect();
        let encodings = self
            .tokenizer
            .encode_batch(sentences, true)
            .map_err(Error::Tokenize)?;
        texts
            .iter()
            .zip(encodings)
            .map(|(text, encoding)| match encoding.len() <= self.max_length {
                true => self.checked(&encoding, text),
                false => self.cut(text.trim()),
            })
            .collect()
    }

    /// The sentence with as much of the text as there is room for.
    fn cut(&self, text: &str) -> Result<Tokens, Error> {
        let mut kept = text;
        loop {
            let (start, encoding) = self.encode(kept)?;
            let surplus = encoding.len().saturating_sub(self.max_length);
            if surplus == 0 || kept.is_empty() {
                return self.checked(&encoding, text);
            }
            let end = start + kept.len();
            let offsets = encoding.get_offsets();
            let in_text = |&(from, to): &(usize, usize)| from < to && (start..end).contains(&from);
            let first = offsets.iter().position(in_text);
            let last = offsets.iter().rposition(in_text);
            // Tokens of white space alone have no width; between two of the text they are its own.
            let mut length = match (first, last) {
                (Some(first), Some(last)) if last + 1 - first > surplus => {
                    offsets[last + 1 - surplus].0 - start
                }
                _ => 0,
            };
            // Every round leaves less of the text.
            length = length.min(kept.len() - 1);
            while !kept.is_char_boundary(length) {
                length -= 1;
            }
            kept = kept[..length].trim_end();
        }
    }

    /// Where the text begins in the sentence, and the sentence's tokens.
    fn encode(&self, text: &str) -> Result<(usize, Encoding), Error> {
        let filled = self.template.fill(text, &self.mask);
        let encoding = self
            .tokenizer
            .encode(filled.sentence, true)
            .map_err(Error::Tokenize)?;
        Ok((filled.text.start, encoding))
    }

    /// The tokens of a sentence, its gap among them.
    fn checked(&self, encoding: &Encoding, text: &str) -> Result<Tokens, Error> {
        let tokens = encoding.get_ids().to_vec();
        match self.place(&tokens) {
            Some(_) => Ok(tokens),
            None => Err(Error::Prompt(PromptError::LostMask {
                mask: self.mask.clone(),
                text: text.to_owned(),
            })),
        }
    }

    /// Where the gap is. A mask token written in the text does not count: the template has none but
    /// its own, on a known side of the text.
    fn place(&self, tokens: &[u32]) -> Option<usize> {
        let is_mask = |token: &u32| *token == self.mask_token;
        match self.template.text_first() {
            true => tokens.iter().rposition(is_mask),
            false => tokens.iter().position(is_mask),
        }
    }
}
