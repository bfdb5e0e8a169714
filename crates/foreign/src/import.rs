//! Opening a table as Goldpan's own, whoever wrote it.

use std::path::Path;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Origin, Precision, Predictions, PredictionsWriter, Producer,
    Texts, check_same_texts,
};

use crate::beliefs::{Belief, What};
use crate::error::{Error, Flaw};
use crate::ids;
use crate::npy::{self, Matrix};
use crate::predictions::{self, finite};
use crate::source::{Format, Source};
use crate::vectors;

/// The version of this reading: it changes when the same file would give other numbers.
const VERSION: u32 = 1;

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Rows.
    pub rows: u64,
    /// Values in each row.
    pub width: usize,
    /// The classes of predictions.
    pub classes: Vec<String>,
}

/// Opens embeddings. Those of another program are checked, with the texts where these are given,
/// and copied into a temporary table first.
///
/// # Errors
///
/// When the file cannot be read, or does not hold one good vector for each of its ids.
pub fn embeddings(path: &Path, texts: Option<&Texts>) -> Result<Embeddings, Error> {
    match Embeddings::open(path) {
        Err(error) if error.is_foreign() => {}
        opened => return Ok(opened?),
    }
    let place = temporary()?;
    read_embeddings(path, texts, &Origin::default(), &place)?;
    Ok(Embeddings::open(&place)?.shown_as(path))
}

/// Opens predictions. Those of another program are checked, with the texts where these are given,
/// and copied into a temporary table first.
///
/// # Errors
///
/// When the file cannot be read, or does not hold good predictions for each of its ids.
pub fn predictions(path: &Path, texts: Option<&Texts>) -> Result<Predictions, Error> {
    match Predictions::open(path) {
        Err(error) if error.is_foreign() => {}
        opened => return Ok(opened?),
    }
    let place = temporary()?;
    read_predictions(path, texts, &Origin::default(), &place)?;
    Ok(Predictions::open(&place)?.shown_as(path))
}

/// A file that is removed once it is mapped.
fn temporary() -> Result<tempfile::TempPath, Error> {
    let file = tempfile::Builder::new().prefix("goldpan-").tempfile();
    let file = file.map_err(|source| Error::Temporary { source })?;
    Ok(file.into_temp_path())
}

/// What a table is taken to be made from: what it says itself, because it was Goldpan's once, or what
/// is `assumed`.
fn origin(source: &Source, assumed: &Origin) -> Result<Origin, Error> {
    if source.schema.metadata().contains_key("goldpan.kind") {
        tracing::warn!(
            "another program wrote {} anew, so it has no checksum any more",
            source.path.display()
        );
    }
    let own = Origin::of_metadata(|key| source.schema.metadata().get(key).map(String::as_str));
    let tables = [&own.texts, &assumed.texts].map(|texts| (source.path.as_path(), texts.as_ref()));
    check_same_texts(tables)?;
    Ok(match own.texts {
        Some(_) => own,
        None => assumed.clone(),
    })
}

/// The texts given, of which the user says that the table is.
fn said(texts: Option<&Texts>) -> Origin {
    texts.map_or_else(Origin::default, |texts| Origin::of(texts.of_texts()))
}

/// Writes embeddings of another program to `out` as a table of Goldpan's.
///
/// # Errors
///
/// When the file cannot be read, or does not hold one good vector for each of its ids.
pub fn import_embeddings(
    path: &Path,
    texts: Option<&Texts>,
    out: &Path,
) -> Result<Imported, Error> {
    read_embeddings(path, texts, &said(texts), out)
}

