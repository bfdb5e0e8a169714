//! Folders that appear whole or not at all.

use crate::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Lets the folder `out` appear: `write` fills a hidden folder beside it, which is then renamed.
///
/// # Errors
///
/// When `out` holds something already, or `write` fails; then nothing has changed there.
pub fn write_folder<E: From<Error>>(
    out: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    check_output(out)?;
    let hidden = beside(out);
    if hidden.exists() {
        fs::remove_dir_all(&hidden).map_err(failed(&hidden))?;
    }
    fs::create_dir_all(&hidden).map_err(failed(&hidden))?;
    let renamed = || Ok(fs::rename(&hidden, out).map_err(failed(out))?);
    let whole = || Ok(goldpan_artifact::check_mapped().map_err(Error::Changed)?);
    let moved = write(&hidden)
        .and_then(|()| whole())
        .and_then(|()| renamed());
    if moved.is_err() {
        // The first error is the one to report; what is left is removed by the next try.
        let _ = fs::remove_dir_all(&hidden);
    }
    moved
}

/// Refuses to write over a folder that holds something.
///
/// # Errors
///
/// When it does.
pub fn check_output(out: &Path) -> Result<(), Error> {
    let empty = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    Err(Error::OutputExists {
        path: out.to_owned(),
    })
}

fn beside(out: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".tmp");
    out.with_file_name(name)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Save(goldpan_artifact::Error::Write { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("model");
        let half = write_folder(&out, |hidden| {
            fs::write(hidden.join("half"), "").unwrap();
            Err(Error::Cancelled)
        });
        assert!(matches!(half, Err(Error::Cancelled)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        fs::create_dir(&out).unwrap();
        let write = |hidden: &Path| {
            fs::write(hidden.join("whole"), "").unwrap();
            Ok(())
        };
        write_folder(&out, write).unwrap();
        assert!(out.join("whole").is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(
            write_folder(&out, write),
            Err(Error::OutputExists { path }) if path == out
        ));
    }
}
