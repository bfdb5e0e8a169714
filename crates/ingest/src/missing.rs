//! Labels that mean that there is no label.

use crate::numeral::Numeral;

/// What programs write where there is no label, in lower case.
const MARKS: [&str; 38] = [
    "nan",
    "-nan",
    "none",
    "null",
    "nil",
    "na",
    "n/a",
    "<na>",
    "#n/a",
    "#na",
    "n.a.",
    "nat",
    "\\n",
    "-",
    "--",
    "---",
    "?",
    "??",
    "???",
    ".",
    "unlabeled",
    "unlabelled",
    "not labeled",
    "not labelled",
    "no label",
    "no_label",
    "undefined",
    "missing",
    "tbd",
    "todo",
    "blank",
    "(blank)",
    "skip",
    "skipped",
    "#ref!",
    "#value!",
    "[]",
    "{}",
];

/// Numbers that stand for no label beside classes that are numbered from 0.
const NUMBERS: [&str; 6] = ["-1", "-100", "-9", "-99", "-999", "-9999"];

/// Whether a label is a word or sign that most likely means that there is none.
pub(crate) fn is_mark(label: &str) -> bool {
    MARKS.contains(&label.to_lowercase().as_str())
}

/// Whether a label is one that may well mean that there is none, were it not a class.
pub(crate) fn may_be_mark(label: &str) -> bool {
    is_mark(label) || NUMBERS.contains(&label)
}

/// The classes that look like marks for no label.
///
/// A number below zero is one beside 0, beside several numbers that are not below zero, or alone.
pub(crate) fn marks(classes: &[String]) -> Vec<&String> {
    let number = |name: &&String| NUMBERS.contains(&name.as_str());
    let others: Vec<&String> = classes
        .iter()
        .filter(|name| !number(name) && !is_mark(name))
        .collect();
    let from_zero =
        |name: &&String| Numeral::parse(name).is_some_and(|number| number.index().is_some());
    let numbered = others.iter().all(from_zero);
    let some = others.len() != 1 || others[0] == "0";
    let is = |name: &&String| is_mark(name) || (number(name) && numbered && some);
    classes.iter().filter(is).collect()
}

/// The values that mean no label, by what the user says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    values: Vec<String>,
    /// The values that are numbers, at their places.
    numbers: Vec<Option<Numeral>>,
}

impl Missing {
    pub fn new(values: &[String]) -> Self {
        let values: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
        Self {
            numbers: values.iter().map(|value| Numeral::parse(value)).collect(),
            values,
        }
    }

    /// Whether this label, without margins, means that there is none.
    pub fn is(&self, label: &str) -> bool {
        label.is_empty() || self.place(label).is_some()
    }

    /// The values as the user gave them.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The place of the value that this label, without margins, is, or is equal to as a number.
    pub fn place(&self, label: &str) -> Option<usize> {
        let some = self.numbers.iter().any(Option::is_some);
        let number = some.then(|| Numeral::parse(label)).flatten();
        let mut values = self.values.iter().zip(&self.numbers);
        values.position(|(value, equal)| value == label || (number.is_some() && *equal == number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_names_means_no_label() {
        let missing = Missing::new(&["-1".to_owned(), "?".to_owned()]);
        for none in ["", "-1", "-1.0", "?"] {
            assert!(missing.is(none), "{none}");
        }
        for label in ["1", "0", "NA", "??"] {
            assert!(!missing.is(label), "{label}");
        }
        let place = |label| missing.place(label);
        assert_eq!(
            (place("-1.0"), place("?"), place("")),
            (Some(0), Some(1), None)
        );
        assert!(Missing::default().is("") && !Missing::default().is("-1"));
    }

    #[test]
    fn likely_marks_are_seen_among_the_classes() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            marks(&names)
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(of(&["-1", "0", "1"]), "-1");
        assert_eq!(of(&["-1", "0"]), "-1");
        assert_eq!(of(&["-1"]), "-1");
        assert_eq!(of(&["-100", "-1", "0", "1"]), "-100 -1");
        assert_eq!(of(&["-1", "1", "2", "3"]), "-1");
        assert_eq!(of(&["-1", "0", "1", "nan"]), "-1 nan");
        // The two classes of a support vector machine; ratings around zero.
        assert_eq!(of(&["-1", "1"]), "");
        assert_eq!(of(&["-2", "-1", "0", "1", "2"]), "");
        assert_eq!(of(&["-1", "good"]), "");
        assert_eq!(of(&["N/A", "None", "good", "<NA>", "?"]), "N/A None <NA> ?");
        assert_eq!(of(&["good", "bad", "unlabelled"]), "unlabelled");
        assert_eq!(of(&["other", "unknown"]), "");
    }
}
