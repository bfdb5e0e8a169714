//! What can be wrong with a prompt for a certain model.

use std::path::PathBuf;

/// Why a prompt or its words do not suit a model. Messages say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The tokenizer has no token for a gap.
    #[error("{path} has no mask token: give a model that was trained to fill gaps")]
    NoMaskToken {
        /// The model's tokenizer.json.
        path: PathBuf,
    },
    /// The mask token is written out in the template.
    #[error("the prompt holds `{mask}`, the model's own mask token: write {{mask}} instead, once")]
    LiteralMask {
        /// The mask token.
        mask: String,
    },
    /// The tokenizer does not keep the mask token whole.
    #[error(
        "the tokenizer does not see the mask token `{mask}` in the prompt with the text {text:?}"
    )]
    LostMask {
        /// The mask token.
        mask: String,
        /// The text in the prompt.
        text: String,
    },
    /// A verbalizer word is not a single token.
    #[error(
        "the word `{word}` of the class `{class}` is {} tokens to this model ({}), and only a single \
         one fits a gap: choose another word",
        .pieces.len(), .pieces.join(" ")
    )]
    WordPieces {
        /// The word.
        word: String,
        /// Its class.
        class: String,
        /// Its tokens.
        pieces: Vec<String>,
    },
    /// A verbalizer word is unknown to the model.
    #[error(
        "the word `{word}` of the class `{class}` is not in the model's vocabulary: choose another \
         word"
    )]
    UnknownWord {
        /// The word.
        word: String,
        /// Its class.
        class: String,
    },
    /// A verbalizer word stands for two classes, or twice for one.
    #[error(
        "the word `{word}` stands for the class `{first}` and again for `{second}`: each word can \
         stand for one class, once"
    )]
    RepeatedWord {
        /// The word.
        word: String,
        /// The class it stood for first.
        first: String,
        /// The class it stands for as well.
        second: String,
    },
}
