//! The sentence around a text and its gap.

use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

const TEXT: &str = "{text}";
const MASK: &str = "{mask}";

/// A cloze sentence such as `{text} It was {mask}.`: exactly one text and one gap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    source: String,
    /// Where `{text}` stands in the source, in bytes.
    text: usize,
    /// Where `{mask}` stands.
    mask: usize,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A placeholder is not there.
    #[error(
        "the prompt {template:?} has no {placeholder}: it needs {{text}} once and {{mask}} once"
    )]
    Missing {
        /// The template.
        template: String,
        /// The placeholder.
        placeholder: &'static str,
    },
    /// A placeholder is there more than once.
    #[error(
        "the prompt {template:?} has {placeholder} more than once: it needs {{text}} once and \
         {{mask}} once"
    )]
    Repeated {
        /// The template.
        template: String,
        /// The placeholder.
        placeholder: &'static str,
    },
}

/// A template with a text in it.
pub(crate) struct Filled {
    pub sentence: String,
    /// Where the text lies in the sentence, in bytes.
    pub text: Range<usize>,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, TemplateError> {
        let place = |placeholder| {
            let template = source.to_owned();
            let Some(place) = source.find(placeholder) else {
                return Err(TemplateError::Missing {
                    template,
                    placeholder,
                });
            };
            match source.rfind(placeholder) == Some(place) {
                true => Ok(place),
                false => Err(TemplateError::Repeated {
                    template,
                    placeholder,
                }),
            }
        };
        Ok(Self {
            text: place(TEXT)?,
            mask: place(MASK)?,
            source: source.to_owned(),
        })
    }
}

impl Template {
    /// Whether the text comes before the gap.
    pub fn text_first(&self) -> bool {
        self.text < self.mask
    }

    /// Whether white space stands before the gap, so that a word in it begins with a space.
    pub fn space_before_mask(&self) -> bool {
        self.source[..self.mask].ends_with(char::is_whitespace)
    }

    /// Puts `text` and `mask` into their places.
    pub(crate) fn fill(&self, text: &str, mask: &str) -> Filled {
        let (first, second) = match self.text_first() {
            true => ((self.text, TEXT, text), (self.mask, MASK, mask)),
            false => ((self.mask, MASK, mask), (self.text, TEXT, text)),
        };
        let mut sentence = self.source[..first.0].to_owned();
        let mut start = sentence.len();
        sentence += first.2;
        sentence += &self.source[first.0 + first.1.len()..second.0];
        if !self.text_first() {
            start = sentence.len();
        }
        sentence += second.2;
        sentence += &self.source[second.0 + second.1.len()..];
        Filled {
            sentence,
            text: start..start + text.len(),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.source)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str) -> Template {
        source.parse().unwrap()
    }

    #[test]
    fn a_text_and_a_mask_are_put_into_their_places() {
        for (source, sentence, range) in [
            ("{text} It was {mask}.", "so {mask} It was <mask>.", 0..9),
            (
                "A {mask} review: {text}!",
                "A <mask> review: so {mask}!",
                17..26,
            ),
            ("{text}{mask}", "so {mask}<mask>", 0..9),
            ("{mask}{text}", "<mask>so {mask}", 6..15),
        ] {
            let filled = template(source).fill("so {mask}", "<mask>");
            assert_eq!(filled.sentence, sentence);
            assert_eq!(filled.text, range);
            assert_eq!(&filled.sentence[filled.text], "so {mask}");
        }
    }

    #[test]
    fn the_gap_knows_what_is_before_it() {
        assert!(template("{text} It was {mask}.").space_before_mask());
        assert!(template("{text}\n{mask}").space_before_mask());
        assert!(!template("{text} ({mask})").space_before_mask());
        assert!(!template("{mask} {text}").space_before_mask());
        assert!(!template("{mask} {text}").text_first());
    }

    #[test]
    fn both_placeholders_are_needed_once() {
        let told = |source: &str| source.parse::<Template>().unwrap_err().to_string();
        assert!(told("It was {mask}.").contains("has no {text}"));
        assert!(told("{text} It was <mask>.").contains("has no {mask}"));
        assert!(told("").contains("has no {text}"));
        assert!(told("{text} {text} {mask}").contains("{text} more than once"));
        assert!(told("{mask} {text} {mask}").contains("{mask} more than once"));
    }
}
