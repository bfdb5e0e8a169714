//! Files of repositories on the Hugging Face Hub.

use std::path::Path;
use std::sync::Arc;

use goldpan_artifact::Progress;
use url::Url;

use crate::download::Download;
use crate::error::Miss;
use crate::failure::Failure;
use crate::http::{Ask, Client, Credential, check_status, header_text, shown};
use crate::http_error::HttpError;
use crate::not_found::Place;
use crate::places::{HubSettings, Places};

/// What a repository holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    Dataset,
}

/// A repository at a revision.
pub(crate) struct Repository<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub revision: &'a str,
}

impl Repository<'_> {
    pub fn place(&self, hub: &HubSettings) -> Place {
        Place::Hub {
            endpoint: shown(&hub.endpoint).trim_end_matches('/').to_owned(),
            repository: self.name.to_owned(),
            revision: self.revision.to_owned(),
        }
    }
}

/// Whether a name can be a repository's: one or two parts of letters, digits, `-`, `_` and `.`.
pub(crate) fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
    };
    name.split('/').count() <= 2 && name.split('/').all(part)
}

/// The hub, to be asked for one repository.
pub(crate) struct Hub<'a> {
    places: &'a Places,
    client: &'a Client,
    repository: Repository<'a>,
    credential: Option<Credential>,
    /// The commit that the revision stands for, where the hub says so.
    commit: Option<String>,
}

impl<'a> Hub<'a> {
    /// Asks whether `file` is there, within the contact time.
    pub fn contact(
        places: &'a Places,
        client: &'a Client,
        repository: Repository<'a>,
        file: &str,
    ) -> Result<Self, Miss> {
        let endpoint = &places.hub.endpoint;
        if places.hub.offline {
            let variable = "HF_HUB_OFFLINE";
            return Err(Failure::Offline { variable }.into());
        }
        if let Some(error) = places.unreachable(endpoint) {
            return Err(Failure::Http(error).into());
        }
        let token = places.hub.token.as_ref();
        let mut hub = Self {
            places,
            client,
            repository,
            credential: token.map(|token| Credential::bearer(endpoint, token.reveal())),
            commit: None,
        };
        let url = hub.url(file);
        let ask = Ask {
            credential: hub.credential.as_ref(),
            contact: true,
            head: true,
            ..Ask::default()
        };
        let answer = client.get(&url, ask).map_err(|error| {
            let error = Arc::new(error);
            if matches!(*error, HttpError::Unreachable { .. }) {
                places.give_up(endpoint, &error);
            }
            Failure::Http(error)
        })?;
        let status = answer.response.status();
        if !status.is_redirection() {
            check_status(&url, status).map_err(|error| hub.failure(error))?;
        }
        hub.commit = header_text(&answer.first, "x-repo-commit").map(str::to_owned);
        Ok(hub)
    }

    /// The commit, or else the revision as asked for.
    pub fn version(&self) -> &str {
        self.commit.as_deref().unwrap_or(self.repository.revision)
    }

    /// Downloads a file to `to`.
    pub fn fetch(
        &self,
        file: &str,
        sha256: Option<&str>,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Miss> {
        let url = self.url(file);
        let what = format!("fetch {} {file}", self.repository.name);
        let download = Download {
            what: &what,
            url: &url,
            credential: self.credential.as_ref(),
            to,
            sha256,
        };
        download
            .run(self.client, progress)
            .map_err(|miss| match miss {
                Miss::Failure(Failure::Http(error)) => match Arc::try_unwrap(error) {
                    Ok(error) => self.failure(error),
                    Err(error) => Failure::Http(error).into(),
                },
                miss => miss,
            })
    }

    /// As `fetch`, for a file that the repository may lack: whether it is there.
    pub fn fetch_optional(
        &self,
        file: &str,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<bool, Miss> {
        match self.fetch(file, None, to, progress) {
            Ok(()) => Ok(true),
            Err(Miss::Failure(Failure::Http(error))) if error.is_missing() => Ok(false),
            Err(miss) => Err(miss),
        }
    }

    fn url(&self, file: &str) -> Url {
        let mut url = self.places.hub.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            if self.repository.kind == Kind::Dataset {
                path.push("datasets");
            }
            path.extend(self.repository.name.split('/'));
            path.extend(["resolve", self.version()]);
            path.extend(file.split('/'));
        }
        url
    }

    fn failure(&self, error: HttpError) -> Miss {
        match error {
            HttpError::Status {
                url,
                status: status @ (401 | 403),
            } => Failure::Denied {
                url,
                status,
                with_token: self.credential.is_some(),
            }
            .into(),
            error => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names() {
        for name in ["FacebookAI/roberta-base", "bert-base-uncased", "a_b/c.d"] {
            assert!(is_repository(name), "{name}");
        }
        for name in [
            "a/b/c", "./model", "../x/y", "a b/c", "/abs", "a/", "", "x?y",
        ] {
            assert!(!is_repository(name), "{name}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_hub() {
        let places = Places::with_cache("/none").unwrap();
        let client = Client::new(&places.network);
        let hub = |kind, revision| Hub {
            places: &places,
            client: &client,
            repository: Repository {
                kind,
                name: "owner/name",
                revision,
            },
            credential: None,
            commit: None,
        };
        assert_eq!(
            hub(Kind::Model, "main")
                .url("1_Pooling/config.json")
                .as_str(),
            "https://huggingface.co/owner/name/resolve/main/1_Pooling/config.json"
        );
        assert_eq!(
            hub(Kind::Dataset, "refs/pr/1").url("a.parquet").as_str(),
            "https://huggingface.co/datasets/owner/name/resolve/refs%2Fpr%2F1/a.parquet"
        );
    }
}
