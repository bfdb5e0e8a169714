//! Reliability diagrams.

use maud::{Markup, html};

use crate::error::Error;
use crate::figures::{arms, calibration};
use crate::findings::Findings;
use crate::html::figure::{figure, legend};

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    Ok(match calibration(findings)? {
        Some(diagram) => html! {
            (legend(&arms(findings)))
            div .figures { (figure(&diagram)) }
        },
        None => html! {
            p .note {
                "Name an ingest stage as " code { "loop.test" } " to see how far confidence is from accuracy."
            }
        },
    })
}
