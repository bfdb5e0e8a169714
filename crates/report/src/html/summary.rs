//! The verdict on each arm, and the accuracies behind it.

use maud::{Markup, html};

use crate::findings::Findings;
use crate::html::figure::table;
use crate::tables;

pub(super) fn section(findings: &Findings<'_>) -> Markup {
    let evidence = &findings.evidence;
    html! {
        @if let Some(why) = &findings.run.unfinished {
            p { strong { (tables::UNFINISHED) } " " (why) }
        }
        ul .verdicts {
            @for arm in &evidence.arms {
                li { strong { (arm.arm) } ": " (evidence.sentence(arm)) }
            }
        }
        @for note in findings.notes() { p { strong { (note) } } }
        (table(&tables::accuracies(evidence, findings.run.zero_shot)))
        p .note { (tables::note(findings)) }
        @if !findings.run.of_texts.is_empty() {
            h3 { (tables::NOTES) }
            ul {
                @for note in &findings.run.of_texts {
                    li { (note) }
                }
            }
        }
        @if !findings.run.stops.is_empty() {
            h3 { (tables::STOPS) }
            ul {
                @for [arm, why] in tables::stops(findings.run) {
                    li { strong { (arm) } ": " (why) }
                }
            }
            p .note { (tables::STOPPED) }
        }
        @for other in &findings.others {
            p { "By the " (other.measure.name(&other.metric)) ": " (other.headline()) }
            details {
                summary { "The numbers" }
                (table(&tables::accuracies(other, None)))
            }
        }
    }
}
