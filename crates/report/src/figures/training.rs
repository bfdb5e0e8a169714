//! Losses and accuracies by step.

use crate::chart::{self, Axes, Line};
use crate::error::Error;
use crate::figures::figure::{Figure, arms};
use crate::findings::Findings;
use crate::tables::Table;
use crate::training::Training;

/// A chart of the trainings: its file, what it shows, its axis, and its values.
struct Shown {
    name: &'static str,
    title: &'static str,
    y: &'static str,
    values: fn(&Training) -> &[(f64, f64)],
}

const CHARTS: [Shown; 3] = [
    Shown {
        name: "training-loss",
        title: "Training loss by step",
        y: "nats",
        values: |training| &training.loss,
    },
    Shown {
        name: "validation-accuracy",
        title: "Validation accuracy by step",
        y: "accuracy",
        values: |training| &training.accuracy,
    },
    Shown {
        name: "validation-loss",
        title: "Validation loss by step",
        y: "nats",
        values: |training| &training.validation_loss,
    },
];

/// The trainings of the last round; no figure where none had steps.
pub(crate) fn trainings(findings: &Findings<'_>) -> Result<Vec<Figure>, Error> {
    if findings.training.is_empty() {
        return Ok(Vec::new());
    }
    CHARTS.iter().map(|shown| figure(findings, shown)).collect()
}

fn figure(findings: &Findings<'_>, shown: &Shown) -> Result<Figure, Error> {
    let line = |training: &Training| {
        Some(Line {
            colour: findings.colour(&training.arm)?,
            points: (shown.values)(training).to_vec(),
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
        let values = (shown.values)(training);
        vec![training.arm.clone(), at(values.first()), at(values.last())]
    });
    let axes = Axes {
        x: "step",
        y: shown.y,
        diagonal: false,
    };
    Ok(Figure {
        name: shown.name.to_owned(),
        title: shown.title.to_owned(),
        caption: shown.title.to_owned(),
        drawing: chart::lines(axes, &lines)?,
        legend: arms(findings),
        data: Table::new(shown.title, &["arm", "first", "last"], rows.collect()),
    })
}
