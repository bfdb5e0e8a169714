//! A model's folder, which appears whole or not at all.

use crate::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses to write over a folder that holds something.
pub(crate) fn check(out: &Path) -> Result<(), Error> {
    let empty = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    Err(Error::OutputExists {
        path: out.to_owned(),
    })
}

/// Lets `fill` write a folder beside `out`, and moves it there.
pub(crate) fn write(
    out: &Path,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let temporary = temporary(out);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    if temporary.exists() {
        fs::remove_dir_all(&temporary).map_err(failed(&temporary))?;
    }
    fs::create_dir_all(&temporary).map_err(failed(&temporary))?;
    let written = fill(&temporary);
    let moved = written.and_then(|()| fs::rename(&temporary, out).map_err(failed(out)));
    moved.inspect_err(|_| {
        // The first error is the one to report; what is left is removed by the next try.
        let _ = fs::remove_dir_all(&temporary);
    })
}

/// A hidden folder beside `out`.
fn temporary(out: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".tmp");
    out.with_file_name(name)
}
