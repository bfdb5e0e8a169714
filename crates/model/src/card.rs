//! What a trained model's folder says about itself: `goldpan.json`.

use crate::error::{Error, read_json};
use crate::sentence::SentenceOptions;
use crate::tuning::TuningKind;
use goldpan_artifact::{Digest, OfTexts, atomic};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;

const FILE: &str = "goldpan.json";
const FORMAT: u32 = 1;

/// A base model: its name and the digest of the files used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseModel {
    /// The name it was asked for by.
    pub name: String,
    /// The content of its files.
    pub digest: Digest,
}

/// How the vectors were made that a probe was solved on, where it is not as the base model's folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// Tokens that a text is cut at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<NonZeroUsize>,
    /// Whether vectors get length 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// What is put before each text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

impl Encoding {
    /// As options of a sentence encoder.
    pub fn options(&self) -> SentenceOptions<'_> {
        SentenceOptions {
            max_length: self.max_length,
            normalize: self.normalize,
            prompt: self.prompt.as_deref(),
        }
    }
}

/// One of the ways of training that `tune: auto` chose from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it is, in words.
    pub name: String,
    /// Labelled texts that were held out, by which candidates are compared.
    pub held_out: usize,
    /// Accuracy on them.
    pub accuracy: f64,
    /// Mean loss on them, in nats.
    pub loss: f64,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: accuracy {:.4}, loss {:.4} on {} labelled texts held out",
            self.name, self.accuracy, self.loss, self.held_out
        )
    }
}

/// What `tune: auto` chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What was trained, in words.
    pub kept: String,
    /// What it was chosen from; none where the labels were too few to compare anything.
    pub candidates: Vec<Candidate>,
}

/// The classes of a trained model, and what it was trained on top of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The format of this file.
    format: u32,
    /// The class names, in the order of their numbers.
    pub classes: Vec<String>,
    /// The base model.
    pub base: BaseModel,
    /// Tokens that a text was cut at in training; without it, as much as the base model takes.
    pub max_length: Option<NonZeroUsize>,
    /// What was trained.
    #[serde(default)]
    pub tuning: TuningKind,
    /// How a probe's vectors were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The texts that it was trained on; folders of earlier versions do not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<OfTexts>,
    /// What `tune: auto` chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

impl ModelCard {
    /// A card of the current format.
    pub fn new(
        classes: Vec<String>,
        base: BaseModel,
        max_length: Option<NonZeroUsize>,
        tuning: TuningKind,
    ) -> Self {
        Self {
            format: FORMAT,
            classes,
            base,
            max_length,
            tuning,
            encoding: None,
            texts: None,
            choice: None,
        }
    }

    /// Whether `folder` is that of a trained model.
    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// The card of `folder`, where it is that of a trained model.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`].
    pub fn find(folder: &Path) -> Result<Option<Self>, Error> {
        let exists = Self::exists(folder);
        exists.then(|| Self::read(folder)).transpose()
    }

    /// Reads the card of a trained model.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or was written by a newer version.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let card: Self = read_json(path.clone())?;
        if card.format > FORMAT {
            return Err(Error::NewerCard {
                path,
                format: card.format,
            });
        }
        Ok(card)
    }

    /// Writes the card into a trained model's folder.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        text.push(b'\n');
        atomic::write_bytes(path, &text).map_err(Error::Save)
    }
}
