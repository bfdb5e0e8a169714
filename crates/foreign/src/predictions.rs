//! Which columns of a file have predictions, and of which classes.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::DataType;

use crate::beliefs::{Belief, What};
use crate::cell::{cells, is_cell};
use crate::error::{Error, Flaw};
use crate::numbers::{is_vector, list_of, list_row, number};
use crate::source::Source;
use crate::vectors::Columns;

/// Columns of lists, by name.
const LOGITS: [&str; 2] = ["logits", "logit"];
const PROBABILITIES: [&str; 8] = [
    "probabilities",
    "probability",
    "probs",
    "prob",
    "proba",
    "predict_proba",
    "y_proba",
    "y_prob",
];

/// What stands before a class's name in the name of its column.
const PREFIXES: [(&str, What); 9] = [
    ("logits", What::Logits),
    ("logit", What::Logits),
    ("probabilities", What::Probabilities),
    ("probability", What::Probabilities),
    ("proba", What::Probabilities),
    ("probs", What::Probabilities),
    ("prob", What::Probabilities),
    ("p", What::Probabilities),
    ("score", What::Unsaid),
];

/// Names of columns that hold the best class, and of its score.
const BEST: [&str; 4] = ["predicted", "predicted_label", "prediction", "label"];
const SCORE: [&str; 3] = ["score", "confidence", "probability"];

/// Where a row's predictions are.
pub(crate) enum Shape {
    /// Numbers for all classes, in the order of the file: of each kind one at least.
    Numbers {
        logits: Option<Columns>,
        probabilities: Option<(Columns, What)>,
    },
    /// A list of `label` and `score`.
    Scores(usize),
    /// The best class and its probability, of two classes.
    Best { label: usize, score: usize },
}

/// A file's predictions.
pub(crate) struct Found {
    pub(crate) shape: Shape,
    /// The classes, in the order of the numbers.
    pub(crate) classes: Vec<String>,
}

/// Finds predictions; `classes` are those of the texts, where these have some.
pub(crate) fn find(source: &Source, classes: &[String], texts: &str) -> Result<Found, Error> {
    if let Some(found) = lists(source, classes, texts)? {
        return Ok(found);
    }
    if let Some(column) = scores(source) {
        let classes = match classes {
            [] => labels_of_first_row(source, column)?,
            classes => classes.to_vec(),
        };
        let shape = Shape::Scores(column);
        return Ok(Found { shape, classes });
    }
    if let Some(found) = class_columns(source, classes)? {
        return Ok(found);
    }
    let of = |names: &[&str], good: &dyn Fn(&DataType) -> bool| {
        let columns = names.iter().filter_map(|name| source.named(name));
        columns
            .into_iter()
            .find(|&column| good(source.kind(column)))
    };
    let best = of(&BEST, &|kind| is_cell(kind) && !kind.is_floating());
    let score = of(&SCORE, &DataType::is_floating);
    match (best, score, classes.len()) {
        (Some(label), Some(score), 2) => Ok(Found {
            shape: Shape::Best { label, score },
            classes: classes.to_vec(),
        }),
        (Some(_), Some(_), 3..) => {
            let classes = classes.len();
            Err(source.flaw(Flaw::OneScore { classes }))
        }
        _ => {
            let columns = source.columns();
            Err(source.flaw(Flaw::NoPredictions { columns }))
        }
    }
}

