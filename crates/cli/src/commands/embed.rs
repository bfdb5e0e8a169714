//! `goldpan embed`

use goldpan_artifact::Texts;
use goldpan_embed::{EmbedConfig, Model, embed};
use goldpan_sources::short_name;

use super::models::pretrained_path;
use crate::app::App;
use crate::args::EmbedArgs;
use crate::error::Error;
use crate::memory::plan_for;
use crate::output::{count, keep_apart, print_path};

/// Turns texts into vectors.
pub fn run(args: &EmbedArgs, app: &App) -> Result<(), Error> {
    keep_apart(&args.out, [args.texts.as_path()])?;
    let config = EmbedConfig {
        max_length: args.max_length,
        normalize: args.normalize,
        prompt: args.prompt.clone(),
        storage: args.storage.into(),
    };
    let texts = Texts::open(&args.texts)?;
    plan_for(texts.len());
    let device = args.device.device.open()?;
    let device = device.with_precision(args.precision.into());
    let folder = pretrained_path(&args.model, app)?;
    let name = short_name(&args.model);
    let model = Model {
        name: &name,
        folder: &folder,
        known: &[],
    };
    let summary = embed(&config, &texts, model, &device, &args.out, app.progress())?;
    let texts = count(summary.rows, "text");
    let prompt = match (&summary.prompt, &summary.prompt_name) {
        (None, _) => String::new(),
        (Some(text), None) => format!(", each after the prompt {text:?}"),
        (Some(text), Some(name)) => format!(", each after the model's prompt {name} ({text:?})"),
    };
    app.say(&format!(
        "{texts} embedded in {} dimensions{prompt}",
        summary.dimension
    ));
    print_path(&args.out)
}
