//! Which text each row of a file of labels is about.

use super::Join;
use super::pool::{Hit, Pool, is_content_key, lenient, row_number};
use super::rows::{FileRow, LabelFile};
use crate::error::Error;

/// The texts that the rows are about, and how that is known.
#[derive(Debug)]
pub(super) struct Joined {
    /// The id of each row's text.
    pub ids: Vec<u64>,
    by: Join,
    column: String,
    /// A column of ids that was passed over, and why.
    passed: Option<String>,
}

impl Joined {
    /// How rows were joined, in a line.
    pub fn note(&self, file: &LabelFile) -> String {
        let rows = match self.ids.len() {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        let passed = self.passed.as_deref().unwrap_or_default();
        format!(
            "{}: {rows} joined by {} (`{}`){passed}",
            file.path.display(),
            self.by.name(),
            self.column,
        )
    }
}

/// Finds the text of each row: as `join` says, or as the columns do.
pub(super) fn join(
    file: &LabelFile,
    pool: Option<&Pool<'_>>,
    join: Option<Join>,
) -> Result<Joined, Error> {
    let columns = &file.columns;
    let Some(pool) = pool else {
        return without_texts(file, join);
    };
    let reader = Reader { file, pool };
    let Some(by) = join else {
        return reader.by_columns();
    };
    let column = match by {
        Join::Key => columns.key.as_ref().or(columns.id.as_ref()),
        Join::Row => columns.id.as_ref(),
        Join::Text => columns.text.as_ref(),
    };
    let Some(column) = column else {
        return Err(Error::NoJoinColumn {
            path: file.path.clone(),
            by: by.name(),
            columns: columns.all().to_vec(),
        });
    };
    let ids = reader.ids(by, column)?;
    if let Some(row) = reader.disagreement(&ids).filter(|_| by != Join::Text) {
        let at = file.at(&file.rows[row]);
        tracing::warn!(
            "{at} has another text than its {}, by which it was joined",
            by.name()
        );
    }
    Ok(reader.joined(ids, by, column))
}

/// Row numbers as they are. Nothing else can be joined without the texts.
fn without_texts(file: &LabelFile, join: Option<Join>) -> Result<Joined, Error> {
    let columns = &file.columns;
    let needs = |column: &String| Error::NeedsTexts {
        path: file.path.clone(),
        column: column.clone(),
    };
    let id = match (join, columns.tool) {
        (Some(Join::Row), _) | (None, None) => columns.id.as_ref(),
        (None, Some(_)) => columns.id.as_ref().filter(|_| columns.own_id),
        _ => None,
    };
    let Some(column) = id else {
        let other = match join {
            Some(Join::Text) => columns.text.as_ref(),
            _ => columns.key.as_ref().or(columns.text.as_ref()),
        };
        return Err(match (other.or(columns.id.as_ref()), columns.tool) {
            (Some(column), Some(tool)) if Some(column) == columns.id.as_ref() => Error::ToolIds {
                path: file.path.clone(),
                tool,
                column: column.clone(),
            },
            (Some(column), _) => needs(column),
            (None, _) => Error::NoJoinColumn {
                path: file.path.clone(),
                by: join.unwrap_or(Join::Row).name(),
                columns: columns.all().to_vec(),
            },
        });
    };
    let id = |row: &FileRow| {
        let value = row.id.clone().unwrap_or_default();
        row_number(&value).ok_or_else(|| Error::BadId {
            at: file.at(row),
            column: column.clone(),
            value,
        })
    };
    Ok(Joined {
        ids: file.rows.iter().map(id).collect::<Result<_, _>>()?,
        by: Join::Row,
        column: column.clone(),
        passed: None,
    })
}

struct Reader<'a, 't> {
    file: &'a LabelFile,
    pool: &'a Pool<'t>,
}

impl Reader<'_, '_> {
    fn joined(&self, ids: Vec<u64>, by: Join, column: &str) -> Joined {
        Joined {
            ids,
            by,
            column: column.to_owned(),
            passed: None,
        }
    }

