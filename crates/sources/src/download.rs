//! Downloads that stream to the disk, go on where they were cut off, and are checked.

use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use goldpan_artifact::Progress;
use ureq::http::StatusCode;
use url::Url;

use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::http::{Answer, Ask, Client, Credential, check_status, header_text, shown};
use crate::http_error::HttpError;
use crate::partial::Partial;

/// How often in a row a transfer may break off without a new byte.
const FAILURES: u32 = 3;

/// Bytes read at once.
const CHUNK: usize = 128 << 10;

/// What to download, and where to.
pub(crate) struct Download<'a> {
    /// What it is, for the progress bar.
    pub what: &'a str,
    pub url: &'a Url,
    pub credential: Option<&'a Credential>,
    /// The file to appear. Until it is whole it lies beside it, as `NAME.partial`.
    pub to: &'a Path,
    /// The sha256 that the content must have. Without one, a digest that the server names is
    /// checked.
    pub sha256: Option<&'a str>,
}

impl Download<'_> {
    /// Downloads, going on from what an earlier call left.
    pub fn run(&self, client: &Client, progress: &dyn Progress) -> Result<(), Miss> {
        let mut partial = Partial::open(self.to, &shown(self.url), self.sha256.is_some())?;
        let resumed = partial.bytes() > 0;
        let mut result = self.receive(client, &mut partial, progress);
        if resumed && is_wrong_content(&result) {
            // What was there may be of another version of the file: once more, from the start.
            partial.restart()?;
            result = self.receive(client, &mut partial, progress);
        }
        if is_wrong_content(&result) || (result.is_err() && partial.bytes() == 0) {
            partial.remove()?;
        }
        result?;
        Ok(partial.publish(self.to)?)
    }

    /// Receives until the content is whole and right, through broken connections.
    fn receive(
        &self,
        client: &Client,
        partial: &mut Partial,
        progress: &dyn Progress,
    ) -> Result<(), Miss> {
        let mut bar = None;
        let mut failures = 0;
        loop {
            let before = partial.bytes();
            let miss = match self.transfer(client, partial, &mut bar, progress) {
                Err(miss) if is_passing(&miss, bar.is_some()) => miss,
                result => return result,
            };
            failures = if partial.bytes() > before {
                1
            } else {
                failures + 1
            };
            if failures >= FAILURES {
                return Err(miss);
            }
            if let Miss::Failure(failure) = &miss {
                tracing::debug!(%failure, failures, received = partial.bytes(), "trying again");
            }
            pause(client.pause * 2u32.pow(failures - 1), progress)?;
        }
    }

    /// Asks once for what is missing, and receives it.
    fn transfer<'p>(
        &self,
        client: &Client,
        partial: &mut Partial,
        bar: &mut Option<Bar<'p>>,
        progress: &'p dyn Progress,
    ) -> Result<(), Miss> {
        let answer = self.ask(client, partial)?;
        let named = linked_sha256(&answer);
        let sha256 = self.sha256.or(named.as_deref());
        self.check(sha256, named.as_deref())?;
        let total = match answer.response.status() {
            StatusCode::PARTIAL_CONTENT => match content_range(&answer) {
                Some((Some(start), total)) if start == partial.bytes() => total,
                _ => {
                    partial.restart()?;
                    return Err(self
                        .broken(partial, io::ErrorKind::InvalidData.into())
                        .into());
                }
            },
            StatusCode::RANGE_NOT_SATISFIABLE if partial.bytes() > 0 => {
                let total = content_range(&answer).and_then(|(_, total)| total);
                if total == Some(partial.bytes()) {
                    return self.check(sha256, Some(&partial.sha256()));
                }
                partial.restart()?;
                return Err(self
                    .broken(partial, io::ErrorKind::InvalidData.into())
                    .into());
            }
            status => {
                check_status(self.url, status)?;
                if partial.bytes() > 0 {
                    partial.restart()?;
                    *bar = None;
                }
                header_text(answer.response.headers(), "content-length")
                    .and_then(|text| text.parse().ok())
            }
        };
        partial.tag(strong_etag(&answer))?;
        let bar = bar.get_or_insert_with(|| {
            let bar = Bar::begin(progress, self.what, total);
            progress.advance(partial.bytes());
            bar
        });
        self.stream(answer, partial, bar, total)?;
        self.check(sha256, Some(&partial.sha256()))
    }

    fn ask(&self, client: &Client, partial: &Partial) -> Result<Answer, HttpError> {
        let range = format!("bytes={}-", partial.bytes());
        let mut headers = Vec::new();
        if partial.bytes() > 0 {
            headers.push(("range", range.as_str()));
            headers.extend(partial.etag().map(|etag| ("if-range", etag)));
        }
        let ask = Ask {
            credential: self.credential,
            headers: &headers,
            ..Ask::default()
        };
        client.get(self.url, ask)
    }

    /// Appends the answer's content to the partial file.
    fn stream(
        &self,
        answer: Answer,
        partial: &mut Partial,
        bar: &Bar<'_>,
        total: Option<u64>,
    ) -> Result<(), Miss> {
        let mut body = answer.response.into_body().into_reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            if bar.0.cancelled() {
                return Err(Error::Cancelled.into());
            }
            match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => {
                    partial.append(&chunk[..count])?;
                    bar.0.advance(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(partial, error).into()),
            }
        }
        match total {
            Some(total) if partial.bytes() < total => Err(self
                .broken(partial, io::ErrorKind::UnexpectedEof.into())
                .into()),
            Some(total) if partial.bytes() > total => Err(HttpError::Length {
                url: shown(self.url),
                expected: total,
                received: partial.bytes(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    fn broken(&self, partial: &Partial, source: io::Error) -> HttpError {
        HttpError::Broken {
            url: shown(self.url),
            received: partial.bytes(),
            source,
        }
    }

    /// An error where both digests are known and differ.
    fn check(&self, expected: Option<&str>, actual: Option<&str>) -> Result<(), Miss> {
        match (expected, actual) {
            (Some(expected), Some(actual)) if expected != actual => Err(HttpError::Digest {
                url: shown(self.url),
                expected: expected.to_owned(),
                actual: actual.to_owned(),
            }
            .into()),
            _ => Ok(()),
        }
    }
}

/// A progress bar that ends when it goes out of scope.
struct Bar<'p>(&'p dyn Progress);

impl<'p> Bar<'p> {
    fn begin(progress: &'p dyn Progress, what: &str, total: Option<u64>) -> Self {
        progress.begin(what, "bytes", total);
        Self(progress)
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whether another try may help. A server that was never reached is not tried again.
fn is_passing(miss: &Miss, reached: bool) -> bool {
    let Miss::Failure(Failure::Http(error)) = miss else {
        return false;
    };
    match **error {
        HttpError::Broken { .. } => true,
        HttpError::Unreachable { .. } => reached,
        HttpError::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
        _ => false,
    }
}

fn is_wrong_content(result: &Result<(), Miss>) -> bool {
    matches!(
        result,
        Err(Miss::Failure(Failure::Http(error)))
            if matches!(**error, HttpError::Digest { .. } | HttpError::Length { .. })
    )
}

/// The sha256 that the hub names for a large file, as its entity tag.
fn linked_sha256(answer: &Answer) -> Option<String> {
    let tag = header_text(&answer.first, "x-linked-etag")?.trim_matches('"');
    let is_sha256 = tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| tag.to_ascii_lowercase())
}

/// The answer's entity tag, where it stands for the exact bytes.
fn strong_etag(answer: &Answer) -> Option<&str> {
    header_text(answer.response.headers(), "etag").filter(|tag| tag.starts_with('"'))
}

/// First byte and length of the whole, of `bytes 5-9/10` or `bytes */10`.
fn content_range(answer: &Answer) -> Option<(Option<u64>, Option<u64>)> {
    let text = header_text(answer.response.headers(), "content-range")?;
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split('-').next().and_then(|start| start.parse().ok());
    Some((start, total.parse().ok()))
}

/// Waits, unless the user wants to stop.
fn pause(time: Duration, progress: &dyn Progress) -> Result<(), Error> {
    let end = Instant::now() + time;
    loop {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        match end.checked_duration_since(Instant::now()) {
            Some(left) => std::thread::sleep(left.min(Duration::from_millis(50))),
            None => return Ok(()),
        }
    }
}
