//! What the texts of a pool came with: their metadata columns, by rows of the pool, and their lengths.

use std::path::Path;

use goldpan_artifact::Texts;

use crate::error::Error;
use crate::filter::{Name, ambiguous, written};
use crate::pool::Pool;
use crate::rule::Rule;
use crate::strategy::Strategy;
use crate::term::Term;

impl Pool<'_> {
    /// The names of the metadata columns, whether the rule looks at them or not.
    pub(crate) fn columns(&self) -> &[String] {
        self.known
    }

    /// The number of a metadata column.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub(crate) fn column(&self, name: &str) -> Result<usize, Error> {
        let path = self.texts.as_ref().map(|(texts, _)| texts.path());
        find(self.known, name, path.unwrap_or(Path::new("")))
    }

    /// The value that a row has in a metadata column.
    pub(crate) fn cell(&self, row: u32, column: usize) -> Option<&str> {
        let (texts, at) = self.texts.as_ref()?;
        texts.metadata_value(at.of(row), column)
    }

    /// All values of a metadata column, those of texts beside the pool too.
    pub(crate) fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        let texts = self.texts.as_ref().map(|(texts, _)| *texts);
        let rows = texts.map_or(0, Texts::len);
        (0..rows).filter_map(move |row| texts?.metadata_value(row, column))
    }

    /// The length of each text in characters or in words.
    pub(crate) fn lengths(&self, name: &Name, rows: &[u32]) -> Vec<f64> {
        let Some((texts, at)) = &self.texts else {
            return vec![f64::NAN; rows.len()];
        };
        let length = |&row: &u32| {
            let text = texts.text(at.of(row));
            let length = match name {
                Name::Words => text.split_whitespace().count(),
                _ => text.chars().count(),
            };
            length as f64
        };
        rows.iter().map(length).collect()
    }

    /// The values of a metadata column, or of `length` or `words`, as an objective of `rows`: finite
    /// and at least 0. A name in quotes is a column's, as in a condition.
    ///
    /// # Errors
    ///
    /// When a row has another value or none.
    pub(crate) fn factors(&self, name: &str, rows: &[u32]) -> Result<Vec<f32>, Error> {
        if is_length(name) {
            let bare = Name::new(name);
            ambiguous(self, &bare);
            let lengths = self.lengths(&bare, rows);
            return Ok(lengths.into_iter().map(|length| length as f32).collect());
        }
        let name = unquoted(name);
        let column = self.column(&name)?;
        let value = |&row: &u32| {
            let Some(cell) = self.cell(row, column) else {
                let (path, row, id) = self.place(row);
                let column = written(&name);
                return Err(Error::NoValue {
                    path,
                    row,
                    id,
                    column,
                });
            };
            match cell.trim().parse::<f32>() {
                Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
                _ => Err(self.not_a_number(row, &name, cell, true)),
            }
        };
        rows.iter().map(value).collect()
    }

    /// The error of a value that is no number; as a factor it has to be at least 0 too.
    pub(crate) fn not_a_number(&self, row: u32, name: &str, cell: &str, factor: bool) -> Error {
        let (path, row, id) = self.place(row);
        Error::NotANumber {
            path,
            row,
            id,
            column: written(name),
            value: cell.to_owned(),
            factor,
        }
    }

    /// The error of a value that is no date, or that has no time zone where `limit` has one or the
    /// other way round.
    pub(crate) fn not_a_date(
        &self,
        row: u32,
        name: &str,
        cell: &str,
        limit: Option<&str>,
    ) -> Error {
        let (path, row, id) = self.place(row);
        Error::NotADate {
            path,
            row,
            id,
            column: written(name),
            value: cell.to_owned(),
            zones: limit.map(str::to_owned),
        }
    }

    /// Where a row lies: the table of texts, the row there and the text's id.
    fn place(&self, row: u32) -> (std::path::PathBuf, usize, u64) {
        match &self.texts {
            Some((texts, at)) => {
                let row = at.of(row);
                (texts.path().to_owned(), row, texts.id(row))
            }
            None => Default::default(),
        }
    }
}

impl Rule {
    /// Checks that every column that the rule looks at is one of `columns`, those of the texts at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumn`] for the first that is not.
    pub fn check_columns(&self, columns: &[String], path: &Path) -> Result<(), Error> {
        let mut names: Vec<String> = Vec::new();
        if let Some(filter) = &self.filter {
            names.extend(filter.columns().map(str::to_owned));
        }
        if let Strategy::Product(terms) = &self.strategy {
            names.extend(terms.iter().filter_map(|term| match term {
                Term::Metadata { column, .. } if !is_length(column) => Some(unquoted(column)),
                _ => None,
            }));
        }
        names
            .iter()
            .try_for_each(|name| find(columns, name, path).map(drop))
    }
}

/// The place of a name among the columns of the texts at `path`.
fn find(columns: &[String], name: &str, path: &Path) -> Result<usize, Error> {
    if let Some(column) = columns.iter().position(|column| column == name) {
        return Ok(column);
    }
    const LIKE_ENOUGH: f64 = 0.8;
    let lower = name.trim().to_lowercase();
    let likeness = |column: &&String| strsim::jaro_winkler(&lower, &column.trim().to_lowercase());
    let nearest = columns
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|column| likeness(column) >= LIKE_ENOUGH);
    let measure = Name::new(&lower);
    Err(Error::NoColumn {
        path: path.to_owned(),
        column: name.to_owned(),
        nearest: nearest
            .map(|column| format!("`{}`", written(column)))
            .or_else(|| {
                measure
                    .meaning()
                    .map(|_| format!("`{measure}` without quotes"))
            }),
        columns: columns.iter().map(|column| written(column)).collect(),
    })
}

/// Whether an objective of this name is the text's length in characters or words.
fn is_length(name: &str) -> bool {
    matches!(Name::new(name), Name::Length | Name::Words)
}

/// A name without the quotes around it.
fn unquoted(name: &str) -> String {
    for quote in ['"', '\''] {
        let inner = name
            .strip_prefix(quote)
            .and_then(|name| name.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    name.to_owned()
}
