//! How a dataset's file is to be read: format, columns, label rule, and which rows.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// A file format that texts come in. Text formats may be compressed with gzip or zstd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Fields apart by TABs, or by what the file shows.
    Tsv,
    /// Fields apart by commas, or by what the file shows, quoted as RFC 4180 says.
    Csv,
    /// JSON objects one after the other, usually one on each line.
    Jsonl,
    /// A JSON list of objects, or an object that holds one.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Tsv,
        Self::Csv,
        Self::Jsonl,
        Self::Json,
        Self::Parquet,
        Self::Arrow,
    ];

    /// The format's name: `tsv`, `csv`, `jsonl`, `json`, `parquet`, `arrow`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// The format that a file's extension stands for; `.gz` and `.zst` are looked through.
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = [".gz", ".zst", ".zstd"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        match Path::new(name).extension()?.to_str()? {
            "tsv" | "tab" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "jsonlines" | "jl" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "arrows" | "ipc" | "feather" => Some(Self::Arrow),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a format: use tsv, csv, jsonl, json, parquet or arrow")]
pub struct ParseFormatError {
    /// The text as given.
    pub text: String,
}

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(text: &str) -> Result<Self, ParseFormatError> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| ParseFormatError {
                text: text.to_owned(),
            })
    }
}

/// A column, by its name or by its place from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// The place from 0.
    Index(usize),
    /// The name in the header.
    Name(String),
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for Column {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// What the values of a label column mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelRule {
    /// A class's name; equal numbers are one name.
    #[default]
    Class,
    /// A number: above 0 is the second of two classes, below 0 the first, and a row with 0 is
    /// left out.
    Sign,
}

/// Which rows of a file make up a split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rows {
    /// Every row.
    #[default]
    All,
    /// The rows whose text falls into certain parts of a seeded hash. Rows of equal text (but for
    /// case and outer white space) fall into the same part, whatever their order.
    Parts {
        /// Changes which text falls where.
        seed: u64,
        /// How many parts there are, of nearly equal size; at least 1.
        parts: u64,
        /// The parts taken, from 0.
        take: Vec<u64>,
    },
}

impl Rows {
    /// Whether a row of this text belongs to the split.
    pub fn takes(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Parts { seed, parts, take } => {
                let mut hasher = blake3::Hasher::new_derive_key("goldpan 2026 dataset split");
                hasher.update(&seed.to_le_bytes());
                hasher.update(text.trim().to_lowercase().as_bytes());
                let mut first = [0; 8];
                first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
                take.contains(&(u64::from_le_bytes(first) % (*parts).max(1)))
            }
        }
    }
}

/// How to read a dataset's file. Serialised, it is part of the cache key of what is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The format; none: by the file's first bytes or its extension.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whether a TSV or CSV file's first line names its columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// The text column: the first of these that the file has.
    pub text: Vec<Column>,
    /// The label column; the first of these that the file has.
    #[serde(default, deserialize_with = "one_or_many")]
    pub label: Vec<Column>,
    /// Whether a file without the label column is an error.
    #[serde(default = "yes")]
    pub label_required: bool,
    /// The column of the user's own ids.
    #[serde(default)]
    pub key: Option<Column>,
    /// Further columns to keep with the texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Column>,
    /// What the labels mean.
    #[serde(default)]
    pub rule: LabelRule,
    /// Values that mean "no label", beside an empty field and null.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Whether labels are the classes' numbers, from 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub numbers: bool,
    /// Which rows to keep.
    #[serde(default)]
    pub rows: Rows,
    /// How a text file is written.
    #[serde(default, skip_serializing_if = "Layout::is_open")]
    pub layout: Layout,
}

fn yes() -> bool {
    true
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Column>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Column),
        Many(Vec<Column>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(column) => vec![column],
        OneOrMany::Many(columns) => columns,
    })
}

impl Default for Reading {
    /// Columns `text`, `sentence` or `content` for the text, and `label` where the file has it.
    fn default() -> Self {
        Self {
            format: None,
            header: true,
            text: ["text", "sentence", "content"].map(Column::from).to_vec(),
            label: vec![Column::from("label")],
            label_required: false,
            key: None,
            metadata: Vec::new(),
            rule: LabelRule::Class,
            missing: Vec::new(),
            numbers: false,
            rows: Rows::All,
            layout: Layout::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(take: Vec<u64>) -> Rows {
        Rows::Parts {
            seed: 0,
            parts: 10,
            take,
        }
    }

    #[test]
    fn extensions_name_formats() {
        let of = |name: &str| Format::of_path(Path::new(name));
        assert_eq!(of("a/train.tsv"), Some(Format::Tsv));
        assert_eq!(of("b.CSV.gz"), Some(Format::Csv));
        assert_eq!(of("c.jsonl.zst"), Some(Format::Jsonl));
        assert_eq!(of("d.parquet"), Some(Format::Parquet));
        assert_eq!(of("e.feather"), Some(Format::Arrow));
        assert_eq!(of("e.JSON.gz"), Some(Format::Json));
        assert_eq!(of("f.txt"), None);
        assert_eq!(of("gz"), None);
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<Format>().is_err());
    }

    #[test]
    fn a_tenth_of_the_texts_falls_into_each_part() {
        let rows = split(vec![3]);
        let taken = (0..20_000)
            .filter(|i| rows.takes(&format!("text {i}")))
            .count();
        assert!((1_850..2_150).contains(&taken), "{taken}");
    }

    #[test]
    fn without_metadata_the_cache_key_is_that_of_before() {
        let plain = Reading::default();
        let json = serde_json::to_string(&plain).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"format":null,"header":true,"text":["text","sentence","content"],"#,
                r#""label":["label"],"label_required":false,"key":null,"rule":"class","#,
                r#""missing":[],"rows":null}"#
            )
        );
        let more = Reading {
            metadata: vec![Column::from("stars"), Column::from(3)],
            ..plain
        };
        let json = serde_json::to_string(&more).unwrap();
        assert!(json.contains(r#""metadata":["stars",3]"#), "{json}");
        assert_eq!(serde_json::from_str::<Reading>(&json).unwrap(), more);
    }

    proptest! {
        #[test]
        fn each_text_falls_into_one_part_whatever_its_case_and_margins(text in ".*") {
            let parts: Vec<u64> = (0..10).filter(|&i| split(vec![i]).takes(&text)).collect();
            prop_assert_eq!(parts.len(), 1);
            let rows = split(parts);
            let spaced = format!("  {text}\n");
            prop_assert!(rows.takes(&spaced));
            prop_assert!(rows.takes(&text.to_lowercase()));
        }
    }
}
