//! The tokenizer classes of transformers, and what each makes of a folder.

use super::settings::Settings;
use crate::config::{EncoderConfig, TokenizerClass};
use crate::error::Error;
use crate::notice::warn_once;

/// How a class of transformers makes its tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// WordPiece behind BERT's normaliser, all made anew: of `tokenizer.json` only the vocabulary and the
    /// added tokens count.
    Bert,
    /// Byte-level BPE, made anew.
    Roberta,
    /// Unigram, made anew.
    XlmRoberta,
    /// Unigram with CamemBERT's own tokens, made anew.
    Camembert,
    /// `tokenizer.json` as it is.
    Stored,
}

/// Classes that are programs of their own in Python; no `tokenizer.json` says what they do.
const PROGRAMS: [&str; 4] = [
    "BertJapaneseTokenizer",
    "BertweetTokenizer",
    "PhobertTokenizer",
    "FlaubertTokenizer",
];

impl Class {
    /// The class that transformers takes.
    pub fn of(settings: &Settings, config: &EncoderConfig) -> Result<Self, Error> {
        let TokenizerClass { given, usual } = &config.tokenizer_class;
        let name = settings
            .class
            .as_deref()
            .or(given.as_deref())
            .unwrap_or(usual);
        let bare = name.strip_suffix("Fast").unwrap_or(name);
        Ok(match bare {
            "BertTokenizer" | "DistilBertTokenizer" | "ElectraTokenizer" => Self::Bert,
            "RobertaTokenizer" | "BartTokenizer" | "LongformerTokenizer" => Self::Roberta,
            "XLMRobertaTokenizer" => Self::XlmRoberta,
            "CamembertTokenizer" => Self::Camembert,
            "PreTrainedTokenizer" | "TokenizersBackend" | "PythonBackend" => Self::Stored,
            name if PROGRAMS.contains(&name) => {
                return Err(Error::Unsupported {
                    path: settings.path.clone(),
                    key: "tokenizer_class",
                    value: name.to_owned(),
                    supported: "a tokenizer that tokenizer.json describes",
                });
            }
            other => {
                warn_once(format!(
                    "{}: tokenizer_class is {other}, of which goldpan knows nothing: tokenizer.json is \
                     taken as it is",
                    settings.path.display(),
                ));
                Self::Stored
            }
        })
    }

    /// The kind of model that the class has.
    pub fn model(self) -> Option<&'static str> {
        match self {
            Self::Bert => Some("WordPiece"),
            Self::Roberta => Some("BPE"),
            Self::XlmRoberta | Self::Camembert => Some("Unigram"),
            Self::Stored => None,
        }
    }

    /// The special tokens that the class has where no file names others.
    pub fn tokens(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bert => &[
                ("unk_token", "[UNK]"),
                ("sep_token", "[SEP]"),
                ("pad_token", "[PAD]"),
                ("cls_token", "[CLS]"),
                ("mask_token", "[MASK]"),
            ],
            Self::Roberta | Self::XlmRoberta | Self::Camembert => &[
                ("bos_token", "<s>"),
                ("eos_token", "</s>"),
                ("unk_token", "<unk>"),
                ("sep_token", "</s>"),
                ("pad_token", "<pad>"),
                ("cls_token", "<s>"),
                ("mask_token", "<mask>"),
            ],
            Self::Stored => &[],
        }
    }

    /// Special tokens without a name of their own that the class has where no file lists others.
    pub fn extra(self) -> &'static [&'static str] {
        match self {
            Self::Camembert => &["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
            _ => &[],
        }
    }
}
