//! What is refused or warned of before a condition is used: names and values that are not there, names
//! that could mean two things, and texts that a missing value leaves out.

use std::collections::BTreeSet;

use super::evaluate::lenient;
use super::{Condition, Filter, Name, Value, written};
use crate::error::Error;
use crate::pool::Pool;

/// Refuses columns and classes that are not there. Warns of measures that a column is called like, and
/// of words that no text has.
pub(super) fn check(condition: &Condition, pool: &Pool<'_>) -> Result<(), Error> {
    let mut compared = Vec::new();
    condition.each(&mut |name, values| compared.push((name, values)));
    let mut warned = BTreeSet::new();
    for (name, values) in compared {
        match name {
            Name::Column(column) => words(pool, column, pool.column(column)?, values),
            Name::Predicted => classes(pool, values)?,
            _ => {}
        }
        if warned.insert(name.to_string()) {
            ambiguous(pool, name);
        }
    }
    Ok(())
}

/// Warns where an unquoted name is a measure, and a metadata column is called the same.
pub(crate) fn ambiguous(pool: &Pool<'_>, name: &Name) {
    let Some(measure) = name.meaning() else {
        return;
    };
    let plain = |name: &str| name.trim().to_lowercase().replace(['_', ' '], "-");
    let alike = |column: &&String| plain(column) == name.to_string();
    if let Some(column) = pool.columns().iter().find(alike) {
        tracing::warn!(
            "`{name}` without quotes is {measure}, not the metadata column {column:?}; \
             for the column write \"{}\"",
            column.replace('"', "\"\"")
        );
    }
}

/// Refuses classes that the model does not know.
fn classes(pool: &Pool<'_>, values: &[Value]) -> Result<(), Error> {
    let (classes, path) = pool.classes();
    for value in values {
        if !classes.iter().any(|class| lenient(class, value)) {
            let (Value::Word(text) | Value::Number(text, _) | Value::Date(text, _)) = value;
            return Err(Error::UnknownPredicted {
                class: text.clone(),
                path: path.to_owned(),
                classes: classes.to_vec(),
            });
        }
    }
    Ok(())
}

/// Warns of words that no text has in the column: misspelt ones keep nothing, or everything.
fn words(pool: &Pool<'_>, name: &str, column: usize, values: &[Value]) {
    let mut open: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Value::Word(word) => Some(word.as_str()),
            _ => None,
        })
        .collect();
    if open.is_empty() {
        return;
    }
    let mut known = BTreeSet::new();
    for cell in pool.cells(column) {
        open.retain(|word| *word != cell);
        if open.is_empty() {
            return;
        }
        if known.len() < KNOWN {
            known.insert(cell);
        }
    }
    const KNOWN: usize = 1000;
    for word in open {
        let alike = |cell: &&&str| {
            cell.trim().to_lowercase() == word.trim().to_lowercase()
                || strsim::jaro_winkler(cell, word) > 0.9
        };
        let hint = match known.iter().find(alike) {
            Some(cell) => format!(": is {cell:?} meant?"),
            None => String::new(),
        };
        tracing::warn!("no text has the {} {word:?}{hint}", written(name));
    }
}

/// Warns of texts that are left out because a value is missing that would decide.
pub(super) fn unknown(filter: &Filter, held: &[Option<bool>]) {
    let count = held.iter().filter(|held| held.is_none()).count();
    if count == 0 {
        return;
    }
    let mut columns = BTreeSet::new();
    filter.condition.each(&mut |name, _| {
        if let Name::Column(column) = name {
            columns.insert(written(column));
        }
    });
    let columns: Vec<String> = columns.into_iter().collect();
    tracing::warn!(
        "{count} of {} texts have no {}, by which `{filter}` is neither true nor false for them: they \
         are not picked (`or {} is missing` would keep them)",
        held.len(),
        columns.join(" or "),
        columns.first().map_or("", String::as_str),
    );
}
