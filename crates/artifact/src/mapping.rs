//! Memory mapping: the one module of Goldpan's tables with `unsafe` code.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap};

use crate::Error;

#[cfg(target_endian = "big")]
compile_error!("goldpan maps little-endian files: it cannot run on a big-endian machine");

/// How a mapped table is about to be read. It matters where the table does not fit into memory: what lies
/// around scattered rows is then not read with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// From the first row to the last, as it is after opening.
    InOrder,
    /// Few rows, here and there.
    Scattered,
}

/// A whole file, mapped read-only. It begins on a page boundary.
pub struct Mapping(Mmap);

impl Mapping {
    /// Maps the regular file at `path`.
    ///
    /// The file must not change while it is mapped.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is no regular file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        // Opening a pipe would wait for a writer, so the type is asked for first.
        if !std::fs::metadata(path).map_err(read)?.is_file() {
            return Err(Error::NotAFile {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(read)?;
        // SAFETY: the mapping is private to this process and read-only, and `Mmap` keeps it alive
        // and sized as the file was. Its bytes must not change while it lives: Goldpan's writers
        // only ever replace a finished file by a rename, which leaves this file's contents alone,
        // and the crate's documentation asks the same of everyone else.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        Ok(Self(map))
    }

    /// Tells the system how the file is about to be read.
    pub fn expect(&self, access: Access) {
        let advice = match access {
            Access::InOrder => Advice::Normal,
            Access::Scattered => Advice::Random,
        };
        // No more than a hint: without it reading is slower.
        let _ = self.0.advise(advice);
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
