//! What somebody needs to repeat the run.

use maud::{Markup, html};

use crate::findings::Findings;
use crate::html::figure::table;
use crate::tables::Table;

pub(super) fn section(findings: &Findings<'_>) -> Markup {
    let run = findings.run;
    let made = run
        .made
        .iter()
        .map(|made| vec![made.name.clone(), made.object.clone()]);
    html! {
        dl {
            @for (name, value) in &run.facts {
                dt { (name) }
                dd { (value) }
            }
        }
        @if !run.overrides.is_empty() {
            p { "Overrides on the command line:" }
            ul { @for set in &run.overrides { li { code { "--set " (set) } } } }
        }
        details {
            summary { "The pipeline file" }
            pre tabindex="0" { (run.pipeline) }
        }
        details {
            summary { "The digests of all " (run.made.len()) " results" }
            (table(&Table::new("Results in the store", &["work", "object"], made.collect())))
        }
    }
}
