//! Finding the columns that are wanted among those that a file has.

use std::path::Path;

use goldpan_sources::Column;

use crate::alike::{column_key, shown};
use crate::error::Error;
use crate::row::{Found, Names, Wanted};
use crate::tool::{tool, verdict_column};

/// What columns of labels are called, beside `label`.
const LIKELY: [&str; 31] = [
    "labels",
    "class",
    "classes",
    "category",
    "categories",
    "target",
    "targets",
    "y",
    "sentiment",
    "polarity",
    "stars",
    "rating",
    "ratings",
    "accept",
    "intent",
    "topic",
    "tag",
    "tags",
    "annotation",
    "annotations",
    "gold",
    "truth",
    "ground truth",
    "answer",
    "verdict",
    "included",
    "toxic",
    "emotion",
    "stance",
    "choice",
    "classification",
];

/// The column that was found for one that was asked for.
struct Place {
    index: usize,
    remark: Option<String>,
}

impl Wanted {
    /// Finds the columns in a file that has `names`; without a header these are places.
    ///
    /// A column that is called otherwise only by case, white space, `_` or `-`, Unicode form or
    /// invisible characters is taken for the one asked for, with a remark, unless several are so.
    pub fn find(&self, path: &Path, names: &[String], header: bool) -> Result<Found, Error> {
        let missing = |column: &Column| match column {
            Column::Name(name) if !header && name.parse::<usize>().is_err() => {
                Error::NamelessColumn {
                    path: path.to_owned(),
                    column: column.clone(),
                }
            }
            _ => self.no_column(path, column, names),
        };
        let first = |columns: &[Column]| first_of(path, columns, names, header);
        let mut remarks = Vec::new();
        let mut place = |place: Place| {
            remarks.extend(place.remark);
            place.index
        };
        let main = match (first(&self.main)?, self.main.as_slice()) {
            (Some(main), _) => place(main),
            (None, []) => 0,
            (None, columns) => {
                return Err(match (nested(path, names), columns) {
                    (Some(nested), _) => nested,
                    (None, [column]) => missing(column),
                    (None, columns) => Error::NoMainColumn {
                        path: path.to_owned(),
                        wanted: columns.iter().map(Column::to_string).collect(),
                        columns: names.to_vec(),
                        ids: self.numbers,
                    },
                });
            }
        };
        let label = match (first(&self.label)?, self.label.first()) {
            (None, Some(column)) if self.label_required => return Err(missing(column)),
            (label, _) => label.map(&mut place),
        };
        let mut required = |column: &Column| {
            let found = first(std::slice::from_ref(column))?;
            found.map(&mut place).ok_or_else(|| missing(column))
        };
        let key = self.key.as_ref().map(&mut required).transpose()?;
        let metadata = self.metadata.iter().map(&mut required);
        let metadata: Vec<usize> = metadata.collect::<Result<_, _>>()?;
        let mut without = None;
        if label.is_none() && header && !self.label.is_empty() {
            let taken =
                |index: &usize| *index == main || key == Some(*index) || metadata.contains(index);
            let others = (0..names.len()).filter(|index| !taken(index));
            let others: Vec<&String> = others.map(|index| &names[index]).collect();
            without = no_labels(path, &self.label[0], &others);
        }
        let asked =
            |place: &usize| *place == main || key == Some(*place) || metadata.contains(place);
        let verdict = (header && !self.label.is_empty())
            .then(|| verdict_column(names, label))
            .flatten()
            .filter(|place| !asked(place));
        Ok(Found {
            main,
            label,
            key,
            verdict,
            names: Names {
                main: names.get(main).cloned().unwrap_or_default(),
                label: label.map(|label| names[label].clone()),
                key: key.map(|key| names[key].clone()),
                verdict: verdict.map(|verdict| names[verdict].clone()),
                metadata: metadata.iter().map(|&index| names[index].clone()).collect(),
                columns: names.to_vec(),
                remarks,
                no_label: without,
            },
            metadata,
        })
    }

