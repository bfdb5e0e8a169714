//! What lies where a link to an object belongs: the link, or what copying a store made of it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::manifest::Manifest;
use crate::object::ObjectId;

/// Longer files are no links that were written as text.
const LONGEST: u64 = 4096;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Nothing,
    /// A symbolic link, to an object if its target names one.
    Link(Option<ObjectId>),
    /// A folder with the files of an object, as `cp -rL`, `zip -r` and uploads make them of links.
    Copy(ObjectId),
    /// A file with a link's target, as git and some archives write it on systems without links.
    Text(ObjectId),
    /// A file without content.
    EmptyFile,
    /// Another folder.
    Folder,
    /// Another file.
    File,
}

impl Place {
    /// What lies at `path`.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let read = |source| Error::read(path, source);
        let metadata = match fs::symlink_metadata(path) {
            Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Self::Nothing),
            metadata => metadata.map_err(read)?,
        };
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(read)?;
            return Ok(Self::Link(object_in(&target)));
        }
        if metadata.is_dir() {
            let manifest = Manifest::load(path)?;
            return Ok(manifest.map_or(Self::Folder, |manifest| {
                Self::Copy(ObjectId::of(&manifest.files))
            }));
        }
        if metadata.len() == 0 {
            return Ok(Self::EmptyFile);
        }
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Ok(Self::File);
        }
        let text = files::read(path)?.unwrap_or_default();
        Ok(target_in(&text).map_or(Self::File, Self::Text))
    }
}

/// The object that a link's target names.
fn object_in(target: &Path) -> Option<ObjectId> {
    let mut parts = target.components().rev();
    parts.find_map(|part| part.as_os_str().to_str()?.parse().ok())
}

/// The object that a text names, where the text is a link's target and nothing else.
fn target_in(text: &[u8]) -> Option<ObjectId> {
    // Cygwin's links are files too: a mark, then UTF-16.
    let text = text.strip_prefix(b"!<symlink>\xff\xfe").unwrap_or(text);
    let text: Vec<u8> = text.iter().copied().filter(|&byte| byte != 0).collect();
    let text = std::str::from_utf8(&text).ok()?.trim();
    let (folder, name) = text.rsplit_once(['/', '\\'])?;
    let is_path = !folder.contains(char::is_control) && folder.contains("objects");
    name.parse().ok().filter(|_| is_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_links_target_is_known_as_text() {
        let digest = "ab".repeat(32);
        let object: ObjectId = digest.parse().unwrap();
        let target = format!("../../objects/ab/{digest}");
        assert_eq!(target_in(target.as_bytes()), Some(object));
        assert_eq!(target_in(format!("{target}\r\n").as_bytes()), Some(object));
        assert_eq!(
            target_in(target.replace('/', "\\").as_bytes()),
            Some(object)
        );
        let mut cygwin = b"!<symlink>\xff\xfe".to_vec();
        cygwin.extend(target.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(target_in(&cygwin), Some(object));
        for other in [
            "",
            &digest,
            "arm,object\nrandom,ab",
            &format!("a\nobjects/{digest}"),
        ] {
            assert_eq!(target_in(other.as_bytes()), None, "{other}");
        }
    }
}
