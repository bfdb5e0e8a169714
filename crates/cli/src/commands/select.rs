//! `goldpan select`

use std::path::Path;

use goldpan_artifact::{Embeddings, Predictions, Texts};
use goldpan_ingest::labelled;
use goldpan_select::{Inputs, Strategy, select};

use crate::app::App;
use crate::args::SelectArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, print_path};

/// Picks texts to label.
pub fn run(args: &SelectArgs, app: &App) -> Result<(), Error> {
    let strategy = strategy(args)?;
    let inputs = [
        &args.texts,
        &args.embeddings,
        &args.predictions,
        &args.labelled,
    ];
    keep_apart(
        &args.out,
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
        embeddings: embeddings.as_ref(),
        predictions: predictions.as_ref(),
        labelled: &known,
    };
    let summary = select(
        &strategy,
        &inputs,
        args.count,
        args.seed,
        &args.out,
        app.progress(),
    )?;
    app.say(&format!(
        "{} picked by {strategy} from {}, {} labelled before",
        summary.selected,
        count(summary.pool, "text"),
        summary.labelled,
    ));
    print_path(&args.out)
}

fn strategy(args: &SelectArgs) -> Result<Strategy, Error> {
    match (&args.strategy, &args.config) {
        (Some(strategy), _) => Ok(strategy.clone()),
        (None, Some(path)) => from_file(path),
        (None, None) => unreachable!("clap asks for one of the two"),
    }
}

fn from_file(path: &Path) -> Result<Strategy, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    goldpan_pipeline::spec::strategy(&path.to_string_lossy(), &text).map_err(Error::Strategy)
}
