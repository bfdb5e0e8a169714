//! `config_sentence_transformers.json`: prompts, and what else it says of a sentence encoder.

use crate::error::Error;
use crate::json_file::JsonFile;
use crate::notice::{warn_of_unknown, warn_once};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The keys that are read.
const READ: &[&str] = &[
    "default_prompt_name",
    "model_type",
    "prompts",
    "similarity_fn_name",
    "truncate_dim",
];

/// The keys without effect: versions.
const WITHOUT_EFFECT: &[&str] = &["__version__", "requirements"];

/// Names that every model of sentence-transformers has, for no text where its folder gives none.
const USUAL: [&str; 3] = ["query", "document", "passage"];

/// What is put before every text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentencePrompt {
    /// The text.
    pub text: String,
    /// Its name in the model's folder, where it has one there.
    pub name: Option<String>,
    /// Whether nobody asked for it and it is the folder's default.
    pub is_default: bool,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct SentenceSettings {
    pub prompts: BTreeMap<String, String>,
    pub default_prompt: Option<String>,
    /// How many components of a vector are kept.
    pub truncate: Option<usize>,
    /// By which measure vectors are to be compared.
    pub similarity: Option<String>,
    path: PathBuf,
}

impl SentenceSettings {
    /// Reads the file in a model's folder, where there is one.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config_sentence_transformers.json");
        if !path.is_file() {
            return Ok(Self {
                path,
                ..Self::default()
            });
        }
        let file = JsonFile::read(path)?;
        if let Some(kind) = file
            .given("model_type")
            .filter(|kind| *kind != "SentenceTransformer")
        {
            return Err(file.unsupported("model_type", kind, "the type SentenceTransformer"));
        }
        let mut settings = Self {
            path: file.path.clone(),
            ..Self::default()
        };
        match file.given("prompts") {
            None => {}
            Some(Value::Object(prompts)) => {
                for (name, prompt) in prompts {
                    let text = match prompt {
                        Value::Null => "",
                        Value::String(text) => text,
                        other => {
                            return Err(file.unsupported("prompts", other, "a text for each name"));
                        }
                    };
                    settings.prompts.insert(name.clone(), text.to_owned());
                }
            }
            Some(other) => return Err(file.unsupported("prompts", other, "a text for each name")),
        }
        if let Some(name) = file.given("default_prompt_name") {
            let known = name.as_str().filter(|name| {
                settings.prompts.contains_key(*name) || ["query", "document"].contains(name)
            });
            match known {
                Some(known) => settings.default_prompt = Some(known.to_owned()),
                None => {
                    return Err(file.unsupported(
                        "default_prompt_name",
                        name,
                        "a name among its prompts",
                    ));
                }
            }
        }
        if let Some(dimension) = file.given("truncate_dim") {
            match dimension.as_u64().filter(|dimension| *dimension > 0) {
                Some(dimension) => settings.truncate = Some(dimension as usize),
                None => {
                    return Err(file.unsupported(
                        "truncate_dim",
                        dimension,
                        "a number of components",
                    ));
                }
            }
        }
        if let Some(similarity) = file.given("similarity_fn_name") {
            settings.similarity = similarity.as_str().map(str::to_owned);
        }
        warn_of_unknown(&file.path, file.values.keys().map(String::as_str), |key| {
            READ.contains(&key) || WITHOUT_EFFECT.contains(&key)
        });
        Ok(settings)
    }

    /// The prompt that is put before texts: the one asked for, by its name in the folder or as it stands,
    /// or else the folder's default. An empty one is none.
    pub fn prompt(&self, asked: Option<&str>) -> Result<Option<SentencePrompt>, Error> {
        let named = |name: &str, is_default| {
            let text = self.prompts.get(name).cloned().unwrap_or_default();
            (!text.is_empty()).then(|| SentencePrompt {
                text,
                name: Some(name.to_owned()),
                is_default,
            })
        };
        let Some(asked) = asked else {
            let default = self.default_prompt.as_deref();
            return Ok(default.and_then(|name| named(name, true)));
        };
        if asked.is_empty() {
            return Ok(None);
        }
        if self.prompts.contains_key(asked) {
            let prompt = named(asked, false);
            if prompt.is_none() {
                warn_once(format!(
                    "{}: the prompt {asked} is empty",
                    self.path.display()
                ));
            }
            return Ok(prompt);
        }
        let bare = asked.trim().trim_end_matches(':').to_lowercase();
        let like = self
            .prompts
            .keys()
            .find(|name| name.to_lowercase() == asked.trim().to_lowercase());
        if like.is_some() || USUAL.contains(&asked) {
            return Err(Error::AmbiguousPrompt {
                path: self.path.clone(),
                asked: asked.to_owned(),
                names: self.names(),
            });
        }
        let one_word = !asked.contains([' ', ':', '\n']);
        let near = self.prompts.keys().any(|name| name.to_lowercase() == bare);
        if !self.prompts.is_empty() && (one_word || near) {
            warn_once(format!(
                "the prompt {asked:?} is no name in {} (it has {}): it is put before each text as it stands",
                self.path.display(),
                self.names(),
            ));
        }
        Ok(Some(SentencePrompt {
            text: asked.to_owned(),
            name: None,
            is_default: false,
        }))
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.prompts.keys().map(String::as_str).collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    fn settings(prompts: &[(&str, &str)], default: Option<&str>) -> SentenceSettings {
        SentenceSettings {
            prompts: prompts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            default_prompt: default.map(str::to_owned),
            ..SentenceSettings::default()
        }
    }

    #[test]
    fn a_prompt_is_a_name_a_text_the_default_or_none() {
        let own = settings(&[("query", "query: "), ("nothing", "")], Some("query"));
        let prompt = |asked| {
            own.prompt(asked)
                .unwrap()
                .map(|prompt| (prompt.text, prompt.name))
        };
        let named = Some(("query: ".to_owned(), Some("query".to_owned())));
        assert_eq!(prompt(None), named);
        assert_eq!(prompt(Some("query")), named);
        assert_eq!(prompt(Some("")), None);
        assert_eq!(prompt(Some("nothing")), None);
        let text = "Represent this: ";
        assert_eq!(prompt(Some(text)), Some((text.to_owned(), None)));
        assert_eq!(settings(&[], None).prompt(None).unwrap(), None);
    }

    #[test]
    fn what_may_be_a_name_and_is_none_is_refused() {
        let own = settings(&[("query", "query: ")], None);
        for asked in ["Query", " query", "document", "passage"] {
            let error = own.prompt(Some(asked)).unwrap_err();
            assert!(
                matches!(error, Error::AmbiguousPrompt { .. }),
                "{asked}: {error}"
            );
        }
    }

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(READ.iter().chain(WITHOUT_EFFECT));
    }
}
