//! Whether a file's bytes are those that were written: its own checksum and the manifest's digest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use crate::damage::Damage;
use crate::digest::Digest;
use crate::digest_file::digest_file;
use crate::error::Error;
use crate::footer::Footer;
use crate::mapping::Mapping;
use crate::refused::{damaged, refused};

/// The largest file, in bytes, whose checksum and digest are compared whenever it is opened.
/// Hashing this much takes some ten milliseconds.
pub const CHECKED_AT_OPEN: u64 = 64 << 20;

/// The manifest that the store writes beside an object's files.
const MANIFEST: &str = "manifest.json";
/// No manifest is longer: it lists a handful of files.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// Stands in the footer for the checksum while the checksum is computed.
pub(crate) const BLANK: [u8; 64] = [b'0'; 64];

/// Checks that the file at `path` has the checksum in its footer, whatever its size.
///
/// This reads the whole file. A reader's `open` does the same for files of at most
/// [`CHECKED_AT_OPEN`] bytes.
pub fn verify_checksum(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let file = Mapping::open(path)?;
    let footer = Footer::read(&file).map_err(|refusal| refused(path, refusal))?;
    compare(&file, &footer).map_err(|damage| damaged(path, damage))?;
    Ok(())
}

/// Checks that the file at `path` has the digest `expected`, whatever its size and kind.
pub fn verify_file(path: impl AsRef<Path>, expected: &Digest) -> Result<(), Error> {
    let path = path.as_ref();
    let found = digest_file(path)?;
    if found == *expected {
        return Ok(());
    }
    Err(Error::Digest {
        path: path.to_owned(),
        expected: *expected,
        found,
    })
}

/// What `open` compares: length and digest with the manifest, the checksum with the footer.
pub(crate) fn check_at_open(path: &Path, file: &[u8], footer: &Footer<'_>) -> Result<(), Error> {
    let listed = listed(path);
    let bytes = file.len() as u64;
    if let Some(listed) = &listed
        && listed.bytes != bytes
    {
        return Err(Error::Length {
            path: path.to_owned(),
            expected: listed.bytes,
            found: bytes,
        });
    }
    if bytes > CHECKED_AT_OPEN {
        return Ok(());
    }
    let found = compare(file, footer).map_err(|damage| damaged(path, damage))?;
    match listed {
        Some(listed) if listed.digest != found => Err(Error::Digest {
            path: path.to_owned(),
            expected: listed.digest,
            found,
        }),
        _ => Ok(()),
    }
}

/// Compares the checksum in the footer with the bytes; returns the file's digest.
fn compare(file: &[u8], footer: &Footer<'_>) -> Result<Digest, Damage> {
    let (text, place) = &footer.checksum;
    let stated: Digest = text.parse().map_err(|_| Damage::Metadata {
        key: crate::key::CHECKSUM,
        value: (*text).to_owned(),
    })?;
    let mut before = blake3::Hasher::new();
    before.update(&file[..place.start]);
    let (found, digest) = finish(before, &file[place.start..], 0..place.len());
    if stated == found {
        Ok(digest)
    } else {
        Err(Damage::Checksum { stated, found })
    }
}

/// The checksum and the digest of a file whose first bytes are in `before` and whose last are
/// `rest`, with the checksum's digits at `place` in `rest`.
pub(crate) fn finish(before: blake3::Hasher, rest: &[u8], place: Range<usize>) -> (Digest, Digest) {
    let mut blanked = before.clone();
    blanked.update(&rest[..place.start]);
    blanked.update(&BLANK);
    blanked.update(&rest[place.end..]);
    let mut whole = before;
    whole.update(rest);
    (blanked.finalize().into(), whole.finalize().into())
}

#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, Listed>,
}

/// What the manifest says of one file.
#[derive(Deserialize)]
struct Listed {
    digest: Digest,
    bytes: u64,
}

/// The entry for `path` in the manifest beside it. Any other `manifest.json` counts as none: the
/// folder may be the user's own.
fn listed(path: &Path) -> Option<Listed> {
    let name = path.file_name()?.to_str()?;
    let manifest = path.with_file_name(MANIFEST);
    let metadata = std::fs::metadata(&manifest).ok()?;
    if !metadata.is_file() || metadata.len() > MANIFEST_LIMIT {
        return None;
    }
    let mut text = Vec::new();
    let file = File::open(&manifest).ok()?;
    file.take(MANIFEST_LIMIT).read_to_end(&mut text).ok()?;
    let mut manifest: Manifest = serde_json::from_slice(&text).ok()?;
    manifest.files.remove(name)
}
