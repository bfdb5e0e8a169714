//! How a text file is written, where it does not say so itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How text files are written. What is left open is found in the file, and said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    /// What stands between the fields of a CSV or TSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What quotes mean in a CSV or TSV file.
    #[serde(skip_serializing_if = "is_default")]
    pub quoting: Quoting,
    /// The encoding's name; none: UTF-8, or what a byte order mark says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What becomes of bytes that are no text in the encoding.
    #[serde(skip_serializing_if = "is_default")]
    pub invalid_text: InvalidText,
    /// The key of a JSON object under which the list of rows stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
}

impl Layout {
    /// Whether everything is left open.
    pub fn is_open(&self) -> bool {
        is_default(self)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The character between two fields: any ASCII character but a quote, a line end and a letter,
/// digit or backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delimiter(u8);

impl Delimiter {
    /// A comma.
    pub const COMMA: Self = Self(b',');
    /// A TAB.
    pub const TAB: Self = Self(b'\t');
    /// Those that are looked for in files, in this order.
    pub const USUAL: [Self; 4] = [Self::COMMA, Self(b';'), Self::TAB, Self(b'|')];

    /// Names for characters that are hard to type.
    const NAMES: [(&'static str, u8); 5] = [
        ("tab", b'\t'),
        ("comma", b','),
        ("semicolon", b';'),
        ("pipe", b'|'),
        ("space", b' '),
    ];

    /// The character as a byte.
    pub const fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.pad("TAB"),
            b' ' => f.pad("space"),
            byte if byte.is_ascii_graphic() => write!(f, "`{}`", char::from(byte)),
            byte => write!(f, "U+{byte:04X}"),
        }
    }
}

/// A text that is no delimiter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` cannot stand between fields: use tab, comma, semicolon, pipe, space, or one other ASCII character that is no letter, digit, quote, backslash or line end",
    .text.escape_default()
)]
pub struct ParseDelimiterError {
    /// The text as given.
    pub text: String,
}

impl FromStr for Delimiter {
    type Err = ParseDelimiterError;

    fn from_str(text: &str) -> Result<Self, ParseDelimiterError> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        if let Some((_, byte)) = named {
            return Ok(Self(*byte));
        }
        match text.as_bytes() {
            b"\\t" => Ok(Self::TAB),
            [byte]
                if byte.is_ascii()
                    && !byte.is_ascii_alphanumeric()
                    && !matches!(byte, b'"' | b'\n' | b'\r' | b'\\' | 0) =>
            {
                Ok(Self(*byte))
            }
            _ => Err(ParseDelimiterError {
                text: text.to_owned(),
            }),
        }
    }
}

impl Serialize for Delimiter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(char::from(self.0))
    }
}

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a double quote means in a CSV or TSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quoting {
    /// In files with commas or semicolons it quotes; in others the file's rows say it.
    #[default]
    Auto,
    /// It encloses a field; inside, it is doubled, as RFC 4180 says.
    Quoted,
    /// It encloses a field; a backslash before a quote, delimiter, line end or backslash takes
    /// its meaning away.
    Backslash,
    /// It is a character like any other.
    None,
}

/// What becomes of bytes that are no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvalidText {
    /// They are an error that says where they are.
    #[default]
    Refuse,
    /// Each is replaced by U+FFFD, and they are counted.
    Replace,
}

macro_rules! by_name {
    ($kind:ident, $error:ident, $what:literal, $($variant:ident => $name:literal),+) => {
        /// A text that names none of the choices.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("`{}` is not {}: use {}", .text.escape_default(), $what, [$($name),+].join(", "))]
        pub struct $error {
            /// The text as given.
            pub text: String,
        }

        impl FromStr for $kind {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($error { text: text.to_owned() }),
                }
            }
        }
    };
}

by_name!(Quoting, ParseQuotingError, "a way of quoting",
    Auto => "auto", Quoted => "quoted", Backslash => "backslash", None => "none");
by_name!(InvalidText, ParseInvalidTextError, "a way with invalid text",
    Refuse => "refuse", Replace => "replace");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_one_character_or_a_name() {
        for (text, byte) in [("tab", b'\t'), ("\\t", b'\t'), (";", b';'), ("\u{1}", 1)] {
            assert_eq!(text.parse::<Delimiter>().unwrap().byte(), byte);
        }
        for wrong in ["", "::", "\"", "a", "\n", "\\", "§"] {
            assert!(wrong.parse::<Delimiter>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_open_layout_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Layout::default()).unwrap(), "{}");
        let layout = Layout {
            delimiter: Some(Delimiter::TAB),
            quoting: Quoting::None,
            ..Layout::default()
        };
        let json = serde_json::to_string(&layout).unwrap();
        assert_eq!(json, r#"{"delimiter":"\t","quoting":"none"}"#);
        assert_eq!(serde_json::from_str::<Layout>(&json).unwrap(), layout);
    }
}
