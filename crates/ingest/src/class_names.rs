//! Names of classes as a person gives them: in a list, or in a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::numeral::Numeral;

/// Where the names of the classes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassNames {
    /// A list.
    List(Vec<String>),
    /// A file: see [`read_class_names`].
    File(PathBuf),
}

impl ClassNames {
    /// Reads what is given on a command line: names with commas between, in quotes where a name
    /// holds a comma, or a file's path, after an `@` where a name could be meant.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is_file = |text: &str| Path::new(text).is_file();
        let has_comma = text.contains(',');
        if let Some(path) = text.strip_prefix('@')
            && (is_file(path) || !has_comma)
        {
            return Ok(Self::File(path.into()));
        }
        let like_path = text.contains('/') || extension(Path::new(text)).is_some();
        if is_file(text) || (like_path && !has_comma) {
            return Ok(Self::File(text.into()));
        }
        Ok(Self::List(parse_list(text)?))
    }

    /// The names.
    pub fn read(self) -> Result<Vec<String>, Error> {
        match self {
            Self::List(names) => Ok(names),
            Self::File(path) => read_class_names(&path),
        }
    }
}

/// Reads names with commas between. A name in double quotes may hold commas, and quotes twice.
pub fn parse_list(text: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = field(rest, ',')?;
        names.push(name);
        match after {
            Some(after) => rest = after,
            None => return Ok(names),
        }
    }
}

/// Reads `OLD=NEW`. A name in double quotes may hold `=`, and quotes twice.
pub fn parse_rename(text: &str) -> Result<(String, String), Error> {
    let wrong = || Error::Rename {
        text: text.to_owned(),
    };
    let (old, rest) = field(text, '=')?;
    let (new, more) = field(rest.ok_or_else(wrong)?, '=')?;
    match (more, old.is_empty() || new.is_empty()) {
        (None, false) => Ok((old, new)),
        _ => Err(wrong()),
    }
}

/// The next field, without margins, and what comes after the separator.
fn field(text: &str, separator: char) -> Result<(String, Option<&str>), Error> {
    let text = text.trim_start();
    let Some(mut rest) = text.strip_prefix('"') else {
        return Ok(match text.split_once(separator) {
            Some((name, after)) => (name.trim_end().to_owned(), Some(after)),
            None => (text.trim_end().to_owned(), None),
        });
    };
    let wrong = || Error::Quotes {
        text: text.to_owned(),
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"').ok_or_else(wrong)?;
        name += part;
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => {
                let after = after.trim_start();
                return match after.strip_prefix(separator) {
                    Some(after) => Ok((name, Some(after))),
                    None if after.is_empty() => Ok((name, None)),
                    None => Err(wrong()),
                };
            }
        }
    }
}

/// How a file's names are written.
enum Written {
    Lines,
    Json,
    Yaml,
}

fn extension(path: &Path) -> Option<Written> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "txt" | "names" | "lst" | "list" => Some(Written::Lines),
        "json" => Some(Written::Json),
        "yaml" | "yml" => Some(Written::Yaml),
        _ => None,
    }
}

/// A name in a JSON or YAML file: a number is its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Truth(bool),
    Whole(i64),
    Number(f64),
}

impl Name {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Truth(truth) => truth.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A number before a name: a text in JSON.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Place {
    Whole(u64),
    Text(String),
}

impl Place {
    fn index(self) -> Option<usize> {
        match self {
            Self::Whole(number) => number.try_into().ok(),
            Self::Text(text) => Numeral::parse(&text)?.index(),
        }
    }
}

/// A list, or names by number as `config.json` of a model has them in `id2label`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<Name>),
    Config { id2label: BTreeMap<Place, Name> },
    Numbered(BTreeMap<Place, Name>),
}

impl Names {
    /// The names in order; `None` where they are not numbered from 0.
    fn in_order(self) -> Option<Vec<String>> {
        let numbered = match self {
            Self::List(names) => return Some(names.into_iter().map(Name::text).collect()),
            Self::Config { id2label } => id2label,
            Self::Numbered(numbered) => numbered,
        };
        let mut places: Vec<(usize, String)> = numbered
            .into_iter()
            .map(|(place, name)| Some((place.index()?, name.text())))
            .collect::<Option<_>>()?;
        places.sort();
        let from_zero = places.iter().zip(0..).all(|((place, _), at)| *place == at);
        from_zero.then(|| places.into_iter().map(|(_, name)| name).collect())
    }
}

