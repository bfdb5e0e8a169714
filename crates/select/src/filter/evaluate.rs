//! Whether a condition is true of texts: yes, no, or not known where a text has no value.

use super::decimal::Decimal;
use super::moment::Moment;
use super::{Condition, Name, Order, Value};
use crate::error::Error;
use crate::pool::Pool;

/// For each of `rows` whether the condition is true; `None` where a value that decides it is missing.
pub(super) fn holds(
    condition: &Condition,
    pool: &Pool<'_>,
    rows: &[u32],
) -> Result<Vec<Option<bool>>, Error> {
    match condition {
        Condition::All(parts) => join(parts, pool, rows, true),
        Condition::Any(parts) => join(parts, pool, rows, false),
        Condition::Not(part) => {
            let held = holds(part, pool, rows)?;
            Ok(held
                .into_iter()
                .map(|held| held.map(|held| !held))
                .collect())
        }
        Condition::Missing(name) => {
            let column = pool.column(&name.to_string())?;
            let missing = |&row: &u32| Some(pool.cell(row, column).is_none());
            Ok(rows.iter().map(missing).collect())
        }
        Condition::Compare(name, order, value) => match name {
            Name::Column(column) => compare(pool, rows, column, *order, value),
            Name::Predicted => predicted(pool, rows, &|class| {
                let equal = lenient(class, value);
                equal == (*order == Order::Equal)
            }),
            _ => measured(pool, rows, name, *order, value),
        },
        Condition::In(Name::Column(column), values) => one_of(pool, rows, column, values),
        Condition::In(_, values) => predicted(pool, rows, &|class| {
            values.iter().any(|value| lenient(class, value))
        }),
    }
}

/// All of the parts (`whole` is true) or any of them. A row that a part decides is not looked at by the
/// parts after it.
fn join(
    parts: &[Condition],
    pool: &Pool<'_>,
    rows: &[u32],
    whole: bool,
) -> Result<Vec<Option<bool>>, Error> {
    let mut held = vec![Some(whole); rows.len()];
    for part in parts {
        let open: Vec<usize> = (0..rows.len())
            .filter(|&i| held[i] != Some(!whole))
            .collect();
        let asked: Vec<u32> = open.iter().map(|&i| rows[i]).collect();
        for (i, part) in open.into_iter().zip(holds(part, pool, &asked)?) {
            held[i] = match part {
                Some(decided) if decided != whole => Some(decided),
                None => None,
                Some(_) => held[i],
            };
        }
    }
    Ok(held)
}

/// A measure of the predictions or the text.
fn measured(
    pool: &Pool<'_>,
    rows: &[u32],
    name: &Name,
    order: Order,
    value: &Value,
) -> Result<Vec<Option<bool>>, Error> {
    let limit = match value {
        Value::Number(text, _) => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    let values = pool.measures(name, rows)?;
    // Measures of predictions are rounded to f32, and so is what they are compared with.
    let limit = match name.of_predictions() {
        true => f64::from(limit as f32),
        false => limit,
    };
    let holds = |value: f64| Some(order.holds(value.partial_cmp(&limit)));
    Ok(values.into_iter().map(holds).collect())
}

fn predicted(
    pool: &Pool<'_>,
    rows: &[u32],
    test: &dyn Fn(&str) -> bool,
) -> Result<Vec<Option<bool>>, Error> {
    let class = |&row: &u32| Ok(Some(test(pool.predicted(row)?)));
    rows.iter().map(class).collect()
}

/// A column's values compared with one value of its kind.
fn compare(
    pool: &Pool<'_>,
    rows: &[u32],
    name: &str,
    order: Order,
    value: &Value,
) -> Result<Vec<Option<bool>>, Error> {
    let column = pool.column(name)?;
    let test = |row: u32, cell: &str| match value {
        Value::Word(word) => Ok(order.holds(Some(cell.cmp(word)))),
        Value::Number(_, limit) => match Decimal::parse(cell.trim()) {
            Some(number) => Ok(order.holds(Some(number.cmp(limit)))),
            None => Err(pool.not_a_number(row, name, cell, false)),
        },
        Value::Date(text, limit) => {
            let moment = Moment::parse(cell.trim());
            match moment.and_then(|moment| moment.against(*limit)) {
                Some(found) => Ok(order.holds(Some(found))),
                None => Err(pool.not_a_date(row, name, cell, moment.map(|_| text.as_str()))),
            }
        }
    };
    let value = |&row: &u32| {
        pool.cell(row, column)
            .map(|cell| test(row, cell))
            .transpose()
    };
    rows.iter().map(value).collect()
}

/// Whether a column has one of several values. In a list of numbers alone, or of dates alone, other
/// values are errors; in a mixed list they are just others.
fn one_of(
    pool: &Pool<'_>,
    rows: &[u32],
    name: &str,
    values: &[Value],
) -> Result<Vec<Option<bool>>, Error> {
    if values.iter().any(|value| matches!(value, Value::Word(_))) {
        let column = pool.column(name)?;
        let test = |cell: &str| values.iter().any(|value| lenient(cell, value));
        let cell = |&row: &u32| Ok(pool.cell(row, column).map(test));
        return rows.iter().map(cell).collect();
    }
    let mut held: Vec<Option<bool>> = vec![Some(false); rows.len()];
    for value in values {
        let found = compare(pool, rows, name, Order::Equal, value)?;
        for (held, found) in held.iter_mut().zip(found) {
            *held = found.map(|found| found || *held == Some(true));
        }
    }
    Ok(held)
}

/// Whether a text is the value: the same word, an equal number, or the same moment.
pub(super) fn lenient(text: &str, value: &Value) -> bool {
    match value {
        Value::Word(word) => text == word,
        Value::Number(_, number) => Decimal::parse(text.trim()).as_ref() == Some(number),
        Value::Date(_, date) => Moment::parse(text.trim())
            .and_then(|moment| moment.against(*date))
            .is_some_and(std::cmp::Ordering::is_eq),
    }
}
