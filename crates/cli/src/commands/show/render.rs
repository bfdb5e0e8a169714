//! What tables and models say of themselves, as lines.

use std::path::Path;

use goldpan_artifact::{Header, Kind, OfTexts};
use goldpan_model::ModelCard;

use crate::output::{count, grouped, line_of};
use crate::wrap::{terminal, wrapped};

/// How much of a list of names is shown.
const NAMES: usize = 100;
/// Digits of a digest that are shown.
const DIGEST: usize = 8;

/// Kind, rows, columns, classes, metadata, size and producer of a table.
pub fn header(path: &Path, header: &Header) -> String {
    let columns: Vec<String> = header.columns.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        ("table", path.display().to_string()),
        ("kind", header.kind.to_string()),
        ("rows", grouped(header.rows)),
        ("columns", columns.join(", ")),
    ];
    if !header.classes.is_empty() {
        lines.push(("classes", line_of(&header.classes.join(", "), NAMES)));
    }
    if !header.metadata.is_empty() {
        lines.push(("metadata", line_of(&header.metadata.join(", "), NAMES)));
    }
    if let Some(texts) = &header.origin.texts {
        let digest = &texts.digest.to_string()[..DIGEST];
        lines.push(match header.kind {
            Kind::Texts => ("digest", format!("{digest} of ids and texts")),
            _ => ("of texts", format!("{}, digest {digest}", of(texts))),
        });
    }
    if let Some(model) = &header.origin.model {
        lines.push(("by model", line_of(model, NAMES)));
    }
    lines.push(("bytes", grouped(header.bytes)));
    let (stage, version) = (&header.producer.stage, header.producer.version);
    lines.push((
        "made by",
        format!("{stage} {version}, format {}", header.version),
    ));
    aligned(&lines)
}

/// What a trained model's folder says.
pub fn card(path: &Path, card: &ModelCard) -> String {
    let mut lines = vec![
        ("model", path.display().to_string()),
        ("base", line_of(&card.base.name, NAMES)),
        ("digest", card.base.digest.to_string()),
        ("trained", card.tuning.to_string()),
        ("classes", line_of(&card.classes.join(", "), NAMES)),
    ];
    if let Some(texts) = &card.texts {
        let digest = &texts.digest.to_string()[..DIGEST];
        lines.push(("of texts", format!("{}, digest {digest}", of(texts))));
    }
    if let Some(length) = card.max_length {
        lines.push(("tokens", format!("at most {length} of each text")));
    }
    for (number, candidate) in card
        .choice
        .iter()
        .flat_map(|choice| &choice.candidates)
        .enumerate()
    {
        let title = if number == 0 { "chosen from" } else { "" };
        lines.push((title, candidate.to_string()));
    }
    if let Some(choice) = &card.choice {
        lines.push(("kept", choice.kept.clone()));
    }
    aligned(&lines)
}

/// `texts.arrow, 2,000 texts`
fn of(texts: &OfTexts) -> String {
    format!(
        "{}, {}",
        line_of(&texts.file, NAMES),
        count(texts.rows, "text")
    )
}

fn aligned(lines: &[(&str, String)]) -> String {
    folded(lines, terminal().map(usize::from))
}

/// Keys and values, long values in lines that fit `width`.
fn folded(lines: &[(&str, String)], width: Option<usize>) -> String {
    const KEY: usize = 9;
    let indent = " ".repeat(KEY);
    let fold = |(key, value): &(&str, String)| match width {
        Some(width) if KEY + value.chars().count() > width => {
            let value = wrapped(value, &indent, width);
            format!("{key:<KEY$}{}", value.trim_start())
        }
        _ => format!("{key:<KEY$}{value}\n"),
    };
    lines.iter().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_folded_into_a_terminal_alone() {
        let lines = [
            ("kind", "texts".to_owned()),
            ("columns", "one two three".to_owned()),
        ];
        let whole = "kind     texts\ncolumns  one two three\n";
        assert_eq!(folded(&lines, None), whole);
        assert_eq!(folded(&lines, Some(22)), whole);
        let folded = folded(&lines, Some(18));
        assert_eq!(folded, "kind     texts\ncolumns  one two\n         three\n");
    }
}
