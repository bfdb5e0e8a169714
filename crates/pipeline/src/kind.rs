//! The kinds of stage.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Turns files into a table of texts.
    Ingest,
    /// Turns texts into vectors.
    Embed,
    /// Trains a classifier on labelled texts.
    Train,
    /// Classifies texts.
    Predict,
    /// Picks the texts to label next.
    Select,
    /// Compares predictions with the texts' own labels.
    Evaluate,
    /// Labels what was picked. Only the loop has such stages.
    Label,
}

impl StageKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::Embed,
        Self::Train,
        Self::Predict,
        Self::Select,
        Self::Evaluate,
        Self::Label,
    ];

    /// The kind's name, as in a pipeline file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Embed => "embed",
            Self::Train => "train",
            Self::Predict => "predict",
            Self::Select => "select",
            Self::Evaluate => "evaluate",
            Self::Label => "label",
        }
    }
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
