//! `goldpan export`

use std::path::Path;

use goldpan_model::{ModelCard, TuningKind, export_adapter, export_merged};

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
    check_kind(&adapter)?;
    let (what, classes) = match args.merged {
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

/// Refuses a probe: no head of transformers centres and scales vectors.
fn check_kind(folder: &Path) -> Result<(), Error> {
    if ModelCard::exists(folder) && ModelCard::read(folder)?.tuning == TuningKind::Probe {
        return Err(Error::ProbeExport {
            path: folder.to_owned(),
        });
    }
    Ok(())
}
