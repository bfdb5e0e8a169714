//! The `zero_shot` options of a `predict` stage, as they are written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::spec::named::Named;

/// How texts are classified without training.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZeroShotOptions {
    pub(crate) classes: Named<TextOrTexts>,
    pub(crate) prompt: Option<String>,
    pub(crate) temperature: Option<f64>,
}

/// What stands for a class: one text or several.
#[derive(Debug)]
pub(crate) enum TextOrTexts {
    Text(String),
    Texts(Vec<String>),
}

impl<'de> Deserialize<'de> for TextOrTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = TextOrTexts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<TextOrTexts, E> {
                Ok(TextOrTexts::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<TextOrTexts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(TextOrTexts::Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
