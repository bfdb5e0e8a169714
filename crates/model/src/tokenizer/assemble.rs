//! Making the tokenizer that transformers would make of a folder.
//!
//! Since its version 5, a class such as `BertTokenizer` takes the vocabulary and the added tokens alone
//! from `tokenizer.json`, and makes all else anew by `tokenizer_config.json`.

use super::class::Class;
use super::settings::{NAMED, Settings};
use super::stored::{Stored, canonical, ends};
use crate::config::EncoderConfig;
use crate::error::Error;
use crate::notice::warn_once;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokenizers::{
    AddedToken, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

/// A tokenizer, and what is to be known of it.
pub(super) struct Assembled {
    pub tokenizer: Tokenizer,
    /// The file with the vocabulary.
    pub path: PathBuf,
    /// Special tokens that are in no vocabulary. The model may lack them, and texts must not have them.
    pub tolerated: Vec<String>,
    /// Whether texts are cut at their start.
    pub cuts_start: bool,
    /// The mask token.
    pub mask: Option<String>,
}

/// Texts that tell differences between two tokenizers.
const PROBES: [&str; 5] = [
    "The Film WAS good, WASN'T it?",
    "Cr\u{e8}me br\u{fb}l\u{e9}e, co\u{f6}peration \u{c7}a!",
    "\u{65e5}\u{672c}\u{8a9e}text\u{4e2d}",
    " a\u{a0}b\tc  d\u{200b}e ",
    "12.5%/x_y-z \u{1f600}",
];

/// Makes the tokenizer of the model in `folder`.
pub(super) fn assemble(
    folder: &Path,
    config: &EncoderConfig,
    settings: &Settings,
) -> Result<Assembled, Error> {
    let class = Class::of(settings, config)?;
    let stored = Stored::read(folder, class)?;
    let maker = Maker {
        class,
        settings,
        stored: &stored,
    };
    let (to_add, tolerated) = maker.tokens();
    let differences = maker.differences(&to_add)?;
    let loading = |source| Error::Tokenizer {
        path: stored.path.clone(),
        source,
    };
    let mut tokenizer = match differences.is_empty() && stored.is_whole {
        true => Tokenizer::from_bytes(&stored.bytes).map_err(loading)?,
        false => {
            let text = maker.anew()?.to_string();
            text.parse::<Tokenizer>().map_err(loading)?
        }
    };
    tokenizer.add_tokens(to_add).map_err(loading)?;
    if let Some(post) = maker.post_processor(&tokenizer)? {
        tokenizer.with_post_processor(Some(post));
    }
    if settings.flag("split_special_tokens")? == Some(true) {
        tokenizer.set_encode_special_tokens(true);
    }
    maker.say_differences(&tokenizer, differences)?;
    let stored_side = stored.truncation.get("direction").and_then(Value::as_str);
    let cuts_start = settings.cuts_start()?;
    let mask = maker.named("mask_token").map(|token| token.content);
    Ok(Assembled {
        cuts_start: cuts_start.unwrap_or(stored_side == Some("Left")),
        path: stored.path.clone(),
        tokenizer,
        tolerated,
        mask,
    })
}

struct Maker<'a> {
    class: Class,
    settings: &'a Settings,
    stored: &'a Stored,
}