    /// Finds what the columns themselves say.
    fn by_columns(&self) -> Result<Joined, Error> {
        let columns = &self.file.columns;
        let mut keys = self.file.rows.iter().filter_map(|row| row.key.as_deref());
        if let Some(column) = &columns.key
            && (self.pool.has_keys() || keys.any(is_content_key))
        {
            let ids = self.ids(Join::Key, column)?;
            self.check(&ids, column, |row| &row.key)?;
            self.warn_of_ids(&ids);
            return Ok(self.joined(ids, Join::Key, column));
        }
        match (&columns.id, &columns.text, columns.tool) {
            (Some(id), Some(text), Some(tool)) if !columns.own_id => {
                let mut joined = self.by_text(text)?;
                joined.passed = Some(format!("; `{id}` is the number that {tool} gave"));
                Ok(joined)
            }
            (Some(id), None, Some(tool)) if !columns.own_id => Err(Error::ToolIds {
                path: self.file.path.clone(),
                tool,
                column: id.clone(),
            }),
            (Some(id), Some(text), _) => self.by_id_and_text(id, text),
            (Some(id), None, _) => self.by_bare_id(id),
            (None, Some(text), _) => self.by_text(text),
            (None, None, _) => Err(Error::NoKeys {
                path: self.file.path.clone(),
                column: columns.key.clone().unwrap_or_default(),
                texts: self.pool.texts.path().to_owned(),
            }),
        }
    }

    fn by_text(&self, column: &str) -> Result<Joined, Error> {
        let ids = self.ids(Join::Text, column)?;
        Ok(self.joined(ids, Join::Text, column))
    }

    /// Ids that the texts beside them can tell to be keys or row numbers.
    fn by_id_and_text(&self, id: &str, text: &str) -> Result<Joined, Error> {
        let ways = self.ways();
        for by in ways {
            if let Ok(ids) = self.ids(by, id)
                && self.disagreement(&ids).is_none()
            {
                return Ok(self.joined(ids, by, id));
            }
        }
        let found = |row: &FileRow, by| self.id(by, row, id).ok();
        let first = |by: &Join| {
            let mut rows = self.file.rows.iter();
            rows.find_map(|row| Some((row, found(row, *by).filter(|id| !self.agrees(row, *id))?)))
        };
        match ways.iter().find_map(first) {
            Some((row, known)) => Err(self.other_text(row, id, row.id.as_deref(), known)),
            None if self
                .file
                .rows
                .iter()
                .all(|row| ways.iter().all(|by| found(row, *by).is_none())) =>
            {
                let mut joined = self.by_text(text)?;
                joined.passed = Some(format!("; `{id}` is no row number of the texts"));
                Ok(joined)
            }
            None => Err(self
                .ids(ways[0], id)
                .err()
                .unwrap_or_else(|| Error::NoKeys {
                    path: self.file.path.clone(),
                    column: id.to_owned(),
                    texts: self.pool.texts.path().to_owned(),
                })),
        }
    }

    /// The readings of a column `id`, the likelier first.
    fn ways(&self) -> [Join; 2] {
        match self.pool.has_keys() && self.file.columns.user_id {
            true => [Join::Key, Join::Row],
            false => [Join::Row, Join::Key],
        }
    }

    /// Ids alone: row numbers, or keys, but never what could be both.
    fn by_bare_id(&self, column: &str) -> Result<Joined, Error> {
        let rows = self.ids(Join::Row, column);
        if !self.pool.has_keys() || self.file.columns.own_id {
            return Ok(self.joined(rows?, Join::Row, column));
        }
        let user = self.file.columns.user_id;
        let keys = self.ids(Join::Key, column);
        let both = |row: &&FileRow| {
            let key = self.id(Join::Key, row, column);
            let id = self.id(Join::Row, row, column);
            matches!((key, id), (Ok(key), Ok(id)) if key != id)
        };
        let ambiguous = self.file.rows.iter().find(both);
        match (keys, rows, ambiguous) {
            (Ok(keys), Ok(rows), _) if keys == rows => Ok(self.joined(keys, Join::Key, column)),
            (Ok(_), Ok(_), Some(row)) => Err(self.ambiguous(row, column)),
            (Ok(keys), _, _) => Ok(self.joined(keys, Join::Key, column)),
            // In a column that is called as the user's ids, any of these makes row numbers doubtful.
            (Err(_), Ok(_), Some(row)) if user => Err(self.ambiguous(row, column)),
            (Err(_), Ok(rows), _) => Ok(self.joined(rows, Join::Row, column)),
            (Err(error), Err(_), _) if user => Err(error),
            (Err(_), Err(error), _) => Err(error),
        }
    }

