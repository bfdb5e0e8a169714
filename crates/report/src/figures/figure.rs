//! A chart, and what it shows.

use plotters::style::RGBColor;

use crate::chart::{COLOURS, Drawing};
use crate::findings::Findings;
use crate::tables::Table;

/// A chart with its caption and the same in numbers.
pub(crate) struct Figure {
    /// The name of its file, without the extension.
    pub name: String,
    /// In a few words.
    pub title: String,
    /// What is to be seen.
    pub caption: String,
    /// `None` where there is nothing to draw.
    pub drawing: Option<Drawing>,
    /// Which colour stands for what; empty where the chart says it.
    pub legend: Vec<Entry>,
    pub data: Table,
}

impl Figure {
    /// What the chart is, for those who do not see it.
    pub(crate) fn described(&self) -> String {
        match self.title == self.caption {
            true => self.title.clone(),
            false => format!("{}. {}", self.title, self.caption),
        }
    }
}

/// A colour and what it stands for.
#[derive(Clone)]
pub(crate) struct Entry {
    /// As SVG and CSS write it.
    pub colour: String,
    pub name: String,
}

impl Entry {
    pub(super) fn new(colour: RGBColor, name: &str) -> Self {
        Self {
            colour: hex(colour),
            name: name.to_owned(),
        }
    }
}

/// The arms that charts show.
pub(crate) fn arms(findings: &Findings<'_>) -> Vec<Entry> {
    let arms = findings.shown.iter().zip(COLOURS);
    arms.map(|(arm, colour)| Entry::new(colour, arm)).collect()
}

pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
