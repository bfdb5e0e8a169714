//! Faults that readers of bytes find, on their way through [`std::io::Error`].

use std::io;
use std::path::Path;

use crate::error::{At, Error, Place};

/// A fault of a file's content.
#[derive(Debug, thiserror::Error)]
#[error("{self:?}")]
pub(crate) enum Broken {
    /// The packed data ends too early.
    Cut { packing: &'static str },
    /// Something else follows the packed data.
    Trailing { packing: &'static str, at: u64 },
    /// The packed data is wrong.
    Packing {
        packing: &'static str,
        source: io::Error,
    },
    /// Bytes are no text in the encoding.
    NotText {
        line: u64,
        /// From 1: the byte of the line in UTF-8, or else the character.
        place: u64,
        encoding: &'static str,
        /// An encoding in which it may be text.
        guess: Option<&'static str>,
    },
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        Self::new(io::ErrorKind::InvalidData, broken)
    }
}

impl Broken {
    /// The fault of the file at `path`.
    pub fn of(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Cut { packing } => Error::CutShort {
                path,
                what: packing,
            },
            Self::Trailing { packing, at } => Error::Trailing { path, packing, at },
            Self::Packing { packing, source } => Error::Unpack {
                path,
                packing,
                source,
            },
            Self::NotText {
                line,
                place,
                encoding,
                guess,
            } => {
                let at = At {
                    path,
                    place: Place::Line(line),
                };
                match encoding {
                    "UTF-8" => Error::NotUtf8 {
                        at,
                        byte: place,
                        guess,
                    },
                    _ => Error::NotText {
                        at,
                        character: place,
                        encoding,
                    },
                }
            }
        }
    }
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| match source.downcast::<Broken>() {
            Ok(broken) => broken.of(path),
            Err(source) => Self::Read {
                path: path.to_owned(),
                source,
            },
        }
    }
}
