//! Tables whose kind is not known beforehand.

use std::path::Path;

use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::history::History;
use crate::kind::{Kind, Producer};
use crate::labels::Labels;
use crate::origin::Origin;
use crate::predictions::Predictions;
use crate::results::Results;
use crate::schema::Column;
use crate::selection::Selection;
use crate::texts::Texts;

/// What a table says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the table holds.
    pub kind: Kind,
    /// The version of the file format.
    pub version: u32,
    /// Who wrote it.
    pub producer: Producer,
    /// How many rows it has.
    pub rows: u64,
    /// How long the file is.
    pub bytes: u64,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The names of its classes; empty for kinds without classes.
    pub classes: Vec<String>,
    /// The names of a selection's objectives; empty for other kinds.
    pub objectives: Vec<String>,
    /// The names of the metadata columns of texts; empty for other kinds.
    pub metadata: Vec<String>,
    /// What it was made from, as far as it says so.
    pub origin: Origin,
}

/// Reads what the table at `path` says of itself. Neither its values nor its checksum are looked
/// at.
pub fn peek(path: impl AsRef<Path>) -> Result<Header, Error> {
    let frame = Frame::open(path.as_ref(), &Kind::ALL, Check::Layout)?;
    let description = frame.description().clone();
    Ok(Header {
        kind: description.kind,
        version: description.version,
        producer: description.producer,
        rows: frame.len() as u64,
        bytes: frame.bytes(),
        columns: description.columns,
        classes: description.classes,
        objectives: description.objectives,
        metadata: description.metadata,
        origin: frame.origin(),
    })
}

/// A mapped table of any kind.
pub enum Table {
    /// Texts.
    Texts(Texts),
    /// Embeddings.
    Embeddings(Embeddings),
    /// Predictions.
    Predictions(Predictions),
    /// A selection.
    Selection(Selection),
    /// Labels.
    Labels(Labels),
    /// A history.
    History(History),
    /// Results.
    Results(Results),
}

impl Table {
    /// Opens and checks the table at `path`, whatever its kind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path.as_ref(), Check::All)
    }

    pub(crate) fn open_with(path: &Path, check: Check) -> Result<Self, Error> {
        let frame = Frame::open(path, &Kind::ALL, check)?;
        Ok(match frame.description().kind {
            Kind::Texts => Self::Texts(Texts::from_frame(frame)?),
            Kind::Embeddings => Self::Embeddings(Embeddings::from_frame(frame)?),
            Kind::Predictions => Self::Predictions(Predictions::from_frame(frame)?),
            Kind::Selection => Self::Selection(Selection::from_frame(frame)?),
            Kind::Labels => Self::Labels(Labels::from_frame(frame)?),
            Kind::History => Self::History(History::from_frame(frame)?),
            Kind::Results => Self::Results(Results::from_frame(frame)?),
        })
    }

    /// What the table holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Texts(_) => Kind::Texts,
            Self::Embeddings(_) => Kind::Embeddings,
            Self::Predictions(_) => Kind::Predictions,
            Self::Selection(_) => Kind::Selection,
            Self::Labels(_) => Kind::Labels,
            Self::History(_) => Kind::History,
            Self::Results(_) => Kind::Results,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(table) => table.len(),
            Self::Embeddings(table) => table.len(),
            Self::Predictions(table) => table.len(),
            Self::Selection(table) => table.len(),
            Self::Labels(table) => table.len(),
            Self::History(table) => table.len(),
            Self::Results(table) => table.len(),
        }
    }

    /// True where there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
