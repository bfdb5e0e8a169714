//! Charts as SVG: lines with bands, and bars with deviations.
//!
//! Text and axes are black, which the page's style sheet turns into the colour of its text.

use std::io;

use plotters::coord::ranged1d::{NoDefaultFormatting, ValueFormatter};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::colors::{BLACK, TRANSPARENT};

use crate::error::Error;

/// The colours that arms are told apart by, the first for the baseline. Each has a contrast of about 3
/// or more with white and with the dark page.
pub(crate) const COLOURS: [RGBColor; 8] = [
    RGBColor(0x7a, 0x7f, 0x85),
    RGBColor(0xc4, 0x6f, 0x00),
    RGBColor(0x1f, 0x8f, 0xc9),
    RGBColor(0x0a, 0x90, 0x68),
    RGBColor(0x9a, 0x63, 0xd6),
    RGBColor(0xd8, 0x55, 0x2b),
    RGBColor(0xc7, 0x52, 0x8f),
    RGBColor(0x8a, 0x8a, 0x00),
];

/// Pixels of a line chart; the page scales it to the space there is.
const SIZE: (u32, u32) = (440, 290);

/// Above and below the lines, as a share of their range.
const ROOM: f64 = 0.06;

type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A chart.
pub(crate) struct Drawing {
    /// An SVG element.
    pub svg: String,
    /// Its width and height, in pixels.
    pub size: (u32, u32),
}

/// A line, a point at each value where there are few.
pub(crate) struct Line {
    /// A number of [`COLOURS`].
    pub colour: usize,
    pub points: Vec<(f64, f64)>,
    /// Lower and upper ends by the same x, for those points that have them.
    pub band: Vec<(f64, f64, f64)>,
}

/// A bar from zero, with a deviation to both sides of its end.
pub(crate) struct Bar {
    pub name: String,
    pub colour: usize,
    pub value: f64,
    pub deviation: Option<f64>,
}

/// What the axes of a line chart say.
#[derive(Clone, Copy)]
pub(crate) struct Axes<'a> {
    pub x: &'a str,
    pub y: &'a str,
    /// Whether a dashed line marks where both are equal.
    pub diagonal: bool,
}

/// More points than this are drawn as a line alone.
const FEW_POINTS: usize = 30;

/// Lines in one chart; `None` where there is nothing to draw.
pub(crate) fn lines(axes: Axes<'_>, lines: &[Line]) -> Result<Option<Drawing>, Error> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let bands = || lines.iter().flat_map(|line| &line.band);
    let (Some(x), Some(y)) = (
        range(points().map(|point| point.0), 0.02),
        range(
            points()
                .map(|point| point.1)
                .chain(bands().flat_map(|band| [band.1, band.2])),
            ROOM,
        ),
    ) else {
        return Ok(None);
    };
    let mut svg = String::new();
    draw_lines(&mut svg, axes, lines, x, y)?;
    Ok(Some(Drawing { svg, size: SIZE }))
}

fn draw_lines(
    svg: &mut String,
    axes: Axes<'_>,
    lines: &[Line],
    x: std::ops::Range<f64>,
    y: std::ops::Range<f64>,
) -> Drawn {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .margin_right(18)
        .x_label_area_size(42)
        .y_label_area_size(62)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let (x_decimals, decimals) = (decimals(&x), decimals(&y));
    chart
        .configure_mesh()
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_labels(5)
        .y_labels(6)
        .x_label_formatter(&|x| match x_decimals {
            0 => crate::format::labels(*x),
            decimals => format!("{x:.decimals$}"),
        })
        .y_label_formatter(&|y| format!("{y:.decimals$}"))
        .label_style(("sans-serif", 15, &BLACK))
        .axis_style(BLACK)
        .bold_line_style(RGBColor(128, 128, 128).mix(0.25))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let (low, high) = (x.start.max(y.start), x.end.min(y.end));
    if axes.diagonal && low < high {
        let ends = [(low, low), (high, high)];
        let style = BLACK.mix(0.6).stroke_width(1);
        chart.draw_series(DashedLineSeries::new(ends, 5, 4, style))?;
    }
    for line in lines {
        let colour = COLOURS[line.colour % COLOURS.len()];
        let lower = line.band.iter().map(|&(x, low, _)| (x, low));
        let upper = line.band.iter().rev().map(|&(x, _, high)| (x, high));
        let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
        if line.band.len() > 1 {
            chart.draw_series([Polygon::new(outline, colour.mix(0.15).filled())])?;
        }
    }
    for line in lines {
        let colour = COLOURS[line.colour % COLOURS.len()];
        let points = line.points.iter().copied();
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
        if line.points.len() <= FEW_POINTS {
            chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
        }
    }
    root.present()
}

