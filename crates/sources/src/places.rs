//! Where names are looked up: folders, cache, hub and package index, as the environment says.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use crate::error::Error;
use crate::http::Network;
use crate::http_error::HttpError;

const HUB: &str = "https://huggingface.co";
const INDEX: &str = "https://pypi.org/simple";

/// The places where models and datasets are looked for. [`Places::from_env`] is the only reader
/// of environment variables in this crate.
///
/// A server that could not be reached is not asked again by the same value or its clones.
#[derive(Clone, Debug)]
pub struct Places {
    /// Folder of model folders (`GOLDPAN_MODELS`).
    pub models: Option<PathBuf>,
    /// Folder of dataset folders (`GOLDPAN_DATA`).
    pub data: Option<PathBuf>,
    /// Folder where downloads are kept (`GOLDPAN_CACHE`; else `goldpan` in the user's cache
    /// folder).
    pub cache: PathBuf,
    /// The Hugging Face Hub, or a mirror of it.
    pub hub: HubSettings,
    /// The Python package index, or a mirror of it.
    pub index: IndexSettings,
    /// Time limits.
    pub network: Network,
    unreachable: Arc<Mutex<BTreeMap<String, Arc<HttpError>>>>,
}

/// The hub to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct HubSettings {
    /// Its address (`HF_ENDPOINT`).
    pub endpoint: Url,
    /// The user's token (`HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, or the file that `hf auth login`
    /// writes).
    pub token: Option<Token>,
    /// Never asked (`HF_HUB_OFFLINE`).
    pub offline: bool,
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &crate::http::shown(&self.endpoint))
            .field("token", &self.token)
            .field("offline", &self.offline)
            .finish()
    }
}

/// The package index to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexSettings {
    /// The address of its simple API (`PIP_INDEX_URL`), which may hold user and password.
    pub url: Url,
    /// Never asked (`PIP_NO_INDEX`).
    pub offline: bool,
}

impl fmt::Debug for IndexSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexSettings")
            .field("url", &crate::http::shown(&self.url))
            .field("offline", &self.offline)
            .finish()
    }
}

/// A secret; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token of this text; none where it is blank.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Places {
    /// The places that the environment names.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// Downloads kept in `cache`, the public hub and package index, and no folders.
    pub fn with_cache(cache: impl Into<PathBuf>) -> Result<Self, Error> {
        let cache = cache.into().into_os_string();
        Self::from_variables(|name| (name == "GOLDPAN_CACHE").then(|| cache.clone()))
    }

    /// The places that these variables name; an empty variable counts as not set.
    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| set(name).map(PathBuf::from);
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let flag = |name: &str| {
            text(name).is_some_and(|value| {
                !matches!(value.to_lowercase().as_str(), "0" | "false" | "no" | "off")
            })
        };
        let home = folder("HOME").or_else(|| folder("USERPROFILE"));
        let user_cache = folder("XDG_CACHE_HOME").or_else(|| Some(home.as_ref()?.join(".cache")));
        let cache = folder("GOLDPAN_CACHE")
            .or_else(|| Some(user_cache.as_ref()?.join("goldpan")))
            .ok_or(Error::NoCacheFolder)?;
        let token_file = folder("HF_TOKEN_PATH")
            .or_else(|| Some(folder("HF_HOME")?.join("token")))
            .or_else(|| Some(user_cache?.join("huggingface/token")));
        let token = text("HF_TOKEN")
            .or_else(|| text("HUGGING_FACE_HUB_TOKEN"))
            .or_else(|| fs::read_to_string(token_file?).ok());
        Ok(Self {
            models: folder("GOLDPAN_MODELS"),
            data: folder("GOLDPAN_DATA"),
            cache,
            hub: HubSettings {
                endpoint: address("HF_ENDPOINT", text("HF_ENDPOINT"), HUB)?,
                token: token.as_deref().and_then(Token::new),
                offline: flag("HF_HUB_OFFLINE"),
            },
            index: IndexSettings {
                url: address("PIP_INDEX_URL", text("PIP_INDEX_URL"), INDEX)?,
                offline: flag("PIP_NO_INDEX"),
            },
            network: Network::default(),
            unreachable: Arc::default(),
        })
    }

    /// What happened when this server was last asked, where it could not be reached.
    pub(crate) fn unreachable(&self, server: &Url) -> Option<Arc<HttpError>> {
        let known = self.unreachable.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.get(&server.origin().ascii_serialization()).cloned()
    }

    /// Remembers that this server cannot be reached.
    pub(crate) fn give_up(&self, server: &Url, error: &Arc<HttpError>) {
        let known = self.unreachable.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.insert(server.origin().ascii_serialization(), error.clone());
    }
}

