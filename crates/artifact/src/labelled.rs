//! Which texts are labelled, from any table that says so.

use std::path::Path;

use crate::error::Error;
use crate::frame::{Check, Frame};
use crate::kind::Kind;
use crate::labels::Labels;
use crate::selection::Selection;

/// The ids of labelled texts, and their labels where those are not the texts' own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// The texts' ids, each once.
    pub ids: Vec<u64>,
    /// One label for each id; `None` where the texts' own labels count.
    pub labels: Option<Vec<i32>>,
}

impl Labelled {
    /// Reads a selection, whose texts have labels of their own, or a table of labels.
    pub fn open_arrow(path: impl AsRef<Path>) -> Result<Self, Error> {
        let kinds = &[Kind::Selection, Kind::Labels];
        let frame = Frame::open(path.as_ref(), kinds, Check::All)?;
        if frame.description().kind == Kind::Selection {
            return Ok(Self {
                ids: Selection::from_frame(frame)?.ids().collect(),
                labels: None,
            });
        }
        let labels = Labels::from_frame(frame)?;
        Ok(Self {
            ids: labels.ids().collect(),
            labels: Some((0..labels.len()).map(|row| labels.label(row)).collect()),
        })
    }
}
