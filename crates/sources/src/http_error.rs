//! Why a request or a transfer failed.

use std::io;

/// Why a request or a transfer failed. Addresses are shown without credentials and queries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No answer: name resolution, connection or TLS failed, or took too long.
    #[error("{host} cannot be reached: {source}")]
    Unreachable {
        /// The host.
        host: String,
        /// The client's reason.
        source: Box<ureq::Error>,
    },
    /// The server's answer says that it failed or refuses.
    #[error("{url} answered {status}{}", meaning(*.status))]
    Status {
        /// The address.
        url: String,
        /// The status code.
        status: u16,
    },
    /// The server redirects without end.
    #[error("{url} redirects more than {REDIRECTS} times")]
    Redirects {
        /// The address asked for.
        url: String,
    },
    /// The server redirects to something that is no web address, or from https to http.
    #[error("{url} redirects to `{location}`, which is not followed")]
    BadRedirect {
        /// The address that redirects.
        url: String,
        /// Where to.
        location: String,
    },
    /// The transfer broke off, again and again.
    #[error("the transfer of {url} broke off after {received} bytes: {source}")]
    Broken {
        /// The address.
        url: String,
        /// Bytes received, kept for the next try.
        received: u64,
        /// The last reason.
        source: io::Error,
    },
    /// The server sent more, or less, than it or the catalogue promised.
    #[error("{url} sent {received} bytes instead of {expected}")]
    Length {
        /// The address.
        url: String,
        /// Bytes promised.
        expected: u64,
        /// Bytes received.
        received: u64,
    },
    /// The content is not the expected one.
    #[error(
        "{url} has sha256 {actual} instead of {expected}: it was altered or replaced; nothing of it is used"
    )]
    Digest {
        /// The address.
        url: String,
        /// The sha256 it should have.
        expected: String,
        /// The sha256 it has.
        actual: String,
    },
    /// An answer that should be small is not.
    #[error("{url} sent more than {limit} bytes where a short answer is expected")]
    TooLong {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
}

impl HttpError {
    /// Whether the server says that there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        404 => ", not found",
        408 | 504 => ", a time-out",
        429 => ", too many requests",
        500..=599 => ", a fault of the server",
        _ => "",
    }
}

/// How many redirects are followed before giving up.
pub(crate) const REDIRECTS: usize = 10;
