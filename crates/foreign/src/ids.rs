//! Which text each row is of.

use std::collections::{HashMap, HashSet};

use goldpan_artifact::Texts;

use crate::cell::{Cell, cells, is_cell};
use crate::error::{Error, Flaw};
use crate::source::Source;

/// Where pandas puts an index that has no name.
const PANDAS: &str = "__index_level_0__";

/// What the values of a column of ids are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Goldpan's ids.
    Ids,
    /// The user's own keys.
    Keys,
    /// One of the two, as they fit.
    Either,
}

/// The ids of a file's rows, from its column of ids or keys, or from the order of its rows.
///
/// # Errors
/// If no text fits, or if two columns of the file, or its texts, say different things.
pub(crate) fn of_source(source: &Source, texts: Option<&Texts>) -> Result<Vec<u64>, Error> {
    let user = texts.and_then(|texts| texts.columns().key.as_deref());
    let user = user.filter(|name| !["id", "row", "key"].contains(name));
    let known = [
        Some(("id", Meaning::Either)),
        Some(("row", Meaning::Ids)),
        Some(("key", Meaning::Keys)),
        user.map(|name| (name, Meaning::Keys)),
        Some((PANDAS, Meaning::Ids)),
    ];
    let mut found = known
        .into_iter()
        .flatten()
        .filter_map(|(name, meaning)| Some((source.named(name)?, meaning)));
    let ids = by_column(source, texts, found.next())?;
    for (column, meaning) in found.filter(|(column, _)| source.name(*column) != PANDAS) {
        let name = source.name(column);
        let values = values(source, column)?;
        if resolve(name, &values, meaning, texts).is_ok_and(|others| others != ids) {
            return Err(source.flaw(Flaw::TwoColumns {
                column: name.to_owned(),
            }));
        }
    }
    check_texts(source, texts, &ids)?;
    Ok(ids)
}

/// The values of a column of ids.
fn values(source: &Source, column: usize) -> Result<Vec<Cell>, Error> {
    let mut values = Vec::new();
    for batch in source.batches(&[column])? {
        values.extend(cells(batch?.column(0)));
    }
    Ok(values)
}

/// Compares the texts that the file has with those that its ids stand for.
fn check_texts(source: &Source, texts: Option<&Texts>, ids: &[u64]) -> Result<(), Error> {
    let Some(texts) = texts else {
        return Ok(());
    };
    let own = texts.columns().text.as_deref();
    let names = own.into_iter().chain(["text", "sentence", "content"]);
    let mut found = names.filter_map(|name| source.named(name));
    let found = found.find(|&column| is_cell(source.kind(column)));
    let Some(column) = found else {
        return Ok(());
    };
    let rows: HashMap<u64, usize> = texts.ids().zip(0..).collect();
    for ((row, value), id) in (0..).zip(values(source, column)?).zip(ids) {
        let (Cell::Text(found), Some(&place)) = (&value, rows.get(id)) else {
            continue;
        };
        if found != texts.text(place) {
            let flaw = Flaw::OtherText {
                column: source.name(column).to_owned(),
                id: *id,
                texts: texts.path().to_owned(),
            };
            return Err(source.row(row, flaw));
        }
    }
    Ok(())
}

/// The ids by one column, or without one in the order of the rows.
fn by_column(
    source: &Source,
    texts: Option<&Texts>,
    found: Option<(usize, Meaning)>,
) -> Result<Vec<u64>, Error> {
    let Some((column, meaning)) = found else {
        let rows = rows(source)?;
        if let Some(range) = pandas_range(source).filter(|range| !range.counts_rows()) {
            return of_range(source, &range, rows, texts);
        }
        let ids = in_order(rows, texts).map_err(|flaw| source.flaw(flaw))?;
        let others = source.schema.fields().iter();
        let others =
            others.filter(|field| is_cell(field.data_type()) && !field.data_type().is_floating());
        let others: Vec<String> = others.map(|field| format!("`{}`", field.name())).collect();
        let also = match others.as_slice() {
            [] => String::new(),
            names => format!(" ({} is not looked at)", names.join(", ")),
        };
        warn_of_order(&source.path.display().to_string(), texts, &also);
        return Ok(ids);
    };
    let name = source.name(column).to_owned();
    if !is_cell(source.kind(column)) {
        return Err(source.flaw(Flaw::IdType {
            column: name,
            found: source.kind(column).to_string(),
        }));
    }
    if name == PANDAS {
        tracing::warn!(
            "{}: the index that pandas wrote (`{PANDAS}`) is taken for the ids of the texts",
            source.path.display()
        );
    }
    let values = values(source, column)?;
    let ids = resolve(&name, &values, meaning, texts);
    ids.map_err(|(row, flaw)| match row {
        Some(row) => source.row(row, flaw),
        None => source.flaw(flaw),
    })
}

