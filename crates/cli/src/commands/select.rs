//! `goldpan select`

use std::path::Path;

use goldpan_artifact::{Embeddings, Predictions, Texts};
use goldpan_ingest::labelled;
use goldpan_select::{Budget, Inputs, Rule, STRATEGIES, Until, select};

use crate::app::App;
use crate::args::SelectArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, print, print_path};

/// Picks texts to label.
pub fn run(args: &SelectArgs, app: &App) -> Result<(), Error> {
    let Some(out) = &args.out else {
        return list();
    };
    let rule = rule(args)?;
    let inputs = [
        &args.texts,
        &args.embeddings,
        &args.predictions,
        &args.labelled,
    ];
    keep_apart(
        out,
        inputs.into_iter().flatten().map(|input| input.as_path()),
    )?;

    let texts = args.texts.as_ref().map(Texts::open).transpose()?;
    let embeddings = args.embeddings.as_ref().map(Embeddings::open).transpose()?;
    let predictions = args
        .predictions
        .as_ref()
        .map(Predictions::open)
        .transpose()?;
    let known = match &args.labelled {
        Some(path) => labelled(path, texts.as_ref())?.ids,
        None => Vec::new(),
    };
    let ids: Option<Vec<u64>> = texts.as_ref().map(|texts| texts.ids().collect());
    let inputs = Inputs {
        ids: ids.as_deref(),
        texts: texts.as_ref(),
        embeddings: embeddings.as_ref(),
        predictions: predictions.as_ref(),
        labelled: &known,
    };
    let summary = select(&rule, &inputs, budget(args), args.seed, out, app.progress())?;
    app.say(&format!(
        "{} picked by {rule} from {}, {} labelled before",
        summary.selected,
        count(summary.pool, "text"),
        summary.labelled,
    ));
    print_path(out)
}

/// A line for each strategy.
fn list() -> Result<(), Error> {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(["NAME", "PICKS", "NEEDS", "COST", "PAPER"]);
    for about in STRATEGIES {
        table.add_row([
            about.name,
            about.picks,
            about.needs,
            about.cost,
            about.paper,
        ]);
    }
    print(&table.trim_fmt())
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
