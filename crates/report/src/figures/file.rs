//! Figures as files of their own, each with its title and legend.

use maud::{PreEscaped, html};

use crate::error::Error;
use crate::figures::{Entry, Figure, calibration, curves, gains, maps, trainings};
use crate::findings::Findings;

/// Pixels of a chart's width.
const WIDTH: u32 = 640;

/// Pixels of a line of text.
const LINE: u32 = 22;

/// About the pixels of a character.
const CHARACTER: u32 = 8;

/// Pixels above the chart, for its title.
const HEAD: u32 = 44;

/// Pixels at the sides.
const MARGIN: u32 = 16;

/// A figure's file: its name, what it shows, and its content.
pub(crate) struct File {
    pub name: String,
    pub described: String,
    pub svg: String,
}

/// Every figure of the report that shows something.
pub(crate) fn files(findings: &Findings<'_>) -> Result<Vec<File>, Error> {
    let learning = [curves(findings)?, gains(findings)?];
    let figures = learning
        .into_iter()
        .chain(maps(findings))
        .chain(trainings(findings)?)
        .chain(calibration(findings)?);
    let files = figures.filter_map(|figure| {
        Some(File {
            name: format!("{}.svg", figure.name),
            svg: standing_alone(&figure)?,
            described: figure.described(),
        })
    });
    Ok(files.collect())
}

/// The chart on white paper, its title above it and its legend below; `None` of an empty one.
fn standing_alone(figure: &Figure) -> Option<String> {
    let drawing = figure.drawing.as_ref()?;
    let (width, height) = drawing.size;
    let chart = (WIDTH * height).div_ceil(width);
    let legend = HEAD + chart + LINE;
    let (entries, lines) = placed(figure);
    let (whole_width, whole_height) = (WIDTH + 2 * MARGIN, legend + lines * LINE);
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (whole_width) " " (whole_height) }
            width=(whole_width) height=(whole_height) font-family="sans-serif" role="img" {
            title { (figure.title) }
            desc { (figure.caption) }
            rect width="100%" height="100%" fill="#ffffff" {}
            text x=(MARGIN) y="28" font-size="17" font-weight="600" { (figure.title) }
            svg x=(MARGIN) y=(HEAD) width=(WIDTH) height=(chart) viewBox={ "0 0 " (width) " " (height) } {
                (PreEscaped(&drawing.svg))
            }
            @for Placed { x, line, entry } in &entries {
                @let y = legend + line * LINE;
                rect x=(x) y=(y - 11) width="12" height="12" rx="2" fill=(entry.colour) {}
                text x=(x + 18) y=(y) font-size="14" { (entry.name) }
            }
        }
    };
    Some(format!("{}\n", svg.into_string()))
}

/// An entry of the legend, and where it stands.
struct Placed<'a> {
    x: u32,
    line: u32,
    entry: &'a Entry,
}

/// The legend's entries from left to right and line by line, and how many lines there are.
fn placed(figure: &Figure) -> (Vec<Placed<'_>>, u32) {
    let (mut x, mut line) = (MARGIN, 0);
    let mut placed = Vec::new();
    for entry in &figure.legend {
        let width = 40 + CHARACTER * entry.name.chars().count() as u32;
        if x > MARGIN && x + width > WIDTH {
            (x, line) = (MARGIN, line + 1);
        }
        placed.push(Placed { x, line, entry });
        x += width;
    }
    let lines = if placed.is_empty() { 0 } else { line + 1 };
    (placed, lines)
}