/// Columns with a list of numbers for all classes.
fn lists(source: &Source, classes: &[String], texts: &str) -> Result<Option<Found>, Error> {
    let fields = source.schema.fields().len();
    let vector = |column: &usize| is_vector(source.kind(*column));
    let named = |names: &[&str]| {
        let columns = names.iter().filter_map(|name| source.named(name));
        columns.into_iter().find(vector)
    };
    let logits = named(&LOGITS);
    let mut probabilities = named(&PROBABILITIES).map(|column| (column, What::Probabilities));
    if logits.is_none() && probabilities.is_none() {
        let all: Vec<usize> = (0..fields).filter(vector).collect();
        match all[..] {
            [] => return Ok(None),
            [column] => probabilities = Some((column, What::Unsaid)),
            _ => {
                let names = all.iter().map(|&c| format!("`{}`", source.name(c)));
                let names = names.collect::<Vec<_>>().join(", ");
                return Err(source.flaw(Flaw::SeveralVectors(names)));
            }
        }
    }
    let column = logits.or(probabilities.map(|(column, _)| column));
    let width = match column {
        Some(column) => width(source, column)?,
        None => 0,
    };
    let own = source.schema.metadata().get("goldpan.classes");
    let own: Option<Vec<String>> = own.and_then(|names| serde_json::from_str(names).ok());
    let classes = match own.filter(|names| names.len() == width) {
        Some(names) => names,
        None => in_order(&source.path.display().to_string(), width, classes, texts)
            .map_err(|flaw| source.flaw(flaw))?,
    };
    Ok(Some(Found {
        shape: Shape::Numbers {
            logits: logits.map(|column| Columns::list(source, column)),
            probabilities: probabilities
                .map(|(column, what)| (Columns::list(source, column), what)),
        },
        classes,
    }))
}

/// The classes of numbers that have no names: those of the texts in their order, or numbers.
pub(crate) fn in_order(
    shown: &str,
    width: usize,
    classes: &[String],
    texts: &str,
) -> Result<Vec<String>, Flaw> {
    if width < 2 {
        return Err(Flaw::FewClasses(width));
    }
    match classes {
        [] => {
            let names: Vec<String> = (0..width).map(|class| class.to_string()).collect();
            tracing::warn!(
                "{shown} does not name its classes: they are called {}",
                names.join(", ")
            );
            Ok(names)
        }
        classes if classes.len() == width => {
            tracing::warn!(
                "{shown} does not name its classes: its numbers are taken for {}, in this order",
                classes.join(", ")
            );
            Ok(classes.to_vec())
        }
        classes => Err(Flaw::ClassCount {
            found: width,
            texts: texts.to_owned(),
            classes: classes.join(", "),
        }),
    }
}

/// How many numbers the first row of a column of lists has.
fn width(source: &Source, column: usize) -> Result<usize, Error> {
    if let DataType::FixedSizeList(_, width) = source.kind(column) {
        return Ok(*width as usize);
    }
    let columns = Columns::list(source, column);
    let mut values = Vec::new();
    for batch in source.batches(&[column])? {
        let batch = batch?;
        if batch.num_rows() > 0 {
            let read = columns.read(&batch, &[column], 0, &mut values);
            read.map_err(|flaw| source.row(0, flaw))?;
            return Ok(values.len());
        }
    }
    Ok(0)
}

/// A column with a list of `label` and `score` in each row, as pipelines of transformers give it.
fn scores(source: &Source) -> Option<usize> {
    let fits = |column: &usize| {
        let Some(DataType::Struct(fields)) = list_of(source.kind(*column)) else {
            return false;
        };
        let part = |name: &str| fields.find(name).map(|(_, field)| field.data_type());
        part("label").is_some_and(|kind| is_cell(kind) && !kind.is_floating())
            && part("score").is_some_and(DataType::is_floating)
    };
    (0..source.schema.fields().len()).find(fits)
}

fn labels_of_first_row(source: &Source, column: usize) -> Result<Vec<String>, Error> {
    for batch in source.batches(&[column])? {
        let batch = batch?;
        if batch.num_rows() > 0 {
            let (labels, _) = labelled_scores(batch.column(0), 0, source.name(column))
                .map_err(|flaw| source.row(0, flaw))?;
            let mut classes = labels;
            classes.sort_unstable();
            return Ok(classes);
        }
    }
    Ok(Vec::new())
}

/// The labels and scores of a row.
fn labelled_scores(
    array: &dyn Array,
    row: usize,
    column: &str,
) -> Result<(Vec<String>, Vec<f64>), Flaw> {
    let null = || Flaw::Null {
        column: column.to_owned(),
    };
    if array.is_null(row) {
        return Err(null());
    }
    let (values, range) = list_row(array, row).ok_or_else(null)?;
    let values = values.slice(range.start, range.len());
    let parts: &StructArray = values.as_struct();
    let label = parts.column_by_name("label").ok_or_else(null)?;
    let score = parts.column_by_name("score").ok_or_else(null)?;
    let labels = cells(label).iter().map(|cell| cell.text()).collect();
    let mut numbers = Vec::new();
    for row in 0..score.len() {
        number(score, row, "score", &mut numbers)?;
    }
    Ok((labels, numbers))
}

