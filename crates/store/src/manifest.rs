//! What an object consists of: names, digests and lengths of its files.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::str::FromStr;

use goldpan_artifact::Digest;
use serde::{Deserialize, Serialize};

use crate::{Error, files};

/// The name of the file in an object's folder that lists the others.
pub(crate) const MANIFEST: &str = "manifest.json";

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

/// The content of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Files by name relative to the object's folder, with `/` between parts.
    pub(crate) files: BTreeMap<String, FileEntry>,
}

impl Manifest {
    /// Reads the manifest in an object's folder. `None` if it is missing or damaged: then the
    /// object does not exist.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, Error> {
        let Some(bytes) = files::read(&folder.join(MANIFEST))? else {
            return Ok(None);
        };
        let manifest: Option<Self> = serde_json::from_slice(&bytes).ok();
        Ok(
            manifest
                .filter(|manifest| manifest.files.keys().all(|name| files::is_inner_path(name))),
        )
    }

    /// Writes the manifest into an object's folder, whole or not at all.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), Error> {
        files::write_json(&folder.join(MANIFEST), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> FileEntry {
        FileEntry {
            digest: Digest::of(text),
            bytes: text.len() as u64,
        }
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            files: [("a \"b\".arrow", "x"), ("sub/c", "yy")]
                .map(|(name, text)| (name.to_owned(), entry(text)))
                .into(),
        };
        manifest.save(folder.path()).unwrap();
        assert_eq!(Manifest::load(folder.path()).unwrap(), Some(manifest));
    }

    #[test]
    fn damaged_or_hostile_manifests_are_no_manifests() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of("x");
        let load = |text: &str| {
            std::fs::write(folder.path().join(MANIFEST), text).unwrap();
            Manifest::load(folder.path()).unwrap()
        };
        assert_eq!(load(""), None);
        assert_eq!(load("{\"files\": {\"a\": {\"dig"), None);
        assert_eq!(load("\u{0}\u{0}"), None);
        let entry = format!("{{\"digest\": \"{digest}\", \"bytes\": 1}}");
        assert!(load(&format!("{{\"files\": {{\"a\": {entry}}}}}")).is_some());
        assert_eq!(load(&format!("{{\"files\": {{\"../a\": {entry}}}}}")), None);
    }

    #[test]
    fn name_depends_on_names_and_contents() {
        let of = |files: &[(&str, &str)]| {
            let files = files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), entry(text)));
            ObjectId::of(&files.collect())
        };
        assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
        assert_ne!(of(&[("a", "1")]), of(&[("b", "1")]));
        assert_ne!(of(&[("a", "1")]), of(&[("a", "2")]));
    }
}
