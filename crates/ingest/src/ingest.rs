//! Reading files of texts into one table.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;

use goldpan_artifact::{FileColumns, Producer, Progress, TextsWriter};
use goldpan_sources::{Column, LabelRule};

use crate::carried::Carried;
use crate::classes::{Classes, Values};
use crate::config::IngestConfig;
use crate::error::{At, Error, Place};
use crate::input::{self, Count};
use crate::labels::Label;
use crate::remarks::{self, Files};
use crate::row::{Row, Source, Wanted};
use crate::summary::{ClassCount, Keys, Noted, Renamed, Seen, Summary};
use crate::tool::Verdict;

/// Raised whenever the same input and settings give another table than before.
pub const VERSION: u32 = 3;

/// How many rows go by between two looks at the progress.
const STEP: u64 = 4096;

/// Reads the inputs into a table of texts at `out`.
///
/// Rows are numbered from 0 over all inputs, in order. Where the classes are not given, the
/// inputs are read twice: the first time for the labels' values. Every malformed row is an error
/// that names it; nothing is written then.
pub fn ingest(
    config: &IngestConfig,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let classes = match config.classes() {
        Some(classes) => classes.to_vec(),
        None => values(config, progress)?,
    };
    let classes = Classes::new(&classes);
    let (reading, rules) = (config.reading(), config.rules());
    let metadata: Vec<String> = reading.metadata.iter().map(Column::to_string).collect();
    let producer = Producer::new("ingest", VERSION);
    let columns = columns(config)?;
    let mut table = TextsWriter::create_from(out, classes.names(), &metadata, columns, producer)?;
    let mut counts = vec![0; classes.names().len()];
    let mut seen = Seen::default();
    let (mut blank, mut left_out) = (Noted::default(), Noted::default());
    let (mut rows, mut labelled, mut outside) = (0, 0, 0);
    let (mut withheld, mut keys) = (Noted::default(), Keys::default());
    let mut renamed = vec![0; rules.rename.pairs().len()];
    let mut missing = vec![0; rules.missing.values().len()];
    let mut own = BTreeSet::new();
    let mut files = Files::default();
    // Where the inputs are read twice, the first time has said what is to be said of them.
    let what = ("read texts", config.classes().is_some());
    let empty_lines = each_row(config, what, progress, |file, row, source| {
        let here = || at(config, file, row.place);
        files.note(&config.inputs()[file], source.names());
        let column = source.names().label.as_deref().unwrap_or_default();
        let written = label_of(row);
        if let Some(place) = written.and_then(|label| rules.missing.place(label.trim())) {
            missing[place] += 1;
        }
        let given = rules.given(written);
        match given.map(|label| (label.renamed, label.text)) {
            Some((Some(place), _)) => renamed[place] += 1,
            Some((None, text)) if !renamed.is_empty() => {
                own.insert(text.to_owned());
            }
            _ => {}
        }
        let named = source.carried().is_some_and(|carried| carried.numbers);
        let label = rules.read(written, &classes, named, here, column);
        let label = label.map_err(|error| match error {
            Error::UnknownLabel { .. } if config.classes().is_none() => Error::Changed {
                path: config.inputs()[file].clone(),
            },
            error => error,
        })?;
        if !reading.rows.takes(&row.main) {
            outside += 1;
            return Ok(());
        }
        let label = match label {
            Label::Class(class) => Some(class),
            Label::None => None,
            Label::LeaveOut => {
                left_out.note(here);
                return Ok(());
            }
        };
        if row.main.trim().is_empty() {
            blank.note(here);
        }
        if written.is_none() && rules.given(row.label.as_deref()).is_some() {
            withheld.note(here);
        }
        seen.note(&row.main, (file as u32, row.place), label, |file, place| {
            at(config, file as usize, place)
        });
        if let Some(count) = label.and_then(|label| counts.get_mut(label as usize)) {
            *count += 1;
            labelled += 1;
        }
        let key = row.key.as_deref();
        if reading.key.is_some() {
            keys.note(key, here);
        }
        table.push_with(rows, &row.main, label, key, &row.metadata)?;
        rows += 1;
        Ok(())
    })?;
    if rows == 0 {
        return Err(Error::NoRows {
            paths: config.inputs().to_vec(),
        });
    }
    files.warn();
    remarks::renamed(&rules.rename, &renamed, &own);
    if config.is_asked() {
        remarks::missing(rules.missing.values(), &missing);
    }
    let written = table.finish()?;
    let names = classes.names().iter().cloned();
    let summary = Summary {
        rows,
        labelled,
        classes: names
            .zip(counts)
            .map(|(name, rows)| ClassCount { name, rows })
            .collect(),
        blank,
        duplicates: seen.duplicates,
        conflicts: seen.conflicts,
        left_out,
        withheld,
        repeated_keys: keys.repeated,
        without_key: keys.none,
        outside,
        renamed: rules
            .rename
            .pairs()
            .iter()
            .zip(renamed)
            .map(|((from, to), rows)| Renamed {
                from: from.clone(),
                to: to.clone(),
                rows,
            })
            .collect(),
        empty_lines,
        bytes: written.bytes,
        digest: written.digest,
    };
    remarks::summary(&summary, config.classes().is_some());
    Ok(summary)
}

