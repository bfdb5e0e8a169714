//! `goldpan train`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Labelled, Texts};
use goldpan_ingest::read_labelled;
use goldpan_model::{
    BaseModel, Encoding, LoraConfig, PrefixCache, ProbeConfig, Tuning, TuningKind, describe,
};
use goldpan_sources::short_name;
use goldpan_train::{Inputs, ProbeInputs, Summary, TrainConfig, lacking, probe, train};

use super::models::{base_of, pretrained};
use super::predict::together;
use super::same_texts::SameTexts;
use super::vectors::Encoder;
use crate::app::App;
use crate::args::TrainArgs;
use crate::error::Error;
use crate::output::{count, line_of, print_path};

/// Characters of a class that are shown.
const CLASS: usize = 80;

/// How many bytes of frozen layers' states are kept: about 3,000 short texts of RoBERTa-base.
const KEPT: usize = 256 << 20;

/// Trains a classifier.
pub fn run(args: &TrainArgs, app: &App) -> Result<(), Error> {
    let config = config(args);
    check_effect(args, &config)?;
    let texts = Texts::open(&args.texts)?;
    let validation = Texts::open(&args.validation)?;
    let mut tables = SameTexts::default();
    tables.texts(Some(&texts));
    for path in &args.labelled.labelled {
        tables.labelled(Some(path));
    }
    tables.check(args.allow_other_texts)?;
    let labelled = labelled(args, &texts, &validation, app)?;
    let device = args.device.device.open()?;
    let device = device.with_precision(args.precision.into());
    let folder = pretrained(&args.model, app)?;
    let base_model = base_of(&folder);
    if let Tuning::Probe(probe) = &config.tuning {
        let encoding = Encoding {
            max_length: args.max_length,
            ..Encoding::default()
        };
        let name = short_name(&args.model);
        let encoder = Encoder::new(&name, &folder.path, &encoding, &device);
        return solved(
            args,
            probe,
            (&texts, &labelled, &validation),
            &base_model,
            &encoder,
            app,
        );
    }
    let inputs = Inputs {
        texts: &texts,
        labelled: &labelled,
        validation: &validation,
        base: &folder.path,
        base_model: &base_model,
        previous: args.init.as_deref(),
    };
    let (cache, checkpoints) = (PrefixCache::new(KEPT), checkpoints(&args.out));
    let summary = train(
        &config,
        &inputs,
        &cache,
        &device,
        &args.out,
        &checkpoints,
        app.progress(),
    )?;
    app.say(&format!(
        "trained on {} from {}: epoch {} of {} is best, validation accuracy {:.4}, macro-F1 {:.4}, loss {:.4}",
        count(summary.labelled as u64, "text"),
        summary.head,
        summary.epoch,
        config.epochs,
        summary.accuracy,
        summary.macro_f1,
        summary.loss,
    ));
    for note in summary
        .tie(config.validation_metric)
        .into_iter()
        .chain(one_answer(&summary))
        .chain(summary.advice(config.tuning.kind()))
    {
        app.say(&note);
    }
    print_path(&args.out)
}

/// What to know of a model that answers one class to all validation texts.
fn one_answer(summary: &Summary) -> Option<String> {
    let class = line_of(summary.only_class()?, CLASS);
    Some(format!(
        "the model answers one class, {class}, to all validation texts: accuracy is that of always answering \
         {class} ({:.4})",
        summary.accuracy
    ))
}

/// Solves for a probe.
fn solved(
    args: &TrainArgs,
    config: &ProbeConfig,
    (texts, labelled, validation): (&Texts, &Labelled, &Texts),
    base_model: &BaseModel,
    encoder: &Encoder<'_>,
    app: &App,
) -> Result<(), Error> {
    let descriptions = match config.classes.as_slice() {
        [] => Vec::new(),
        classes => describe(classes, validation.classes(), encoder.open()?)?,
    };
    let vectors = |texts, given: &Option<PathBuf>| {
        encoder.vectors(texts, given.as_deref(), args.allow_other_texts, app)
    };
    let validation_vectors = vectors(validation, &args.validation_embeddings)?;
    let vectors = vectors(texts, &args.embeddings)?;
    let inputs = ProbeInputs {
        texts,
        vectors: &vectors.table,
        labelled,
        validation,
        validation_vectors: &validation_vectors.table,
        descriptions: &descriptions,
        base_model,
        encoding: encoder.encoding,
    };
    let summary = probe(config, &inputs, &args.out, app.progress())?;
    app.say(&format!(
        "a probe solved on {}: validation accuracy {:.4}, macro-F1 {:.4}, loss {:.4}",
        count(summary.labelled as u64, "text"),
        summary.accuracy,
        summary.macro_f1,
        summary.loss,
    ));
    let advice = summary.advice(TuningKind::Probe);
    for note in one_answer(&summary).into_iter().chain(advice) {
        app.say(&note);
    }
    print_path(&args.out)
}

