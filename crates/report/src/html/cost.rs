//! Labels and money saved, and the time that it took.

use maud::{Markup, html};

use crate::findings::Findings;
use crate::format;
use crate::html::figure::table;
use crate::tables::{self, Table};

pub(super) fn section(findings: &Findings<'_>) -> Markup {
    let stages = findings.run.stages.iter().map(|stage| {
        vec![
            stage.kind.clone(),
            stage.count.to_string(),
            format::duration(stage.seconds),
        ]
    });
    let columns = ["stage", "times", "in all"];
    let stages = Table::new("Time by stage, when it ran", &columns, stages.collect());
    html! {
        (table(&tables::gains(&findings.evidence)))
        (table(&tables::savings(findings)))
        p .note {
            (tables::labels_note(findings))
            @if let Some(price) = &findings.run.price {
                " A label costs " (price.of_label) " " (price.currency) "."
            } @else {
                " Say " code { "loop.report: { label_price: 0.10, currency: EUR }" }
                " in the pipeline file to see the money."
            }
        }
        (table(&stages))
    }
}