/// Reads the names of classes, in order: one on each line, or where the file's name ends in
/// `.json` or `.yaml` a list, or names by number as `id2label` has them.
///
/// Empty lines are passed over, and so are white space around a name and a byte order mark.
pub fn read_class_names(path: &Path) -> Result<Vec<String>, Error> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let wrong = |problem: String| Error::ClassFile {
        path: path.to_owned(),
        problem,
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let numbered = "its names are not numbered from 0";
    let names = match extension(path).unwrap_or(Written::Lines) {
        Written::Lines => {
            let lines = text.split(['\n', '\r']).map(str::trim);
            lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        }
        Written::Json => {
            let names: Names = serde_json::from_str(text)
                .map_err(|_| wrong("it is no list of names".to_owned()))?;
            names.in_order().ok_or_else(|| wrong(numbered.to_owned()))?
        }
        Written::Yaml => {
            let names: Names = serde_yaml::from_str(text)
                .map_err(|_| wrong("it is no list of names".to_owned()))?;
            names.in_order().ok_or_else(|| wrong(numbered.to_owned()))?
        }
    };
    match names.is_empty() {
        true => Err(wrong("it has no name".to_owned())),
        false => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_quote_names() {
        let list = |text: &str| parse_list(text).unwrap();
        assert_eq!(list("neg,pos"), ["neg", "pos"]);
        assert_eq!(
            list("neg, \"a, b\" ,\"say \"\"no\"\"\""),
            ["neg", "a, b", "say \"no\""]
        );
        assert_eq!(list("好,plötzlich gut"), ["好", "plötzlich gut"]);
        assert!(parse_list("\"open,b").is_err());
        assert!(parse_list("\"a\"b").is_err());
    }

    #[test]
    fn renamings_may_quote_names() {
        let pair = |text: &str| parse_rename(text).unwrap();
        let of = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(pair("0=negative"), of("0", "negative"));
        assert_eq!(pair("\"a=b\"= c "), of("a=b", "c"));
        for wrong in ["a", "a=", "=b", "a=b=c"] {
            let error = parse_rename(wrong).unwrap_err().to_string();
            assert!(error.contains("OLD=NEW"), "{error}");
        }
    }

    #[test]
    fn files_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            read_class_names(&path).map_err(|error| error.to_string())
        };
        let expected = ["pos", "neg, or so"];
        for (name, text) in [
            ("a.txt", "\u{feff}pos\r\nneg, or so\r\n\r\n"),
            ("classes", " pos \nneg, or so"),
            ("a.json", r#"["pos", "neg, or so"]"#),
            ("b.json", r#"{"1": "neg, or so", "0": "pos"}"#),
            (
                "config.json",
                r#"{"model_type": "bert", "id2label": {"1": "neg, or so", "0": "pos"}}"#,
            ),
            ("a.yaml", "- pos\n- neg, or so\n"),
            ("b.yml", "0: pos\n1: neg, or so\n"),
        ] {
            assert_eq!(read(name, text).unwrap(), expected, "{name}");
        }
        assert_eq!(
            read("n.json", "[0, 1.5, true]").unwrap(),
            ["0", "1.5", "true"]
        );
        for (name, text, problem) in [
            ("x.txt", "\n\n", "it has no name"),
            ("x.json", "[null]", "it is no list of names"),
            (
                "x.json",
                r#"{"1": "a", "2": "b"}"#,
                "its names are not numbered from 0",
            ),
        ] {
            assert!(read(name, text).unwrap_err().contains(problem), "{name}");
        }
    }

    #[test]
    fn a_file_is_told_from_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classes");
        std::fs::write(&path, "a\nb\n").unwrap();
        let text = path.to_str().unwrap();
        let file = ClassNames::File(path.clone());
        assert_eq!(ClassNames::parse(text).unwrap(), file);
        assert_eq!(ClassNames::parse(&format!("@{text}")).unwrap(), file);
        assert_eq!(file.read().unwrap(), ["a", "b"]);
        for gone in ["none/classes", "none.txt", "@none", "none.json"] {
            let file = ClassNames::parse(gone).unwrap();
            let error = file.read().unwrap_err();
            assert!(matches!(error, Error::Read { .. }), "{gone}: {error}");
        }
        let list = |names: &[&str]| ClassNames::List(names.iter().map(|&n| n.to_owned()).collect());
        assert_eq!(ClassNames::parse("a,b").unwrap(), list(&["a", "b"]));
        assert_eq!(ClassNames::parse("good").unwrap(), list(&["good"]));
        assert_eq!(ClassNames::parse("@a,@b").unwrap(), list(&["@a", "@b"]));
        assert_eq!(
            ClassNames::parse("w/o,with").unwrap(),
            list(&["w/o", "with"])
        );
    }
}
