//! An object's name, and what is known of its files.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use goldpan_artifact::Digest;
use serde::{Deserialize, Serialize};

/// An object's name: the digest of its files' names and contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(Digest);

impl ObjectId {
    /// The digest of the object's content, as it goes into the keys of actions that read it.
    pub fn digest(&self) -> Digest {
        self.0
    }

    /// The object that consists of these files.
    pub(crate) fn of(files: &BTreeMap<String, FileEntry>) -> Self {
        let mut text = String::from("goldpan object 1\n");
        for (name, file) in files {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{} {} {name}", file.digest, file.bytes);
        }
        Self(Digest::of(text))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ObjectId {
    type Err = <Digest as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One file of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// The digest of the file's content.
    pub digest: Digest,
    /// The file's length in bytes.
    pub bytes: u64,
}
