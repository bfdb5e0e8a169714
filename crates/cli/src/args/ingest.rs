//! `goldpan ingest`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use goldpan_ingest::{ClassNames, Delimiter, Format, InvalidText, Quoting};

use super::LabelArgs;

const AFTER: &str = "\
A column C is a name, or with --no-header its place from 0. Text may be compressed with gzip or
zstd. JSON may be objects one after the other, a list of them, or an object that holds one. What a
file shows of its delimiter, quotes and encoding is said in a warning where it is not what its name
lets expect. A malformed row is an error that names it; blank and repeated texts are kept and
reported.

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
  goldpan ingest --input export.csv --delimiter ';' --encoding windows-1252 --out texts.arrow
  goldpan ingest --dataset movie-snippets --split train --out texts.arrow";

/// Read texts from TSV, CSV, JSONL, JSON, Parquet or Arrow files
#[derive(Debug, Args)]
#[command(after_help = AFTER, group(ArgGroup::new("source").required(true).args(["input", "dataset"])))]
pub struct IngestArgs {
    /// The files, read one after the other
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// A dataset by name instead: sst2, movie-snippets, or a folder in $GOLDPAN_DATA
    #[arg(long, value_name = "NAME", requires = "split", conflicts_with_all =
        ["format", "text_column", "label_column", "id_column", "metadata_columns",
         "no_header", "classes", "missing_labels", "label_numbers", "rename_class", "delimiter",
         "quoting", "encoding", "invalid_text", "records"])]
    pub dataset: Option<String>,
    /// The part of the dataset: train, validation, ...
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub split: Option<String>,
    /// tsv, csv, jsonl, json, parquet or arrow [default: by the file's name or first bytes]
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
    /// What stands between fields of CSV and TSV: a character, or tab, comma, semicolon, pipe, space
    /// [default: what the first rows show]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<Delimiter>,
    /// What quotes mean in CSV and TSV: quoted (they enclose fields, doubled inside), backslash
    /// (escaped inside), none (they are text) or auto [default: auto, by the rows]
    #[arg(long, value_name = "HOW")]
    pub quoting: Option<Quoting>,
    /// The encoding of text files, such as windows-1252 or utf-16 [default: utf-8, or what a mark
    /// or zero bytes show]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// What becomes of bytes that are no text: refuse, or replace by U+FFFD [default: refuse]
    #[arg(long, value_name = "HOW")]
    pub invalid_text: Option<InvalidText>,
    /// The key of a JSON object that holds the list of rows [default: the only such key]
    #[arg(long, value_name = "KEY")]
    pub records: Option<String>,
    /// The table of texts to write
    #[arg(long, value_name = "TEXTS")]
    pub out: PathBuf,
}