impl Maker<'_> {
    /// A special token by its name.
    fn named(&self, key: &str) -> Option<AddedToken> {
        let own = self.settings.named.get(key).cloned();
        own.or_else(|| {
            let tokens = self.class.tokens().iter();
            let usual = tokens
                .filter(|(name, _)| *name == key)
                .map(|(_, token)| token);
            usual.map(|token| AddedToken::from(*token, true)).next()
        })
    }

    fn content(&self, key: &str) -> String {
        self.named(key)
            .map_or_else(String::new, |token| token.content)
    }

    /// The tokens to be added, in order, and those among them that may be new.
    fn tokens(&self) -> (Vec<AddedToken>, Vec<String>) {
        let mut by_number: BTreeMap<u32, AddedToken> = self.settings.added.clone();
        if !self.settings.lists_added {
            by_number.extend(self.stored.added());
        }
        let mut tokens: Vec<AddedToken> = by_number.into_values().collect();
        if self.class == Class::Stored {
            // They are in the file already, with what it says of them.
            let own: Vec<AddedToken> = self.stored.added().into_values().collect();
            tokens.retain(|token| !own.contains(token));
            tokens.splice(0..0, own);
        }
        let mut tolerated = Vec::new();
        let others = self
            .settings
            .named
            .keys()
            .filter(|key| !NAMED.contains(&key.as_str()));
        for key in NAMED.into_iter().chain(others.map(String::as_str)) {
            let Some(token) = self.named(key) else {
                continue;
            };
            match tokens
                .iter_mut()
                .find(|known| known.content == token.content)
            {
                Some(known) => known.special = true,
                None => {
                    tolerated.push(token.content.clone());
                    tokens.push(AddedToken {
                        special: true,
                        ..token
                    });
                }
            }
        }
        let mut extra = self.settings.extra.clone();
        if extra.is_empty() {
            let own = self.class.extra().iter();
            extra.extend(own.map(|token| AddedToken::from(*token, true)));
        }
        for token in extra {
            if !tokens.iter().any(|known| known.content == token.content) {
                tolerated.push(token.content.clone());
                tokens.push(token);
            }
        }
        (tokens, tolerated)
    }

    /// The parts of `tokenizer.json` that the class makes otherwise.
    fn differences(&self, to_add: &[AddedToken]) -> Result<Vec<&'static str>, Error> {
        let mut different = Vec::new();
        if self.class.model().is_none() {
            return Ok(different);
        }
        let normalizer = self.normalizer()?;
        if canonical::<NormalizerWrapper>(&self.stored.normalizer)
            != canonical::<NormalizerWrapper>(&normalizer)
        {
            different.push("the normalizer");
        }
        let pre_tokenizer = self.pre_tokenizer()?;
        if canonical::<PreTokenizerWrapper>(&self.stored.pre_tokenizer)
            != canonical::<PreTokenizerWrapper>(&pre_tokenizer)
        {
            different.push("the pre-tokenizer");
        }
        if self.model_parameters().iter().any(|(key, value)| {
            let stored = self.stored.model.get(*key).unwrap_or(&Value::Null);
            let nothing = |value: &Value| value.is_null() || value == "" || value == false;
            stored != value && !(nothing(stored) && nothing(value))
        }) {
            different.push("the model");
        }
        let stored: Vec<AddedToken> = self.stored.added().into_values().collect();
        if stored != to_add {
            different.push("the added tokens");
        }
        Ok(different)
    }

    fn normalizer(&self) -> Result<Value, Error> {
        Ok(match self.class {
            Class::Bert => json!({
                "type": "BertNormalizer",
                "clean_text": true,
                "handle_chinese_chars": self.settings.flag("tokenize_chinese_chars")?.unwrap_or(true),
                "strip_accents": self.settings.flag("strip_accents")?,
                "lowercase": self.settings.flag("do_lower_case")?.unwrap_or(true),
            }),
            Class::Roberta => Value::Null,
            Class::XlmRoberta | Class::Camembert => self.stored.precompiled(),
            Class::Stored => self.stored.normalizer.clone(),
        })
    }

    fn pre_tokenizer(&self) -> Result<Value, Error> {
        let spaced = self.settings.flag("add_prefix_space")?;
        Ok(match self.class {
            Class::Bert => json!({"type": "BertPreTokenizer"}),
            Class::Roberta => json!({
                "type": "ByteLevel",
                "add_prefix_space": spaced.unwrap_or(false),
                "trim_offsets": true,
                "use_regex": true,
            }),
            Class::XlmRoberta | Class::Camembert => json!({
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "WhitespaceSplit"},
                    {
                        "type": "Metaspace",
                        "replacement": "\u{2581}",
                        "prepend_scheme": if spaced.unwrap_or(true) { "always" } else { "never" },
                        "split": true,
                    },
                ],
            }),
            Class::Stored => self.stored.pre_tokenizer.clone(),
        })
    }

    /// What the class sets of its model beside the vocabulary.
    fn model_parameters(&self) -> Vec<(&'static str, Value)> {
        match self.class {
            Class::Bert => vec![
                ("unk_token", json!(self.content("unk_token"))),
                ("continuing_subword_prefix", json!("##")),
                ("max_input_chars_per_word", json!(100)),
            ],
            Class::Roberta => vec![
                ("dropout", Value::Null),
                ("unk_token", Value::Null),
                ("continuing_subword_prefix", Value::Null),
                ("end_of_word_suffix", Value::Null),
                ("fuse_unk", json!(false)),
                ("byte_fallback", json!(false)),
                ("ignore_merges", json!(false)),
            ],
            Class::XlmRoberta => vec![("unk_id", json!(3)), ("byte_fallback", json!(false))],
            Class::Camembert => {
                let unknown = self
                    .stored
                    .place_of(&self.content("unk_token"))
                    .unwrap_or(0);
                vec![("unk_id", json!(unknown)), ("byte_fallback", json!(false))]
            }
            Class::Stored => Vec::new(),
        }
    }

    /// The tokenizer as the class makes it, before tokens are added.
    fn anew(&self) -> Result<Value, Error> {
        let mut model: Map<String, Value> = Map::new();
        model.insert("type".to_owned(), json!(self.class.model()));
        for (key, value) in self.model_parameters() {
            model.insert(key.to_owned(), value);
        }
        let (vocabulary, merges) = self.stored.vocabulary()?;
        model.insert("vocab".to_owned(), vocabulary);
        if self.class == Class::Roberta {
            model.insert("merges".to_owned(), merges);
        }
        Ok(json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [],
            "normalizer": self.normalizer()?,
            "pre_tokenizer": self.pre_tokenizer()?,
            "post_processor": null,
            "decoder": null,
            "model": model,
        }))
    }

    /// What the class puts around a text.
    fn post_processor(&self, tokenizer: &Tokenizer) -> Result<Option<PostProcessorWrapper>, Error> {
        let [before, after] = match self.class {
            Class::Bert | Class::Roberta => ["cls_token", "sep_token"],
            Class::XlmRoberta | Class::Camembert => ["bos_token", "eos_token"],
            Class::Stored => return Ok(None),
        }
        .map(|key| self.content(key));
        let number = |token: &str| tokenizer.token_to_id(token).unwrap_or(0);
        let numbers = [number(&before), number(&after)];
        let special = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        let told =
            |token: &str, number: u32| json!({"id": token, "ids": [number], "tokens": [token]});
        let value = json!({
            "type": "TemplateProcessing",
            "single": [special(&before), text("A"), special(&after)],
            "pair": [special(&before), text("A"), special(&after), text("B"), special(&after)],
            "special_tokens": {
                before.clone(): told(&before, numbers[0]),
                after.clone(): told(&after, numbers[1]),
            },
        });
        let post = serde_json::from_value(value).map_err(|source| Error::Json {
            path: self.stored.path.clone(),
            source,
        })?;
        Ok(Some(post))
    }

    /// Warns where `tokenizer.json` as it is gives other tokens.
    fn say_differences(
        &self,
        made: &Tokenizer,
        mut differences: Vec<&'static str>,
    ) -> Result<(), Error> {
        if self.class == Class::Stored || !self.stored.is_whole {
            return Ok(());
        }
        let around = ends(&self.stored.post_processor);
        let own = ends(&json!(made.get_post_processor()));
        if around != own {
            differences.push("the tokens around a text");
        }
        if differences.is_empty() {
            return Ok(());
        }
        let loading = |source| Error::Tokenizer {
            path: self.stored.path.clone(),
            source,
        };
        let mut stored = Tokenizer::from_bytes(&self.stored.bytes).map_err(loading)?;
        stored.with_padding(None);
        stored.with_truncation(None).map_err(loading)?;
        let added: Vec<String> = made
            .get_added_tokens_decoder()
            .into_values()
            .map(|token| format!("x {} y", token.content))
            .collect();
        let probes = PROBES.into_iter().chain(added.iter().map(String::as_str));
        let ids = |tokenizer: &Tokenizer, text: &str| {
            let encoding = tokenizer.encode(text, true);
            encoding.map(|encoding| encoding.get_ids().to_vec()).ok()
        };
        let differ = probes
            .into_iter()
            .any(|text| ids(&stored, text) != ids(made, text));
        if differ {
            warn_once(format!(
                "{} and {} disagree about {}: texts are split as the second says, as transformers does",
                self.stored.path.display(),
                match self.settings.path.is_file() {
                    true => self.settings.path.display().to_string(),
                    false => "the tokenizer's class in transformers".to_owned(),
                },
                differences.join(" and "),
            ));
        }
        Ok(())
    }
}
