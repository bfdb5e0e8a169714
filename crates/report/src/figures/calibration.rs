//! A reliability diagram.

use crate::calibration::Calibrated;
use crate::chart::{self, Axes, Line};
use crate::error::Error;
use crate::figures::figure::{Figure, arms};
use crate::findings::Findings;
use crate::format;
use crate::tables::Table;

/// Accuracy by confidence; `None` without test texts.
pub(crate) fn calibration(findings: &Findings<'_>) -> Result<Option<Figure>, Error> {
    if findings.calibrated.is_empty() {
        return Ok(None);
    }
    let line = |arm: &Calibrated| {
        let points = arm.reliability.iter();
        Some(Line {
            colour: findings.colour(&arm.arm)?,
            points: points.map(|bin| (bin.confidence, bin.accuracy)).collect(),
            band: Vec::new(),
        })
    };
    let lines: Vec<Line> = findings.calibrated.iter().filter_map(line).collect();
    let rows = findings.calibrated.iter().map(|arm| {
        let rows: u64 = arm.reliability.iter().map(|bin| bin.rows).sum();
        vec![
            arm.arm.clone(),
            format::accuracy(arm.error),
            format::grouped(rows),
        ]
    });
    let columns = ["arm", "expected calibration error", "predictions"];
    let axes = Axes {
        x: "confidence",
        y: "accuracy",
        diagonal: true,
    };
    Ok(Some(Figure {
        name: "calibration".to_owned(),
        title: "Calibration".to_owned(),
        caption: "Accuracy on the test texts by confidence, in 15 bins: a calibrated model is on the dashed line"
            .to_owned(),
        drawing: chart::lines(axes, &lines)?,
        legend: arms(findings),
        data: Table::new("Calibration", &columns, rows.collect()),
    }))
}
