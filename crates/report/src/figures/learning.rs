//! Learning curves with bands, and what each arm gained.

use goldpan_evidence::Point;

use crate::chart::{self, Axes, Bar, Line};
use crate::error::Error;
use crate::figures::figure::{Figure, arms};
use crate::findings::Findings;
use crate::format;
use crate::tables::{self, Table};

/// Characters of a metric's name in a chart.
const METRIC: usize = 40;

/// Accuracy by labelled texts.
pub(crate) fn curves(findings: &Findings<'_>) -> Result<Figure, Error> {
    let line = |(colour, arm): (usize, &String)| {
        let of_arm = |point: &&Point| point.arm.as_ref().is_none_or(|name| name == arm);
        let points = || findings.evidence.points.iter().filter(of_arm);
        Line {
            colour,
            points: points()
                .map(|point| (point.labelled, point.accuracy.value))
                .collect(),
            band: points()
                .filter_map(|point| {
                    let interval = point.accuracy.interval?;
                    Some((point.labelled, interval.low, interval.high))
                })
                .collect(),
        }
    };
    let lines: Vec<Line> = findings.shown.iter().enumerate().map(line).collect();
    // A class may have any name, an axis has little room.
    let metric = format::cut(&findings.evidence.metric.to_string(), METRIC);
    let axes = Axes {
        x: "labelled texts",
        y: &metric,
        diagonal: false,
    };
    let rows = findings.evidence.points.iter().map(|point| {
        vec![
            point.arm.clone().unwrap_or_else(|| "start".to_owned()),
            format::labels(point.labelled),
            format::accuracy(point.accuracy.value),
            format::interval(point.accuracy.interval, format::accuracy),
        ]
    });
    let columns = ["arm", "labels", &metric, "interval"];
    let measure = findings.evidence.measure.name(&findings.evidence.metric);
    Ok(Figure {
        name: "learning-curves".to_owned(),
        title: "Learning curves".to_owned(),
        caption: format::cut(
            &format!(
                "{} by labelled texts: mean and interval over the seeds",
                tables::capital(&measure)
            ),
            usize::MAX,
        ),
        drawing: chart::lines(axes, &lines)?,
        legend: arms(findings),
        data: Table::new("Learning curves", &columns, rows.collect()),
    })
}

/// The gain over the start, as bars.
pub(crate) fn gains(findings: &Findings<'_>) -> Result<Figure, Error> {
    let arms = || findings.evidence.arms.iter();
    let bars: Vec<Bar> = arms()
        .map(|arm| Bar {
            name: arm.arm.clone(),
            colour: findings.colour(&arm.arm).unwrap_or_default(),
            value: 100.0 * arm.gain.value,
            deviation: arm.gain.deviation.map(|deviation| 100.0 * deviation),
        })
        .collect();
    let rows = arms().map(|arm| {
        let deviation = arm
            .gain
            .deviation
            .map(|deviation| format!("{:.2}", 100.0 * deviation));
        vec![
            arm.arm.clone(),
            format::signed(arm.gain.value),
            deviation.unwrap_or_default(),
        ]
    });
    let columns = ["arm", "points", "deviation"];
    let metric = format::cut(&findings.evidence.metric.to_string(), METRIC);
    let points = format!("points of {metric}");
    Ok(Figure {
        name: "gain-over-start".to_owned(),
        title: "Gain over the start".to_owned(),
        caption: format!(
            "Gain of each arm over the start, in {points}: mean and standard deviation over the seeds"
        ),
        drawing: chart::bars(&points, &bars)?,
        legend: Vec::new(),
        data: Table::new("Gain over the start", &columns, rows.collect()),
    })
}
