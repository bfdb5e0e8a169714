//! The HTTP client: one request with its redirects, within time limits.

use std::io;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::percent_decode_str;
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use crate::http_error::{HttpError, REDIRECTS};

/// Time limits of the network, and whether the proxy of the environment is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// For resolving a host's name, and again for connecting to it.
    pub connect: Duration,
    /// For the whole of the first small answer of a hub or index.
    pub contact: Duration,
    /// For the first byte of any later answer, and between any two reads of it.
    pub stall: Duration,
    /// Pause before the first retry of a broken transfer; doubled for each further one.
    pub pause: Duration,
    /// Whether `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are honoured.
    pub environment_proxy: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            contact: Duration::from_secs(7),
            stall: Duration::from_secs(15),
            pause: Duration::from_millis(500),
            environment_proxy: true,
        }
    }
}

/// A header that proves who asks, sent to one origin only.
pub(crate) struct Credential {
    origin: url::Origin,
    header: String,
}

impl Credential {
    /// A token, for the server of `url`.
    pub fn bearer(url: &Url, token: &str) -> Self {
        Self {
            origin: url.origin(),
            header: format!("Bearer {token}"),
        }
    }

    /// The user and password in `url`, for its server.
    pub fn of(url: &Url) -> Option<Self> {
        let plain = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let password = url.password();
        if url.username().is_empty() && password.is_none() {
            return None;
        }
        let mut pair = plain(url.username());
        pair.push(b':');
        pair.extend(plain(password.unwrap_or_default()));
        Some(Self {
            origin: url.origin(),
            header: format!("Basic {}", BASE64_STANDARD.encode(pair)),
        })
    }
}

/// A server's answer, and what the first server said before any redirect.
pub(crate) struct Answer {
    pub response: Response<Body>,
    pub first: HeaderMap,
}

/// What one request asks for beyond its address.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ask<'a> {
    pub credential: Option<&'a Credential>,
    pub headers: &'a [(&'static str, &'a str)],
    /// Limits the whole exchange to the contact time.
    pub contact: bool,
    /// Asks for the head only, and follows no redirect to another origin.
    pub head: bool,
}

/// A client with pooled connections.
pub(crate) struct Client {
    agent: Agent,
    contact: Duration,
    pub pause: Duration,
}

impl Client {
    pub fn new(network: &Network) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let mut config = Agent::config_builder()
            .user_agent(concat!("goldpan/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(network.connect))
            .timeout_connect(Some(network.connect))
            .timeout_recv_response(Some(network.stall))
            .timeout_per_read(Some(network.stall));
        if !network.environment_proxy {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().new_agent(),
            contact: network.contact,
            pause: network.pause,
        }
    }

    /// Asks for `url`, following redirects. Statuses from 400 up are returned as answers.
    pub fn get(&self, url: &Url, ask: Ask<'_>) -> Result<Answer, HttpError> {
        let mut at = url.clone();
        let mut first = None;
        for _ in 0..=REDIRECTS {
            let response = self.once(&at, ask)?;
            let headers = first.get_or_insert_with(|| response.headers().clone());
            let Some(next) = redirect(&at, &response)? else {
                let first = headers.clone();
                return Ok(Answer { response, first });
            };
            if ask.head && next.origin() != at.origin() {
                let first = headers.clone();
                return Ok(Answer { response, first });
            }
            at = next;
        }
        Err(HttpError::Redirects { url: shown(url) })
    }

    /// Asks for `url` and reads its whole answer, of at most `limit` bytes.
    pub fn get_short(&self, url: &Url, ask: Ask<'_>, limit: u64) -> Result<Vec<u8>, HttpError> {
        let answer = self.get(url, ask)?;
        check_status(url, answer.response.status())?;
        let mut bytes = Vec::new();
        let mut body = io::Read::take(answer.response.into_body().into_reader(), limit + 1);
        io::Read::read_to_end(&mut body, &mut bytes).map_err(|source| HttpError::Broken {
            url: shown(url),
            received: bytes.len() as u64,
            source,
        })?;
        match bytes.len() as u64 > limit {
            true => Err(HttpError::TooLong {
                url: shown(url),
                limit,
            }),
            false => Ok(bytes),
        }
    }

    fn once(&self, url: &Url, ask: Ask<'_>) -> Result<Response<Body>, HttpError> {
        let bare = bare(url);
        let mut request = match ask.head {
            true => self.agent.head(bare.as_str()),
            false => self.agent.get(bare.as_str()),
        };
        request = request.header(header::ACCEPT_ENCODING, "identity");
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if let Some(credential) = ask.credential
            && credential.origin == url.origin()
        {
            request = request.header(header::AUTHORIZATION, &credential.header);
        }
        let global = ask.contact.then_some(self.contact);
        let result = request.config().timeout_global(global).build().call();
        result.map_err(|source| HttpError::Unreachable {
            host: url.host_str().unwrap_or_default().to_owned(),
            source: Box::new(source),
        })
    }
}

/// Where an answer redirects to, if it does.
fn redirect(at: &Url, response: &Response<Body>) -> Result<Option<Url>, HttpError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = header_text(response.headers(), "location").unwrap_or_default();
    match at.join(location) {
        Ok(next) if next.scheme() == "https" || next.scheme() == at.scheme() => Ok(Some(next)),
        _ => Err(HttpError::BadRedirect {
            url: shown(at),
            location: location.chars().take(200).collect(),
        }),
    }
}

/// An error where `status` says that there is no content.
pub(crate) fn check_status(url: &Url, status: StatusCode) -> Result<(), HttpError> {
    match status.is_success() {
        true => Ok(()),
        false => Err(HttpError::Status {
            url: shown(url),
            status: status.as_u16(),
        }),
    }
}

/// A header's value, where it is there and text.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The address without user, password and fragment, as it is asked for.
fn bare(url: &Url) -> Url {
    let mut bare = url.clone();
    bare.set_fragment(None);
    // These fail only for addresses that cannot have a user at all.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}

/// The address as people may see it: no user, password, query or fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = bare(url);
    shown.set_query(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        let url =
            Url::parse("https://me:secret@host:8443/simple/x/?signature=abc#sha256=1").unwrap();
        assert_eq!(shown(&url), "https://host:8443/simple/x/");
        assert_eq!(
            bare(&url).as_str(),
            "https://host:8443/simple/x/?signature=abc"
        );
    }

    #[test]
    fn user_and_password_are_decoded_for_the_header() {
        let credential = |text| Credential::of(&Url::parse(text).unwrap());
        let header = credential("https://me%40work:pass%20word@host/simple/")
            .unwrap()
            .header;
        assert_eq!(header, "Basic bWVAd29yazpwYXNzIHdvcmQ=");
        assert!(credential("https://host/simple/").is_none());
    }
}
