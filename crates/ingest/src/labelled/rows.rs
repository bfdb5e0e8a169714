//! The rows of a file of labels: what each says of which text.

use std::path::{Path, PathBuf};

use goldpan_artifact::{FileColumns, Texts};
use goldpan_sources::{Column, Layout};

use super::LabelOptions;
use super::merge::{Entry, Says};
use crate::alike::column_key;
use crate::classes::Classes;
use crate::columns::likely_labels;
use crate::error::{At, Error, Place};
use crate::input::{self, Count};
use crate::labels::{Label, Rules};
use crate::row::{Row, Wanted};
use crate::tool::{Verdict, tool};

/// What a row says, as far as it has these columns.
pub(super) struct FileRow {
    pub place: Place,
    pub key: Option<String>,
    pub id: Option<String>,
    pub text: Option<String>,
    label: Option<String>,
    verdict: Verdict,
}

/// The columns of a file that may say which text a row is about.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub key: Option<String>,
    pub id: Option<String>,
    /// Whether the column of ids can be that of row numbers only.
    pub own_id: bool,
    /// Whether the texts' own ids were in a column called so.
    pub user_id: bool,
    pub text: Option<String>,
    pub tool: Option<&'static str>,
    all: Vec<String>,
}

/// A file of labels, read whole.
pub(super) struct LabelFile {
    pub path: PathBuf,
    pub columns: Columns,
    pub rows: Vec<FileRow>,
    label: Option<String>,
    /// Whether the labels' numbers were turned into names.
    named: bool,
}

impl Columns {
    fn of(all: Vec<String>, source: &FileColumns) -> Self {
        let find = |name: &str| {
            let alike = |column: &&String| column_key(column) == column_key(name);
            let exact = all.iter().find(|column| *column == name);
            exact.or_else(|| all.iter().find(alike)).cloned()
        };
        let first = |names: &[&str]| names.iter().find_map(|name| find(name));
        // A column called `id` may hold row numbers as well as the user's own ids.
        let is_id = |name: &&str| column_key(name) == "id";
        let user_id = source.key.as_deref().filter(is_id).is_some();
        let user = source.key.as_deref().filter(|name| !is_id(name));
        let own = find("goldpan_id");
        let tool = tool(&all);
        Self {
            key: user
                .and_then(find)
                .or_else(|| first(&["key", "goldpan_key"])),
            user_id,
            own_id: own.is_some(),
            id: own.or_else(|| find("id")),
            text: source
                .text
                .as_deref()
                .and_then(find)
                .or_else(|| first(&["text", "sentence", "content", "data", "document"])),
            tool,
            all,
        }
    }

    /// Those that there are.
    fn wanted(&self) -> Vec<&String> {
        let columns = [&self.key, &self.id, &self.text];
        columns.into_iter().flatten().collect()
    }

    pub fn all(&self) -> &[String] {
        &self.all
    }
}