/// Columns of one number for each class.
fn class_columns(source: &Source, classes: &[String]) -> Result<Option<Found>, Error> {
    let floats: Vec<usize> = (0..source.schema.fields().len())
        .filter(|&column| source.kind(column).is_floating())
        .filter(|&column| !matches!(source.name(column), "id" | "row" | "key"))
        .collect();
    if floats.len() < 2 {
        return Ok(None);
    }
    // Each way of naming columns; the first that fits is taken. Plain names come first where they can
    // be compared with the classes, and last where any name would do.
    let mut ways = vec![("", What::Unsaid)];
    ways.extend(PREFIXES);
    if classes.is_empty() {
        ways.rotate_left(1);
    }
    for (prefix, what) in ways {
        let named: Vec<(String, usize)> = floats
            .iter()
            .filter_map(|&column| Some((class_of(source.name(column), prefix)?, column)))
            .collect();
        let found = match classes {
            [] => unnamed(source, prefix, &named),
            classes => by_classes(source, &named, classes)?,
        };
        let Some((classes, columns)) = found else {
            continue;
        };
        let columns = Columns::dimensions(source, columns);
        let (logits, probabilities) = match what {
            What::Logits => (Some(columns), None),
            what => (None, Some((columns, what))),
        };
        let shape = Shape::Numbers {
            logits,
            probabilities,
        };
        return Ok(Some(Found { shape, classes }));
    }
    Ok(None)
}

/// A column's name without the prefix and what joins them.
fn class_of(name: &str, prefix: &str) -> Option<String> {
    let rest = name.strip_prefix(prefix)?;
    if prefix.is_empty() {
        return Some(rest.to_owned());
    }
    let rest = rest.strip_prefix(['_', '-', '.', ':', ' '])?;
    (!rest.is_empty()).then(|| rest.to_owned())
}

type ClassColumns = Option<(Vec<String>, Vec<usize>)>;

/// Classes whose names only the columns tell. Without a prefix any column may be one; the rows' sums show
/// whether they are.
fn unnamed(source: &Source, prefix: &str, named: &[(String, usize)]) -> ClassColumns {
    if named.len() < 2 {
        return None;
    }
    if prefix.is_empty() {
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        tracing::warn!(
            "the columns {} of {} are taken for the classes",
            names.join(", "),
            source.path.display()
        );
    }
    Some(named.iter().cloned().unzip())
}

/// The columns of these classes, by name, or by number where the names are numbers from 0.
fn by_classes(
    source: &Source,
    named: &[(String, usize)],
    classes: &[String],
) -> Result<ClassColumns, Error> {
    let column = |class: &str| named.iter().find(|(name, _)| name == class);
    let found: Vec<_> = classes.iter().map(|class| column(class)).collect();
    if found.iter().all(Option::is_some) {
        let columns = found
            .into_iter()
            .flatten()
            .map(|(_, column)| *column)
            .collect();
        return Ok(Some((classes.to_vec(), columns)));
    }
    if let Some(missing) = found.iter().position(Option::is_none)
        && found.iter().flatten().count() > 0
    {
        return Err(source.flaw(Flaw::MissingClass {
            class: classes[missing].clone(),
            columns: source.columns(),
            classes: classes.join(", "),
        }));
    }
    let number = |name: &str| {
        name.strip_prefix("LABEL_")
            .unwrap_or(name)
            .parse::<usize>()
            .ok()
    };
    let at = |class: usize| named.iter().find(|(name, _)| number(name) == Some(class));
    let found: Option<Vec<_>> = (0..classes.len()).map(at).collect();
    let Some(found) = found else {
        return Ok(None);
    };
    if at(classes.len()).is_some() {
        return Err(source.flaw(Flaw::ClassCount {
            found: named
                .iter()
                .filter(|(name, _)| number(name).is_some())
                .count(),
            texts: "what is predicted".to_owned(),
            classes: classes.join(", "),
        }));
    }
    let pairs = found.iter().zip(classes);
    let pairs = pairs.map(|((_, column), class)| format!("`{}` for {class}", source.name(*column)));
    tracing::warn!(
        "{} names its classes by numbers: {}",
        source.path.display(),
        pairs.collect::<Vec<_>>().join(", ")
    );
    let columns = found.into_iter().map(|(_, column)| *column).collect();
    Ok(Some((classes.to_vec(), columns)))
}

