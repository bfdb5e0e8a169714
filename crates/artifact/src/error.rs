//! What can go wrong when a table is read or written.

use std::io;
use std::path::PathBuf;

use crate::damage::Damage;
use crate::digest::Digest;
use crate::kind::Kind;
use crate::origin::OtherTexts;
use crate::schema::{Column, columns_text};

/// An error of reading or writing a table. Messages name the path and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be opened, mapped or read.
    #[error("cannot read {path}: check that the path is right and may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file became shorter while it was read.
    #[error(
        "{path} became shorter while it was read: what was made of it is not kept; put the file in its place whole, \
         by a rename, and run the same command again"
    )]
    Shortened {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: check that its folder exists, may be written and has space left")]
    Write {
        /// The file that was to appear.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The path is a folder, pipe or device.
    #[error("{path} is not a regular file: give the path of an artifact")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is no Arrow IPC file.
    #[error(
        "{path} is not an Arrow file that Goldpan wrote: `goldpan ingest` makes a table of your own texts, \
         `goldpan import` of your own vectors, predictions, selections and labels"
    )]
    NotArrow {
        /// The file.
        path: PathBuf,
    },
    /// The file is an Arrow file that Goldpan did not write.
    #[error(
        "{path} is an Arrow file that Goldpan did not write: `goldpan ingest` makes a table of your own \
         texts, `goldpan import` of your own vectors, predictions, selections and labels"
    )]
    NotAnArtifact {
        /// The file.
        path: PathBuf,
    },
    /// The file holds another kind of table.
    #[error(
        "{path} holds {found}, and {} is needed: give another file",
        kinds_text(.expected)
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// The kinds that would do.
        expected: &'static [Kind],
        /// The file's kind.
        found: Kind,
    },
    /// A later Goldpan wrote the file.
    #[error(
        "{path} has format version {found}, and this goldpan reads up to {supported}: update \
         goldpan, or make the file again with this one"
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The file's format version.
        found: u32,
        /// The latest version that this crate reads.
        supported: u32,
    },
    /// The columns are not those of the kind.
    #[error(
        "{path} has not the columns of {kind}: it has {}, and {} are needed; make it again",
        columns_text(.found),
        columns_text(.expected)
    )]
    Columns {
        /// The file.
        path: PathBuf,
        /// The file's kind.
        kind: Kind,
        /// The kind's columns.
        expected: Vec<Column>,
        /// The file's columns.
        found: Vec<Column>,
    },
    /// The file is truncated, altered or hostile.
    #[error("{path} is damaged: delete it and make it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        damage: Box<Damage>,
    },
    /// The file is not as long as the manifest beside it says.
    #[error(
        "{path} has {found} bytes, and the manifest beside it says {expected}: delete its folder \
         and make it again"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The length in the manifest.
        expected: u64,
        /// The file's length.
        found: u64,
    },
    /// The file has not the digest that it should have.
    #[error("{path} has the digest {found} instead of {expected}: delete it and make it again")]
    Digest {
        /// The file.
        path: PathBuf,
        /// The digest it should have.
        expected: Digest,
        /// The digest it has.
        found: Digest,
    },
    /// A row's id was used before.
    #[error("cannot write {path}: two rows have the id {id}; give each row its own")]
    RepeatedId {
        /// The file that was to appear.
        path: PathBuf,
        /// The id.
        id: u64,
    },
    /// A label is not the number of a class.
    #[error(
        "cannot write {path}: row {row} has the label {label}, and the {classes} classes are numbered \
         from 0"
    )]
    Label {
        /// The file that was to appear.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
        /// The label.
        label: i32,
        /// How many classes there are.
        classes: usize,
    },
    /// A vector has another width than its column.
    #[error(
        "cannot write {path}: row {row} has {found} values for `{column}` instead of {expected}"
    )]
    Width {
        /// The file that was to appear.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
        /// The column's name.
        column: &'static str,
        /// The column's width.
        expected: usize,
        /// The row's.
        found: usize,
    },
    /// Two classes or two columns have the same name.
    #[error("cannot write {path}: the name `{name}` occurs twice; rename one")]
    RepeatedName {
        /// The file that was to appear.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A vector column would have no values, or more than Arrow allows.
    #[error("cannot write {path}: `{column}` cannot have {width} values in each row")]
    Dimension {
        /// The file that was to appear.
        path: PathBuf,
        /// The column's name.
        column: &'static str,
        /// The width asked for.
        width: usize,
    },
    /// A selection has more rows than ranks can count.
    #[error("cannot write {path}: a selection has at most {limit} rows")]
    TooManyRows {
        /// The file that was to appear.
        path: PathBuf,
        /// The most rows there can be.
        limit: u64,
    },
    /// Two tables that are to be joined are of different texts.
    #[error(
        "{0}: give tables of the same texts, or --allow-other-texts where the ids mean the same texts"
    )]
    OtherTexts(Box<OtherTexts>),
    /// A record batch cannot be encoded.
    #[error("cannot write {path}: its rows cannot be put into Arrow's format")]
    Encode {
        /// The file that was to appear.
        path: PathBuf,
        /// The encoder's reason.
        #[source]
        source: arrow2::error::Error,
    },
}

impl Error {
    /// Whether this says that another program wrote the file. A program that reads a table of Goldpan's
    /// and writes it anew keeps what the table says of itself, and not its checksum.
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::NotArrow { .. } | Self::NotAnArtifact { .. } => true,
            Self::Damaged { damage, .. } => {
                matches!(**damage, Damage::Missing { what } if what == Damage::NO_CHECKSUM)
            }
            _ => false,
        }
    }
}

/// "embeddings", or "selection or labels".
fn kinds_text(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(" or ")
}
