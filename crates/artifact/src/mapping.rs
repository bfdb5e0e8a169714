//! Memory mapping: the one module of Goldpan's tables with `unsafe` code.
#![allow(unsafe_code)]

mod lost;

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap};

use crate::error::Error;
use lost::Watched;
pub use lost::{bytes_are_lost, check_mapped, survive_lost_bytes};

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
pub struct Mapping {
    // Dropped first: the handler must not take the addresses for ours once others may have them.
    _watched: Watched,
    map: Mmap,
}

impl Mapping {
    /// Maps the regular file at `path`.
    ///
    /// The file must not change while it is mapped: its bytes are checked when it is opened, and again where they are
    /// used, so that a change gives wrong results or an error. Where it becomes shorter the process ends with SIGBUS,
    /// or goes on to an error after [`survive_lost_bytes`].
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
        // SAFETY: the mapping is read-only and lives as long as the slices of it. It is shared (MAP_SHARED) with
        // whoever writes to the file, and its bytes must not change while it lives: Goldpan's writers only ever
        // replace a finished file by a rename, which leaves this file's contents alone, and the documentation asks
        // the same of everyone else. The offsets, ranges and UTF-8 that are read from it are checked again at each
        // use, so that a change in spite of that is no read out of bounds.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        let about = file.metadata().map_err(read)?;
        Ok(Self {
            _watched: Watched::new(&map, path.to_owned(), about),
            map,
        })
    }

    /// Tells the system how the file is about to be read.
    pub fn expect(&self, access: Access) {
        let advice = match access {
            Access::InOrder => Advice::Normal,
            Access::Scattered => Advice::Random,
        };
        // No more than a hint: without it reading is slower.
        let _ = self.map.advise(advice);
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
