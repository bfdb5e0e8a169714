//! The report as Markdown: the verdict and the tables, for a pull request or a paper.

use std::fmt::Write;

use goldpan_artifact::visible;

use crate::figures::File;
use crate::findings::Findings;
use crate::tables::{self, Table};

/// The whole file; `figures` lie beside it.
pub(crate) fn markdown(findings: &Findings<'_>, figures: &[File]) -> String {
    let (run, evidence) = (findings.run, &findings.evidence);
    let mut text = format!("# {}\n\n{}\n\n", run.name, evidence.headline());
    // Writing to a string cannot fail.
    if let Some(why) = &run.unfinished {
        let _ = writeln!(text, "**{}** {}\n", tables::UNFINISHED, escaped(why));
    }
    for arm in &evidence.arms {
        let _ = writeln!(text, "- **{}**: {}", arm.arm, evidence.sentence(arm));
    }
    for note in findings.notes() {
        let _ = write!(text, "\n{}\n", escaped(&note));
    }
    for evidence in [evidence].into_iter().chain(&findings.others) {
        let is_main = evidence.measure == findings.evidence.measure;
        let accuracies = tables::accuracies(evidence, run.zero_shot.filter(|_| is_main));
        if !is_main {
            let _ = write!(
                text,
                "\nBy the {}: {}\n",
                escaped(&evidence.measure.name(&evidence.metric)),
                evidence.headline()
            );
        }
        text += &table(&accuracies);
    }
    let _ = write!(text, "\n{}\n", escaped(&tables::note(findings)));
    if !run.of_texts.is_empty() {
        let _ = write!(text, "\n## {}\n\n", tables::NOTES);
        for note in &run.of_texts {
            let _ = writeln!(text, "- {}", escaped(note));
        }
    }
    if !run.stops.is_empty() {
        let _ = write!(text, "\n## {}\n\n", tables::STOPS);
        for [arm, why] in tables::stops(run) {
            let _ = writeln!(text, "- {}: {}", escaped(&arm), escaped(&why));
        }
        let _ = write!(text, "\n{}\n", tables::STOPPED);
    }
    text += &table(&tables::gains(evidence));
    text += &table(&tables::savings(findings));
    let _ = write!(text, "\n{}\n", escaped(&tables::labels_note(findings)));
    if !figures.is_empty() {
        text += "\n## Figures\n";
    }
    for figure in figures {
        let described = escaped(&figure.described);
        let _ = write!(text, "\n![{described}]({})\n\n{described}.\n", figure.name);
    }
    text += "\n## Provenance\n\n";
    for (name, value) in &run.facts {
        let _ = writeln!(text, "- {name}: {}", escaped(value));
    }
    // Names of arms and classes come from data, and reports are read on terminals as well.
    visible(&text).into_owned()
}

fn table(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let all =
        |cells: &[String]| -> Vec<String> { cells.iter().map(|cell| escaped(cell)).collect() };
    let sides: Vec<String> = (0..table.columns.len())
        .map(|column| if column == 0 { "---" } else { "---:" }.to_owned())
        .collect();
    let mut text = format!("\n## {}\n\n", escaped(&table.title));
    text += &line(&all(&table.columns));
    text += &line(&sides);
    for row in &table.rows {
        text += &line(&all(row));
    }
    text
}

/// Text that is neither markup nor a new cell or line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
