//! Learning curves with bands, and what each arm gained.

use maud::{Markup, html};

use crate::error::Error;
use crate::figures::{arms, curves, gains};
use crate::findings::Findings;
use crate::html::figure::{figure, legend};

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    let (curves, gains) = (curves(findings)?, gains(findings)?);
    let hidden = findings.evidence.arms.len() - findings.shown.len();
    Ok(html! {
        (legend(&arms(findings)))
        @if hidden > 0 {
            p .note {
                @match &findings.evidence.baseline {
                    Some(baseline) => { "Curves show " (baseline) " and the best of the others; the " },
                    None => { "Curves show the best arms; the " },
                }
                (hidden) " arms left out are in the tables."
            }
        }
        div .figures { (figure(&curves)) (figure(&gains)) }
    })
}
