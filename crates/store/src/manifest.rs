//! What an object consists of: names, digests and lengths of its files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::object::FileEntry;

/// The name of the file in an object's folder that lists the others.
pub(crate) const MANIFEST: &str = "manifest.json";

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
    use goldpan_artifact::Digest;

    use super::*;
    use crate::object::ObjectId;

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