/// An index that pandas keeps as a range, in the schema's metadata alone.
struct PandasRange {
    start: i64,
    stop: i64,
    step: i64,
}

impl PandasRange {
    /// Whether the range is 0, 1, 2, and so on, as of a frame without an index of its own.
    fn counts_rows(&self) -> bool {
        (self.start, self.step) == (0, 1)
    }

    /// How many numbers it has.
    fn len(&self) -> Option<u64> {
        let span = self.stop.checked_sub(self.start)?;
        let steps = span.checked_div(self.step)?;
        let steps = steps.checked_add(i64::from(span.checked_rem(self.step)? != 0))?;
        u64::try_from(steps.max(0)).ok()
    }
}

/// The range that pandas took for the index of the rows, if it wrote the file.
fn pandas_range(source: &Source) -> Option<PandasRange> {
    let metadata = source.schema.metadata().get("pandas")?;
    let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let mut columns = metadata.get("index_columns")?.as_array()?.iter();
    let range = columns.find(|column| column.get("kind").is_some_and(|kind| kind == "range"))?;
    let number = |key| range.get(key)?.as_i64();
    Some(PandasRange {
        start: number("start")?,
        stop: number("stop")?,
        step: number("step")?,
    })
}

/// The numbers of a range as the ids of the rows.
fn of_range(
    source: &Source,
    range: &PandasRange,
    rows: u64,
    texts: Option<&Texts>,
) -> Result<Vec<u64>, Error> {
    if range.len() != Some(rows) {
        return Err(source.flaw(Flaw::PandasRange {
            start: range.start,
            stop: range.stop,
            step: range.step,
            rows,
        }));
    }
    tracing::warn!(
        "{}: the index of pandas, from {} by steps of {}, is taken for the ids of the texts",
        source.path.display(),
        range.start,
        range.step
    );
    let number =
        |row: u64| Cell::Whole(i128::from(range.start) + i128::from(row) * i128::from(range.step));
    let values: Vec<Cell> = (0..rows).map(number).collect();
    let ids = resolve("index of pandas", &values, Meaning::Ids, texts);
    ids.map_err(|(row, flaw)| match row {
        Some(row) => source.row(row, flaw),
        None => source.flaw(flaw),
    })
}

/// The ids of the rows of an array, which are given or in the order of the texts.
pub(crate) fn of_array(
    shown: &str,
    rows: u64,
    given: Option<&[Cell]>,
    texts: Option<&Texts>,
) -> Result<Vec<u64>, (Option<u64>, Flaw)> {
    if let Some(values) = given {
        return resolve("id", values, Meaning::Either, texts);
    }
    let ids = in_order(rows, texts).map_err(|flaw| (None, flaw))?;
    warn_of_order(shown, texts, "");
    Ok(ids)
}

fn warn_of_order(shown: &str, texts: Option<&Texts>, also: &str) {
    let whose = match texts {
        Some(texts) => format!("the text in that row of {}", texts.path().display()),
        None => "the text with that number".to_owned(),
    };
    tracing::warn!(
        "{shown} has no column `id` or `key`{also}: each row is taken for {whose}, from 0"
    );
}

