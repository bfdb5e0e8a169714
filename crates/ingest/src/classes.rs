//! The classes, and how labels name them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::{At, Error};
use crate::missing::is_mark;
use crate::numeral::Numeral;

/// The most classes that are taken from the labels.
const MOST: usize = 10_000;

/// How many labels a remark names.
const NAMED: usize = 3;

/// The classes, and how labels name them.
pub(crate) struct Classes {
    names: Vec<String>,
    by_name: HashMap<String, i32>,
    /// The class that is called a number; none where several are called so.
    by_number: HashMap<Numeral, Option<i32>>,
    /// The classes called true and false in any case, where all are called so.
    truths: Option<HashMap<bool, i32>>,
}

/// `true` or `false`, in any case.
fn truth(label: &str) -> Option<bool> {
    let is = |word| label.eq_ignore_ascii_case(word);
    is("true").then_some(true).or(is("false").then_some(false))
}

impl Classes {
    pub fn new(names: &[String]) -> Self {
        let mut by_number = HashMap::new();
        for (name, class) in names.iter().zip(0..) {
            if let Some(number) = Numeral::parse(name) {
                by_number
                    .entry(number)
                    .and_modify(|class| *class = None)
                    .or_insert(Some(class));
            }
        }
        let words: Vec<(bool, i32)> = names
            .iter()
            .zip(0..)
            .filter_map(|(name, class)| Some((truth(name)?, class)))
            .collect();
        let truths: HashMap<bool, i32> = words.iter().copied().collect();
        let others = names
            .iter()
            .any(|name| truth(name).is_none() && !is_mark(name));
        Self {
            by_name: names.iter().cloned().zip(0..).collect(),
            by_number,
            truths: (truths.len() == words.len() && !others).then_some(truths),
            names: names.to_vec(),
        }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the class that a label names: by its very name, or by an equal number.
    pub fn number(&self, label: &str) -> Option<i32> {
        let by_name = self.by_name.get(label).copied();
        by_name
            .or_else(|| *self.by_number.get(&Numeral::parse(label)?)?)
            .or_else(|| self.truths.as_ref()?.get(&truth(label)?).copied())
    }

    /// The class that a label names. `at` and `column` are for the error only.
    pub fn named(&self, label: &str, at: impl Fn() -> At, column: &str) -> Result<i32, Error> {
        self.number(label).ok_or_else(|| Error::UnknownLabel {
            at: at(),
            column: column.to_owned(),
            value: label.to_owned(),
            classes: self.names.clone(),
        })
    }

    /// The class of that number, from 0; a label that is no number may be a name.
    pub fn numbered(&self, label: &str, at: impl Fn() -> At, column: &str) -> Result<i32, Error> {
        let Some(number) = Numeral::parse(label) else {
            return self.named(label, at, column);
        };
        let class = number.index().filter(|&index| index < self.names.len());
        let class = class.and_then(|index| i32::try_from(index).ok());
        class.ok_or_else(|| Error::LabelNumber {
            at: at(),
            column: column.to_owned(),
            value: label.to_owned(),
            classes: self.names.clone(),
        })
    }
}

/// Two of these names that are equal as numbers, where all are numbers.
pub(crate) fn equal_numbers(names: &[String]) -> Option<(&String, &String)> {
    let numbers: Option<Vec<Numeral>> = names.iter().map(|name| Numeral::parse(name)).collect();
    let mut seen: HashMap<Numeral, &String> = HashMap::new();
    numbers?
        .into_iter()
        .zip(names)
        .find_map(|(number, name)| Some((seen.insert(number, name)?, name)))
}

/// The values that labels take.
#[derive(Default)]
pub(crate) struct Values(BTreeSet<String>);

/// The classes that labels name, and what is worth a word.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub names: Vec<String>,
    pub remarks: Vec<String>,
}

impl Values {
    /// Notes a label; false where there are too many.
    pub fn note(&mut self, label: &str) -> bool {
        if !self.0.contains(label) {
            self.0.insert(label.to_owned());
        }
        self.0.len() <= MOST
    }

    /// Whether a label is this one, once it was noted.
    pub fn has(&self, label: &str) -> bool {
        self.0.contains(label)
    }

    /// The error for too many of them.
    pub fn too_many(at: At, column: &str) -> Error {
        Error::TooManyClasses {
            at,
            column: column.to_owned(),
            limit: MOST,
        }
    }