fn read_embeddings(
    path: &Path,
    texts: Option<&Texts>,
    assumed: &Origin,
    out: &Path,
) -> Result<Imported, Error> {
    let format = Format::of(path)?;
    if matches!(format, Format::Npy | Format::Npz) {
        let known = ["embeddings", "embedding", "vectors", "vector", "arr_0"];
        let (matrix, ids) = matrix(path, format, &known, texts)?;
        let mut table = Vectors::new(out, matrix.half, assumed.clone());
        let mut values = Vec::new();
        for (row, id) in (0..).zip(ids) {
            matrix.read(row, &mut values);
            let pushed = check(&values).map_err(|flaw| Error::Row {
                path: path.to_owned(),
                row: row + 1,
                flaw,
            });
            pushed?;
            table.push(id, &values)?;
        }
        return table.finish(path, matrix.width);
    }
    let source = Source::open(path, format)?;
    let columns = vectors::find(&source)?;
    let mut ids = ids::of_source(&source, texts)?.into_iter();
    let mut read = columns.columns().to_vec();
    read.sort_unstable();
    let mut table = Vectors::new(out, columns.half, origin(&source, assumed)?);
    let mut values = Vec::new();
    let mut number = 0;
    for batch in source.batches(&read)? {
        let batch = batch?;
        for (row, id) in (0..batch.num_rows()).zip(ids.by_ref()) {
            let good = columns
                .read(&batch, &read, row, &mut values)
                .and_then(|()| finite(&columns, &values))
                .and_then(|()| table.check(&values));
            good.map_err(|flaw| source.row(number, flaw))?;
            table.push(id, &values)?;
            number += 1;
        }
    }
    table.finish(path, 0)
}

/// Writes predictions of another program to `out` as a table of Goldpan's.
///
/// # Errors
///
/// When the file cannot be read, or does not hold good predictions for each of its ids.
pub fn import_predictions(
    path: &Path,
    texts: Option<&Texts>,
    out: &Path,
) -> Result<Imported, Error> {
    read_predictions(path, texts, &said(texts), out)
}

fn read_predictions(
    path: &Path,
    texts: Option<&Texts>,
    assumed: &Origin,
    out: &Path,
) -> Result<Imported, Error> {
    let format = Format::of(path)?;
    let classes = texts.map_or(&[][..], Texts::classes);
    let shown = texts.map(|texts| texts.path().display().to_string());
    let shown = shown.unwrap_or_default();
    let producer = Producer::new("import", VERSION);
    let row_error = |row: u64, flaw| Error::Row {
        path: path.to_owned(),
        row: row + 1,
        flaw,
    };
    if matches!(format, Format::Npy | Format::Npz) {
        let logits = ["logits"];
        let probabilities = ["probabilities", "probs", "proba", "predictions", "arr_0"];
        let known = [&logits[..], &probabilities[..]].concat();
        let (named, ids) = matrix_named(path, format, &known, texts)?;
        let (name, matrix) = named;
        let what = match name.as_str() {
            "logits" => What::Logits,
            _ => What::Unsaid,
        };
        let classes =
            predictions::in_order(&path.display().to_string(), matrix.width, classes, &shown);
        let classes = classes.map_err(|flaw| Error::Table {
            path: path.to_owned(),
            flaw,
        })?;
        let mut table =
            PredictionsWriter::create(out, &classes, producer)?.made_from(assumed.clone());
        let mut values = Vec::new();
        for (row, id) in (0..).zip(ids) {
            matrix.read(row, &mut values);
            let belief = check(&values).and_then(|()| Belief::of(&values, what));
            let belief = belief.map_err(|flaw| row_error(row, flaw))?;
            table.push(id, &belief.logits, &belief.probabilities)?;
        }
        return Ok(Imported {
            rows: table.finish()?.rows,
            width: classes.len(),
            classes,
        });
    }
    let source = Source::open(path, format)?;
    let found = predictions::find(&source, classes, &shown)?;
    if found.classes.len() < 2 {
        return Err(source.flaw(Flaw::FewClasses(found.classes.len())));
    }
    let mut ids = ids::of_source(&source, texts)?.into_iter();
    let read = found.columns();
    let mut table = PredictionsWriter::create(out, &found.classes, producer)?
        .made_from(origin(&source, assumed)?);
    let mut number = 0;
    for batch in source.batches(&read)? {
        let batch = batch?;
        for (row, id) in (0..batch.num_rows()).zip(ids.by_ref()) {
            let belief = found.read(&source, &batch, &read, row);
            let belief = belief.map_err(|flaw| row_error(number, flaw))?;
            table.push(id, &belief.logits, &belief.probabilities)?;
            number += 1;
        }
    }
    Ok(Imported {
        rows: table.finish()?.rows,
        width: found.classes.len(),
        classes: found.classes,
    })
}