/// Refuses options that what is trained does not look at.
fn check_effect(args: &TrainArgs, config: &TrainConfig) -> Result<(), Error> {
    let standard = TrainConfig::default();
    let tune = config.tuning.kind();
    let options: Vec<(&'static str, bool)> = match tune {
        TuningKind::Probe => vec![
            ("--init", args.init.is_some()),
            ("--epochs", config.epochs != standard.epochs),
            ("--batch-size", config.batch_size != standard.batch_size),
            (
                "--gradient-accumulation",
                config.gradient_accumulation != standard.gradient_accumulation,
            ),
            (
                "--learning-rate",
                config.learning_rate != standard.learning_rate,
            ),
            ("--schedule", config.schedule != standard.schedule),
            (
                "--warmup-ratio",
                config.warmup_ratio != standard.warmup_ratio,
            ),
            (
                "--weight-decay",
                config.weight_decay != standard.weight_decay,
            ),
            ("--clip-norm", config.clip_norm.is_some()),
            ("--label-smoothing", config.label_smoothing != 0.0),
            (
                "--class-weights",
                config.class_weights != standard.class_weights,
            ),
            ("--classifier-dropout", config.classifier_dropout != 0.0),
            (
                "--validation-metric",
                config.validation_metric != standard.validation_metric,
            ),
            ("--patience", config.patience.is_some()),
        ],
        _ => vec![
            ("--embeddings", args.embeddings.is_some()),
            (
                "--validation-embeddings",
                args.validation_embeddings.is_some(),
            ),
            ("--class", !args.class.is_empty()),
            ("--probe-strength", args.probe_strength.is_some()),
        ],
    };
    let given = options.into_iter().filter(|(_, given)| *given);
    let options: Vec<&'static str> = given.map(|(option, _)| option).collect();
    match options.is_empty() {
        true => Ok(()),
        false => Err(Error::NoEffect { options, tune }),
    }
}

fn config(args: &TrainArgs) -> TrainConfig {
    let lora = || LoraConfig {
        rank: args.lora_rank.get(),
        alpha: args.lora_alpha as f32,
        targets: args
            .lora_targets
            .iter()
            .flat_map(|named| named.layers())
            .collect(),
        layers: args
            .lora_layers
            .as_ref()
            .map(|layers| layers.iter().copied().collect()),
        dropout: args.lora_dropout as f32,
    };
    TrainConfig {
        epochs: args.epochs,
        batch_size: args.batch_size,
        gradient_accumulation: args.gradient_accumulation,
        learning_rate: args.learning_rate,
        schedule: args.schedule.into(),
        warmup_ratio: args.warmup_ratio,
        weight_decay: args.weight_decay,
        clip_norm: args.clip_norm,
        label_smoothing: args.label_smoothing,
        class_weights: args.class_weights.clone(),
        classifier_dropout: args.classifier_dropout,
        validation_metric: args.validation_metric.into(),
        patience: args.patience,
        max_length: args.max_length,
        tuning: match args.tune.into() {
            TuningKind::Lora => Tuning::Lora(lora()),
            TuningKind::Full => Tuning::Full,
            TuningKind::Head => Tuning::Head,
            TuningKind::Probe => Tuning::Probe(ProbeConfig {
                strength: args.probe_strength,
                classes: together(&args.class),
            }),
        },
        seed: args.seed,
    }
}

/// The labelled texts: those that files name, or all that have a label.
fn labelled(
    args: &TrainArgs,
    texts: &Texts,
    validation: &Texts,
    app: &App,
) -> Result<Labelled, Error> {
    let classes = match texts.classes() {
        [] => validation.classes(),
        classes => classes,
    };
    let labelled = match args.labelled.labelled.as_slice() {
        [] => own(texts),
        paths => {
            let options = args.labelled.options();
            let read = read_labelled(paths, Some(texts), Some(classes), &options)?;
            for note in &read.notes {
                app.say(note);
            }
            if !read.without.is_empty() {
                let without = count(read.without.len() as u64, "text");
                app.say(&format!("{without} without a label left out"));
            }
            read.labelled
        }
    };
    if labelled.ids.is_empty() && args.class.is_empty() {
        let path = args.labelled.labelled.first();
        return Err(Error::NothingLabelled {
            path: path.map_or(texts.path(), PathBuf::as_path).to_owned(),
        });
    }
    if let Some(lacking) = lacking(&labelled, texts, classes) {
        tracing::warn!("{lacking}");
    }
    Ok(labelled)
}

/// All texts that have a label of their own.
fn own(texts: &Texts) -> Labelled {
    let labelled = (0..texts.len()).filter(|row| texts.label(*row).is_some());
    Labelled {
        ids: labelled.map(|row| texts.id(row)).collect(),
        labels: None,
    }
}

/// `MODEL_DIR.checkpoint`
fn checkpoints(out: &Path) -> PathBuf {
    let mut name: OsString = out.file_name().unwrap_or_default().to_owned();
    name.push(".checkpoint");
    out.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_lie_beside_the_model() {
        assert_eq!(
            checkpoints(Path::new("a/model")),
            Path::new("a/model.checkpoint")
        );
        assert_eq!(
            checkpoints(Path::new("a/model/")),
            Path::new("a/model.checkpoint")
        );
        assert_eq!(checkpoints(Path::new("v1.2")), Path::new("v1.2.checkpoint"));
    }
}
