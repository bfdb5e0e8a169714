//! What a label's text stands for: a class, no label, or a row to leave out.

use std::collections::{BTreeSet, HashMap};

use goldpan_sources::{LabelRule, Reading};

use crate::Error;
use crate::error::At;

/// The most classes that are taken from the labels.
const MOST: usize = 10_000;

/// The classes, and how labels name them.
pub(crate) struct Classes {
    names: Vec<String>,
    numbers: HashMap<String, i32>,
    /// Whether a label may be a class's number.
    by_number: bool,
}

impl Classes {
    pub fn new(names: &[String]) -> Self {
        let numbers = names.iter().cloned().zip(0..).collect();
        Self {
            names: names.to_vec(),
            numbers,
            by_number: !names.iter().any(|name| name.parse::<i64>().is_ok()),
        }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the class of that name, or of that number where no class is called a number.
    pub fn number(&self, label: &str) -> Option<i32> {
        let by_name = self.numbers.get(label).copied();
        by_name.or_else(|| {
            let number: i32 = label.parse().ok().filter(|_| self.by_number)?;
            let known = usize::try_from(number).is_ok_and(|number| number < self.names.len());
            known.then_some(number)
        })
    }
}

/// The values that labels take.
#[derive(Default)]
pub(crate) struct Values(BTreeSet<String>);

impl Values {
    /// Notes a label; false where there are too many.
    pub fn note(&mut self, label: &str) -> bool {
        if !self.0.contains(label) {
            self.0.insert(label.to_owned());
        }
        self.0.len() <= MOST
    }

    /// The error for too many of them.
    pub fn too_many(at: At, column: &str) -> Error {
        Error::TooManyClasses {
            at,
            column: column.to_owned(),
            limit: MOST,
        }
    }

    /// The classes: by number where every label is a whole number, or else by name.
    pub fn classes(self) -> Vec<String> {
        let number = |label: &String| label.parse::<i64>().ok();
        let plain = |label: &String| number(label).is_some_and(|n| n.to_string() == *label);
        let mut names: Vec<String> = self.0.into_iter().collect();
        if names.iter().all(plain) {
            names.sort_by_key(number);
        }
        names
    }
}

/// What a row's label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Class(i32),
    None,
    LeaveOut,
}

/// The label's text without margins; nothing where it means that there is no label.
pub(crate) fn given<'a>(label: Option<&'a str>, reading: &Reading) -> Option<&'a str> {
    let label = label?.trim();
    let missing = label.is_empty() || reading.missing.iter().any(|missing| missing == label);
    (!missing).then_some(label)
}

/// Reads a label by the rule. `at` and `column` are for the error only.
pub(crate) fn read(
    label: Option<&str>,
    reading: &Reading,
    classes: &Classes,
    at: impl Fn() -> At,
    column: &str,
) -> Result<Label, Error> {
    let Some(label) = given(label, reading) else {
        return Ok(Label::None);
    };
    match reading.rule {
        LabelRule::Class => match classes.number(label) {
            Some(number) => Ok(Label::Class(number)),
            None => Err(Error::UnknownLabel {
                at: at(),
                column: column.to_owned(),
                value: label.to_owned(),
                classes: classes.names().to_vec(),
            }),
        },
        LabelRule::Sign => match label.parse::<f64>() {
            Ok(0.0) => Ok(Label::LeaveOut),
            Ok(number) if number > 0.0 => Ok(Label::Class(1)),
            Ok(number) if number < 0.0 => Ok(Label::Class(0)),
            _ => Err(Error::NotANumber {
                at: at(),
                column: column.to_owned(),
                value: label.to_owned(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[&str]) -> Vec<String> {
        let mut values = Values::default();
        assert!(labels.iter().all(|label| values.note(label)));
        values.classes()
    }

    #[test]
    fn classes_are_sorted_by_number_or_name() {
        assert_eq!(classes(&["10", "9", "1", "9"]), ["1", "9", "10"]);
        assert_eq!(classes(&["pos", "neg"]), ["neg", "pos"]);
        assert_eq!(classes(&["2", "10", "x"]), ["10", "2", "x"]);
        assert_eq!(classes(&["01", "1", "0"]), ["0", "01", "1"]);
    }

    #[test]
    fn labels_are_names_or_numbers_of_classes() {
        let named = Classes::new(&["negative".to_owned(), "positive".to_owned()]);
        assert_eq!(named.number("positive"), Some(1));
        assert_eq!(named.number("0"), Some(0));
        assert_eq!(
            (
                named.number("2"),
                named.number("-1"),
                named.number("Positive")
            ),
            (None, None, None)
        );
        let stars = Classes::new(&["1".to_owned(), "2".to_owned()]);
        assert_eq!((stars.number("1"), stars.number("0")), (Some(0), None));
    }

    #[test]
    fn signs_and_missing_labels() {
        let reading = Reading {
            rule: LabelRule::Sign,
            missing: vec!["-".to_owned()],
            ..Reading::default()
        };
        let two = Classes::new(&["negative".to_owned(), "positive".to_owned()]);
        let at = || At {
            path: "a.tsv".into(),
            place: crate::error::Place::Line(3),
        };
        let read = |label| read(Some(label), &reading, &two, at, "1");
        assert_eq!(read("0.25").unwrap(), Label::Class(1));
        assert_eq!(read(" -2 ").unwrap(), Label::Class(0));
        assert_eq!(read("-0.0").unwrap(), Label::LeaveOut);
        assert_eq!(
            (read("").unwrap(), read("-").unwrap()),
            (Label::None, Label::None)
        );
        for wrong in ["x", "nan", "1,5"] {
            let error = read(wrong).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("a.tsv, line 3, column `1`: `{wrong}` is not a number")
            );
        }
    }
}
