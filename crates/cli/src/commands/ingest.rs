//! `goldpan ingest`

use goldpan_ingest::{Column, IngestConfig, IngestOptions, Summary, ingest};
use goldpan_sources::{Places, dataset};

use crate::app::App;
use crate::args::IngestArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, print_path};

/// Reads files into a table of texts.
pub fn run(args: &IngestArgs, app: &App) -> Result<(), Error> {
    let config = config(args, app)?;
    keep_apart(
        &args.out,
        config.inputs().iter().map(|input| input.as_path()),
    )?;
    let summary = ingest(&config, &args.out, app.progress())?;
    app.say(&line(&summary));
    print_path(&args.out)
}

fn config(args: &IngestArgs, app: &App) -> Result<IngestConfig, Error> {
    if let (Some(name), Some(split)) = (&args.dataset, &args.split) {
        let files = dataset(name, split, &Places::from_env()?, app.progress())?;
        return Ok(IngestConfig::try_from(files)?);
    }
    let metadata = args.metadata_columns.iter();
    let metadata = metadata.map(|text| column(text, args.no_header));
    let column = |given: &Option<String>| given.as_deref().map(|text| column(text, args.no_header));
    Ok(IngestConfig::try_from(IngestOptions {
        input: args.input.clone(),
        format: args.format,
        header: args.no_header.then_some(false),
        text_column: column(&args.text_column),
        label_column: column(&args.label_column),
        id_column: column(&args.id_column),
        metadata_columns: metadata.collect(),
        classes: args.classes.clone(),
    })?)
}

/// A name, or a place where there are no names.
fn column(text: &str, no_header: bool) -> Column {
    match text.parse::<usize>() {
        Ok(index) if no_header => Column::from(index),
        _ => Column::from(text),
    }
}

/// `9,545 texts (negative 4,700, positive 4,845), 3 repeated`
fn line(summary: &Summary) -> String {
    let mut line = count(summary.rows, "text");
    if summary.labelled == 0 {
        line += ", none labelled";
    } else {
        let classes = summary.classes.iter();
        let classes = classes.map(|class| format!("{} {}", class.name, class.rows));
        line += &format!(" ({})", classes.collect::<Vec<_>>().join(", "));
        let unlabelled = summary.rows - summary.labelled;
        if unlabelled > 0 {
            line += &format!(", {unlabelled} without label");
        }
    }
    for (number, what) in [
        (summary.blank.count, "blank"),
        (summary.duplicates.count, "repeated"),
        (summary.conflicts.count, "repeated with another label"),
        (summary.left_out.count, "left out by the dataset's rule"),
        (summary.empty_lines, "empty lines passed over"),
    ] {
        if number > 0 {
            line += &format!(", {number} {what}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_place_only_where_there_are_no_names() {
        assert_eq!(column("2", true), Column::from(2));
        assert_eq!(column("2", false), Column::from("2"));
        assert_eq!(column("text", true), Column::from("text"));
    }
}
