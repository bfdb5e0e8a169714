//! The digest of a file's content.

use std::path::Path;

use crate::digest::Digest;
use crate::error::Error;

/// The digest of the file at `path`; large files are read on all cores.
pub fn digest_file(path: impl AsRef<Path>) -> Result<Digest, Error> {
    let path = path.as_ref();
    let mut hasher = blake3::Hasher::new();
    match hasher.update_mmap_rayon(path) {
        Ok(hasher) => Ok(hasher.finalize().into()),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let bytes: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(digest_file(&path).unwrap(), Digest::of(&bytes));
        assert!(matches!(
            digest_file(folder.path().join("none")),
            Err(Error::Read { .. })
        ));
    }
}
