//! What a folder says of its tokenizer beside `tokenizer.json`, read as transformers reads it.

use crate::error::{Error, read_json};
use crate::notice::{warn_of_unknown, warn_once};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokenizers::AddedToken;

/// The named special tokens, in the order in which transformers adds them.
pub(super) const NAMED: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// The keys that decide how texts become tokens.
const READ: &[&str] = &[
    "add_prefix_space",
    "added_tokens_decoder",
    "additional_special_tokens",
    "auto_map",
    "do_lower_case",
    "extra_special_tokens",
    "fix_mistral_regex",
    "max_len",
    "model_max_length",
    "padding_side",
    "split_special_tokens",
    "strip_accents",
    "tokenize_chinese_chars",
    "tokenizer_class",
    "truncation_side",
];

/// The keys without effect on the tokens of a text: transformers ignores them for tokenizers of these
/// classes, or they are about padding, decoding or chat.
const WITHOUT_EFFECT: &[&str] = &[
    "add_bos_token",
    "add_eos_token",
    "add_special_tokens",
    "backend",
    "chat_template",
    "clean_text",
    "clean_up_tokenization_spaces",
    "device_map",
    "do_basic_tokenize",
    "errors",
    "full_tokenizer_file",
    "is_local",
    "local_files_only",
    "max_length",
    "merges_file",
    "model_input_names",
    "name_or_path",
    "never_split",
    "pad_to_multiple_of",
    "pad_token_type_id",
    "processor_class",
    "return_token_type_ids",
    "sp_model_kwargs",
    "special_tokens_map_file",
    "stride",
    "tokenizer_file",
    "trim_offsets",
    "truncation_strategy",
    "use_fast",
    "verbose",
    "vocab_file",
    "wordpieces_prefix",
];

pub(super) fn is_known(key: &str) -> bool {
    READ.contains(&key)
        || WITHOUT_EFFECT.contains(&key)
        || NAMED.contains(&key)
        || key.ends_with("_token")
        || key.starts_with("__")
}

/// What the files beside `tokenizer.json` say.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// `tokenizer_config.json`.
    pub path: PathBuf,
    /// The class of the tokenizer.
    pub class: Option<String>,
    /// The values of `tokenizer_config.json`, and over them those that a sentence encoder's own file gives.
    pub values: Map<String, Value>,
    /// Whether `tokenizer_config.json` lists the added tokens, so that no other file does.
    pub lists_added: bool,
    /// Added tokens by their numbers.
    pub added: BTreeMap<u32, AddedToken>,
    /// The special tokens that have a name, by it.
    pub named: BTreeMap<String, AddedToken>,
    /// Special tokens without a name of their own.
    pub extra: Vec<AddedToken>,
}

impl Settings {
    /// Reads `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`. `over` are values
    /// that replace those of the first.
    pub fn read(folder: &Path, over: &Map<String, Value>) -> Result<Self, Error> {
        let path = folder.join("tokenizer_config.json");
        let mut values: Map<String, Value> = optional(&path)?;
        values.extend(over.clone());
        let mut settings = Self {
            lists_added: values.contains_key("added_tokens_decoder"),
            path,
            values,
            ..Self::default()
        };
        settings.check()?;
        let keys = settings.values.keys().map(String::as_str);
        warn_of_unknown(&settings.path, keys, is_known);
        settings.class = settings.text("tokenizer_class")?.map(str::to_owned);
        settings.read_listed()?;
        if !settings.lists_added {
            settings.read_separate(folder)?;
        }
        settings.read_named()?;
        Ok(settings)
    }

    fn unsupported<T>(
        &self,
        key: &'static str,
        value: &Value,
        supported: &'static str,
    ) -> Result<T, Error> {
        Err(Error::Unsupported {
            path: self.path.clone(),
            key,
            value: value.to_string(),
            supported,
        })
    }

    /// A value that is there and not null.
    pub fn given(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &'static str) -> Result<Option<&str>, Error> {
        match self.given(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.unsupported(key, other, "a string there"),
        }
    }

    /// A switch, or null.
    pub fn flag(&self, key: &'static str) -> Result<Option<bool>, Error> {
        match self.given(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => self.unsupported(key, other, "true, false or null there"),
        }
    }

    /// The most tokens of a text. Tokenizers without a limit write a number past all bounds.
    pub fn limit(&self) -> Result<Option<usize>, Error> {
        for key in ["model_max_length", "max_len"] {
            if let Some(value) = self.given(key) {
                let Some(limit) = value.as_f64().filter(|limit| *limit >= 1.0) else {
                    return self.unsupported(
                        if key == "max_len" {
                            "max_len"
                        } else {
                            "model_max_length"
                        },
                        value,
                        "a number of tokens there",
                    );
                };
                return Ok((limit < 1e9).then_some(limit as usize));
            }
        }
        Ok(None)
    }