/// The matrix of a NumPy file, and the ids of its rows.
fn matrix(
    path: &Path,
    format: Format,
    known: &[&str],
    texts: Option<&Texts>,
) -> Result<(Matrix, Vec<u64>), Error> {
    let ((_, matrix), ids) = matrix_named(path, format, known, texts)?;
    Ok((matrix, ids))
}

type NamedMatrix = ((String, Matrix), Vec<u64>);

fn matrix_named(
    path: &Path,
    format: Format,
    known: &[&str],
    texts: Option<&Texts>,
) -> Result<NamedMatrix, Error> {
    let mut arrays = npy::read(path, format)?;
    let place = match arrays.matrices.len() {
        1 => Some(0),
        _ => known
            .iter()
            .find_map(|name| arrays.matrices.iter().position(|(other, _)| other == name)),
    };
    let Some(place) = place else {
        let names = arrays.matrices.iter().map(|(name, _)| format!("`{name}`"));
        return Err(Error::Table {
            path: path.to_owned(),
            flaw: Flaw::SeveralVectors(names.collect::<Vec<_>>().join(", ")),
        });
    };
    let (name, matrix) = arrays.matrices.swap_remove(place);
    if let Some(given) = &arrays.ids
        && given.len() as u64 != matrix.rows
    {
        return Err(Error::Numpy {
            path: path.to_owned(),
            flaw: format!("it has {} ids for {} rows", given.len(), matrix.rows),
        });
    }
    let shown = path.display().to_string();
    let ids = ids::of_array(&shown, matrix.rows, arrays.ids.as_deref(), texts);
    let ids = ids.map_err(|(row, flaw)| {
        let path = path.to_owned();
        match row {
            Some(row) => Error::Row {
                path,
                row: row + 1,
                flaw,
            },
            None => Error::Table { path, flaw },
        }
    })?;
    Ok(((name, matrix), ids))
}

/// Checks that the values of a matrix's row are finite in 32 bits.
fn check(values: &[f64]) -> Result<(), Flaw> {
    match values.iter().position(|value| !(*value as f32).is_finite()) {
        None => Ok(()),
        Some(at) => Err(Flaw::NotFinite {
            column: "the matrix".to_owned(),
            at,
            value: values[at],
        }),
    }
}

/// A table of embeddings that is started with its first row.
struct Vectors<'a> {
    out: &'a Path,
    precision: Precision,
    origin: Origin,
    table: Option<EmbeddingsWriter>,
    width: usize,
    single: Vec<f32>,
}

impl<'a> Vectors<'a> {
    fn new(out: &'a Path, half: bool, origin: Origin) -> Self {
        Self {
            out,
            precision: match half {
                true => Precision::F16,
                false => Precision::F32,
            },
            origin,
            table: None,
            width: 0,
            single: Vec::new(),
        }
    }

    /// Checks a vector's length by the first one's.
    fn check(&self, values: &[f64]) -> Result<(), Flaw> {
        match (&self.table, values.len()) {
            (None, 0) => Err(Flaw::NoDimensions),
            (Some(_), found) if found != self.width => Err(Flaw::Length {
                expected: self.width,
                found,
            }),
            _ => Ok(()),
        }
    }

    fn start(&self, width: usize) -> Result<EmbeddingsWriter, Error> {
        let producer = Producer::new("import", VERSION);
        let table = EmbeddingsWriter::create(self.out, width, self.precision, producer)?;
        Ok(table.made_from(self.origin.clone()))
    }

    fn push(&mut self, id: u64, values: &[f64]) -> Result<(), Error> {
        let table = match &mut self.table {
            Some(table) => table,
            None => {
                self.width = values.len();
                let table = self.start(values.len())?;
                self.table.insert(table)
            }
        };
        self.single.clear();
        self.single.extend(values.iter().map(|value| *value as f32));
        Ok(table.push(id, &self.single)?)
    }

    /// Puts the table in place; without rows it has vectors of `width` values.
    fn finish(mut self, path: &Path, width: usize) -> Result<Imported, Error> {
        let table = match self.table.take() {
            Some(table) => table,
            None if width == 0 => {
                return Err(Error::Table {
                    path: path.to_owned(),
                    flaw: Flaw::NoDimensions,
                });
            }
            None => {
                self.width = width;
                self.start(width)?
            }
        };
        Ok(Imported {
            rows: table.finish()?.rows,
            width: self.width,
            classes: Vec::new(),
        })
    }
}