    /// The classes: the names that the files themselves give, in their order, then the others.
    ///
    /// Where every label is a number, equal ones are one class, and classes are in order of their
    /// numbers; where every label is true or false, case makes no difference. Marks such as `NA`
    /// count for neither. Otherwise each label is a class, in order of the names.
    pub fn classes(self, carried: Vec<String>) -> Found {
        let Self(mut labels) = self;
        if !carried.is_empty() {
            let known = Classes::new(&carried);
            labels.retain(|label| known.number(label).is_none());
            let mut names = carried;
            names.extend(labels);
            return Found {
                names,
                remarks: Vec::new(),
            };
        }
        let (mut marks, labels): (Vec<String>, Vec<String>) =
            labels.into_iter().partition(|label| is_mark(label));
        let mut remarks = Vec::new();
        let numbers = |labels: &[String]| -> Option<Vec<Numeral>> {
            labels.iter().map(|label| Numeral::parse(label)).collect()
        };
        let with_points = || -> Vec<String> {
            let point = |label: &String| label.replacen(',', ".", 1);
            labels.iter().map(point).collect()
        };
        let truths: Option<Vec<bool>> = labels.iter().map(|label| truth(label)).collect();
        let mut names: Vec<String> = match (numbers(&labels), truths) {
            _ if labels.is_empty() => Vec::new(),
            (Some(numbers), _) => {
                let mut spelled: BTreeMap<Numeral, Vec<String>> = BTreeMap::new();
                for (number, label) in numbers.into_iter().zip(labels) {
                    spelled.entry(number).or_default().push(label);
                }
                remarks.extend(respelled(&spelled));
                spelled.keys().map(Numeral::to_string).collect()
            }
            (None, Some(truths)) => {
                let mut spelled: BTreeMap<bool, Vec<String>> = BTreeMap::new();
                for (truth, label) in truths.into_iter().zip(labels) {
                    spelled.entry(truth).or_default().push(label);
                }
                remarks.extend(respelled(&spelled));
                spelled.keys().map(bool::to_string).collect()
            }
            (None, None) => {
                remarks.extend(truths_beside_numbers(&labels));
                if numbers(&with_points()).is_some() {
                    let first = labels.iter().find(|label| label.contains(','));
                    remarks.push(format!(
                        "labels such as `{}` are read as text: a number is written with a point, \
                         and without separators",
                        first.map(String::as_str).unwrap_or_default()
                    ));
                }
                let mut names = labels;
                names.append(&mut marks);
                names.sort();
                names
            }
        };
        names.extend(marks);
        Found { names, remarks }
    }
}

/// A sentence where some labels are truths and the others the numbers that may stand for them.
fn truths_beside_numbers(labels: &[String]) -> Option<String> {
    let number = |label: &String| Numeral::parse(label)?.index().filter(|index| *index < 2);
    let (truths, others): (Vec<&String>, Vec<&String>) =
        labels.iter().partition(|label| truth(label).is_some());
    let both = !truths.is_empty() && others.iter().all(|label| number(label).is_some());
    let (truth, other) = (truths.first()?, others.first()?);
    both.then(|| {
        format!(
            "some labels are `{truth}` and some `{other}`: they are classes of their own; where they \
             mean the same, give --rename-class 1=true --rename-class 0=false (rename_classes in a \
             pipeline)"
        )
    })
}