/// Reads a file. With `labels`, a file whose labels seem to be in a column of another name is an
/// error.
pub(super) fn read(
    path: &Path,
    texts: Option<&Texts>,
    options: &LabelOptions,
    labels: bool,
) -> Result<LabelFile, Error> {
    let source = texts
        .map(|texts| texts.columns().clone())
        .unwrap_or_default();
    let nothing = Wanted {
        main: Vec::new(),
        numbers: true,
        label: Vec::new(),
        label_required: false,
        key: None,
        metadata: Vec::new(),
        header: true,
        layout: Layout::default(),
    };
    let probe = input::open(path, None, &nothing, &Count::default())?;
    let columns = Columns::of(probe.names().columns.clone(), &source);
    let Some((main, others)) = columns
        .wanted()
        .split_first()
        .map(|(a, b)| (*a, b.to_vec()))
    else {
        return Err(Error::NoMainColumn {
            path: path.to_owned(),
            wanted: ["id", "key", "text"].map(str::to_owned).to_vec(),
            columns: columns.all,
            ids: true,
        });
    };
    let usual = || {
        let usual = [Some("label".to_owned()), source.label.clone()];
        usual.into_iter().flatten().map(Column::Name).collect()
    };
    let label = options.label_column.clone();
    let wanted = Wanted {
        main: vec![Column::Name(main.clone())],
        label_required: label.is_some(),
        label: label.map_or_else(usual, |label| vec![label]),
        metadata: others
            .iter()
            .map(|&name| Column::Name(name.clone()))
            .collect(),
        ..nothing
    };
    let mut source = input::open(path, None, &wanted, &Count::default())?;
    let names = source.names().clone();
    let taken = |name: &&String| **name == *main || others.contains(name);
    let free: Vec<&String> = columns.all.iter().filter(|name| !taken(name)).collect();
    let likely = likely_labels(&free);
    let no_label = |found: &Option<String>| found.is_none() && labels && !likely.is_empty();
    if no_label(&names.label) {
        return Err(Error::NoLabelColumn {
            path: path.to_owned(),
            likely: likely.into_iter().cloned().collect(),
        });
    }
    let value = |row: &Row, column: &Option<String>| {
        let column = column.as_ref()?;
        if column == main {
            return Some(row.main.clone());
        }
        let at = others.iter().position(|other| *other == column)?;
        row.metadata.get(at).cloned().flatten()
    };
    let mut rows = Vec::new();
    let mut row = Row::default();
    while source.next(&mut row)? {
        rows.push(FileRow {
            place: row.place,
            key: value(&row, &columns.key),
            id: value(&row, &columns.id),
            text: value(&row, &columns.text),
            label: row.label.clone(),
            verdict: row.verdict,
        });
    }
    source.warn();
    let named = source.carried().is_some_and(|carried| carried.numbers);
    // A JSON object may lack the field, so the first row does not say whether there is one.
    let has_label = |name: &String| {
        columns.all.contains(name) || rows.iter().any(|row: &FileRow| row.label.is_some())
    };
    let label = names.label.filter(has_label);
    if no_label(&label) {
        return Err(Error::NoLabelColumn {
            path: path.to_owned(),
            likely: likely.into_iter().cloned().collect(),
        });
    }
    Ok(LabelFile {
        path: path.to_owned(),
        columns,
        rows,
        label,
        named,
    })
}

impl LabelFile {
    pub fn at(&self, row: &FileRow) -> At {
        At {
            path: self.path.clone(),
            place: row.place,
        }
    }

    /// What each row says of the text with the id at the same place.
    pub fn entries(
        &self,
        ids: Vec<u64>,
        classes: Option<&Classes>,
        rules: &Rules,
    ) -> Result<Vec<Entry>, Error> {
        let rows = ids.into_iter().zip(&self.rows);
        rows.map(|(id, row)| {
            Ok(Entry {
                id,
                at: self.at(row),
                says: self.says(row, classes, rules)?,
            })
        })
        .collect()
    }

    fn says(&self, row: &FileRow, classes: Option<&Classes>, rules: &Rules) -> Result<Says, Error> {
        match row.verdict {
            Verdict::Nothing => return Ok(Says::Nothing),
            Verdict::Rejected => return Err(Error::Rejected { at: self.at(row) }),
            Verdict::Counts => {}
        }
        let Some(column) = &self.label else {
            return Ok(Says::Labelled);
        };
        let label = row.label.as_deref();
        let Some(classes) = classes else {
            let given = rules.given(label);
            return Ok(given.map_or(Says::Nothing, |_| Says::Labelled));
        };
        if let Some(label) = rules.given(label)
            && classes.names().is_empty()
        {
            return Err(Error::NoClasses {
                at: self.at(row),
                column: column.clone(),
                value: label.text.to_owned(),
            });
        }
        Ok(
            match rules.read(label, classes, self.named, || self.at(row), column)? {
                Label::Class(class) => Says::Class(class),
                Label::None | Label::LeaveOut => Says::Nothing,
            },
        )
    }
}