    /// The error for a column that is not among `names`.
    pub fn no_column(&self, path: &Path, column: &Column, names: &[String]) -> Error {
        let text = column.to_string();
        let alike =
            |name: &&String| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
        let best = names.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
        Error::NoColumn {
            path: path.to_owned(),
            column: column.clone(),
            columns: names.to_vec(),
            nearest: best.filter(|name| alike(name) > 0.75).cloned(),
        }
    }
}

/// The error for an export of a labelling tool whose texts lie one level down.
fn nested(path: &Path, names: &[String]) -> Option<Error> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let (found, advice) = match tool(names)? {
        "Label Studio" if has("data") => (
            "Label Studio's own JSON, whose texts and labels are nested",
            "export it as JSON-MIN, CSV or TSV",
        ),
        "Argilla" if has("fields") => (
            "Argilla's own JSON, whose texts and labels are nested",
            "write its records with dataset.records.to_datasets().to_json(path), or as CSV",
        ),
        _ => return None,
    };
    Some(Error::Refused {
        path: path.to_owned(),
        found,
        advice,
    })
}

/// The first of `columns` that there is: by its very name or place, or else by a name that may be
/// meant for it.
fn first_of(
    path: &Path,
    columns: &[Column],
    names: &[String],
    header: bool,
) -> Result<Option<Place>, Error> {
    let at = |column: &Column| match column {
        Column::Index(index) => (*index < names.len()).then_some(*index),
        Column::Name(name) => names
            .iter()
            .position(|other| header && other == name)
            .or_else(|| name.parse().ok().filter(|&index| index < names.len())),
    };
    if let Some(index) = columns.iter().find_map(at) {
        let remark = others_like(path, names, index).filter(|_| header);
        return Ok(Some(Place { index, remark }));
    }
    let named = columns.iter().filter_map(|column| match column {
        Column::Name(name) if header => Some(name),
        _ => None,
    });
    for name in named {
        match like(name, names).as_slice() {
            [] => {}
            [index] => {
                let remark = format!(
                    "{} has no column `{}`; `{}` is taken for it",
                    path.display(),
                    shown(name),
                    shown(&names[*index])
                );
                return Ok(Some(Place {
                    index: *index,
                    remark: Some(remark),
                }));
            }
            several => {
                return Err(Error::AmbiguousColumn {
                    path: path.to_owned(),
                    column: name.clone(),
                    columns: several.iter().map(|&index| shown(&names[index])).collect(),
                });
            }
        }
    }
    Ok(None)
}

/// The places of the names that may be meant for `name`.
fn like(name: &str, names: &[String]) -> Vec<usize> {
    let key = column_key(name);
    let same = |index: &usize| column_key(&names[*index]) == key;
    (0..names.len()).filter(same).collect()
}

/// A sentence where another column could be meant as well as the one that is taken.
fn others_like(path: &Path, names: &[String], index: usize) -> Option<String> {
    let others = like(&names[index], names);
    let others: Vec<String> = others
        .into_iter()
        .filter(|&other| other != index && names[other] != names[index])
        .map(|other| format!("`{}`", shown(&names[other])))
        .collect();
    (!others.is_empty()).then(|| {
        let (path, taken) = (path.display(), shown(&names[index]));
        let others = others.join(", ");
        format!("{path} has the columns `{taken}` and {others}; `{taken}` is taken")
    })
}

/// The columns that most likely hold labels.
pub(crate) fn likely_labels<'a>(names: &[&'a String]) -> Vec<&'a String> {
    let likely = |name: &&&String| {
        let key = column_key(name);
        let mut words = key.split(|c: char| !c.is_alphanumeric());
        LIKELY.contains(&key.as_str()) || words.any(|word| matches!(word, "label" | "labels"))
    };
    names.iter().filter(likely).copied().collect()
}

/// A sentence where a file without a label column seems to have labels.
pub(crate) fn no_labels(path: &Path, wanted: &Column, others: &[&String]) -> Option<String> {
    let likely: Vec<String> = likely_labels(others)
        .into_iter()
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    (!likely.is_empty()).then(|| {
        format!(
            "{} has no column `{wanted}`, so its texts have no labels; if {} has them, say so with \
             --label-column (label_column in a pipeline)",
            path.display(),
            likely.join(" or "),
        )
    })
}

