//! `goldpan predict`

use std::path::Path;

use goldpan_artifact::{Embeddings, Texts};
use goldpan_model::{ClassTexts, Device, ModelCard, PrefixCache, TuningKind};
use goldpan_predict::{Model, PredictConfig, Summary, ZeroShotConfig};
use goldpan_predict::{predict, predict_vectors, zero_shot};
use goldpan_sources::short_name;

use super::models::{Classifier, classifier, pretrained_path};
use super::vectors::{Encoder, same_texts};
use crate::app::App;
use crate::args::PredictArgs;
use crate::error::Error;
use crate::memory::plan_for;
use crate::output::{count, keep_apart, print_path};

/// Classifies texts.
pub fn run(args: &PredictArgs, app: &App) -> Result<(), Error> {
    keep_apart(&args.out, [args.texts.as_path()])?;
    let texts = Texts::open(&args.texts)?;
    plan_for(texts.len());
    let summary = match args.class.as_slice() {
        [] => with_training(args, &texts, app)?,
        classes => without_training(args, classes, &texts, app)?,
    };
    let classes = summary.classes.join(", ");
    app.say(&format!(
        "{} classified as {classes}",
        count(summary.rows, "text")
    ));
    print_path(&args.out)
}

fn with_training(args: &PredictArgs, texts: &Texts, app: &App) -> Result<Summary, Error> {
    let config = PredictConfig {
        max_length: args.max_length,
    };
    let device = args.device.device.open()?;
    let device = device.with_precision(args.precision.into());
    let folders = classifier(&args.model, args.adapter.as_deref(), app)?;
    let name = match &args.adapter {
        Some(adapter) => short_name(&adapter.to_string_lossy()),
        None => short_name(&args.model),
    };
    if let Some(path) = &args.embeddings {
        return by_vectors(args, texts, path, &name, &folders, &device, app);
    }
    let model = Model {
        name: &name,
        known: &[],
        base: &folders.base,
        adapter: folders.adapter.as_deref(),
    };
    // Each text is classified once, so there is nothing worth keeping.
    let cache = PrefixCache::new(0);
    let (out, progress) = (args.out.as_path(), app.progress());
    Ok(predict(
        &config, texts, model, &cache, &device, out, progress,
    )?)
}

/// Classifies by a probe, with vectors that are there.
fn by_vectors(
    args: &PredictArgs,
    texts: &Texts,
    path: &Path,
    name: &str,
    folders: &Classifier,
    device: &Device,
    app: &App,
) -> Result<Summary, Error> {
    let vectors = Embeddings::open(path)?;
    same_texts(texts, &vectors, false)?;
    let folder = folders.adapter.as_ref().unwrap_or(&folders.base);
    if let Some(card) = ModelCard::find(folder)?
        && card.tuning == TuningKind::Probe
    {
        let (name, encoding) = (
            short_name(&card.base.name),
            card.encoding.unwrap_or_default(),
        );
        Encoder::new(&name, &folders.base, &encoding, device).check(texts, &vectors)?;
    }
    let out = args.out.as_path();
    Ok(predict_vectors(
        texts,
        &vectors,
        (name, folder),
        out,
        app.progress(),
    )?)
}

fn without_training(
    args: &PredictArgs,
    classes: &[(String, String)],
    texts: &Texts,
    app: &App,
) -> Result<Summary, Error> {
    let usual = ZeroShotConfig::usual_temperature(args.prompt.is_some());
    let config = ZeroShotConfig {
        classes: together(classes),
        prompt: args.prompt.clone(),
        temperature: args.temperature.unwrap_or(usual),
        max_length: args.max_length,
    };
    config.check()?;
    let device = args.device.device.open()?;
    let device = device.with_precision(args.precision.into());
    let folder = pretrained_path(&args.model, app)?;
    Ok(zero_shot(
        &config,
        texts,
        Model {
            name: &short_name(&args.model),
            base: &folder,
            adapter: None,
            known: &[],
        },
        &device,
        &args.out,
        app.progress(),
    )?)
}

/// Each class with all its texts, in the order of the classes' first ones.
pub(super) fn together(pairs: &[(String, String)]) -> Vec<ClassTexts> {
    let mut classes: Vec<ClassTexts> = Vec::new();
    for (name, text) in pairs {
        match classes.iter_mut().find(|class| class.name == *name) {
            Some(class) => class.texts.push(text.clone()),
            None => classes.push(ClassTexts {
                name: name.clone(),
                texts: vec![text.clone()],
            }),
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_class_come_together() {
        let pairs = [("b", "1"), ("a", "2"), ("b", "3")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()));
        let classes = together(&pairs);
        let told: Vec<String> = classes
            .iter()
            .map(|class| format!("{}: {}", class.name, class.texts.join(" ")))
            .collect();
        assert_eq!(told, ["b: 1 3", "a: 2"]);
    }
}
