//! Reliability diagrams.

use maud::{Markup, html};

use crate::Error;
use crate::chart::{self, Axes, Line};
use crate::findings::Findings;
use crate::format;
use crate::html::figure::{figure, legend};
use crate::tables::Table;

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    if findings.calibrated.is_empty() {
        return Ok(html! {
            p .note {
                "Name an ingest stage as " code { "loop.test" } " to see how far confidence is from accuracy."
            }
        });
    }
    let arms = || findings.calibrated.iter();
    let line = |arm: &crate::calibration::Calibrated| {
        let points = arm.reliability.iter();
        Some(Line {
            colour: findings.colour(&arm.arm)?,
            points: points.map(|bin| (bin.confidence, bin.accuracy)).collect(),
            band: Vec::new(),
        })
    };
    let lines: Vec<Line> = arms().filter_map(line).collect();
    let rows = arms().map(|arm| {
        let rows: u64 = arm.reliability.iter().map(|bin| bin.rows).sum();
        vec![
            arm.arm.clone(),
            format::accuracy(arm.error),
            format::grouped(rows),
        ]
    });
    let columns = ["arm", "expected calibration error", "predictions"];
    let data = Table::new("Calibration", &columns, rows.collect());
    let axes = Axes {
        x: "confidence",
        y: "accuracy",
    };
    let caption = "Accuracy on the test texts by confidence, in 15 bins: a calibrated model has as much of one as of the other";
    let diagram = figure(chart::lines(axes, &lines)?, caption, &data);
    Ok(html! {
        (legend(&findings.shown))
        div .figures { (diagram) }
    })
}
