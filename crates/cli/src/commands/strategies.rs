//! `goldpan select --list`: what each strategy picks, needs and costs, in lines that fit the terminal.

use goldpan_select::{About, STRATEGIES};

use crate::wrap::{width, wrapped};

/// What stands before the lines below a name.
const INDENT: &str = "    ";

const LEGEND: &str = "Costs are for n texts to choose from, l labelled ones, k picks, d values in an \
    embedding and c classes.";

/// All strategies.
pub fn list() -> String {
    let width = width();
    let mut text = wrapped(LEGEND, "", width);
    for about in STRATEGIES {
        text += "\n";
        text += &entry(about, width);
    }
    text
}

/// The name, and below it what is picked, needed and paid, and where the strategy comes from.
fn entry(about: &About, width: usize) -> String {
    let needs = match about.needs {
        "" => "needs nothing",
        needs => &format!("needs {needs}"),
    };
    let facts = [needs, about.cost, about.paper];
    let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let picks = wrapped(about.picks, INDENT, width);
    let facts = wrapped(&facts.join("; "), INDENT, width);
    format!("{}\n{picks}{facts}", about.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_fits_whatever_the_terminal() {
        for width in [60, 80, 100] {
            for about in STRATEGIES {
                let entry = entry(about, width);
                for line in entry.lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
                let words = |text: &str| {
                    text.split_whitespace()
                        .map(str::to_owned)
                        .collect::<Vec<_>>()
                };
                let all = words(&entry);
                for part in [
                    about.name,
                    about.picks,
                    about.needs,
                    about.cost,
                    about.paper,
                ] {
                    let part = words(part.trim_end_matches(';'));
                    let there = part.is_empty()
                        || all.windows(part.len()).any(|window| {
                            let mut pairs = window.iter().zip(&part);
                            pairs.all(|(a, b)| a.trim_end_matches(';') == b.trim_end_matches(';'))
                        });
                    assert!(there, "{part:?} is not in {entry}");
                }
            }
        }
    }
}
