//! The words that stand for classes in a gap.

use crate::class_texts::ClassTexts;
use crate::error::Error;
use crate::prompt_error::PromptError;
use crate::template::Template;
use tokenizers::{ModelWrapper, Tokenizer};

/// One token for each word, class after class.
pub(crate) struct Verbalizer {
    tokens: Vec<u32>,
    /// How many words each class has.
    counts: Vec<usize>,
}

impl Verbalizer {
    /// Looks every word up as it would stand in the template's gap: with a space before it where the
    /// gap has one.
    ///
    /// # Errors
    ///
    /// When a word is not exactly one token, is unknown, or was there before; or when the tokenizer
    /// refuses it.
    pub fn new(
        classes: &[ClassTexts],
        template: &Template,
        tokenizer: &Tokenizer,
    ) -> Result<Self, Error> {
        let mut tokens: Vec<u32> = Vec::new();
        let mut owners: Vec<&str> = Vec::new();
        for class in classes {
            for word in &class.texts {
                let token = lookup(word, &class.name, template, tokenizer)?;
                if let Some(known) = tokens.iter().position(|&known| known == token) {
                    return Err(Error::Prompt(PromptError::RepeatedWord {
                        word: word.clone(),
                        first: owners[known].to_owned(),
                        second: class.name.clone(),
                    }));
                }
                tokens.push(token);
                owners.push(&class.name);
            }
        }
        Ok(Self {
            tokens,
            counts: classes.iter().map(|class| class.texts.len()).collect(),
        })
    }

    /// The words' tokens, class after class.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The classes' logits from their words': the log of the sum of the words' exponentials.
    pub fn class_logits<'a>(&'a self, words: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let mut start = 0;
        self.counts.iter().map(move |count| {
            let own = &words[start..start + count];
            start += count;
            log_sum_exp(own)
        })
    }
}

/// The one token of a class's word in the template's gap.
fn lookup(
    word: &str,
    class: &str,
    template: &Template,
    tokenizer: &Tokenizer,
) -> Result<u32, Error> {
    let space = if template.space_before_mask() {
        " "
    } else {
        ""
    };
    let encoding = tokenizer
        .encode(format!("{space}{}", word.trim()), false)
        .map_err(Error::Tokenize)?;
    let (word, class) = (word.to_owned(), class.to_owned());
    match *encoding.get_ids() {
        [token] if is_word(token, tokenizer) && !word.trim().is_empty() => Ok(token),
        [] | [_] => Err(PromptError::UnknownWord { word, class }.into()),
        _ => Err(PromptError::WordPieces {
            word,
            class,
            pieces: encoding.get_tokens().to_vec(),
        }
        .into()),
    }
}

/// Whether a token is neither the unknown one nor of the kind that marks a sentence's ends.
fn is_word(token: u32, tokenizer: &Tokenizer) -> bool {
    let special = tokenizer
        .get_added_vocabulary()
        .get_added_tokens_decoder()
        .get(&token)
        .is_some_and(|added| added.special);
    let unknown = match tokenizer.get_model() {
        ModelWrapper::WordPiece(model) => Some(&model.unk_token),
        ModelWrapper::WordLevel(model) => Some(&model.unk_token),
        ModelWrapper::BPE(model) => model.unk_token.as_ref(),
        ModelWrapper::Unigram(_) => None,
    };
    let unknown = unknown.and_then(|unknown| tokenizer.token_to_id(unknown));
    !special && unknown != Some(token)
}

/// A single value stays exactly as it is.
fn log_sum_exp(values: &[f32]) -> f32 {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let above = |value: &f32| (f64::from(*value) - f64::from(largest)).exp();
    let sum: f64 = values.iter().map(above).sum();
    (f64::from(largest) + sum.ln()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_class_add_their_probabilities() {
        let verbalizer = Verbalizer {
            tokens: vec![1, 2, 3],
            counts: vec![1, 2],
        };
        let words = [1.25, 3.0, 3.0];
        let logits: Vec<f32> = verbalizer.class_logits(&words).collect();
        assert_eq!(logits[0], 1.25);
        assert!((logits[1] - (3.0 + 2.0_f32.ln())).abs() < 1e-6);
        assert_eq!(log_sum_exp(&[1000.0, -1000.0]), 1000.0);
    }
}
