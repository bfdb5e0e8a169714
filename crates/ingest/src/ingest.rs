//! Reading files of texts into one table.

use std::path::Path;
use std::sync::atomic::Ordering;

use goldpan_artifact::{Producer, Progress, TextsWriter};
use goldpan_sources::{Column, LabelRule};

use crate::config::IngestConfig;
use crate::error::{At, Error, Place};
use crate::input::{self, Count};
use crate::labels::{self, Classes, Label, Values};
use crate::row::{Names, Row, Wanted};
use crate::summary::{ClassCount, Noted, Seen, Summary};

/// Raised whenever the same input and settings give another table than before.
pub const VERSION: u32 = 1;

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
        None => values(config, progress)?.classes(),
    };
    let classes = Classes::new(&classes);
    let reading = config.reading();
    let metadata: Vec<String> = reading.metadata.iter().map(Column::to_string).collect();
    let producer = Producer::new("ingest", VERSION);
    let mut table = TextsWriter::create_with(out, classes.names(), &metadata, producer)?;
    let mut counts = vec![0; classes.names().len()];
    let mut seen = Seen::default();
    let (mut blank, mut left_out) = (Noted::default(), Noted::default());
    let (mut rows, mut labelled, mut outside) = (0, 0, 0);
    let empty_lines = each_row(config, "read texts", progress, |file, row, names| {
        let here = || at(config, file, row.place);
        let column = names.label.as_deref().unwrap_or_default();
        let label = labels::read(row.label.as_deref(), reading, &classes, here, column);
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
        seen.note(&row.main, (file as u32, row.place), label, |file, place| {
            at(config, file as usize, place)
        });
        if let Some(count) = label.and_then(|label| counts.get_mut(label as usize)) {
            *count += 1;
            labelled += 1;
        }
        let key = row.key.as_deref();
        table.push_with(rows, &row.main, label, key, &row.metadata)?;
        rows += 1;
        Ok(())
    })?;
    if rows == 0 {
        return Err(Error::NoRows {
            paths: config.inputs().to_vec(),
        });
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
        outside,
        empty_lines,
        bytes: written.bytes,
        digest: written.digest,
    };
    warn(&summary);
    Ok(summary)
}

/// Reads the inputs for the values of their labels.
fn values(config: &IngestConfig, progress: &dyn Progress) -> Result<Values, Error> {
    let mut values = Values::default();
    let reading = config.reading();
    if reading.rule == LabelRule::Sign {
        return Ok(values);
    }
    each_row(config, "read labels", progress, |file, row, names| {
        let Some(label) = labels::given(row.label.as_deref(), reading) else {
            return Ok(());
        };
        if !reading.rows.takes(&row.main) || values.note(label) {
            return Ok(());
        }
        let column = names.label.as_deref().unwrap_or_default();
        Err(Values::too_many(at(config, file, row.place), column))
    })?;
    Ok(values)
}

/// Calls `visit` with every row of every input, and the number of the input. Returns how many
/// empty lines there were.
fn each_row(
    config: &IngestConfig,
    what: &str,
    progress: &dyn Progress,
    mut visit: impl FnMut(usize, &Row, &Names) -> Result<(), Error>,
) -> Result<u64, Error> {
    let size = |path: &std::path::PathBuf| std::fs::metadata(path).map_or(0, |data| data.len());
    progress.begin(what, "bytes", Some(config.inputs().iter().map(size).sum()));
    let result = (0..config.inputs().len()).try_fold(0, |empty, file| {
        let more = each_row_of(config, file, progress, &mut visit)?;
        Ok(empty + more)
    });
    progress.end();
    result
}

fn each_row_of(
    config: &IngestConfig,
    file: usize,
    progress: &dyn Progress,
    visit: &mut impl FnMut(usize, &Row, &Names) -> Result<(), Error>,
) -> Result<u64, Error> {
    let reading = config.reading();
    let wanted = Wanted {
        main: reading.text.clone(),
        numbers: false,
        label: reading.label.clone(),
        label_required: reading.label_required,
        key: reading.key.clone(),
        metadata: reading.metadata.clone(),
        header: reading.header,
    };
    let count = Count::default();
    let mut source = input::open(&config.inputs()[file], reading.format, &wanted, &count)?;
    let names = source.names().clone();
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
            return Ok(source.empty_lines());
        }
        visit(file, &row, &names)?;
    }
}

fn at(config: &IngestConfig, file: usize, place: Place) -> At {
    At {
        path: config.inputs()[file].clone(),
        place,
    }
}

/// Says what a person should look at.
fn warn(summary: &Summary) {
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