/// A web address whose path ends in a slash, so that names can be joined to it.
fn address(
    variable: &'static str,
    value: Option<String>,
    default: &'static str,
) -> Result<Url, Error> {
    let wrong = || Error::BadAddress {
        variable,
        example: default,
    };
    let text = value.as_deref().unwrap_or(default).trim_end_matches('/');
    let url = Url::parse(&format!("{text}/")).map_err(|_| wrong())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(wrong()),
    }
}

/// A folder for `name` under `root`, where `name` cannot leave it.
pub(crate) fn below(root: &Path, name: &str) -> Option<PathBuf> {
    let inside = |part: &str| !part.is_empty() && part != "." && part != "..";
    let plain = !name.contains('\\') && name.split('/').all(inside);
    plain.then(|| root.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Result<Places, Error> {
        Places::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn defaults_are_public_servers_and_the_users_cache() {
        let places = places(&[("HOME", "/home/me"), ("GOLDPAN_DATA", "")]).unwrap();
        assert_eq!(places.cache, Path::new("/home/me/.cache/goldpan"));
        assert_eq!(places.hub.endpoint.as_str(), "https://huggingface.co/");
        assert_eq!(
            (places.models, places.data, places.hub.token),
            (None, None, None)
        );
        assert!(!places.hub.offline && !places.index.offline);
    }

    #[test]
    fn variables_decide() {
        let places = places(&[
            ("HOME", "/home/me"),
            ("XDG_CACHE_HOME", "/cache"),
            ("GOLDPAN_MODELS", "/models"),
            ("HF_ENDPOINT", "http://mirror:8080/hub/"),
            ("HF_TOKEN", " hf_secret\n"),
            ("HF_HUB_OFFLINE", "1"),
            ("PIP_INDEX_URL", "https://me:pa55@index/simple"),
            ("PIP_NO_INDEX", "false"),
        ])
        .unwrap();
        assert_eq!(places.cache, Path::new("/cache/goldpan"));
        assert_eq!(places.models.as_deref(), Some(Path::new("/models")));
        assert_eq!(places.hub.endpoint.as_str(), "http://mirror:8080/hub/");
        assert_eq!(
            places.hub.token.as_ref().map(Token::reveal),
            Some("hf_secret")
        );
        assert!(places.hub.offline && !places.index.offline);
        let shown = format!("{places:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("pa55"),
            "{shown}"
        );
    }

    #[test]
    fn the_token_file_is_the_last_source_of_a_token() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        let home = folder.path().to_str().unwrap();
        let token = |variables: &[(&str, &str)]| {
            let places = places(variables).unwrap();
            places.hub.token.map(|token| token.reveal().to_owned())
        };
        let file = [("GOLDPAN_CACHE", "/c"), ("HF_HOME", home)];
        assert_eq!(token(&file).as_deref(), Some("hf_file"));
        let both = [file[0], file[1], ("HUGGING_FACE_HUB_TOKEN", "hf_old")];
        assert_eq!(token(&both).as_deref(), Some("hf_old"));
    }

    #[test]
    fn bad_addresses_and_a_missing_home_are_errors() {
        assert!(matches!(places(&[]), Err(Error::NoCacheFolder)));
        for value in ["nonsense", "ftp://host/", "file:///simple"] {
            let result = places(&[("HOME", "/h"), ("PIP_INDEX_URL", value)]);
            assert!(matches!(
                result,
                Err(Error::BadAddress {
                    variable: "PIP_INDEX_URL",
                    ..
                })
            ));
        }
    }

    #[test]
    fn names_stay_below_their_folder() {
        let root = Path::new("/models");
        assert_eq!(below(root, "a/b"), Some(PathBuf::from("/models/a/b")));
        for name in ["../x", "a/../../x", "/etc", "", "a//b", "."] {
            assert_eq!(below(root, name), None, "{name}");
        }
    }
}