impl Found {
    /// The columns to read, ascending.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let mut columns = match &self.shape {
            Shape::Numbers {
                logits,
                probabilities,
            } => {
                let probabilities = probabilities.as_ref().map(|(columns, _)| columns);
                let all = logits.iter().chain(probabilities);
                all.flat_map(|columns| columns.columns().iter().copied())
                    .collect()
            }
            Shape::Scores(column) => vec![*column],
            Shape::Best { label, score } => vec![*label, *score],
        };
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// What a row of a batch that has the columns `read` says.
    pub(crate) fn read(
        &self,
        source: &Source,
        batch: &RecordBatch,
        read: &[usize],
        row: usize,
    ) -> Result<Belief, Flaw> {
        let mut values = Vec::new();
        match &self.shape {
            Shape::Numbers {
                logits,
                probabilities,
            } => {
                let mut numbers = |columns: &Columns| {
                    columns.read(batch, read, row, &mut values)?;
                    finite(columns, &values)?;
                    match values.len() == self.classes.len() {
                        true => Ok(values.clone()),
                        false => Err(Flaw::Length {
                            expected: self.classes.len(),
                            found: values.len(),
                        }),
                    }
                };
                match (logits, probabilities) {
                    (Some(logits), Some((probabilities, _))) => {
                        let logits = numbers(logits)?;
                        Belief::of_both(&logits, &numbers(probabilities)?)
                    }
                    (Some(logits), None) => Belief::of(&numbers(logits)?, What::Logits),
                    (None, Some((columns, what))) => Belief::of(&numbers(columns)?, *what),
                    (None, None) => Belief::of(&[], What::Unsaid),
                }
            }
            Shape::Scores(column) => {
                let place = read.binary_search(column).unwrap_or_default();
                let name = source.name(*column);
                let (labels, scores) = labelled_scores(batch.column(place), row, name)?;
                self.by_label(&labels, &scores)
            }
            Shape::Best { label, score } => {
                let column = |column: &usize| {
                    let place = read.binary_search(column).unwrap_or_default();
                    batch.column(place).slice(row, 1)
                };
                let name = cells(&column(label))
                    .pop()
                    .map(|cell| cell.text())
                    .unwrap_or_default();
                number(&column(score), 0, source.name(*score), &mut values)?;
                let class = self.class(&name)?;
                let mut both = vec![1.0 - values[0]; 2];
                both[class] = values[0];
                Belief::of(&both, What::Probabilities)
            }
        }
    }

    fn class(&self, label: &str) -> Result<usize, Flaw> {
        let place = self.classes.iter().position(|class| class == label);
        place.ok_or_else(|| Flaw::UnknownClass {
            label: label.to_owned(),
            classes: self.classes.join(", "),
        })
    }

    fn by_label(&self, labels: &[String], scores: &[f64]) -> Result<Belief, Flaw> {
        let mut found = vec![Vec::new(); self.classes.len()];
        for (label, score) in labels.iter().zip(scores) {
            found[self.class(label)?].push(*score);
        }
        if let Some(class) = found.iter().position(|scores| scores.len() != 1) {
            return Err(Flaw::ScoreCount {
                class: self.classes[class].clone(),
                found: found[class].len(),
            });
        }
        Belief::of(&found.concat(), What::Unsaid)
    }
}

/// Checks that numbers are finite in 32 bits.
pub(crate) fn finite(columns: &Columns, values: &[f64]) -> Result<(), Flaw> {
    match values.iter().position(|value| !(*value as f32).is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (column, place) = columns.place(at);
            Err(Flaw::NotFinite {
                column,
                at: place,
                value: values[at],
            })
        }
    }
}
