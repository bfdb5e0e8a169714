//! What to read and how: options as a person gives them, and settings that were checked.

use std::collections::BTreeSet;
use std::path::PathBuf;

use goldpan_sources::{
    Column, DatasetFiles, Delimiter, Format, InvalidText, LabelRule, Layout, Quoting, Reading, Rows,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::classes::equal_numbers;
use crate::encoding::Encoding;
use crate::error::Error;
use crate::labels::Rules;

/// What a person may say about files of texts. All but `input` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestOptions {
    /// The files, read one after the other: one path or a list.
    #[serde(deserialize_with = "one_or_many")]
    pub input: Vec<PathBuf>,
    /// Their format; by default each file's extension or first bytes say it.
    pub format: Option<Format>,
    /// Whether the first line of a TSV or CSV file names its columns; by default it does.
    pub header: Option<bool>,
    /// The text column; by default `text`, `sentence` or `content`.
    pub text_column: Option<Column>,
    /// The label column; by default `label`, where a file has it.
    pub label_column: Option<Column>,
    /// The column of the user's own ids; by default none.
    pub id_column: Option<Column>,
    /// Further columns to keep with the texts, each under the name or place given; by default
    /// none. A number or date is kept as its text, and an empty field is no value.
    pub metadata_columns: Vec<Column>,
    /// The classes, in the order of their numbers; by default those that the files carry, or else
    /// the labels' values, sorted.
    pub classes: Option<Vec<String>>,
    /// Values that mean that there is no label, beside an empty field and null.
    pub missing_labels: Vec<String>,
    /// Whether labels are the classes' numbers, from 0. Needs `classes`.
    pub label_numbers: bool,
    /// Old names of classes, each with its new one.
    pub rename_classes: Vec<(String, String)>,
    /// What stands between the fields of CSV and TSV files; by default the first rows show it.
    pub delimiter: Option<Delimiter>,
    /// What quotes mean in CSV and TSV files; by default the rows show it.
    pub quoting: Option<Quoting>,
    /// The encoding of text files, by any name of the web or of Python; by default UTF-8, or what
    /// a byte order mark or zero bytes show.
    pub encoding: Option<String>,
    /// What becomes of bytes that are no text; by default they are refused.
    pub invalid_text: Option<InvalidText>,
    /// The key of a JSON object under which the list of rows stands; by default the only such list.
    pub records: Option<String>,
}

/// Names that no metadata column can have: those of a table's other columns.
const TAKEN: [&str; 4] = ["id", "text", "label", "key"];

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(PathBuf),
        Many(Vec<PathBuf>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(path) => vec![path],
        OneOrMany::Many(paths) => paths,
    })
}

/// Checked settings of [`ingest`](crate::ingest). Serialised, they are all that decides the
/// result beside the content of the [`inputs`](Self::inputs), whose paths are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IngestConfig {
    #[serde(skip)]
    inputs: Vec<PathBuf>,
    /// Formats by extension, where `reading` names none: the paths decide them.
    formats: Vec<Option<Format>>,
    reading: Reading,
    classes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rename: Vec<(String, String)>,
    #[serde(skip)]
    rules: Rules,
    /// Whether a person said how to read the inputs, and not a dataset's description.
    #[serde(skip)]
    asked: bool,
}

impl IngestConfig {
    fn new(
        inputs: Vec<PathBuf>,
        reading: Reading,
        classes: Option<Vec<String>>,
        rename: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        if inputs.is_empty() {
            return Err(Error::NoInput);
        }
        let rules = Rules::of(&reading, &rename)?;
        check_classes(classes.as_deref().unwrap_or_default(), &rules)?;
        if rules.numbers && classes.is_none() {
            return Err(Error::NumbersOfNothing);
        }
        if let Some(name) = &reading.layout.encoding
            && Encoding::of_name(name).is_none()
        {
            return Err(Error::UnknownEncoding { name: name.clone() });
        }
        let count = classes.as_ref().map_or(0, Vec::len);
        if reading.rule == LabelRule::Sign && count != 2 {
            return Err(Error::SignClasses { classes: count });
        }
        let mut names: BTreeSet<String> = TAKEN.map(str::to_owned).into();
        for column in &reading.metadata {
            if !names.insert(column.to_string()) {
                return Err(Error::MetadataName {
                    name: column.to_string(),
                });
            }
        }
        let formats = inputs
            .iter()
            .map(|path| reading.format.or_else(|| Format::of_path(path)))
            .collect();
        Ok(Self {
            inputs,
            formats,
            reading,
            classes,
            rename,
            rules,
            asked: true,
        })
    }

    /// The files to read, in order.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    pub(crate) fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked
    }

    pub(crate) fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }
}

/// Checks the names of classes: each is one line without margins, and no two are the same or equal
/// as numbers.
fn check_classes(classes: &[String], rules: &Rules) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in classes {
        let line = name.trim() == name && !name.is_empty() && !name.contains(['\n', '\r']);
        if !line || !seen.insert(name) {
            return Err(Error::ClassName { name: name.clone() });
        }
        if rules.missing.is(name) {
            return Err(Error::MissingClass { name: name.clone() });
        }
    }
    match equal_numbers(classes) {
        None => Ok(()),
        Some((first, second)) => Err(Error::EqualClasses {
            first: first.clone(),
            second: second.clone(),
        }),
    }
}

impl TryFrom<IngestOptions> for IngestConfig {
    type Error = Error;

