//! Losses and accuracies by step.

use maud::{Markup, html};

use crate::Error;
use crate::chart::{self, Axes, Line};
use crate::findings::Findings;
use crate::html::figure::{figure, legend};
use crate::tables::Table;
use crate::training::Training;

/// A chart of this section: what it shows, its axis, and its values.
type Shown = (&'static str, &'static str, fn(&Training) -> &[(f64, f64)]);

const CHARTS: [Shown; 3] = [
    ("Training loss by step", "nats", |training| &training.loss),
    ("Validation accuracy by step", "accuracy", |training| {
        &training.accuracy
    }),
    ("Validation loss by step", "nats", |training| {
        &training.validation_loss
    }),
];

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    let figures = CHARTS.iter().map(|shown| chart(findings, *shown));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    Ok(html! {
        p { "The trainings of each seed's last round, the mean over the seeds." }
        (legend(&findings.shown))
        div .figures { @for figure in &figures { (figure) } }
    })
}

fn chart(findings: &Findings<'_>, (caption, y, values): Shown) -> Result<Markup, Error> {
    let line = |training: &Training| {
        Some(Line {
            colour: findings.colour(&training.arm)?,
            points: values(training).to_vec(),
            band: Vec::new(),
        })
    };
    let lines: Vec<Line> = findings.training.iter().filter_map(line).collect();
    let rows = findings.training.iter().map(|training| {
        let at = |point: Option<&(f64, f64)>| {
            point.map_or(String::new(), |(step, value)| {
                format!("{value:.4} at step {step:.0}")
            })
        };
        let values = values(training);
        vec![training.arm.clone(), at(values.first()), at(values.last())]
    });
    let data = Table::new(caption, &["arm", "first", "last"], rows.collect());
    let axes = Axes { x: "step", y };
    Ok(figure(chart::lines(axes, &lines)?, caption, &data))
}
