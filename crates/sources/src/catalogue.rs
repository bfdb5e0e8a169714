//! The catalogue of known models and datasets, read from `catalogue.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::reading::{Reading, Rows};

/// Models and datasets that Goldpan knows by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    pub models: BTreeMap<String, Model>,
    pub datasets: BTreeMap<String, Dataset>,
}

/// A model of the hub: its pinned revision and the sha256 of each file that is used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub about: String,
    pub licence: String,
    pub revision: String,
    pub files: BTreeMap<String, String>,
    pub package: Option<ModelPackage>,
}

/// A distribution in a package index that holds a copy of a model's folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelPackage {
    #[serde(flatten)]
    pub distribution: Distribution,
    pub folder: String,
}

/// One file of a package in a package index.
#[derive(Debug, Deserialize)]
pub(crate) struct Distribution {
    pub name: String,
    pub version: String,
    pub file: String,
    pub sha256: String,
}

/// A dataset, its splits and the places that have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dataset {
    pub about: String,
    pub licence: String,
    pub classes: Vec<String>,
    pub splits: BTreeMap<String, Split>,
    pub local: LocalDataset,
    pub hub: Option<HubDataset>,
    pub package: Option<DatasetPackage>,
}

/// Which file a split lies in, and which of its rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Split {
    pub file: String,
    #[serde(default)]
    pub rows: Rows,
}

/// What the files are called in a folder of the user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalDataset {
    pub files: BTreeMap<String, String>,
    pub reading: Reading,
}

/// A dataset's repository on the hub.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HubDataset {
    pub repository: String,
    pub revision: String,
    pub files: BTreeMap<String, HubFile>,
    pub reading: Reading,
}

/// A file of a repository.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HubFile {
    pub path: String,
    pub sha256: String,
}

/// A distribution in a package index that holds a dataset's files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetPackage {
    #[serde(flatten)]
    pub distribution: Distribution,
    pub files: BTreeMap<String, Member>,
    pub reading: Reading,
}

/// A file inside an archive, which may lie inside another archive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub members: Vec<String>,
    pub sha256: String,
}

/// The catalogue that this version of Goldpan was built with.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../catalogue.json"))
        .expect("the built-in catalogue is valid")
});

/// What the catalogue says of a model or dataset, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name to ask for.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Its licence.
    pub licence: String,
    /// The splits of a dataset; none for a model.
    pub splits: Vec<String>,
    /// The classes of a dataset, in the order of their numbers; none for a model.
    pub classes: Vec<String>,
}

/// The models in the catalogue, by name.
pub fn known_models() -> Vec<Known> {
    let known = |(name, model): (&String, &Model)| Known {
        name: name.clone(),
        about: model.about.clone(),
        licence: model.licence.clone(),
        splits: Vec::new(),
        classes: Vec::new(),
    };
    CATALOGUE.models.iter().map(known).collect()
}

/// The datasets in the catalogue, by name.
pub fn known_datasets() -> Vec<Known> {
    let known = |(name, dataset): (&String, &Dataset)| Known {
        name: name.clone(),
        about: dataset.about.clone(),
        licence: dataset.licence.clone(),
        splits: dataset.splits.keys().cloned().collect(),
        classes: dataset.classes.clone(),
    };
    CATALOGUE.datasets.iter().map(known).collect()
}

/// The name among `names` that is most like `name`, where one is alike enough to be meant.
pub(crate) fn nearest<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a String>,
) -> Option<String> {
    let name = name.to_lowercase();
    let likeness = |other: &str| {
        let other = other.to_lowercase();
        let last = other.rsplit('/').next().unwrap_or(&other);
        strsim::jaro_winkler(&name, &other).max(strsim::jaro_winkler(&name, last))
    };
    names
        .into_iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sha256(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    #[test]
    fn every_digest_and_revision_is_whole() {
        for model in CATALOGUE.models.values() {
            assert_eq!(model.revision.len(), 40);
            assert!(model.files.values().all(|sha| is_sha256(sha)));
            assert!(model.files.contains_key("config.json"));
            if let Some(package) = &model.package {
                assert!(is_sha256(&package.distribution.sha256));
            }
        }
        for dataset in CATALOGUE.datasets.values() {
            if let Some(hub) = &dataset.hub {
                assert_eq!(hub.revision.len(), 40);
                assert!(hub.files.values().all(|file| is_sha256(&file.sha256)));
            }
            if let Some(package) = &dataset.package {
                assert!(is_sha256(&package.distribution.sha256));
                assert!(package.files.values().all(|file| is_sha256(&file.sha256)));
            }
        }
    }

    #[test]
    fn every_split_has_its_file_in_every_place() {
        for dataset in CATALOGUE.datasets.values() {
            assert!(!dataset.splits.is_empty());
            for split in dataset.splits.values() {
                assert!(dataset.local.files.contains_key(&split.file));
                if let Some(hub) = &dataset.hub {
                    assert!(hub.files.contains_key(&split.file));
                }
                if let Some(package) = &dataset.package {
                    assert!(package.files.contains_key(&split.file));
                }
            }
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_only_where_it_is_near() {
        let near = |name| nearest(name, CATALOGUE.datasets.keys());
        assert_eq!(near("sst-2").as_deref(), Some("sst2"));
        assert_eq!(near("movie_snippets").as_deref(), Some("movie-snippets"));
        assert_eq!(near("imdb"), None);
        let model = nearest("all-minilm-l6-v2", CATALOGUE.models.keys());
        assert_eq!(
            model.as_deref(),
            Some("sentence-transformers/all-MiniLM-L6-v2")
        );
    }
}
