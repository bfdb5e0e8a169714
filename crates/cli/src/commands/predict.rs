//! `goldpan predict`

use goldpan_artifact::Texts;
use goldpan_model::PrefixCache;
use goldpan_predict::{Model, PredictConfig, predict};

use super::models::classifier;
use crate::app::App;
use crate::args::PredictArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, print_path};

/// Classifies texts.
pub fn run(args: &PredictArgs, app: &App) -> Result<(), Error> {
    keep_apart(&args.out, [args.texts.as_path()])?;
    let config = PredictConfig {
        max_length: args.max_length,
    };
    let texts = Texts::open(&args.texts)?;
    let device = args.device.device.open()?;
    let folders = classifier(&args.model, args.adapter.as_deref(), app)?;
    let model = Model {
        base: &folders.base,
        adapter: folders.adapter.as_deref(),
    };
    // Each text is classified once, so there is nothing worth keeping.
    let cache = PrefixCache::new(0);
    let summary = predict(
        &config,
        &texts,
        model,
        &cache,
        &device,
        &args.out,
        app.progress(),
    )?;
    let classes = summary.classes.join(", ");
    app.say(&format!(
        "{} classified as {classes}",
        count(summary.rows, "text")
    ));
    print_path(&args.out)
}
