//! `goldpan ingest`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use goldpan_ingest::{ClassNames, Format};

use super::LabelArgs;

const AFTER: &str = "\
A column C is a name, or with --no-header its place from 0. Inputs may be compressed with gzip or
zstd. A malformed row is an error that names it; blank and repeated texts are kept and reported.

A label is the name of a class. Where all labels are numbers, equal ones are one class: 1, 1.0 and
01 are the class 1. Where all are true or false, case makes no difference. A number is the place
of a class only where the file says so, as Hugging Face datasets do, or you do by --label-numbers.
A name with a comma goes into quotes, '\"a, b\",c', or into FILE: one name on each line, or a list
in .json or .yaml. @FILE is a file in any case.

Examples:
  goldpan ingest --input reviews.csv --text-column review --label-column stars --out texts.arrow
  goldpan ingest --input reviews.csv --metadata-columns stars,source --out texts.arrow
  goldpan ingest --input a.tsv b.tsv --no-header --text-column 1 --label-column 0 --out texts.arrow
  goldpan ingest --input a.csv --classes bad,good --label-numbers --missing-labels -1 --out t.arrow
  goldpan ingest --input a.csv --classes classes.txt --rename-class Good=good --out t.arrow
  goldpan ingest --dataset movie-snippets --split train --out texts.arrow";

/// Read texts from TSV, CSV, JSONL, Parquet or Arrow files
#[derive(Debug, Args)]
#[command(after_help = AFTER, group(ArgGroup::new("source").required(true).args(["input", "dataset"])))]
pub struct IngestArgs {
    /// The files, read one after the other
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// A dataset by name instead: sst2, movie-snippets, or a folder in $GOLDPAN_DATA
    #[arg(long, value_name = "NAME", requires = "split", conflicts_with_all =
        ["format", "text_column", "label_column", "id_column", "metadata_columns",
         "no_header", "classes", "missing_labels", "label_numbers", "rename_class"])]
    pub dataset: Option<String>,
    /// The part of the dataset: train, validation, ...
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub split: Option<String>,
    /// tsv, csv, jsonl, parquet or arrow [default: by the file's name]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// The column with the texts [default: text, sentence or content]
    #[arg(long, value_name = "C")]
    pub text_column: Option<String>,
    /// The column with the labels [default: label, if there is one]
    #[arg(long, value_name = "C")]
    pub label_column: Option<String>,
    /// The column with ids of your own, kept as keys
    #[arg(long, value_name = "C")]
    pub id_column: Option<String>,
    /// Further columns to keep with the texts
    #[arg(long, value_name = "C,C...", value_delimiter = ',')]
    pub metadata_columns: Vec<String>,
    /// The first line is a text already, not the columns' names
    #[arg(long)]
    pub no_header: bool,
    /// The classes, in the order of their numbers [default: those that the file carries, or the
    /// labels found, sorted]
    #[arg(long, value_name = "NAME,NAME...|FILE", value_parser = ClassNames::parse)]
    pub classes: Option<ClassNames>,
    #[command(flatten)]
    pub labels: LabelArgs,
    /// The table of texts to write
    #[arg(long, value_name = "TEXTS")]
    pub out: PathBuf,
}