/// A sentence where a class has several spellings, or loses zeros at its beginning.
fn respelled<N: ToString>(spelled: &BTreeMap<N, Vec<String>>) -> Option<String> {
    let zeros = |name: &str, label: &String| {
        let digits = |text: &str| text.trim_start_matches(['-', '+']).to_owned();
        digits(label).starts_with('0') && !digits(name).starts_with('0') && name != "0"
    };
    let mut told = Vec::new();
    for (name, labels) in spelled {
        let name = name.to_string();
        if labels.len() > 1 || labels.iter().any(|label| zeros(&name, label)) {
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            let verb = if labels.len() == 1 { "is" } else { "are" };
            told.push(format!(
                "{} {verb} the class `{name}`",
                labels.join(" and ")
            ));
        }
    }
    let more = told.len().saturating_sub(NAMED);
    told.truncate(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    (!told.is_empty()).then(|| {
        format!(
            "labels that are equal are one class, however they are written: {}{more}; to keep what \
             is written, name the classes with --classes (classes in a pipeline)",
            told.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(labels: &[&str]) -> Found {
        let mut values = Values::default();
        assert!(labels.iter().all(|label| values.note(label)));
        values.classes(Vec::new())
    }

    fn classes(labels: &[&str]) -> Vec<String> {
        found(labels).names
    }

    fn of(names: &[&str]) -> Classes {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Classes::new(&names)
    }

    #[test]
    fn classes_are_sorted_by_number_or_name() {
        assert_eq!(classes(&["10", "9", "1", "9"]), ["1", "9", "10"]);
        assert_eq!(classes(&["pos", "neg"]), ["neg", "pos"]);
        assert_eq!(classes(&["2", "10", "x"]), ["10", "2", "x"]);
        assert_eq!(classes(&["-1", "0.5", "0"]), ["-1", "0", "0.5"]);
        assert!(found(&["-1", "0.5", "0", "x"]).remarks.is_empty());
    }

    #[test]
    fn equal_numbers_are_one_class_where_all_are_numbers() {
        let stars = found(&["1.0", "2.0", "5.0"]);
        assert_eq!(stars.names, ["1", "2", "5"]);
        assert!(stars.remarks.is_empty());
        let mixed = found(&["01", "1", "1.0", "0", "+2", "1e0"]);
        assert_eq!(mixed.names, ["0", "1", "2"]);
        let remark = &mixed.remarks[0];
        assert!(
            remark.contains("`01` and `1` and `1.0` and `1e0` are the class `1`"),
            "{remark}"
        );
        let codes = found(&["001", "002", "000"]);
        assert_eq!(codes.names, ["0", "1", "2"]);
        assert!(codes.remarks[0].contains("`001` is the class `1`"));
        assert_eq!(classes(&["01", "1", "x"]), ["01", "1", "x"]);
        assert_eq!(classes(&["1.0", "2.0", "nan", "?"]), ["1", "2", "?", "nan"]);
        let large = ["36893488147419103233", "36893488147419103232"];
        assert_eq!(classes(&large), [large[1], large[0]]);
    }

    #[test]
    fn a_decimal_comma_makes_a_text() {
        let found = found(&["1,0", "2,0", "3"]);
        assert_eq!(found.names, ["1,0", "2,0", "3"]);
        assert!(found.remarks[0].contains("`1,0` are read as text"));
    }

    #[test]
    fn truths_are_one_class_in_any_case_where_all_are_truths() {
        let both = found(&["True", "true", "False", "NA"]);
        assert_eq!(both.names, ["false", "true", "NA"]);
        assert!(both.remarks[0].contains("`True` and `true` are the class `true`"));
        assert_eq!(
            classes(&["True", "true", "maybe"]),
            ["True", "maybe", "true"]
        );
        assert_eq!(of(&["false", "true"]).number("TRUE"), Some(1));
        assert_eq!(of(&["False", "True"]).number("true"), Some(1));
        assert_eq!(of(&["True", "true", "false"]).number("TRUE"), None);
        assert_eq!(of(&["true", "other"]).number("True"), None);
    }

    #[test]
    fn truths_beside_zeros_and_ones_are_told() {
        let told = |labels: &[&str]| found(labels).remarks.join("\n");
        for labels in [&["1", "True"][..], &["false", "0", "1.0", "NA", "true"]] {
            let told = told(labels);
            assert!(told.contains("they are classes of their own"), "{told}");
        }
        for labels in [&["2", "true"][..], &["true", "1", "maybe"], &["NA", "true"]] {
            assert_eq!(told(labels), "", "{labels:?}");
        }
    }

    #[test]
    fn names_that_files_carry_keep_their_order() {
        let mut values = Values::default();
        assert!(["pos", "zz", "neg"].iter().all(|label| values.note(label)));
        let carried = ["pos", "neutral", "neg"].map(str::to_owned).to_vec();
        assert_eq!(
            values.classes(carried).names,
            ["pos", "neutral", "neg", "zz"]
        );
    }

    #[test]
    fn labels_name_classes_by_name_or_equal_number() {
        let named = of(&["negative", "positive"]);
        assert_eq!(named.number("positive"), Some(1));
        let wrong = ["0", "1", "2", "-1", "Positive"];
        assert!(wrong.iter().all(|label| named.number(label).is_none()));
        let stars = of(&["1", "2"]);
        for one in ["1", "1.0", "01"] {
            assert_eq!(stars.number(one), Some(0));
        }
        assert_eq!((stars.number("0"), stars.number("3")), (None, None));
        let floats = of(&["1.0", "2.0"]);
        assert_eq!((floats.number("1"), floats.number("2")), (Some(0), Some(1)));
        let texts = of(&["1", "1.0", "x"]);
        assert_eq!((texts.number("1.0"), texts.number("01")), (Some(1), None));
    }

    #[test]
    fn names_that_are_equal_as_numbers_are_found() {
        let find = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            equal_numbers(&names).map(|(one, two)| format!("{one} {two}"))
        };
        assert_eq!(find(&["1", "2", "01"]).as_deref(), Some("1 01"));
        assert_eq!(find(&["1", "2", "01", "x"]), None);
        assert_eq!(find(&["1", "2"]), None);
    }
}
