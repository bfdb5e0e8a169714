//! `goldpan select`

use std::path::{Path, PathBuf};

use goldpan_artifact::{Embeddings, Predictions, Selection, Texts};
use goldpan_ingest::{read_labelled, write_sheet};
use goldpan_select::{
    Budget, Estimate, Inputs, Rule, Shape, Until, check_memory, estimate, select,
};

use super::same_texts::SameTexts;
use crate::app::App;
use crate::args::SelectArgs;
use crate::commands::strategies;
use crate::error::Error;
use crate::output::{count, grouped, keep_apart, print, print_path};

/// Picks texts to label.
pub fn run(args: &SelectArgs, app: &App) -> Result<(), Error> {
    if args.list {
        return print(&strategies::list());
    }
    let rule = rule(args)?;
    let inputs = [&args.texts, &args.embeddings, &args.predictions];
    let inputs = inputs.into_iter().flatten().chain(&args.labelled.labelled);
    let inputs = inputs.map(|input| input.as_path());
    for out in args.out.iter().chain(&args.sheet) {
        keep_apart(out, inputs.clone())?;
    }

    let texts = args.texts.as_ref().map(Texts::open).transpose()?;
    let vectors = |path: &PathBuf| goldpan_foreign::embeddings(path, texts.as_ref());
    let embeddings = args.embeddings.as_ref().map(vectors).transpose()?;
    let beliefs = |path: &PathBuf| goldpan_foreign::predictions(path, texts.as_ref());
    let predictions = args.predictions.as_ref().map(beliefs).transpose()?;
    let mut tables = SameTexts::default();
    tables.texts(texts.as_ref());
    tables.embeddings(embeddings.as_ref());
    tables.predictions(predictions.as_ref());
    for path in &args.labelled.labelled {
        tables.labelled(Some(path));
    }
    tables.check(args.allow_other_texts)?;
    let known = known(args, texts.as_ref(), predictions.as_ref(), app)?;
    let ids: Option<Vec<u64>> = texts.as_ref().map(|texts| texts.ids().collect());
    let inputs = Inputs {
        ids: ids.as_deref(),
        texts: texts.as_ref(),
        embeddings: embeddings.as_ref(),
        predictions: predictions.as_ref(),
        labelled: &known,
    };
    rule.check()?;
    let shape = shape(&inputs, budget(args));
    if let Some(limit) = args.memory_limit {
        check_memory(&rule, &shape, limit)?;
    }
    let Some(out) = args.out.as_ref().filter(|_| !args.plan) else {
        return plan(&rule, &shape);
    };
    let summary = select(&rule, &inputs, budget(args), args.seed, out, app.progress())?;
    app.say(&format!(
        "{} picked by {rule} from {}, {} labelled before",
        summary.selected,
        count(summary.pool, "text"),
        summary.labelled,
    ));
    if let Some(copies) = summary.copies.filter(|&copies| copies > 0) {
        tracing::warn!(
            "{} of {} have the text of another pick or of a labelled text: --skip-copies passes over them",
            grouped(copies),
            count(summary.selected, "pick"),
        );
    }
    if let (Some(path), Some(texts)) = (&args.sheet, &texts) {
        write_sheet(path, texts, Selection::open(out)?.ids())?;
        app.say(&format!("{} holds them to be labelled", path.display()));
    }
    print_path(out)
}

/// The texts that are labelled already, or were shown. Labels are checked where classes are known.
fn known(
    args: &SelectArgs,
    texts: Option<&Texts>,
    predictions: Option<&Predictions>,
    app: &App,
) -> Result<Vec<u64>, Error> {
    let classes = [
        texts.map(Texts::classes),
        predictions.map(Predictions::classes),
    ];
    let classes = classes
        .into_iter()
        .flatten()
        .find(|classes| !classes.is_empty());
    let paths = &args.labelled.labelled;
    let read = read_labelled(paths, texts, classes, &args.labelled.options())?;
    for note in &read.notes {
        app.say(note);
    }
    let mut known = read.labelled.ids;
    known.extend(read.without);
    Ok(known)
}

/// How large the selection is at most: nothing passed over.
fn shape(inputs: &Inputs<'_>, budget: Budget) -> Shape {
    let rows = [
        inputs.ids.map(<[u64]>::len),
        inputs.embeddings.map(Embeddings::len),
        inputs.predictions.map(Predictions::len),
    ];
    Shape::new(
        rows.into_iter().flatten().next().unwrap_or_default(),
        inputs.labelled.len(),
        budget,
        inputs.embeddings,
        inputs.predictions.map_or(0, |table| table.classes().len()),
    )
}

/// What the selection will take, by a short measurement of this machine.
fn plan(rule: &Rule, shape: &Shape) -> Result<(), Error> {
    let Estimate { seconds, memory } = estimate(rule, shape);
    print(&format!(
        "{} of {}, {} labelled: about {seconds:.1} s and {} MiB beyond the tables\n",
        count(shape.picks as u64, "pick"),
        count(shape.rows as u64, "text"),
        shape.labelled,
        memory.div_ceil(1 << 20),
    ))
}

fn budget(args: &SelectArgs) -> Budget {
    match (args.count, args.share, args.until_distance) {
        (Some(count), ..) => Budget::Count(count),
        (None, Some(share), _) => Budget::Share(share),
        (None, None, Some(min_distance)) => Budget::Until(Until {
            min_distance,
            at_most: args.at_most,
        }),
        (None, None, None) => unreachable!("clap asks for one of the three"),
    }
}

/// The rule of the file or of the strategy's name, with what the options add.
fn rule(args: &SelectArgs) -> Result<Rule, Error> {
    let mut rule = match (&args.strategy, &args.config) {
        (Some(strategy), _) => Rule::from(strategy.clone()),
        (None, Some(path)) => from_file(path)?,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    if args.filter.is_some() {
        rule.filter.clone_from(&args.filter);
    }
    if args.balance.is_some() {
        rule.balance.clone_from(&args.balance);
    }
    rule.skip_copies |= args.skip_copies;
    rule.skip_outliers = args.skip_outliers.or(rule.skip_outliers);
    rule.skip_duplicates = args.skip_duplicates.or(rule.skip_duplicates);
    Ok(rule)
}

fn from_file(path: &Path) -> Result<Rule, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    goldpan_pipeline::spec::rule(&path.to_string_lossy(), &text).map_err(Error::Strategy)
}
