//! The report as Markdown: the verdict and the tables, for a pull request or a paper.

use std::fmt::Write;

use crate::findings::Findings;
use crate::format;
use crate::tables;

/// The whole file.
pub(crate) fn markdown(findings: &Findings<'_>) -> String {
    let (run, evidence) = (findings.run, &findings.evidence);
    let mut text = format!("# {}\n\n{}\n\n", run.name, evidence.headline());
    // Writing to a string cannot fail.
    for arm in &evidence.arms {
        let _ = writeln!(text, "- **{}**: {}", arm.arm, evidence.sentence(arm));
    }
    for evidence in [evidence].into_iter().chain(&findings.others) {
        let zero_shot = run
            .zero_shot
            .filter(|_| evidence.measure == findings.evidence.measure);
        let _ = write!(text, "\n## {}\n\n", tables::title(evidence));
        text += &table(
            &tables::ACCURACIES,
            &tables::accuracies(evidence, zero_shot),
        );
    }
    let _ = write!(
        text,
        "\n{}\n\n## What each arm gains and saves\n\n",
        tables::NOTE
    );
    let mut columns = tables::SAVINGS.to_vec();
    if run.price.is_some() {
        columns.push("money saved");
    }
    text += &table(&columns, &tables::savings(findings));
    if let Some(target) = evidence.target {
        let _ = write!(
            text,
            "\nThe target is an accuracy of {}.\n",
            format::accuracy(target)
        );
    }
    text += "\n## Provenance\n\n";
    for (name, value) in &run.facts {
        let _ = writeln!(text, "- {name}: {}", escaped(value));
    }
    text
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut text = line(&mut columns.iter().map(|column| escaped(column)));
    let sides = ["---"]
        .into_iter()
        .chain(columns[1..].iter().map(|_| "---:"));
    text += &line(&mut sides.map(str::to_owned));
    for row in rows {
        text += &line(&mut row.iter().map(|cell| escaped(cell)));
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