/// Horizontal bars below each other; `None` where there are none.
pub(crate) fn bars(x: &str, bars: &[Bar]) -> Result<Option<Drawing>, Error> {
    let ends = bars.iter().flat_map(|bar| {
        let deviation = bar.deviation.unwrap_or_default();
        [0.0, bar.value - deviation, bar.value + deviation]
    });
    let Some(range) = range(ends, 0.02) else {
        return Ok(None);
    };
    let size = (SIZE.0, 60 + 26 * bars.len() as u32);
    let mut svg = String::new();
    draw_bars(&mut svg, size, x, bars, range)?;
    Ok(Some(Drawing { svg, size }))
}

fn draw_bars(
    svg: &mut String,
    size: (u32, u32),
    title: &str,
    bars: &[Bar],
    x: std::ops::Range<f64>,
) -> Drawn {
    let longest = bars.iter().map(|bar| bar.name.len()).max();
    let names = 8 * longest.unwrap_or_default().clamp(6, 24) as u32;
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let rows = Rows(bars.iter().map(|bar| bar.name.clone()).collect());
    let decimals = decimals(&x);
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .margin_right(18)
        .x_label_area_size(42)
        .y_label_area_size(names + 10)
        .build_cartesian_2d(x, rows)?;
    chart
        .configure_mesh()
        .x_desc(title)
        .x_labels(5)
        .y_labels(bars.len())
        .x_label_formatter(&|x| format!("{x:.decimals$}"))
        .label_style(("sans-serif", 15, &BLACK))
        .axis_style(BLACK)
        .disable_y_mesh()
        .bold_line_style(RGBColor(128, 128, 128).mix(0.25))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (row, bar) in bars.iter().enumerate() {
        let colour = COLOURS[bar.colour % COLOURS.len()];
        let row = row as f64;
        let corners = [(0.0, row - 0.35), (bar.value, row + 0.35)];
        chart.draw_series([Rectangle::new(corners, colour.mix(0.75).filled())])?;
        if let Some(deviation) = bar.deviation {
            let (low, high) = (bar.value - deviation, bar.value + deviation);
            let marks = [
                vec![(low, row), (high, row)],
                vec![(low, row - 0.15), (low, row + 0.15)],
                vec![(high, row - 0.15), (high, row + 0.15)],
            ];
            chart.draw_series(marks.map(|mark| PathElement::new(mark, BLACK.stroke_width(1))))?;
        }
    }
    root.present()
}

/// Rows that are named, the first at the top.
struct Rows(Vec<String>);

impl Ranged for Rows {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, row: &f64, limit: (i32, i32)) -> i32 {
        let share = (row + 0.5) / self.0.len() as f64;
        // Plotters counts from the bottom.
        let (bottom, top) = (f64::from(limit.0), f64::from(limit.1));
        (top + share * (bottom - top)).round() as i32
    }

    fn key_points<Hint: plotters::coord::ranged1d::KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.0.len()).map(|row| row as f64).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        -0.5..self.0.len() as f64 - 0.5
    }
}

impl ValueFormatter<f64> for Rows {
    fn format_ext(&self, row: &f64) -> String {
        let name = self.0.get(row.round() as usize);
        name.cloned().unwrap_or_default()
    }
}

/// The range of finite values, with some room; `None` of none.
fn range(values: impl Iterator<Item = f64>, room: f64) -> Option<std::ops::Range<f64>> {
    let values = values.filter(|value| value.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |range, value| {
        (range.0.min(value), range.1.max(value))
    });
    let room = match high - low {
        width if width < 0.0 => return None,
        width if width.is_nan() => return None,
        0.0 => low.abs().max(0.01) * 0.05,
        width => width * room,
    };
    Some(low - room..high + room)
}

/// Digits after the point that tell about six steps of a range apart.
fn decimals(range: &std::ops::Range<f64>) -> usize {
    let step = (range.end - range.start) / 6.0;
    (-step.log10()).ceil().clamp(0.0, 6.0) as usize
}
