//! Warnings about what was read: what a person should look at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::numeral::Numeral;
use crate::rename::Renames;
use crate::row::Names;
use crate::summary::Summary;
use crate::{alike, missing, several};

/// Says which names of a dictionary no label has: they are no classes.
pub(crate) fn unused(path: &Path, unused: &[String]) {
    let shown: Vec<String> = unused
        .iter()
        .take(5)
        .map(|name| format!("`{name}`"))
        .collect();
    if !unused.is_empty() {
        let path = path.display();
        tracing::warn!(
            "{path}: the dictionary of its labels has {} that no row has, so no class is called so \
             ({}); to have them as classes, name all with --classes (classes in a pipeline)",
            match unused.len() {
                1 => "a name".to_owned(),
                more => format!("{more} names"),
            },
            shown.join(", "),
        );
    }
}

/// Says which renamings had nothing to rename, and which classes became one.
pub(crate) fn renamed(rename: &Renames, used: &[u64], own: &BTreeSet<String>) {
    for ((old, new), count) in rename.pairs().iter().zip(used) {
        if *count == 0 {
            tracing::warn!("no label is `{old}`, which was to be renamed to `{new}`");
        }
    }
    for (new, old) in rename.merged(used, |name| own.contains(name)) {
        let mut old: Vec<String> = old.iter().map(|name| format!("`{name}`")).collect();
        if own.contains(&new) {
            old.push(format!("`{new}`"));
        }
        tracing::warn!("{} are one class now, `{new}`", old.join(" and "));
    }
}

/// Says which values for no label no row has.
pub(crate) fn missing(values: &[String], used: &[u64]) {
    let unused: Vec<String> = values
        .iter()
        .zip(used)
        .filter(|(value, rows)| **rows == 0 && !value.is_empty())
        .map(|(value, _)| format!("`{}`", alike::shown(value)))
        .collect();
    if !unused.is_empty() {
        let verb = if unused.len() == 1 { "was" } else { "were" };
        let unused = unused.join(", ");
        tracing::warn!("no label is {unused}, which {verb} to mean that there is none");
    }
}

/// How the columns of the files were found.
#[derive(Default)]
pub(crate) struct Files {
    last: Option<PathBuf>,
    labelled: Option<PathBuf>,
    unlabelled: Option<PathBuf>,
}

impl Files {
    /// Notes a file, at each of its rows.
    pub fn note(&mut self, path: &Path, names: &Names) {
        if self.last.as_deref() == Some(path) {
            return;
        }
        self.last = Some(path.to_owned());
        let first = match names.label {
            Some(_) => &mut self.labelled,
            None => &mut self.unlabelled,
        };
        first.get_or_insert_with(|| path.to_owned());
    }

    /// Says what was remarked.
    pub fn warn(&self) {
        if let (Some(with), Some(without)) = (&self.labelled, &self.unlabelled) {
            let (with, without) = (with.display(), without.display());
            tracing::warn!("{without} has no column of labels, as {with} has: its texts have none");
        }
    }
}

/// The fewest classes of labels that may be no classes.
const SCATTERED: usize = 20;

/// The fewest numbers, some of them with fractions, that may be measurements.
const MEASURED: usize = 12;

/// A sentence where labels are most likely no classes, but ids, texts or measurements.
fn scattered(summary: &Summary) -> Option<String> {
    let classes = summary.classes.iter().filter(|class| class.rows > 0);
    let (count, once) = classes.fold((0, 0), |(count, once), class| {
        (count + 1, once + usize::from(class.rows == 1))
    });
    let names = || summary.classes.iter().map(|class| &class.name);
    let measured = count >= MEASURED
        && names().all(|name| Numeral::parse(name).is_some() || missing::is_mark(name))
        && names().any(|name| name.contains('.'));
    (measured || (count >= SCATTERED && once * 2 > count)).then(|| {
        let labelled = summary.labelled;
        format!(
            "{labelled} labelled rows have {count} classes, {once} of which only one row has: is the \
             label column one of ids, texts or measurements?"
        )
    })
}

/// Says what a person should look at.
pub(crate) fn summary(summary: &Summary, given: bool) {
    let names: Vec<String> = summary
        .classes
        .iter()
        .map(|class| class.name.clone())
        .collect();
    for warning in alike::warnings(&names) {
        tracing::warn!("{warning}");
    }
    if let Some(warning) = several::warning(&names).filter(|_| !given) {
        tracing::warn!("{warning}");
    }
    // Classes that the user names are meant.
    let marks = if given {
        Vec::new()
    } else {
        missing::marks(&names)
    };
    let rows = |name: &String| {
        let class = summary.classes.iter().find(|class| class.name == *name);
        class.map_or(0, |class| class.rows)
    };
    let told: Vec<String> = marks
        .iter()
        .map(|name| format!("`{name}` ({} rows)", rows(name)))
        .collect();
    if !told.is_empty() {
        let values: Vec<&str> = marks.iter().map(|name| name.as_str()).collect();
        tracing::warn!(
            "{} {} taken as {}; if that means that there is no label, give --missing-labels '{}' \
             (missing_labels in a pipeline)",
            told.join(", "),
            if told.len() == 1 { "is" } else { "are" },
            if told.len() == 1 {
                "a class"
            } else {
                "classes"
            },
            values.join(","),
        );
    }
    if let Some(warning) = scattered(summary).filter(|_| !given) {
        tracing::warn!("{warning}");
    }
    if let Some(first) = summary.withheld.first.first() {
        let count = summary.withheld.count;
        tracing::warn!(
            count, %first,
            "labels that do not count, as the labelling tool's own column beside them says (ignored, \
             rejected, discarded or a draft): these texts have no label"
        );
    }
    if let Some(first) = summary.repeated_keys.first.first() {
        let count = summary.repeated_keys.count;
        tracing::warn!(count, %first, "ids that occurred before: labels cannot be joined by them");
    }
    if let Some(first) = summary.without_key.first.first() {
        tracing::warn!(count = summary.without_key.count, %first, "texts without an id");
    }
    if let Some(first) = summary.blank.first.first() {
        tracing::warn!(count = summary.blank.count, %first, "texts without any character");
    }
    if let Some(first) = summary.conflicts.first.first() {
        let (first, earlier) = (&first.at, &first.earlier);
        tracing::warn!(count = summary.conflicts.count, %first, %earlier, "the same text with different labels");
    }
    if let Some(first) = summary.duplicates.first.first() {
        let (first, earlier) = (&first.at, &first.earlier);
        tracing::info!(count = summary.duplicates.count, %first, %earlier, "texts that occurred before");
    }
    if let Some(first) = summary.left_out.first.first() {
        tracing::info!(count = summary.left_out.count, %first, "rows left out, since their rating is of no class");
    }
}
