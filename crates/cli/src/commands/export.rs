//! `goldpan export`

use std::path::Path;

use goldpan_model::{ModelCard, export_adapter, export_merged, export_probe};

use super::models::classifier;
use crate::app::App;
use crate::args::ExportArgs;
use crate::error::Error;
use crate::output::print_path;

/// Writes a trained model for transformers or PEFT.
pub fn run(args: &ExportArgs, app: &App) -> Result<(), Error> {
    let folders = classifier(&args.model, args.adapter.as_deref(), app)?;
    let Some(adapter) = folders.adapter else {
        return Err(Error::WholeAlready { path: folders.base });
    };
    let (what, classes) = match args.merged {
        _ if is_probe(&adapter)? => {
            let classes = export_probe(&folders.base, &adapter, &args.out)?;
            (
                "a model of sentence-transformers whose vectors are the logits",
                classes,
            )
        }
        true => {
            let classes = export_merged(&folders.base, &adapter, &args.out, app.progress())?;
            ("a whole model", classes)
        }
        false => {
            let classes = export_adapter(&folders.base, &adapter, &args.out)?;
            ("an adapter for PEFT", classes)
        }
    };
    let classes = classes.join(", ");
    app.say(&format!("exported as {what}, with the classes {classes}"));
    print_path(&args.out)
}

/// Whether a trained folder is a probe.
fn is_probe(folder: &Path) -> Result<bool, Error> {
    let card = ModelCard::find(folder)?;
    Ok(card.is_some_and(|card| card.tuning.has_probe()))
}