/// The label of a row, where a labelling tool that wrote the file lets it count.
fn label_of(row: &Row) -> Option<&str> {
    let label = row.label.as_deref();
    label.filter(|_| row.verdict == Verdict::Counts)
}

/// Reads the inputs for their classes: the names that files carry, and the labels' values.
fn values(config: &IngestConfig, progress: &dyn Progress) -> Result<Vec<String>, Error> {
    let mut values = Values::default();
    let (reading, rules) = (config.reading(), config.rules());
    if reading.rule == LabelRule::Sign {
        return Ok(Vec::new());
    }
    let mut carried: Vec<Carried> = vec![Carried::default(); config.inputs().len()];
    each_row(
        config,
        ("read labels", true),
        progress,
        |file, row, source| {
            if let Some(names) = source.carried()
                && names.names.len() != carried[file].names.len()
            {
                carried[file] = names.clone();
            }
            let Some(label) = rules.given(label_of(row)) else {
                return Ok(());
            };
            if !reading.rows.takes(&row.main) || values.note(label.text) {
                return Ok(());
            }
            let column = source.names().label.as_deref().unwrap_or_default();
            Err(Values::too_many(at(config, file, row.place), column))
        },
    )?;
    let mut names: Vec<String> = Vec::new();
    for (carried, path) in carried.iter().zip(config.inputs()) {
        let fixed = carried.names.iter().filter(|_| carried.fixed);
        names.extend(fixed.filter(|name| !rules.missing.is(name)).cloned());
        let mut unused = match carried.fixed {
            true => Vec::new(),
            false => rules.rename.all(carried.names.clone()),
        };
        unused.retain(|name| !values.has(name) && !rules.missing.is(name));
        remarks::unused(path, &unused);
    }
    let found = values.classes(rules.rename.all(names));
    for remark in &found.remarks {
        tracing::warn!("{remark}");
    }
    Ok(found.names)
}

/// Calls `visit` with every row of every input, and the number of the input. Warns of what is worth
/// a word of each input if `warn` says so. Returns how many
/// empty lines there were.
fn each_row(
    config: &IngestConfig,
    (what, warn): (&str, bool),
    progress: &dyn Progress,
    mut visit: impl FnMut(usize, &Row, &dyn Source) -> Result<(), Error>,
) -> Result<u64, Error> {
    let size = |path: &std::path::PathBuf| std::fs::metadata(path).map_or(0, |data| data.len());
    progress.begin(what, "bytes", Some(config.inputs().iter().map(size).sum()));
    let result = (0..config.inputs().len()).try_fold(0, |empty, file| {
        let more = each_row_of(config, (file, warn), progress, &mut visit)?;
        Ok(empty + more)
    });
    progress.end();
    result
}

/// What is asked of each file.
fn wanted(config: &IngestConfig) -> Wanted {
    let reading = config.reading();
    Wanted {
        main: reading.text.clone(),
        numbers: false,
        label: reading.label.clone(),
        label_required: reading.label_required,
        key: reading.key.clone(),
        metadata: reading.metadata.clone(),
        header: reading.header,
        layout: reading.layout.clone(),
    }
}

/// What the first file calls its columns.
fn columns(config: &IngestConfig) -> Result<FileColumns, Error> {
    let (path, format) = (&config.inputs()[0], config.reading().format);
    let source = input::open(path, format, &wanted(config), &Count::default())?;
    let names = source.names();
    // Without a header, columns have places only.
    let named = |name: &String| name.parse::<usize>().is_err();
    Ok(FileColumns {
        text: Some(names.main.clone()).filter(named),
        label: names
            .label
            .clone()
            .filter(|name| named(name) && names.columns.contains(name)),
        key: names.key.clone().filter(named),
    })
}

fn each_row_of(
    config: &IngestConfig,
    (file, warn): (usize, bool),
    progress: &dyn Progress,
    visit: &mut impl FnMut(usize, &Row, &dyn Source) -> Result<(), Error>,
) -> Result<u64, Error> {
    let reading = config.reading();
    let wanted = wanted(config);
    let count = Count::default();
    let mut source = input::open(&config.inputs()[file], reading.format, &wanted, &count)?;
    let result = each_row_from(source.as_mut(), &count, progress, |row, source| {
        visit(file, row, source)
    });
    // What was seen of a file may explain why it cannot be read.
    if warn {
        source.warn();
        if let Some(remark) = &source.names().no_label {
            tracing::warn!("{remark}");
        }
    }
    result.map(|()| source.empty_lines())
}

fn each_row_from(
    source: &mut dyn Source,
    count: &Count,
    progress: &dyn Progress,
    mut visit: impl FnMut(&Row, &dyn Source) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut row = Row::default();
    let mut rows: u64 = 0;
    loop {
        let some = source.next(&mut row)?;
        rows += 1;
        if !some || rows.is_multiple_of(STEP) {
            progress.advance(count.swap(0, Ordering::Relaxed));
        }
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        if !some {
            return Ok(());
        }
        visit(&row, source)?;
    }
}

fn at(config: &IngestConfig, file: usize, place: Place) -> At {
    At {
        path: config.inputs()[file].clone(),
        place,
    }
}
