//! Losses and accuracies by step.

use maud::{Markup, html};

use crate::error::Error;
use crate::figures::{arms, trainings};
use crate::findings::Findings;
use crate::html::figure::{figure, legend};

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    let figures = trainings(findings)?;
    if figures.is_empty() {
        return Ok(html! {
            p { "No training of the last round has steps to show: probes are solved, not trained step by step." }
        });
    }
    Ok(html! {
        p { "The trainings of each seed's last round, the mean over the seeds." }
        (legend(&arms(findings)))
        div .figures { @for shown in &figures { (figure(shown)) } }
    })
}
