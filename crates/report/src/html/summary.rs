//! The verdict on each arm, and the accuracies behind it.

use maud::{Markup, html};

use crate::findings::Findings;
use crate::html::figure::table;
use crate::tables;

pub(super) fn section(findings: &Findings<'_>) -> Markup {
    let evidence = &findings.evidence;
    html! {
        ul .verdicts {
            @for arm in &evidence.arms {
                li { strong { (arm.arm) } ": " (evidence.sentence(arm)) }
            }
        }
        @let accuracies = tables::accuracies(evidence, findings.run.zero_shot);
        (table(tables::title(evidence), &tables::ACCURACIES, &accuracies))
        p .note { (tables::NOTE) }
        @for other in &findings.others {
            details {
                summary { "By " (other.measure.name()) }
                p { (other.headline()) }
                (table(tables::title(other), &tables::ACCURACIES, &tables::accuracies(other, None)))
            }
        }
    }
}
