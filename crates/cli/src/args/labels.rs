//! How labels are read: options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use goldpan_ingest::{Column, LabelOptions, parse_list, parse_rename};

const LABELS: &str = "Labels";

/// Names with commas between.
#[derive(Clone, Debug, Default)]
pub struct Names(pub Vec<String>);

fn names(text: &str) -> Result<Names, goldpan_ingest::Error> {
    parse_list(text).map(Names)
}

/// What labels mean.
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// Values that mean that there is no label, beside an empty field and null
    #[arg(long, value_name = "VALUE,VALUE...", value_parser = names, allow_hyphen_values = true,
        help_heading = LABELS)]
    pub missing_labels: Option<Names>,
    /// Labels are the classes' numbers, from 0
    #[arg(long, help_heading = LABELS)]
    pub label_numbers: bool,
    /// Call the class OLD by the name NEW; may be given several times
    #[arg(long, value_name = "OLD=NEW", value_parser = parse_rename, allow_hyphen_values = true,
        help_heading = LABELS)]
    pub rename_class: Vec<(String, String)>,
}

impl LabelArgs {
    /// The values that mean no label.
    pub fn missing(&self) -> Vec<String> {
        self.missing_labels.clone().unwrap_or_default().0
    }
}

/// What says which text a row is about.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Join {
    /// Keys
    Key,
    /// Row numbers, from 0
    Row,
    /// Texts
    Text,
}

/// Files that say which texts are labelled.
#[derive(Debug, Args)]
pub struct LabelledArgs {
    /// Which texts are labelled; may be given several times
    #[arg(long, value_name = "L", help_heading = LABELS)]
    pub labelled: Vec<PathBuf>,
    /// What in L says which text a row is about [default: by its columns]
    #[arg(long, value_name = "BY", requires = "labelled", help_heading = LABELS)]
    pub join: Option<Join>,
    /// The column of L with the labels [default: label]
    #[arg(long, value_name = "C", requires = "labelled", help_heading = LABELS)]
    pub label_column: Option<String>,
    #[command(flatten)]
    pub labels: LabelArgs,
}

impl LabelledArgs {
    /// The options of reading.
    pub fn options(&self) -> LabelOptions {
        LabelOptions {
            join: self.join.map(|join| match join {
                Join::Key => goldpan_ingest::Join::Key,
                Join::Row => goldpan_ingest::Join::Row,
                Join::Text => goldpan_ingest::Join::Text,
            }),
            label_column: self.label_column.as_deref().map(Column::from),
            missing_labels: self.labels.missing(),
            label_numbers: self.labels.label_numbers,
            rename_classes: self.labels.rename_class.clone(),
        }
    }
}