    /// Whether texts are cut at their start, where this file says so.
    pub fn cuts_start(&self) -> Result<Option<bool>, Error> {
        match self.text("truncation_side")? {
            None => Ok(None),
            Some("left") => Ok(Some(true)),
            Some("right") => Ok(Some(false)),
            Some(other) => {
                let value = Value::String(other.to_owned());
                self.unsupported("truncation_side", &value, "left or right there")
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(map) = self.given("auto_map") {
            let none = "no code of its own for the tokenizer, which is never run here";
            return self.unsupported("auto_map", map, none);
        }
        let side = self.text("padding_side")?;
        if side.is_some_and(|side| !["left", "right"].contains(&side)) {
            let value = self.values["padding_side"].clone();
            return self.unsupported("padding_side", &value, "left or right there");
        }
        Ok(())
    }

    /// `added_tokens_decoder`: tokens by their numbers.
    fn read_listed(&mut self) -> Result<(), Error> {
        let Some(list) = self.given("added_tokens_decoder").cloned() else {
            return Ok(());
        };
        let needed = "a table from numbers to tokens there";
        let Value::Object(list) = list else {
            return self.unsupported("added_tokens_decoder", &list, needed);
        };
        for (number, token) in list {
            match (number.parse(), token_of(&token, false)) {
                (Ok(number), Some(token)) => self.added.insert(number, token),
                _ => return self.unsupported("added_tokens_decoder", &token, needed),
            };
        }
        Ok(())
    }

    /// What older versions wrote: `special_tokens_map.json` and `added_tokens.json`.
    fn read_separate(&mut self, folder: &Path) -> Result<(), Error> {
        let path = folder.join("special_tokens_map.json");
        for (key, value) in optional(&path)? {
            let earlier = self
                .given(&key)
                .filter(|own| contents(own) != contents(&value));
            if let Some(earlier) = earlier {
                warn_once(format!(
                    "{} says that {key} is {}, and tokenizer_config.json that it is {}: the first is \
                     followed, as transformers does",
                    path.display(),
                    shown(&value),
                    shown(earlier),
                ));
            }
            let value = match value {
                Value::Object(mut token) if token.contains_key("content") => {
                    token.insert("special".to_owned(), Value::Bool(true));
                    Value::Object(token)
                }
                other => other,
            };
            self.values.insert(key, value);
        }
        let path = folder.join("added_tokens.json");
        let special: Vec<String> = NAMED
            .iter()
            .filter_map(|key| Some(token_of(self.given(key)?, true)?.content))
            .chain(self.listed_extra().into_iter().map(|token| token.content))
            .collect();
        for (content, number) in optional(&path)? {
            let Some(number) = number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
            else {
                return Err(Error::Unsupported {
                    path,
                    key: "a token's number",
                    value: number.to_string(),
                    supported: "a table from tokens to numbers there",
                });
            };
            let is_special = special.contains(&content);
            self.added
                .insert(number, AddedToken::from(content, is_special));
        }
        Ok(())
    }

    fn listed_extra(&self) -> Vec<AddedToken> {
        let list = |key| match self.given(key) {
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(|token| token_of(token, true))
                .collect(),
            Some(Value::Object(table)) => table
                .values()
                .filter_map(|token| token_of(token, true))
                .collect(),
            _ => Vec::new(),
        };
        let extra: Vec<AddedToken> = list("extra_special_tokens");
        match extra.is_empty() {
            true => list("additional_special_tokens"),
            false => extra,
        }
    }

    /// The special tokens, named or not.
    fn read_named(&mut self) -> Result<(), Error> {
        let named: Vec<(String, Value)> = self
            .values
            .iter()
            .filter(|(key, value)| key.ends_with("_token") && !value.is_null())
            .filter(|(_, value)| value.is_string() || value.is_object())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in named {
            let Some(token) = token_of(&value, true) else {
                return Err(Error::Unsupported {
                    path: self.path.clone(),
                    key: "a special token",
                    value: value.to_string(),
                    supported: "a string or a token there",
                });
            };
            self.named.insert(key, token);
        }
        self.extra = self.listed_extra();
        Ok(())
    }
}

/// A file's values, none where there is no file.
fn optional(path: &Path) -> Result<Map<String, Value>, Error> {
    match path.is_file() {
        true => read_json(path.to_owned()),
        false => Ok(Map::new()),
    }
}

/// A token that is written as a string or with its properties; `special` is what a string is.
pub(super) fn token_of(value: &Value, special: bool) -> Option<AddedToken> {
    let Value::Object(token) = value else {
        return Some(AddedToken::from(value.as_str()?, special));
    };
    let flag = |key: &str| token.get(key).and_then(Value::as_bool);
    let is_special = flag("special").unwrap_or(false);
    Some(
        AddedToken::from(token.get("content")?.as_str()?, is_special)
            .single_word(flag("single_word").unwrap_or(false))
            .lstrip(flag("lstrip").unwrap_or(false))
            .rstrip(flag("rstrip").unwrap_or(false))
            .normalized(flag("normalized").unwrap_or(!is_special)),
    )
}

fn contents(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content")?.as_str())
}

fn shown(value: &Value) -> String {
    contents(value).map_or_else(|| value.to_string(), |text| format!("{text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(READ.iter().chain(WITHOUT_EFFECT).chain(&NAMED));
    }
}
