//! `goldpan ingest`

use goldpan_ingest::{
    ClassCount, ClassNames, Column, IngestConfig, IngestOptions, Summary, ingest,
};
use goldpan_sources::{Places, dataset};

use crate::app::App;
use crate::args::IngestArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, line_of, print_path};

/// The most characters that classes take on a line, ...
const WIDTH: usize = 100;

/// ... and a name.
const NAME: usize = 30;

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
        classes: classes(args, app)?,
        missing_labels: args.labels.missing(),
        label_numbers: args.labels.label_numbers,
        rename_classes: args.labels.rename_class.clone(),
        delimiter: args.delimiter,
        quoting: args.quoting,
        encoding: args.encoding.clone(),
        invalid_text: args.invalid_text,
        records: args.records.clone(),
    })?)
}

/// The classes that are given, or that the file lists.
fn classes(args: &IngestArgs, app: &App) -> Result<Option<Vec<String>>, Error> {
    let Some(given) = args.classes.clone() else {
        return Ok(None);
    };
    let path = match &given {
        ClassNames::File(path) => Some(path.clone()),
        ClassNames::List(_) => None,
    };
    let names = given.read()?;
    if let Some(path) = path {
        let names = count(names.len() as u64, "name");
        app.say(&format!(
            "the classes are the {names} in the file {}",
            path.display()
        ));
    }
    Ok(Some(names))
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
        line += &format!(" ({})", classes_line(&summary.classes));
        let unlabelled = summary.rows - summary.labelled;
        if unlabelled > 0 {
            line += &format!(", {unlabelled} without label");
        }
    }
    for renamed in summary.renamed.iter().take(3) {
        let (from, to) = (line_of(&renamed.from, NAME), line_of(&renamed.to, NAME));
        line += &format!(", {from} renamed to {to} {}", renamed.rows);
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

/// The classes with their rows, as many as fit.
fn classes_line(classes: &[ClassCount]) -> String {
    let name = |class: &ClassCount| format!("{} {}", line_of(&class.name, NAME), class.rows);
    let all: Vec<String> = classes.iter().map(name).collect();
    let line = all.join(", ");
    if line.chars().count() <= WIDTH {
        return line;
    }
    let mut by_rows: Vec<&ClassCount> = classes.iter().filter(|class| class.rows > 0).collect();
    by_rows.sort_by_key(|class| std::cmp::Reverse(class.rows));
    let mut line = count(classes.len() as u64, "class").replace("classs", "classes");
    if let [first, .., last] = by_rows.as_slice() {
        line += &format!(": most {}, fewest {}", name(first), name(last));
    }
    match classes.len() - by_rows.len() {
        0 => {}
        empty => line += &format!(", {empty} without texts"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_fit_on_a_line() {
        let classes = |count: u64| -> Vec<ClassCount> {
            let class = |number: u64| ClassCount {
                name: format!("class number {number}"),
                rows: number,
            };
            (0..count).map(class).collect()
        };
        let few = "class number 0 0, class number 1 1, class number 2 2";
        assert_eq!(classes_line(&classes(3)), few);
        assert_eq!(
            classes_line(&classes(300)),
            "300 classes: most class number 299 299, fewest class number 1 1, 1 without texts"
        );
        let long = [ClassCount {
            name: "long ".repeat(100),
            rows: 3,
        }];
        assert!(classes_line(&long).chars().count() < WIDTH);
    }

    #[test]
    fn a_column_is_a_place_only_where_there_are_no_names() {
        assert_eq!(column("2", true), Column::from(2));
        assert_eq!(column("2", false), Column::from("2"));
        assert_eq!(column("text", true), Column::from("text"));
    }
}
