//! The files that hold a vocabulary: `tokenizer.json`, or what older versions wrote.

use super::class::Class;
use super::settings::token_of;
use crate::error::{Error, read_json};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tokenizers::AddedToken;
use tokenizers::models::wordpiece::WordPiece;

/// A vocabulary and what its file says besides.
pub(super) struct Stored {
    /// The file.
    pub path: PathBuf,
    /// Whether it is a `tokenizer.json`, which describes a whole tokenizer.
    pub is_whole: bool,
    /// Its content, where it is.
    pub bytes: Vec<u8>,
    /// The merges of a `vocab.json`.
    merges: Option<PathBuf>,
    added: Vec<Value>,
    pub normalizer: Value,
    pub pre_tokenizer: Value,
    pub post_processor: Value,
    pub truncation: Value,
    /// The model's parameters, without the vocabulary.
    pub model: Map<String, Value>,
}

/// A `tokenizer.json` without the vocabulary.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Value>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    truncation: Value,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "vocab")]
    _vocab: IgnoredAny,
    merges: Option<IgnoredAny>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Stored {
    /// Finds the vocabulary in `folder` that the class takes.
    pub fn read(folder: &Path, class: Class) -> Result<Self, Error> {
        let path = folder.join("tokenizer.json");
        if path.is_file() {
            return Self::read_whole(path, class);
        }
        let (path, merges) = match class {
            Class::Bert => (folder.join("vocab.txt"), None),
            Class::Roberta => (folder.join("vocab.json"), Some(folder.join("merges.txt"))),
            Class::XlmRoberta | Class::Camembert | Class::Stored => (path, None),
        };
        let there = [Some(&path), merges.as_ref()]
            .into_iter()
            .flatten()
            .all(|path| path.is_file());
        if !there {
            return Err(Error::NoTokenizer {
                folder: folder.to_owned(),
                sought: match class {
                    Class::Bert => "tokenizer.json or vocab.txt",
                    Class::Roberta => "tokenizer.json, or vocab.json with merges.txt",
                    _ => "tokenizer.json",
                },
            });
        }
        Ok(Self {
            path,
            is_whole: false,
            bytes: Vec::new(),
            merges,
            added: Vec::new(),
            normalizer: Value::Null,
            pre_tokenizer: Value::Null,
            post_processor: Value::Null,
            truncation: Value::Null,
            model: Map::new(),
        })
    }

    fn read_whole(path: PathBuf, class: Class) -> Result<Self, Error> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(Error::Read { path, source }),
        };
        let file: File = serde_json::from_slice(&bytes).map_err(|source| Error::Tokenizer {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let model = file.model.others;
        let kind = match model.get("type").and_then(Value::as_str) {
            Some(kind) => Some(kind.to_owned()),
            None if model.contains_key("max_input_chars_per_word") => Some("WordPiece".to_owned()),
            None if file.model.merges.is_some() => Some("BPE".to_owned()),
            None => None,
        };
        if let (Some(needed), Some(kind)) = (class.model(), kind)
            && needed != kind
        {
            return Err(Error::TokenizerModel {
                path,
                found: kind,
                needed,
            });
        }
        Ok(Self {
            path,
            is_whole: true,
            bytes,
            merges: None,
            added: file.added_tokens,
            normalizer: file.normalizer,
            pre_tokenizer: file.pre_tokenizer,
            post_processor: file.post_processor,
            truncation: file.truncation,
            model,
        })
    }

    /// The added tokens by their numbers.
    pub fn added(&self) -> BTreeMap<u32, AddedToken> {
        by_number(&self.added)
    }

    /// The table of characters that SentencePiece compiled, as a normaliser.
    pub fn precompiled(&self) -> Value {
        let is_table = |value: &&Value| value.get("type").is_some_and(|kind| kind == "Precompiled");
        let list = self.normalizer.get("normalizers").and_then(Value::as_array);
        let list = list.map_or(std::slice::from_ref(&self.normalizer), Vec::as_slice);
        list.iter().find(is_table).cloned().unwrap_or(Value::Null)
    }

    /// The place of a piece in a Unigram vocabulary.
    pub fn place_of(&self, piece: &str) -> Option<usize> {
        let (vocabulary, _) = self.vocabulary().ok()?;
        let mut pieces = vocabulary.as_array()?.iter();
        pieces.position(|entry| entry.get(0).and_then(Value::as_str) == Some(piece))
    }

    /// The vocabulary and the merges, as a `tokenizer.json` has them.
    pub fn vocabulary(&self) -> Result<(Value, Value), Error> {
        let loading = |source| Error::Tokenizer {
            path: self.path.clone(),
            source,
        };
        if self.is_whole {
            let mut whole: Value =
                serde_json::from_slice(&self.bytes).map_err(|source| loading(Box::new(source)))?;
            let mut part = |key| whole["model"].get_mut(key).map(Value::take);
            return Ok((
                part("vocab").unwrap_or_default(),
                part("merges").unwrap_or_default(),
            ));
        }
        match &self.merges {
            None => {
                let vocabulary = WordPiece::read_file(&self.path.to_string_lossy());
                let vocabulary: BTreeMap<String, u32> =
                    vocabulary.map_err(loading)?.into_iter().collect();
                Ok((json!(vocabulary), Value::Null))
            }
            Some(merges) => {
                let vocabulary: Value = read_json(self.path.clone())?;
                let text = match fs::read_to_string(merges) {
                    Ok(text) => text,
                    Err(source) => {
                        let path = merges.clone();
                        return Err(Error::Read { path, source });
                    }
                };
                let lines = text.lines().filter(|line| !line.starts_with("#version"));
                let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
                Ok((vocabulary, json!(lines)))
            }
        }
    }
}

/// A part of a tokenizer with all of its defaults written out, so that equal ones are equal.
pub(super) fn canonical<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let part: Result<Option<T>, _> = serde_json::from_value(value.clone());
    match part {
        Ok(part) => json!(part),
        Err(_) => value.clone(),
    }
}

/// The tokens that a post-processor puts before and after a text.
pub(super) fn ends(post: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let token = |key: &str| Some(vec![post.get(key)?.get(0)?.as_str()?.to_owned()]);
    match post.get("type").and_then(Value::as_str) {
        None if post.is_null() => Some(Default::default()),
        Some("ByteLevel") => Some(Default::default()),
        Some("BertProcessing" | "RobertaProcessing") => Some((token("cls")?, token("sep")?)),
        Some("Sequence") => {
            let mut all = (Vec::new(), Vec::new());
            for part in post.get("processors")?.as_array()? {
                let (mut before, after) = ends(part)?;
                before.append(&mut all.0);
                all.0 = before;
                all.1.extend(after);
            }
            Some(all)
        }
        Some("TemplateProcessing") => {
            let (mut before, mut after, mut seen) = (Vec::new(), Vec::new(), false);
            for piece in post.get("single")?.as_array()? {
                match piece
                    .get("SpecialToken")
                    .and_then(|token| token.get("id")?.as_str())
                {
                    Some(token) if seen => after.push(token.to_owned()),
                    Some(token) => before.push(token.to_owned()),
                    None => seen = true,
                }
            }
            Some((before, after))
        }
        _ => None,
    }
}

/// The tokens of a list in a `tokenizer.json`, by their numbers.
pub(super) fn by_number(list: &[Value]) -> BTreeMap<u32, AddedToken> {
    let number = |token: &Value| u32::try_from(token.get("id")?.as_u64()?).ok();
    list.iter()
        .filter_map(|token| Some((number(token)?, token_of(token, false)?)))
        .collect()
}
