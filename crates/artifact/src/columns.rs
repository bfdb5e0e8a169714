//! What the columns of the texts' file were called.

use serde::{Deserialize, Serialize};

/// What the user called the columns that a table of texts was read from, where they had names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileColumns {
    /// The column of the texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The column of the labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The column of the user's own keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl FileColumns {
    /// True where no name is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
