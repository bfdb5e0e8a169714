//! A file being received: what is on the disk so far, and the digest of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// What the partial file holds part of; kept beside it.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    url: String,
    etag: Option<String>,
}

/// The file `NAME.partial` beside the file to appear.
pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    bytes: u64,
    tag_path: PathBuf,
    tag: Tag,
}

impl Partial {
    /// Opens what an earlier download of `url` to `to` left, or an empty file. Without
    /// `checked`, a known digest to check the whole against, it is used only where its entity
    /// tag can prove that it belongs to the same content.
    pub fn open(to: &Path, url: &str, checked: bool) -> Result<Self, Error> {
        let path = beside(to, ".partial");
        let tag_path = beside(to, ".partial.json");
        let found = fs::read(&tag_path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Tag>(&bytes).ok())
            .filter(|tag| tag.url == url);
        let proven = found.as_ref().is_some_and(|tag| tag.etag.is_some());
        let tag = found.unwrap_or_else(|| Tag {
            url: url.to_owned(),
            etag: None,
        });
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(!(checked || proven))
            .open(&path)
            .map_err(Error::write(&path))?;
        let mut partial = Self {
            path,
            file,
            hasher: Sha256::new(),
            bytes: 0,
            tag_path,
            tag,
        };
        partial.rehash().map_err(Error::read(&partial.path))?;
        Ok(partial)
    }

    fn rehash(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; 1 << 20];
        loop {
            match self.file.read(&mut chunk)? {
                0 => return Ok(()),
                count => {
                    self.hasher.update(&chunk[..count]);
                    self.bytes += count as u64;
                }
            }
        }
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The entity tag of the content that these bytes are part of.
    pub fn etag(&self) -> Option<&str> {
        self.tag.etag.as_deref()
    }

    /// The digest of the bytes so far, in hex.
    pub fn sha256(&self) -> String {
        hex(self.hasher.clone())
    }

    /// Remembers the content's entity tag, for a later process too.
    pub fn tag(&mut self, etag: Option<&str>) -> Result<(), Error> {
        if self.bytes > 0 && self.tag.etag.as_deref() == etag {
            return Ok(());
        }
        self.tag.etag = etag.map(str::to_owned);
        let write = |file: &mut File| Ok(serde_json::to_writer(file, &self.tag)?);
        Ok(goldpan_artifact::atomic::write_atomically(
            &self.tag_path,
            write,
        )?)
    }

    /// Appends received bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(bytes)
            .map_err(Error::write(&self.path))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Forgets all bytes.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(Error::write(&self.path))?;
        self.hasher = Sha256::new();
        self.bytes = 0;
        Ok(())
    }

    /// Removes the file, for its content is of no use.
    pub fn remove(&self) -> Result<(), Error> {
        let _ = fs::remove_file(&self.tag_path);
        fs::remove_file(&self.path).map_err(Error::write(&self.path))
    }

    /// Makes it the file at `to`.
    pub fn publish(self, to: &Path) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::write(&self.path))?;
        fs::rename(&self.path, to).map_err(Error::write(to))?;
        let _ = fs::remove_file(&self.tag_path);
        Ok(())
    }
}

/// The path with `end` after its file name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A digest in lower-case hex.
pub(crate) fn hex(hasher: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
    }
    text
}

/// The sha256 of a file, in hex.
pub(crate) fn sha256_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hex(hasher))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_only_where_the_content_can_be_proven() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("weights");
        let mut partial = Partial::open(&to, "http://a/", false).unwrap();
        partial.tag(None).unwrap();
        partial.append(b"abc").unwrap();
        drop(partial);

        let checked = Partial::open(&to, "http://b/", true).unwrap();
        assert_eq!((checked.bytes(), checked.etag()), (3, None));
        drop(checked);

        let mut unproven = Partial::open(&to, "http://a/", false).unwrap();
        assert_eq!(unproven.bytes(), 0);
        unproven.tag(Some("\"v1\"")).unwrap();
        unproven.append(b"abc").unwrap();
        drop(unproven);

        let proven = Partial::open(&to, "http://a/", false).unwrap();
        assert_eq!((proven.bytes(), proven.etag()), (3, Some("\"v1\"")));
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(proven.sha256(), abc);
        proven.publish(&to).unwrap();
        assert_eq!(sha256_file(&to).unwrap(), abc);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
