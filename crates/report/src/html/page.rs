//! The page: its head, its sections and the way to them.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::error::Error;
use crate::findings::Findings;
use crate::html::{calibration, cost, curves, map, picks, provenance, summary, training};

const STYLE: &str = include_str!("style.css");

/// Nothing is fetched and nothing runs, whatever the texts hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole file.
pub(crate) fn page(findings: &Findings<'_>) -> Result<String, Error> {
    let map = map::section(findings).map(|map| ("map", "Map of the embeddings", map));
    let sections = [
        ("verdict", "Verdict", summary::section(findings)),
        ("curves", "Learning curves", curves::section(findings)?),
        ("labels", "Labels and money", cost::section(findings)),
        ("training", "Training", training::section(findings)?),
        ("picks", "What each arm picked", picks::section(findings)),
    ];
    let sections = sections.into_iter().chain(map).chain([
        (
            "calibration",
            "Calibration",
            calibration::section(findings)?,
        ),
        ("provenance", "Provenance", provenance::section(findings)),
    ]);
    let sections: Vec<_> = sections.collect();
    let name = &findings.run.name;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) " – Goldpan report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#main" { "Skip to the verdict" }
                header {
                    h1 { (name) }
                    p .headline { (findings.evidence.headline()) }
                    nav aria-label="Sections" {
                        @for (id, title, _) in &sections {
                            a href={ "#" (id) } { (title) }
                        }
                    }
                }
                main id="main" {
                    @for (id, title, content) in &sections {
                        (section(id, title, content))
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    let heading = format!("{id}-title");
    html! {
        section id=(id) aria-labelledby=(heading) {
            h2 id=(heading) { (title) }
            (content)
        }
    }
}