#[cfg(test)]
mod tests {
    use goldpan_sources::Layout;

    use super::*;

    fn wanted(main: &[&str], label: Option<&str>) -> Wanted {
        Wanted {
            main: main.iter().map(|&name| name.into()).collect(),
            numbers: false,
            label: label.map(Column::from).into_iter().collect(),
            label_required: label.is_some(),
            key: None,
            metadata: Vec::new(),
            header: true,
            layout: Layout::default(),
        }
    }

    fn find(wanted: &Wanted, names: &[&str], header: bool) -> Result<Found, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let found = wanted.find(Path::new("a.csv"), &names, header);
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_then_by_place() {
        let found = find(&wanted(&["text", "1"], None), &["label", "1", "x"], true).unwrap();
        assert_eq!((found.main, found.names.main.as_str()), (1, "1"));
        let found = find(&wanted(&["2"], Some("0")), &["0", "1", "2"], false).unwrap();
        assert_eq!((found.main, found.label), (2, Some(0)));
    }

    #[test]
    fn columns_that_differ_by_little_are_taken_with_a_remark() {
        for (name, told) in [
            ("Label", "Label"),
            (" label", " label"),
            ("LABEL ", "LABEL "),
            ("\u{feff}label", "\\u{feff}label"),
        ] {
            let mut wanted = wanted(&["text"], Some("label"));
            wanted.label_required = false;
            let found = find(&wanted, &["text", name], true).unwrap();
            assert_eq!(found.label, Some(1));
            let remark = format!("a.csv has no column `label`; `{told}` is taken for it");
            assert_eq!(found.names.remarks, [remark]);
            let error = find(&wanted, &["text", name, "lAbel"], true).unwrap_err();
            assert!(error.contains("could be meant"), "{error}");
            let found = find(&wanted, &["text", name, "label"], true).unwrap();
            assert_eq!(found.label, Some(2));
            assert!(found.names.remarks[0].ends_with("; `label` is taken"));
        }
        let found = find(&wanted(&["Review Text"], None), &["x", "review_text"], true).unwrap();
        assert_eq!(found.main, 1);
        // Without a header there are no names that could be alike.
        assert!(find(&wanted(&["text"], None), &["Text"], false).is_err());
    }

    #[test]
    fn a_likely_label_column_is_named_where_none_is_found() {
        let mut wanted = wanted(&["text"], Some("label"));
        wanted.label_required = false;
        for name in ["sentiment", "Stars", "gold_label", "labels", "coarse-label"] {
            let found = find(&wanted, &["text", "other", name], true).unwrap();
            assert_eq!(found.label, None);
            let remark = found.names.no_label.unwrap();
            assert!(
                remark.contains(&format!("if `{name}` has them")),
                "{remark}"
            );
        }
        let found = find(&wanted, &["text", "date"], true).unwrap();
        assert_eq!(found.names.no_label, None);
        wanted.metadata = vec!["stars".into()];
        let found = find(&wanted, &["text", "stars"], true).unwrap();
        assert_eq!(found.names.no_label, None);
    }

    #[test]
    fn missing_columns_are_told_with_the_nearest() {
        let error = find(&wanted(&["txet"], None), &["label", "text"], true).unwrap_err();
        assert_eq!(
            error,
            "a.csv has no column `txet` (is `text` meant?): it has `label`, `text`"
        );
        let error = find(&wanted(&["text", "sentence"], None), &["a"], true).unwrap_err();
        assert_eq!(
            error,
            "a.csv has none of the columns `text`, `sentence`: it has `a`; name the one with the texts"
        );
        let error = find(&wanted(&["text"], None), &["0", "1"], false).unwrap_err();
        assert!(error.contains("give its place, from 0"), "{error}");
        let error = find(&wanted(&["7"], None), &["0", "1"], false).unwrap_err();
        assert_eq!(error, "a.csv has no column `7`: it has `0`, `1`");
    }
}
