//! Maps of the embeddings: a panel for each arm, coloured by round.
//!
//! Drawn here, since no library draws points that tell their text.

use std::fmt::Write;

use maud::html;
use plotters::style::RGBColor;

use crate::chart::Drawing;
use crate::figures::figure::{Entry, Figure, hex};
use crate::findings::Findings;
use crate::format;
use crate::map::{Dot, Map, Panel};
use crate::tables::Table;

/// The side of a panel, in the units of its points' places.
const SIDE: u32 = 1000;

/// Free space around the points.
const MARGIN: f64 = 20.0;

/// Characters of a text that are shown.
const CHARACTERS: usize = 160;

/// From the first round to the last; each has a contrast of about 3 or more with white and with the dark
/// page.
const ROUNDS: [RGBColor; 4] = [
    RGBColor(0x6f, 0x63, 0xe6),
    RGBColor(0xc0, 0x50, 0xa8),
    RGBColor(0xd8, 0x63, 0x2b),
    RGBColor(0xa0, 0x86, 0x00),
];

const POOL: RGBColor = RGBColor(0x8f, 0x94, 0x9a);
const START: RGBColor = RGBColor(0x0a, 0x90, 0x88);

/// Which colour stands for which round.
pub(crate) fn rounds(map: &Map) -> Vec<Entry> {
    let mut entries = vec![
        Entry::new(POOL, "the pool"),
        Entry::new(START, "labelled at the start"),
    ];
    let rounds = map.rounds();
    let named = rounds.iter().enumerate().map(|(place, round)| {
        let colour = colour(place, rounds.len());
        Entry::new(colour, &format!("picked in round {round}"))
    });
    entries.extend(named);
    entries
}

/// A figure for each arm that charts show; none without a map.
pub(crate) fn maps(findings: &Findings<'_>) -> Vec<Figure> {
    let Some(map) = &findings.map else {
        return Vec::new();
    };
    let figure = |panel: &Panel| Figure {
        name: format!("map-{}", file_name(&panel.arm)),
        title: format!("What {} picked", panel.arm),
        caption: format!("On the map of the embeddings: {}", counts(panel)),
        drawing: Some(drawn(map, panel, findings)),
        legend: rounds(map),
        data: texts(panel, findings),
    };
    map.panels.iter().map(figure).collect()
}

/// An arm's name as a part of a file's.
fn file_name(arm: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    arm.chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect()
}

/// `450 of 10,000 picks`, for each round.
fn counts(panel: &Panel) -> String {
    let layers = panel.layers.iter().map(|layer| {
        let (shown, picked) = (layer.dots.len() as u64, layer.picked as u64);
        let (shown, picked) = (format::grouped(shown), format::grouped(picked));
        format!("{shown} of {picked} picks of round {}", layer.round)
    });
    layers.collect::<Vec<_>>().join(", ")
}

fn drawn(map: &Map, panel: &Panel, findings: &Findings<'_>) -> Drawing {
    let rounds = map.rounds();
    let number = |round| rounds.iter().position(|other| *other == round);
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (SIDE) " " (SIDE) } width=(SIDE) height=(SIDE) {
            (heap(&map.pool, POOL, 7))
            (heap(&map.start.dots, START, 12))
            @for layer in &panel.layers {
                @let colour = colour(number(layer.round).unwrap_or_default(), rounds.len());
                g fill=(hex(colour)) fill-opacity="0.85" {
                    @for dot in &layer.dots {
                        @let [x, y] = at(dot);
                        circle cx=(x) cy=(y) r="8" {
                            title { "round " (layer.round) ", id " (findings.pool.texts.id(dot.row)) ": " (text(dot, findings)) }
                        }
                    }
                }
            }
        }
    };
    Drawing {
        svg: svg.into_string(),
        size: (SIDE, SIDE),
    }
}

/// Points that tell nothing, as one path.
fn heap(dots: &[Dot], colour: RGBColor, width: u32) -> maud::Markup {
    let mut path = String::new();
    for dot in dots {
        let [x, y] = at(dot);
        // Writing to a string cannot fail.
        let _ = write!(path, "M{x} {y}h0");
    }
    html! {
        path d=(path) stroke=(hex(colour)) stroke-width=(width) stroke-linecap="round" fill="none" {}
    }
}

fn at(dot: &Dot) -> [i64; 2] {
    dot.place
        .map(|value| (MARGIN + value * (f64::from(SIDE) - 2.0 * MARGIN)).round() as i64)
}

/// The texts of a panel, for those who do not point at them.
fn texts(panel: &Panel, findings: &Findings<'_>) -> Table {
    let texts = &findings.pool.texts;
    let layers = panel.layers.iter();
    let dots = layers.flat_map(|layer| layer.dots.iter().map(move |dot| (layer.round, dot)));
    let rows = dots.map(|(round, dot)| {
        let class = texts
            .label(dot.row)
            .and_then(|class| texts.classes().get(usize::try_from(class).ok()?).cloned());
        vec![
            texts.id(dot.row).to_string(),
            round.to_string(),
            class.unwrap_or_default(),
            text(dot, findings),
        ]
    });
    let title = format!("Texts on the map that {} picked", panel.arm);
    Table::new(&title, &["id", "round", "class", "text"], rows.collect())
}

fn text(dot: &Dot, findings: &Findings<'_>) -> String {
    format::cut(findings.pool.texts.text(dot.row), CHARACTERS)
}

/// The colour of one of some rounds.
fn colour(place: usize, rounds: usize) -> RGBColor {
    let last = ROUNDS.len() - 1;
    let step = (last * place) as f64 / rounds.saturating_sub(1).max(1) as f64;
    let (from, share) = (step.floor(), step.fract());
    let from = (from as usize).min(last);
    let (a, b) = (ROUNDS[from], ROUNDS[(from + 1).min(last)]);
    let mixed = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(mixed(a.0, b.0), mixed(a.1, b.1), mixed(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_from_the_first_colour_to_the_last() {
        assert_eq!(colour(0, 1), ROUNDS[0]);
        assert_eq!(colour(0, 7), ROUNDS[0]);
        assert_eq!(colour(2, 7), ROUNDS[1]);
        assert_eq!(colour(6, 7), ROUNDS[3]);
        assert_eq!(colour(3, 7), RGBColor(0xcc, 0x5a, 0x6a));
    }
}
