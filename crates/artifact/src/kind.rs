//! The kinds of table, and who wrote one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Texts with optional labels.
    Texts,
    /// One vector for each text.
    Embeddings,
    /// Logits and probabilities for each text.
    Predictions,
    /// Texts picked for labelling, best first.
    Selection,
    /// Labels and where each came from.
    Labels,
    /// How a training run went.
    History,
    /// What an experiment's models achieved.
    Results,
}

impl Kind {
    /// Every kind, in the order of the pipeline.
    pub const ALL: [Self; 7] = [
        Self::Texts,
        Self::Embeddings,
        Self::Predictions,
        Self::Selection,
        Self::Labels,
        Self::History,
        Self::Results,
    ];

    /// The kind's name, as in the file's metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Texts => "texts",
            Self::Embeddings => "embeddings",
            Self::Predictions => "predictions",
            Self::Selection => "selection",
            Self::Labels => "labels",
            Self::History => "history",
            Self::Results => "results",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the kinds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no kind of artifact called `{name}`: it is one of texts, embeddings, predictions, \
     selection, labels, history, results"
)]
pub struct ParseKindError {
    /// The name as given.
    pub name: String,
}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(name: &str) -> Result<Self, ParseKindError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| ParseKindError {
                name: name.to_owned(),
            })
    }
}

/// The stage that wrote a table, and its version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Producer {
    /// The stage's name, such as `embed`.
    pub stage: String,
    /// The stage's `VERSION` constant.
    pub version: u32,
}

impl Producer {
    /// The stage called `stage`, at `version`.
    pub fn new(stage: &str, version: u32) -> Self {
        Self {
            stage: stage.to_owned(),
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.name())
            );
        }
        assert!("Texts".parse::<Kind>().is_err());
    }
}