    fn try_from(options: IngestOptions) -> Result<Self, Error> {
        let standard = Reading::default();
        let reading = Reading {
            format: options.format,
            header: options.header.unwrap_or(true),
            text: options.text_column.map_or(standard.text, |text| vec![text]),
            label_required: options.label_column.is_some(),
            label: options
                .label_column
                .map_or(standard.label, |label| vec![label]),
            key: options.id_column,
            metadata: options.metadata_columns,
            rule: LabelRule::Class,
            missing: options.missing_labels,
            numbers: options.label_numbers,
            rows: Rows::All,
            layout: Layout {
                delimiter: options.delimiter,
                quoting: options.quoting.unwrap_or_default(),
                encoding: options.encoding,
                invalid_text: options.invalid_text.unwrap_or_default(),
                records: options.records,
            },
        };
        Self::new(
            options.input,
            reading,
            options.classes,
            options.rename_classes,
        )
    }
}

impl TryFrom<DatasetFiles> for IngestConfig {
    type Error = Error;

    fn try_from(files: DatasetFiles) -> Result<Self, Error> {
        let classes = (!files.classes.is_empty()).then_some(files.classes);
        let config = Self::new(vec![files.path], files.reading, classes, Vec::new())?;
        Ok(Self {
            asked: false,
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> IngestOptions {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn paths_are_no_part_of_the_key_but_what_they_decide_is() {
        let key = |path: &str| {
            let json = format!(r#"{{"input": "{path}", "text_column": 1}}"#);
            let config = IngestConfig::try_from(options(&json)).unwrap();
            serde_json::to_string(&config).unwrap()
        };
        assert_eq!(key("/a/one.csv"), key("two.csv"));
        assert_ne!(key("one.csv"), key("one.tsv"));
    }

    #[test]
    fn metadata_columns_are_part_of_the_key_where_there_are_any() {
        let key = |more: &str| {
            let json = format!(r#"{{"input": "a.csv"{more}}}"#);
            let config = IngestConfig::try_from(options(&json)).unwrap();
            serde_json::to_string(&config).unwrap()
        };
        assert_eq!(key(""), key(r#", "metadata_columns": []"#));
        assert!(!key("").contains("metadata"));
        let stars = key(r#", "metadata_columns": ["stars"]"#);
        assert_ne!(stars, key(""));
        assert_ne!(stars, key(r#", "metadata_columns": ["source", "stars"]"#));
    }

    #[test]
    fn what_decides_labels_is_part_of_the_key() {
        let key = |more: &str| {
            let json = format!(r#"{{"input": "a.csv", "classes": ["a", "b"]{more}}}"#);
            let config = IngestConfig::try_from(options(&json)).unwrap();
            serde_json::to_string(&config).unwrap()
        };
        let keys = [
            key(""),
            key(r#", "missing_labels": ["-1"]"#),
            key(r#", "label_numbers": true"#),
            key(r#", "rename_classes": [["x", "a"]]"#),
        ];
        let different: BTreeSet<&String> = keys.iter().collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn options_are_checked() {
        let check = |json: &str| IngestConfig::try_from(options(json));
        assert!(matches!(check("{}"), Err(Error::NoInput)));
        let twice = r#"{"input": ["a.csv"], "classes": ["x", "x"]}"#;
        assert!(matches!(check(twice), Err(Error::ClassName { name }) if name == "x"));
        let blank = r#"{"input": ["a.csv"], "classes": ["x", " "]}"#;
        assert!(matches!(check(blank), Err(Error::ClassName { .. })));
        for (columns, wrong) in [
            (r#"["stars", "stars"]"#, "stars"),
            (r#"[1, "1"]"#, "1"),
            (r#"["source", "label"]"#, "label"),
        ] {
            let json = format!(r#"{{"input": ["a.csv"], "metadata_columns": {columns}}}"#);
            assert!(matches!(
                check(&json),
                Err(Error::MetadataName { name }) if name == wrong
            ));
        }
        let lines = r#"{"input": ["a.csv"], "classes": ["x\ny"]}"#;
        assert!(matches!(check(lines), Err(Error::ClassName { .. })));
        let equal = r#"{"input": ["a.csv"], "classes": ["1", "01"]}"#;
        assert!(matches!(check(equal), Err(Error::EqualClasses { .. })));
        assert!(check(r#"{"input": ["a.csv"], "classes": ["1", "01", "x"]}"#).is_ok());
        let missing = r#"{"input": ["a.csv"], "classes": ["-1", "1"], "missing_labels": ["-1.0"]}"#;
        assert!(matches!(check(missing), Err(Error::MissingClass { name }) if name == "-1"));
        let numbers = r#"{"input": ["a.csv"], "label_numbers": true}"#;
        assert!(matches!(check(numbers), Err(Error::NumbersOfNothing)));
        let twice = r#"{"input": ["a.csv"], "rename_classes": [["1", "x"], ["1.0", "y"]]}"#;
        assert!(matches!(check(twice), Err(Error::RenamedTwice { .. })));
        assert!(serde_json::from_str::<IngestOptions>(r#"{"inputs": "a"}"#).is_err());
        let sign = Reading {
            rule: LabelRule::Sign,
            ..Reading::default()
        };
        let result = IngestConfig::new(vec!["a.tsv".into()], sign, None, Vec::new());
        assert!(matches!(result, Err(Error::SignClasses { classes: 0 })));
    }
}
