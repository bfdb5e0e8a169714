//! Files out of wheels, zips and tar archives. Nothing in them is ever run.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use goldpan_artifact::Progress;
use goldpan_artifact::atomic::write_atomically;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::partial::hex;

/// A member to take out of an archive, and where to put it.
pub(crate) struct Take<'a> {
    /// The member's path inside the archive.
    pub member: &'a str,
    /// The file to appear.
    pub to: &'a Path,
    /// The sha256 it must have.
    pub sha256: Option<&'a str>,
}

/// Takes members out of the archive at `path`: a `.tar.gz`, `.tgz` or `.tar` by its name, or
/// else a zip.
pub(crate) fn extract(
    path: &Path,
    takes: &[Take<'_>],
    progress: &dyn Progress,
) -> Result<(), Miss> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = File::open(path).map_err(Error::read(path))?;
    let ends = |end: &str| name.ends_with(end);
    if ends(".tar.gz") || ends(".tgz") {
        let file = MultiGzDecoder::new(BufReader::new(file));
        tar_members(file, &name, takes, progress)
    } else if ends(".tar") {
        tar_members(BufReader::new(file), &name, takes, progress)
    } else {
        zip_members(file, &name, takes, progress)
    }
}

fn broken(archive: &str) -> impl Fn(io::Error) -> Miss {
    move |source| {
        let archive = archive.to_owned();
        Failure::Archive { archive, source }.into()
    }
}

fn no_member(archive: &str, member: &str) -> Miss {
    Failure::NoMember {
        archive: archive.to_owned(),
        member: member.to_owned(),
    }
    .into()
}

fn zip_members(
    file: File,
    name: &str,
    takes: &[Take<'_>],
    progress: &dyn Progress,
) -> Result<(), Miss> {
    let broken = broken(name);
    let mut archive = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| broken(io::Error::other(error)))?;
    for take in takes {
        let member = match archive.by_name(take.member) {
            Ok(member) => member,
            Err(zip::result::ZipError::FileNotFound) => return Err(no_member(name, take.member)),
            Err(error) => return Err(broken(io::Error::other(error))),
        };
        write_member(member, name, take, progress)?;
    }
    Ok(())
}

fn tar_members(
    file: impl Read,
    name: &str,
    takes: &[Take<'_>],
    progress: &dyn Progress,
) -> Result<(), Miss> {
    let broken = broken(name);
    let mut wanted: Vec<&Take<'_>> = takes.iter().collect();
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries().map_err(&broken)? {
        let entry = entry.map_err(&broken)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(&broken)?;
        let found = wanted
            .iter()
            .position(|take| Path::new(take.member) == path);
        drop(path);
        if let Some(found) = found {
            let take = wanted.swap_remove(found);
            write_member(entry, name, take, progress)?;
        }
        if wanted.is_empty() {
            return Ok(());
        }
    }
    match wanted.first() {
        Some(take) => Err(no_member(name, take.member)),
        None => Ok(()),
    }
}

/// Writes a member to its file, whole and with the right digest, or not at all.
fn write_member(
    mut member: impl Read,
    archive: &str,
    take: &Take<'_>,
    progress: &dyn Progress,
) -> Result<(), Miss> {
    let mut hasher = Sha256::new();
    let mut stop = None;
    let written = write_atomically(take.to, |file| {
        let mut chunk = vec![0; 256 << 10];
        loop {
            if progress.cancelled() {
                stop = Some(Miss::Fatal(Error::Cancelled));
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = match member.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    stop = Some(broken(archive)(error));
                    return Err(io::ErrorKind::InvalidData.into());
                }
            };
            hasher.update(&chunk[..count]);
            file.write_all(&chunk[..count])?;
        }
        let actual = hex(hasher.clone());
        match take.sha256 {
            Some(expected) if expected != actual => {
                let failure = Failure::MemberDigest {
                    member: take.member.to_owned(),
                    expected: expected.to_owned(),
                    actual,
                };
                stop = Some(failure.into());
                Err(io::ErrorKind::InvalidData.into())
            }
            _ => Ok(()),
        }
    });
    match stop {
        Some(miss) => Err(miss),
        None => Ok(written?),
    }
}
