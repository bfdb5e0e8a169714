//! Which texts are labelled, from tables and from files that people write.

mod join;
mod merge;
mod pool;
mod rows;
mod table;

use std::path::PathBuf;

use goldpan_artifact::{Labelled, Texts};
use goldpan_sources::{Column, LabelRule};

use crate::classes::Classes;
use crate::error::Error;
use crate::labels::Rules;
use crate::missing::Missing;
use crate::rename::Renames;
use merge::Merge;
use pool::Pool;
pub(crate) use pool::content_key;

/// What says which text a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The user's key, or the key that is made of a text's content.
    Key,
    /// The number of the text's row, from 0: its id.
    Row,
    /// The text itself.
    Text,
}

impl Join {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Row => "row number",
            Self::Text => "text",
        }
    }
}

/// How files of labels are to be read. By default the files themselves say it.
#[derive(Clone, Debug, Default)]
pub struct LabelOptions {
    /// What says which text a row is about.
    pub join: Option<Join>,
    /// The column with the labels; by default `label`, or as the texts' file called it.
    pub label_column: Option<Column>,
    /// Values that mean that there is no label, beside an empty field and null.
    pub missing_labels: Vec<String>,
    /// Whether labels are the classes' numbers, from 0.
    pub label_numbers: bool,
    /// Old names of classes, each with its new one.
    pub rename_classes: Vec<(String, String)>,
}

/// What files say of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadLabelled {
    /// The labelled texts.
    pub labelled: Labelled,
    /// Texts that were shown to people, and have no label.
    pub without: Vec<u64>,
    /// A line for each file that says how its rows were joined with the texts.
    pub notes: Vec<String>,
}

/// Reads which texts are labelled: from selection or labels tables, or from files of any format
/// that `ingest` reads, with a column that says which text each row is about, and perhaps one of
/// labels.
///
/// Rows are joined with the texts by key where there is a column `key`, or one that is called as
/// the texts' own ids were; by the row number in a column `id`; or by the text. What a file says
/// twice has to agree. Where a number may be a key as well as a row number, or a file numbers its
/// own rows, as exports of labelling tools do, that is an error unless `join` says what is right.
///
/// Labels name `classes`; without these they are not looked at. A row with no label, in a file that
/// has some, says that its text was shown. A text may occur several times if its labels agree.
pub fn read_labelled(
    paths: &[PathBuf],
    texts: Option<&Texts>,
    classes: Option<&[String]>,
    options: &LabelOptions,
) -> Result<ReadLabelled, Error> {
    let rules = Rules {
        rule: LabelRule::Class,
        missing: Missing::new(&options.missing_labels),
        numbers: options.label_numbers,
        rename: Renames::new(&options.rename_classes)?,
    };
    let pool = texts.map(Pool::new);
    let known = classes.map(Classes::new);
    let mut merge = Merge::new(texts, known.as_ref());
    let mut notes = Vec::new();
    for path in paths {
        if table::is_own(path)? {
            merge.add(table::read(path, texts, known.as_ref())?)?;
            continue;
        }
        let file = rows::read(path, texts, options, known.is_some())?;
        let joined = join::join(&file, pool.as_ref(), options.join)?;
        notes.push(joined.note(&file));
        merge.add(file.entries(joined.ids, known.as_ref(), &rules)?)?;
    }
    let (labelled, without) = merge.finish();
    Ok(ReadLabelled {
        labelled,
        without,
        notes,
    })
}
