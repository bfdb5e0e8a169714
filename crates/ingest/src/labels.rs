//! What a label's text stands for: a class, no label, or a row to leave out.

use goldpan_sources::{LabelRule, Reading};

use crate::classes::Classes;
use crate::error::{At, Error};
use crate::missing::Missing;
use crate::rename::Renames;

/// What a row's label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Class(i32),
    None,
    LeaveOut,
}

/// How labels are read, whatever the format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub rule: LabelRule,
    pub missing: Missing,
    /// Whether the labels are the classes' numbers, from 0.
    pub numbers: bool,
    pub rename: Renames,
}

/// A label that is there: without margins, renamed where the user says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given<'a> {
    pub text: &'a str,
    /// The place of the renaming that gave it.
    pub renamed: Option<usize>,
}

impl Rules {
    /// The rules of a reading, with these renamings.
    pub fn of(reading: &Reading, rename: &[(String, String)]) -> Result<Self, Error> {
        Ok(Self {
            rule: reading.rule,
            missing: Missing::new(&reading.missing),
            numbers: reading.numbers,
            rename: Renames::new(rename)?,
        })
    }

    /// The label, or nothing where there is none.
    pub fn given<'a>(&'a self, label: Option<&'a str>) -> Option<Given<'a>> {
        let label = label?.trim();
        if self.missing.is(label) {
            return None;
        }
        Some(match self.rename.of(label) {
            Some((place, text)) => Given {
                text,
                renamed: Some(place),
            },
            None => Given {
                text: label,
                renamed: None,
            },
        })
    }

    /// Reads a label. `named` says that the file has turned its numbers into names; `at` and
    /// `column` are for the error only.
    pub fn read(
        &self,
        label: Option<&str>,
        classes: &Classes,
        named: bool,
        at: impl Fn() -> At,
        column: &str,
    ) -> Result<Label, Error> {
        let Some(label) = self.given(label) else {
            return Ok(Label::None);
        };
        match self.rule {
            LabelRule::Class => {
                let by_number = self.numbers && !named && label.renamed.is_none();
                let class = match by_number {
                    true => classes.numbered(label.text, at, column),
                    false => classes.named(label.text, at, column),
                };
                class.map(Label::Class)
            }
            LabelRule::Sign => match label.text.parse::<f64>() {
                Ok(0.0) => Ok(Label::LeaveOut),
                Ok(number) if number > 0.0 => Ok(Label::Class(1)),
                Ok(number) if number < 0.0 => Ok(Label::Class(0)),
                _ => Err(Error::NotANumber {
                    at: at(),
                    column: column.to_owned(),
                    value: label.text.to_owned(),
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    fn at() -> At {
        At {
            path: "a.tsv".into(),
            place: Place::Line(3),
        }
    }

    fn two() -> Classes {
        Classes::new(&["negative".to_owned(), "positive".to_owned()])
    }

    #[test]
    fn signs_and_missing_labels() {
        let rules = Rules {
            rule: LabelRule::Sign,
            missing: Missing::new(&["-".to_owned()]),
            ..Rules::default()
        };
        let read = |label| rules.read(Some(label), &two(), false, at, "1");
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

    #[test]
    fn numbers_of_classes_are_read_where_the_user_says_so() {
        let rules = Rules {
            numbers: true,
            missing: Missing::new(&["-1".to_owned()]),
            ..Rules::default()
        };
        let read = |label, named| rules.read(Some(label), &two(), named, at, "label");
        assert_eq!(read("1.0", false).unwrap(), Label::Class(1));
        assert_eq!(read("-1", false).unwrap(), Label::None);
        assert_eq!(read("negative", false).unwrap(), Label::Class(0));
        let error = read("2", false).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.tsv, line 3, column `label`: `2` is not the number of a class; there are 2, numbered \
             from 0: `negative`, `positive`"
        );
        assert!(read("1", true).is_err());
        let stars = Classes::new(&["1".to_owned(), "2".to_owned()]);
        let label = rules.read(Some("1"), &stars, false, at, "label").unwrap();
        assert_eq!(label, Label::Class(1));
        let label = rules.read(Some("1"), &stars, true, at, "label").unwrap();
        assert_eq!(label, Label::Class(0));
    }

    #[test]
    fn renamed_labels_are_names() {
        let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        let rename = Renames::new(&[pair("0", "negative"), pair("good", "positive")]).unwrap();
        let rules = Rules {
            rename,
            numbers: true,
            ..Rules::default()
        };
        let read = |label| rules.read(Some(label), &two(), false, at, "label");
        assert_eq!(read("0.0").unwrap(), Label::Class(0));
        assert_eq!(read(" good").unwrap(), Label::Class(1));
        assert_eq!(read("1").unwrap(), Label::Class(1));
    }
}
