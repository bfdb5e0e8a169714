//! What each arm picked: numbers, overlaps and examples.

use maud::{Markup, html};

use crate::examples::Example;
use crate::findings::Findings;
use crate::format;
use crate::html::figure::table;
use crate::picks::Picks;
use crate::pool::Mixture;
use crate::tables::Table;

/// Longer texts are cut.
const CHARACTERS: usize = 240;

pub(super) fn section(findings: &Findings<'_>) -> Markup {
    html! {
        (mixtures(findings))
        p .note {
            "Over all rounds and seeds. Distances are those between embeddings: a small one to the nearest \
             earlier pick of the round means that picks repeat each other."
        }
        (overlaps(findings))
        h3 { "Examples of the first seed" }
        @for picks in &findings.picks {
            details {
                summary { (picks.arm) }
                (examples("Most typical: nearest to the mean of its picks", "distance", &picks.examples.typical))
                (examples("Least certain: the smallest margin, by the model before", "margin", &picks.examples.uncertain))
                (examples("Most isolated: farthest from all labelled texts", "distance", &picks.examples.isolated))
            }
        }
    }
}

fn mixtures(findings: &Findings<'_>) -> Markup {
    let mut columns = vec!["arm", "picks", "words", "characters"];
    columns.extend(findings.classes.iter().map(String::as_str));
    columns.extend(["to nearest labelled", "to nearest earlier pick"]);
    let distance = |distance: Option<f64>| distance.map(|d| format!("{d:.3}")).unwrap_or_default();
    let row = |name: &str, count: usize, mixture: &Mixture, distances: [Option<f64>; 2]| {
        let mut row = vec![
            name.to_owned(),
            format::grouped(count as u64),
            format!("{:.1}", mixture.words),
            format!("{:.0}", mixture.characters),
        ];
        row.extend(mixture.classes.iter().map(|share| format::percent(*share)));
        row.extend(distances.map(distance));
        row
    };
    let mut rows = vec![row(
        "the whole pool",
        findings.pool.texts.len(),
        &findings.mixture,
        [None; 2],
    )];
    rows.extend(findings.picks.iter().map(|picks| {
        let distances = [picks.to_labelled, picks.to_earlier];
        row(&picks.arm, picks.count, &picks.mixture, distances)
    }));
    table(&Table::new(
        "What was picked: means, and the share of each class",
        &columns,
        rows,
    ))
}

/// The picks that arms share: only of arms that charts show, so that the table stays readable.
fn overlaps(findings: &Findings<'_>) -> Markup {
    let shown = |name: &String| findings.picks.iter().find(|picks| picks.arm == *name);
    let arms: Vec<&Picks> = findings.shown.iter().filter_map(shown).collect();
    let mut columns = vec!["of the picks of"];
    columns.extend(arms.iter().map(|arm| arm.arm.as_str()));
    let rows = arms.iter().map(|arm| {
        let shares = arms
            .iter()
            .map(|other| arm.overlap(other).map(format::percent));
        let shares = shares.map(Option::unwrap_or_default);
        [arm.arm.clone()].into_iter().chain(shares).collect()
    });
    table(&Table::new(
        "Overlap: the share of an arm's picks that another made too",
        &columns,
        rows.collect(),
    ))
}

fn examples(title: &str, value: &str, examples: &[Example]) -> Markup {
    html! {
        @if !examples.is_empty() {
            h4 { (title) }
            ul .examples {
                @for example in examples {
                    li {
                        // Nothing in a text may turn the direction of what stands beside it.
                        bdi { (format::cut(&example.text, CHARACTERS)) }
                        span .note { " id " (example.id) ", " (value) " " (format!("{:.3}", example.value)) }
                    }
                }
            }
        }
    }
}