/// How many rows a file has.
fn rows(source: &Source) -> Result<u64, Error> {
    if source.schema.fields().is_empty() {
        return Ok(0);
    }
    let mut rows = 0;
    for batch in source.batches(&[0])? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

/// The texts' own ids, or numbers from 0.
fn in_order(rows: u64, texts: Option<&Texts>) -> Result<Vec<u64>, Flaw> {
    match texts {
        None => Ok((0..rows).collect()),
        Some(texts) if texts.len() as u64 == rows => Ok(texts.ids().collect()),
        Some(texts) => Err(Flaw::Rows {
            found: rows,
            texts: texts.path().to_owned(),
            expected: texts.len() as u64,
        }),
    }
}

type Resolved = Result<Vec<u64>, (Option<u64>, Flaw)>;

/// The ids that the values of a column stand for: each once, and all of them the texts' where these
/// are given. Errors name the row, from 0.
fn resolve(column: &str, values: &[Cell], meaning: Meaning, texts: Option<&Texts>) -> Resolved {
    for (row, value) in (0..).zip(values) {
        if *value == Cell::Null {
            let column = column.to_owned();
            return Err((Some(row), Flaw::Null { column }));
        }
    }
    let ids = match texts {
        None if meaning == Meaning::Keys => {
            let column = column.to_owned();
            return Err((None, Flaw::KeysAlone { column }));
        }
        None => numbers(column, values, None)?,
        Some(texts) => {
            let keys = keys(texts);
            match meaning {
                Meaning::Ids => numbers(column, values, Some(texts))?,
                Meaning::Keys => by_key(column, values, texts, &keys)?,
                Meaning::Either if keys.is_empty() => numbers(column, values, Some(texts))?,
                Meaning::Either => {
                    let by_number = numbers(column, values, Some(texts));
                    let by_key = by_key(column, values, texts, &keys);
                    match (by_number, by_key) {
                        (Ok(numbers), Ok(keys)) if numbers != keys => {
                            let texts = texts.path().to_owned();
                            let column = column.to_owned();
                            return Err((None, Flaw::TwoReadings { column, texts }));
                        }
                        (_, Ok(ids)) => ids,
                        (Ok(ids), Err(_)) => {
                            tracing::warn!(
                                "`{column}` is taken for row numbers of {}, whose keys are others",
                                texts.path().display()
                            );
                            ids
                        }
                        // What goes wrong later is what was meant.
                        (Err(number), Err(key)) => {
                            return Err(if number.0 > key.0 { number } else { key });
                        }
                    }
                }
            }
        }
    };
    let mut seen = HashSet::with_capacity(ids.len());
    match ids.iter().position(|id| !seen.insert(*id)) {
        None => Ok(ids),
        Some(row) => Err((
            Some(row as u64),
            Flaw::RepeatedId {
                column: column.to_owned(),
                value: values[row].text(),
            },
        )),
    }
}

/// The values as Goldpan's ids.
fn numbers(column: &str, values: &[Cell], texts: Option<&Texts>) -> Resolved {
    let known: Option<HashSet<u64>> = texts.map(|texts| texts.ids().collect());
    let id = |(row, value): (u64, &Cell)| {
        let number = match value {
            Cell::Whole(number) => u64::try_from(*number).ok(),
            // Only as numbers are written: `007` may be a key.
            Cell::Text(text) => text.parse().ok().filter(|id: &u64| id.to_string() == *text),
            Cell::Null => None,
        };
        let (column, value) = (column.to_owned(), value.text());
        match (number, &known, texts) {
            (None, ..) => Err((Some(row), Flaw::BadId { column, value })),
            (Some(id), Some(known), Some(texts)) if !known.contains(&id) => {
                let texts = texts.path().to_owned();
                Err((
                    Some(row),
                    Flaw::UnknownId {
                        column,
                        value,
                        texts,
                    },
                ))
            }
            (Some(id), ..) => Ok(id),
        }
    };
    (0..).zip(values).map(id).collect()
}

/// The values as the user's own keys.
fn by_key(
    column: &str,
    values: &[Cell],
    texts: &Texts,
    keys: &HashMap<&str, Option<u64>>,
) -> Resolved {
    let id = |(row, value): (u64, &Cell)| {
        let value = value.text();
        match keys.get(value.as_str()) {
            Some(Some(id)) => Ok(*id),
            found => {
                let (column, texts) = (column.to_owned(), texts.path().to_owned());
                let flaw = match found {
                    Some(_) => Flaw::AmbiguousKey {
                        column,
                        value,
                        texts,
                    },
                    None => Flaw::UnknownId {
                        column,
                        value,
                        texts,
                    },
                };
                Err((Some(row), flaw))
            }
        }
    };
    (0..).zip(values).map(id).collect()
}

/// The id of each key; nothing for a key that several texts have.
fn keys(texts: &Texts) -> HashMap<&str, Option<u64>> {
    let mut keys = HashMap::new();
    for row in 0..texts.len() {
        if let Some(key) = texts.key(row) {
            keys.entry(key)
                .and_modify(|id| *id = None)
                .or_insert(Some(texts.id(row)));
        }
    }
    keys
}
