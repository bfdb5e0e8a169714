//! From text to a checked pipeline.

use std::path::Path;
use std::sync::Arc;

use goldpan_select::Rule;
use miette::NamedSource;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

use crate::error::Error;
use crate::spec::check::check;
use crate::spec::overrides::Override;
use crate::spec::path::KeyPath;
use crate::spec::problem::{Invalid, Problem, ProblemKind};
use crate::spec::reader::read;
use crate::spec::settings::Pipeline;
use crate::spec::source::{Place, Side, Source, Text};
use crate::spec::text::decode;

impl Pipeline {
    /// Reads and checks a pipeline file. `overrides` are `KEY=VALUE`, such as
    /// `loop.rounds=[500, 500]`, applied in this order.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::ReadSpec {
            path: path.to_owned(),
            source,
        })?;
        let text = decode(&bytes).map_err(|source| Error::NotText {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&path.to_string_lossy(), &text, overrides).map_err(Error::Spec)
    }

    /// Like [`load`](Self::load) for a text; `file` names it in messages.
    pub fn parse(file: &str, text: &str, overrides: &[String]) -> Result<Self, Invalid> {
        let source = named(file, text);
        let (overrides, wrong): (Vec<_>, Vec<_>) = overrides
            .iter()
            .map(|text| Override::parse(text))
            .partition(Result::is_ok);
        let wrong: Vec<_> = wrong.into_iter().filter_map(Result::err).collect();
        if !wrong.is_empty() {
            return Err(Invalid::new(wrong));
        }
        let overrides: Vec<_> = overrides.into_iter().flatten().collect();
        let source = Source::new(source, overrides);
        let options = options(&source)?;
        check(&options, &source)
    }
}

impl Pipeline {
    /// Something that turned out to be wrong with a value later, with its place.
    pub(crate) fn problem(&self, path: &KeyPath, kind: ProblemKind) -> Problem {
        let overrides = self.overrides.iter().map(|text| Override::parse(text));
        let overrides = overrides.filter_map(Result::ok).collect();
        let source = Source::new(named(&self.file, &self.text), overrides);
        Problem::new(path.clone(), source.place(path, Side::Key), kind)
    }
}

/// Reads and checks a file with one rule, written as an arm of a pipeline is; `file` names it in
/// messages.
pub fn rule(file: &str, text: &str) -> Result<Rule, Invalid> {
    let text = named(file, text);
    let source = Source::new(text, Vec::new());
    let rule: Rule = options(&source)?;
    match rule.check() {
        Ok(()) => Ok(rule),
        Err(error) => {
            let place = source.place(&KeyPath::root(), Side::Value);
            let kind = ProblemKind::Strategy(Arc::new(error));
            let problem = Problem::new(KeyPath::root(), place, kind);
            Err(Invalid::new(vec![problem]))
        }
    }
}

/// The content as a `T`, every value of the right type.
fn options<T: DeserializeOwned>(source: &Source) -> Result<T, Invalid> {
    let value = value(source).map_err(|problem| Invalid::new(vec![problem]))?;
    read(&value).map_err(|mismatch| {
        let (path, side) = mismatch.place.unwrap_or((KeyPath::root(), Side::Value));
        let place = source.place(&path, side);
        Invalid::new(vec![Problem::new(path, place, mismatch.kind)])
    })
}

/// The file's content with the overrides in it.
fn value(source: &Source) -> Result<Value, Problem> {
    let text = source.text();
    if let Some(duplicate) = source.tree().and_then(|tree| tree.duplicate()) {
        let key = text.inner()[duplicate.second.clone()].to_owned();
        let first = Place::new(text, duplicate.first).line;
        let place = Place::new(text, duplicate.second);
        let kind = ProblemKind::Duplicate { key, first };
        return Err(Problem::new(duplicate.path, place, kind));
    }
    let mut value: Value = serde_yaml::from_str(text.inner()).map_err(|error| {
        let location = error.location();
        let (line, column) = location.map_or((1, 1), |place| (place.line(), place.column()));
        let place = Place::at(text, line, column);
        // The parser has no other way to tell it.
        let kind = match error.to_string().contains("more than one document") {
            true => ProblemKind::Documents,
            false => ProblemKind::Syntax(Arc::new(error)),
        };
        Problem::new(KeyPath::root(), place, kind)
    })?;
    value.apply_merge().map_err(|error| {
        let start = text.inner().find("<<").unwrap_or_default();
        let place = Place::new(text, start..(start + 2).min(text.inner().len()));
        Problem::new(KeyPath::root(), place, ProblemKind::Merge(Arc::new(error)))
    })?;
    if value.is_null() {
        let place = Place::at(text, 1, 1);
        return Err(Problem::new(KeyPath::root(), place, ProblemKind::Empty));
    }
    for set in source.overrides() {
        set.apply(&mut value)?;
    }
    Ok(value)
}

/// The text of a file, without the byte order mark that some editors put before it.
fn named(file: &str, text: &str) -> Text {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Arc::new(NamedSource::new(file, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_a_file_of_its_own() {
        let margin = Rule::from(goldpan_select::Strategy::from_name("margin").unwrap());
        for text in ["uncertainty: { score: margin }\n", "margin\n"] {
            assert_eq!(rule("s.yaml", text).unwrap(), margin);
        }
        let wrong = |text: &str| rule("s.yaml", text).unwrap_err().to_string();
        let unknown = wrong("uncertainty:\n  score: margn\n");
        assert!(
            unknown.starts_with("s.yaml:2:10: uncertainty.score: "),
            "{unknown}"
        );
        assert!(unknown.contains("did you mean `margin`?"), "{unknown}");
        assert!(wrong("product: []\n").contains("at least one objective"));
        assert!(wrong("").contains("the file is empty"));
    }
}
