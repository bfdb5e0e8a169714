//! What a table was made from: which texts, and by which model.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key;

/// The texts that a table was made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfTexts {
    /// The digest of the texts and their ids, in the order of the rows. Labels, keys and metadata
    /// are no part of it.
    pub digest: Digest,
    /// The name of the texts' file, without folders: for people.
    pub file: String,
    /// How many texts there are.
    pub rows: u64,
}

/// What a table was made from, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The texts. A table of texts is made from itself.
    pub texts: Option<OfTexts>,
    /// The name of the model, where one was used.
    pub model: Option<String>,
}

impl Origin {
    /// The origin of a table of these texts, made without a model.
    pub fn of(texts: OfTexts) -> Self {
        Self {
            texts: Some(texts),
            model: None,
        }
    }

    /// What the metadata of a schema says, where a program that read a table of Goldpan's wrote it
    /// anew with the same metadata; `get` gives the value of a key.
    pub fn of_metadata<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let digest = get(key::TEXTS).and_then(|digest| digest.parse().ok());
        Self {
            texts: digest.map(|digest| OfTexts {
                digest,
                file: get(key::TEXTS_FILE).unwrap_or_default().to_owned(),
                rows: get(key::TEXTS_ROWS)
                    .and_then(|rows| rows.parse().ok())
                    .unwrap_or_default(),
            }),
            model: get(key::MODEL).map(str::to_owned),
        }
    }

    /// As it is, and made by the model called `name`.
    #[must_use]
    pub fn by(mut self, name: impl Into<String>) -> Self {
        self.model = Some(name.into());
        self
    }
}

/// The digest of texts and ids, row by row.
#[derive(Clone, Debug)]
pub(crate) struct TextsHasher(blake3::Hasher);

impl TextsHasher {
    pub(crate) fn new() -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"goldpan texts 1\n");
        Self(hasher)
    }

    /// Adds a row. The text's length comes first, so no two tables share their bytes.
    pub(crate) fn row(&mut self, id: u64, text: &str) {
        let mut head = [0; 16];
        head[..8].copy_from_slice(&id.to_le_bytes());
        head[8..].copy_from_slice(&(text.len() as u64).to_le_bytes());
        self.0.update(&head);
        self.0.update(text.as_bytes());
    }

    pub(crate) fn finish(&self) -> Digest {
        self.0.finalize().into()
    }
}

/// The name of a file, for people.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Two tables of different texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTexts {
    /// The table that the other is compared with.
    pub first: PathBuf,
    /// The texts that it is of.
    pub first_texts: OfTexts,
    /// The other table.
    pub second: PathBuf,
    /// The texts that it is of.
    pub second_texts: OfTexts,
}

impl std::fmt::Display for OtherTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |texts: &OfTexts| {
            let texts_word = if texts.rows == 1 { "text" } else { "texts" };
            format!(
                "`{}` ({} {texts_word}, digest {:.8})",
                texts.file, texts.rows, texts.digest
            )
        };
        write!(
            f,
            "{} is of the texts {}, and {} is of the texts {}",
            self.second.display(),
            told(&self.second_texts),
            self.first.display(),
            told(&self.first_texts)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[(u64, &str)]) -> Digest {
        let mut hasher = TextsHasher::new();
        for (id, text) in rows {
            hasher.row(*id, text);
        }
        hasher.finish()
    }

    #[test]
    fn ids_texts_and_order_make_the_digest() {
        let one = digest(&[(0, "a"), (1, "b")]);
        assert_eq!(one, digest(&[(0, "a"), (1, "b")]));
        assert_ne!(one, digest(&[(0, "b"), (1, "a")]));
        assert_ne!(one, digest(&[(1, "b"), (0, "a")]));
        assert_ne!(one, digest(&[(0, "a"), (2, "b")]));
        assert_ne!(one, digest(&[(0, "a")]));
        assert_ne!(digest(&[(0, "ab"), (1, "")]), digest(&[(0, "a"), (1, "b")]));
    }
}
