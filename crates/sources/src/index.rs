//! Files of packages in a Python package index, by its JSON API (PEP 691). No Python is needed,
//! and nothing of a package is run.

use std::path::Path;
use std::sync::Arc;

use goldpan_artifact::Progress;
use serde::Deserialize;
use url::Url;

use crate::catalogue::Distribution;
use crate::download::Download;
use crate::error::Miss;
use crate::failure::Failure;
use crate::http::{Ask, Client, Credential, shown};
use crate::http_error::HttpError;
use crate::not_found::Place;
use crate::places::{IndexSettings, Places};

/// The longest list of a package's files that is read.
const LIMIT: u64 = 32 << 20;

#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

impl Distribution {
    pub fn place(&self, index: &IndexSettings) -> Place {
        Place::Index {
            url: shown(&index.url).trim_end_matches('/').to_owned(),
            package: self.name.clone(),
            version: self.version.clone(),
        }
    }

    /// The cache's folder name for what comes out of it.
    pub fn cache_version(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Asks the index, within the contact time, where the file lies.
    pub fn locate(&self, places: &Places, client: &Client) -> Result<Url, Miss> {
        let index = &places.index;
        if index.offline {
            let variable = "PIP_NO_INDEX";
            return Err(Failure::Offline { variable }.into());
        }
        if let Some(error) = places.unreachable(&index.url) {
            return Err(Failure::Http(error).into());
        }
        let mut page = index.url.clone();
        if let Ok(mut path) = page.path_segments_mut() {
            path.pop_if_empty().extend([&normal(&self.name), ""]);
        }
        let credential = Credential::of(&index.url);
        let ask = Ask {
            credential: credential.as_ref(),
            headers: &[("accept", "application/vnd.pypi.simple.v1+json")],
            contact: true,
            head: false,
        };
        let bytes = client.get_short(&page, ask, LIMIT).map_err(|error| {
            let error = Arc::new(error);
            if matches!(*error, HttpError::Unreachable { .. }) {
                places.give_up(&index.url, &error);
            }
            Failure::Http(error)
        })?;
        self.find(&page, &bytes)
    }

    /// Finds the file in the index's page about the package.
    fn find(&self, page: &Url, bytes: &[u8]) -> Result<Url, Miss> {
        let listing: Listing =
            serde_json::from_slice(bytes).map_err(|source| Failure::NotJson {
                url: shown(page),
                source,
            })?;
        let file = || self.file.clone();
        let listed = listing
            .files
            .into_iter()
            .find(|listed| listed.filename == self.file)
            .ok_or_else(|| Failure::NotListed { file: file() })?;
        match listed.hashes.sha256 {
            Some(sha256) if !sha256.eq_ignore_ascii_case(&self.sha256) => {
                return Err(Failure::Disagrees {
                    file: file(),
                    expected: self.sha256.clone(),
                    listed: sha256,
                }
                .into());
            }
            _ => {}
        }
        match page.join(&listed.url) {
            Ok(url) if url.scheme() == "https" || url.scheme() == page.scheme() => Ok(url),
            _ => Err(Failure::BadFileAddress {
                file: file(),
                address: listed.url,
            }
            .into()),
        }
    }

    /// Downloads the file from where the index says it lies.
    pub fn fetch(
        &self,
        url: &Url,
        places: &Places,
        client: &Client,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Miss> {
        let credential = Credential::of(&places.index.url);
        let what = format!("fetch {}", self.file);
        let download = Download {
            what: &what,
            url,
            credential: credential.as_ref(),
            to,
            sha256: Some(&self.sha256),
        };
        download.run(client, progress)
    }
}

/// A package's name as an index writes it in addresses (PEP 503).
fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(listing: &str) -> Result<String, String> {
        let distribution = Distribution {
            name: "Some.Package".to_owned(),
            version: "1.0".to_owned(),
            file: "some-1.0.zip".to_owned(),
            sha256: "ab".repeat(32),
        };
        let page = Url::parse("https://host/root/simple/some-package/").unwrap();
        match distribution.find(&page, listing.as_bytes()) {
            Ok(url) => Ok(url.into()),
            Err(Miss::Failure(failure)) => Err(failure.to_string()),
            Err(Miss::Fatal(error)) => panic!("{error}"),
        }
    }

    fn one(url: &str, sha256: &str) -> String {
        format!(
            r#"{{"files": [{{"filename": "some-0.9.zip", "url": "x"}},
               {{"filename": "some-1.0.zip", "url": "{url}", "hashes": {{"sha256": "{sha256}"}}}}]}}"#
        )
    }

    #[test]
    fn relative_and_absolute_addresses_are_followed() {
        let good = "AB".repeat(32);
        let found = find(&one("../../files/some-1.0.zip#sha256=x", &good)).unwrap();
        assert_eq!(found, "https://host/root/files/some-1.0.zip#sha256=x");
        assert_eq!(find(&one("https://cdn/f", &good)).unwrap(), "https://cdn/f");
    }

    #[test]
    fn lies_are_errors() {
        let good = "ab".repeat(32);
        assert!(
            find(&one("f", &"cd".repeat(32)))
                .unwrap_err()
                .contains("instead of abab")
        );
        assert!(
            find(&one("http://cdn/f", &good))
                .unwrap_err()
                .contains("not followed")
        );
        assert!(
            find(&one("file:///etc/passwd", &good))
                .unwrap_err()
                .contains("not followed")
        );
        assert!(
            find(r#"{"files": []}"#)
                .unwrap_err()
                .contains("does not list")
        );
        assert!(find("<html>").unwrap_err().contains("PEP 691"));
        assert!(
            find(r#"{"files": [{"filename": 1}]}"#)
                .unwrap_err()
                .contains("PEP 691")
        );
    }

    #[test]
    fn package_names_are_normalised() {
        assert_eq!(normal("vaderSentiment"), "vadersentiment");
        assert_eq!(normal("Some_Package..x"), "some-package-x");
    }
}
