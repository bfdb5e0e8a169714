//! The first rows of a table.

use std::fmt::Display;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Drawn, presets};
use goldpan_artifact::{Embeddings, Predictions, Table};

use crate::output::{grouped, line_of};
use crate::wrap::terminal;

/// Characters of a text that are shown.
const TEXT: usize = 72;
/// Components of a vector that are shown.
const COMPONENTS: usize = 4;

/// The first `count` rows, and how many more there are.
pub fn first(table: &Table, count: usize) -> String {
    let shown = table.len().min(count);
    let mut drawn = Drawn::new();
    drawn.load_style(presets::UTF8_FULL_CONDENSED);
    // Wide tables are folded into the terminal; a program that reads them gets each row in one line.
    if let Some(width) = terminal() {
        drawn
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    let names = names(table).into_iter();
    drawn.set_header(names.map(|name| line_of(name, TEXT)));
    for row in 0..shown {
        drawn.add_row(cells(table, row));
    }
    let more = match table.len() - shown {
        0 => String::new(),
        more => format!("and {} more\n", grouped(more as u64)),
    };
    format!("{drawn}\n{more}")
}

fn names(table: &Table) -> Vec<&str> {
    match table {
        Table::Texts(texts) => {
            let key = has_keys(texts).then_some("key");
            let metadata = texts.metadata().iter().map(String::as_str);
            let names = ["id", "label", "text"].into_iter();
            names.chain(key).chain(metadata).collect()
        }
        Table::Embeddings(_) => vec!["id", "embedding", "length"],
        Table::Predictions(_) => vec!["id", "class", "probability", "logits"],
        Table::Selection(selection) => {
            let objectives = selection.objectives().iter().map(String::as_str);
            ["rank", "id", "score"]
                .into_iter()
                .chain(objectives)
                .collect()
        }
        Table::Labels(_) => vec!["id", "label", "source", "round"],
        Table::History(_) => vec![
            "epoch",
            "step",
            "loss",
            "learning rate",
            "validation loss",
            "accuracy",
            "macro-F1",
        ],
        Table::Results(_) => vec![
            "arm",
            "seed",
            "round",
            "labelled",
            "epoch",
            "accuracy",
            "loss",
            "macro-F1",
            "seconds",
            "last accuracy",
            "test accuracy",
            "object",
        ],
    }
}

/// Whether any of the first rows has a key of the user's own.
fn has_keys(texts: &goldpan_artifact::Texts) -> bool {
    (0..texts.len().min(1000)).any(|row| texts.key(row).is_some())
}

fn cells(table: &Table, row: usize) -> Vec<Cell> {
    match table {
        Table::Texts(texts) => {
            let label = texts.label(row).map(|label| class(texts.classes(), label));
            let mut cells = vec![
                right(texts.id(row)),
                Cell::new(label.unwrap_or_default()),
                Cell::new(line_of(texts.text(row), TEXT)),
            ];
            if has_keys(texts) {
                cells.push(Cell::new(line_of(texts.key(row).unwrap_or_default(), TEXT)));
            }
            let metadata = 0..texts.metadata().len();
            let value = |column| texts.metadata_value(row, column).unwrap_or_default();
            cells.extend(metadata.map(|column| Cell::new(line_of(value(column), TEXT))));
            cells
        }
        Table::Embeddings(embeddings) => embedding(embeddings, row),
        Table::Predictions(predictions) => prediction(predictions, row),
        Table::Selection(selection) => {
            let mut cells = vec![
                right(selection.rank(row)),
                right(selection.id(row)),
                number(selection.score(row)),
            ];
            let objectives = 0..selection.objectives().len();
            cells.extend(objectives.map(|k| number(selection.objective(row, k))));
            cells
        }
        Table::Labels(labels) => vec![
            right(labels.id(row)),
            Cell::new(class(labels.classes(), labels.label(row))),
            Cell::new(line_of(labels.source(row), TEXT)),
            right(labels.round(row)),
        ],
        Table::History(history) => {
            let row = history.row(row);
            let optional = |value: Option<f32>| value.map_or_else(|| Cell::new(""), number);
            vec![
                right(row.epoch),
                right(row.step),
                optional(row.loss),
                row.learning_rate
                    .map_or_else(|| Cell::new(""), |rate| right(format!("{rate:.2e}"))),
                optional(row.validation_loss),
                optional(row.validation_accuracy),
                optional(row.validation_macro_f1),
            ]
        }
        Table::Results(results) => {
            let row = results.row(row);
            let whole = |value: Option<u64>| value.map_or_else(|| Cell::new(""), right);
            let optional = |value: Option<f32>| value.map_or_else(|| Cell::new(""), number);
            vec![
                Cell::new(line_of(&row.arm, TEXT)),
                whole(row.seed),
                right(row.round),
                right(row.labelled),
                whole(row.epoch),
                number(row.accuracy),
                number(row.loss),
                number(row.macro_f1),
                number(row.seconds),
                optional(row.last_accuracy),
                optional(row.test_accuracy),
                Cell::new(line_of(&row.object, TEXT)),
            ]
        }
    }
}

fn embedding(embeddings: &Embeddings, row: usize) -> Vec<Cell> {
    let mut vector = vec![0.0; embeddings.dimension()];
    embeddings.row_f32(row, &mut vector);
    let length: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    vec![
        right(embeddings.id(row)),
        Cell::new(components(&vector)),
        number(length.sqrt() as f32),
    ]
}

fn prediction(predictions: &Predictions, row: usize) -> Vec<Cell> {
    let probabilities = predictions.probabilities(row);
    let best = probabilities
        .iter()
        .zip(0..)
        .max_by(|(a, i), (b, j)| a.total_cmp(b).then(i32::cmp(j, i)));
    let (probability, label) = best.map_or((f32::NAN, -1), |(value, class)| (*value, class));
    vec![
        right(predictions.id(row)),
        Cell::new(class(predictions.classes(), label)),
        number(probability),
        Cell::new(components(predictions.logits(row))),
    ]
}

/// The first components of a vector.
fn components(vector: &[f32]) -> String {
    let shown = vector
        .iter()
        .take(COMPONENTS)
        .map(|value| format!("{value:.4}"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if vector.len() > COMPONENTS {
        text += &format!(", … ({})", vector.len());
    }
    text
}

/// The class's name, or the number where there is none.
fn class(classes: &[String], label: i32) -> String {
    let name = usize::try_from(label)
        .ok()
        .and_then(|label| classes.get(label));
    name.map_or_else(|| label.to_string(), |name| line_of(name, TEXT))
}

fn number(value: f32) -> Cell {
    right(format!("{value:.4}"))
}

fn right(value: impl Display) -> Cell {
    Cell::new(value.to_string()).set_alignment(CellAlignment::Right)
}