    fn ambiguous(&self, row: &FileRow, column: &str) -> Error {
        let text = |by| {
            let id = self.id(by, row, column).ok();
            let at = id.and_then(|id| self.pool.by_id(id));
            at.map_or_else(String::new, |at| self.pool.texts.text(at).to_owned())
        };
        Error::AmbiguousJoin {
            at: Box::new(self.file.at(row)),
            column: column.to_owned(),
            value: row.id.clone().unwrap_or_default(),
            as_key: text(Join::Key),
            as_row: text(Join::Row),
        }
    }

    /// The ids of all rows' texts, by one column; the error of the first row that has none.
    fn ids(&self, by: Join, column: &str) -> Result<Vec<u64>, Error> {
        let rows = self.file.rows.iter();
        rows.map(|row| self.id(by, row, column)).collect()
    }

    fn id(&self, by: Join, row: &FileRow, column: &str) -> Result<u64, Error> {
        let column = column.to_owned();
        let texts = self.pool.texts;
        let value = match by {
            Join::Text => &row.text,
            _ if self.file.columns.key.as_ref() == Some(&column) => &row.key,
            _ => &row.id,
        };
        let value = value.clone().unwrap_or_default();
        let at = self.file.at(row);
        let unknown = |at, column, value| Error::UnknownId {
            at,
            column,
            value,
            texts: texts.path().to_owned(),
        };
        let hit = match by {
            Join::Row => {
                return match row_number(&value) {
                    Some(id) if self.pool.by_id(id).is_some() => Ok(id),
                    Some(_) => Err(unknown(at, column, value)),
                    None => Err(Error::BadId { at, column, value }),
                };
            }
            Join::Key => self.pool.by_key(&value),
            Join::Text => self.pool.by_text(&value),
        };
        match (hit, by) {
            (Hit::One(row), _) => Ok(texts.id(row)),
            (Hit::None, Join::Text) => Err(Error::UnknownText {
                at,
                column,
                text: value,
                texts: texts.path().to_owned(),
            }),
            (Hit::None, _) => Err(unknown(at, column, value)),
            (Hit::Several, Join::Text) => Err(Error::AmbiguousText {
                at,
                column,
                ids: self.pool.copies(&value),
                text: value,
            }),
            (Hit::Several, _) => Err(Error::AmbiguousKey { at, column, value }),
        }
    }

    /// Whether a row, where it has a text, has that of this id.
    fn agrees(&self, row: &FileRow, id: u64) -> bool {
        let known = self.pool.by_id(id).map(|row| self.pool.texts.text(row));
        match (&row.text, known) {
            (Some(text), Some(known)) => text == known || lenient(text) == lenient(known),
            _ => true,
        }
    }

    /// The first row that has another text than that of its id.
    fn disagreement(&self, ids: &[u64]) -> Option<usize> {
        let rows = self.file.rows.iter().zip(ids);
        rows.into_iter()
            .position(|(row, id)| !self.agrees(row, *id))
    }

    fn check(
        &self,
        ids: &[u64],
        column: &str,
        value: impl Fn(&FileRow) -> &Option<String>,
    ) -> Result<(), Error> {
        match self.disagreement(ids) {
            None => Ok(()),
            Some(at) => {
                let row = &self.file.rows[at];
                Err(self.other_text(row, column, value(row).as_deref(), ids[at]))
            }
        }
    }

    fn other_text(&self, row: &FileRow, column: &str, value: Option<&str>, id: u64) -> Error {
        let known = self.pool.by_id(id).map(|row| self.pool.texts.text(row));
        Error::OtherText {
            at: Box::new(self.file.at(row)),
            column: column.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            expected: known.unwrap_or_default().to_owned(),
            found: row.text.clone().unwrap_or_default(),
        }
    }

    /// Says where row numbers beside the keys are those of other texts.
    fn warn_of_ids(&self, ids: &[u64]) {
        let columns = &self.file.columns;
        let Some(column) = columns.id.as_ref().filter(|_| columns.tool.is_none()) else {
            return;
        };
        let other = |(row, id): (&FileRow, &u64)| {
            let number = row.id.as_deref().and_then(row_number);
            number.is_some_and(|number| number != *id)
        };
        let rows = self.file.rows.iter().zip(ids);
        let others = rows.filter(|(row, id)| other((row, id))).count();
        if others > 0 {
            let path = self.file.path.display();
            tracing::warn!(
                "{path}: `{column}` is not the row number of {others} texts; they are taken by their keys"
            );
        }
    }
}
