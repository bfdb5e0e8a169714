//! Learning curves with bands, and what each arm gained.

use goldpan_evidence::Point;
use maud::{Markup, html};

use crate::Error;
use crate::chart::{self, Axes, Bar, Line};
use crate::findings::Findings;
use crate::format;
use crate::html::figure::{figure, legend};
use crate::tables::Table;

pub(super) fn section(findings: &Findings<'_>) -> Result<Markup, Error> {
    let (curves, bars) = (curves(findings)?, bars(findings)?);
    let hidden = findings.evidence.arms.len() - findings.shown.len();
    Ok(html! {
        (legend(&findings.shown))
        @if hidden > 0 {
            p .note {
                "Curves show random and the best of the others; the " (hidden) " arms left out are in the tables."
            }
        }
        div .figures { (curves) (bars) }
    })
}

fn curves(findings: &Findings<'_>) -> Result<Markup, Error> {
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
    let axes = Axes {
        x: "labelled texts",
        y: "accuracy",
    };
    let rows = findings.evidence.points.iter().map(|point| {
        vec![
            point.arm.clone().unwrap_or_else(|| "start".to_owned()),
            format::labels(point.labelled),
            format::accuracy(point.accuracy.value),
            format::interval(point.accuracy.interval, format::accuracy),
        ]
    });
    let columns = ["arm", "labels", "accuracy", "interval"];
    let data = Table::new("Learning curves", &columns, rows.collect());
    let caption =
        "Validation accuracy of the best epoch by labelled texts: mean and interval over the seeds";
    Ok(figure(chart::lines(axes, &lines)?, caption, &data))
}

fn bars(findings: &Findings<'_>) -> Result<Markup, Error> {
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
    let data = Table::new("Gain over the start", &columns, rows.collect());
    let caption = "Gain of each arm over the start, in points of accuracy: mean and standard deviation over the seeds";
    Ok(figure(
        chart::bars("points of accuracy", &bars)?,
        caption,
        &data,
    ))
}
