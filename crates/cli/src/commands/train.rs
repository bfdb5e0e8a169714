//! `goldpan train`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Labelled, Texts};
use goldpan_ingest::read_labelled;
use goldpan_model::{
    AutoConfig, BaseModel, Encoding, LoraConfig, PrefixCache, ProbeConfig, Tuning, TuningKind,
    describe,
};
use goldpan_sources::short_name;
use goldpan_train::{
    AutoInputs, Inputs, NeighbourCache, ProbeInputs, Summary, TrainConfig, auto, lacking, probe,
    train,
};

use super::models::{base_of, pretrained};
use super::predict::together;
use super::same_texts::SameTexts;
use super::vectors::Encoder;
use crate::app::App;
use crate::args::{TrainArgs, Tune};
use crate::error::Error;
use crate::output::{count, line_of, print_path};

/// Characters of a class that are shown.
const CLASS: usize = 80;

/// How many bytes of frozen layers' states are kept: about 3,000 short texts of RoBERTa-base.
const KEPT: usize = 256 << 20;

/// Trains a classifier.
pub fn run(args: &TrainArgs, app: &App) -> Result<(), Error> {
    let tune = tune(args);
    check_effect(args, tune)?;
    let config = config(args, tune);
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
    let device = device.with_precision(args.precision.map(Into::into).unwrap_or_default());
    let folder = pretrained(&args.model, app)?;
    let base_model = base_of(&folder);
    if config.tuning.probe().is_some() {
        let encoding = Encoding {
            max_length: args.max_length,
            ..Encoding::default()
        };
        let name = short_name(&args.model);
        let encoder = Encoder::new(&name, &folder.path, &encoding, &device);
        return solved(
            args,
            &config.tuning,
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
        "trained on {} from {}: {}, validation accuracy {:.4}, macro-F1 {:.4}, loss {:.4}",
        count(summary.labelled as u64, "text"),
        summary.head,
        best_of(&summary, &config),
        summary.accuracy,
        summary.macro_f1,
        summary.loss,
    ));
    if let Some(sample) = summary.compared_by {
        app.say(&format!(
            "epochs were compared by {} of the {}; accuracy, macro-F1 and loss are by all",
            count(sample as u64, "text"),
            count(validation.len() as u64, "validation text"),
        ));
    }
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

/// Which epoch was kept, in words.
fn best_of(summary: &Summary, config: &TrainConfig) -> String {
    let passes = match config.passes(summary.labelled) {
        1 => String::new(),
        passes => format!(" of {passes} passes each"),
    };
    match summary.epoch {
        0 => format!(
            "that head as it is beats all {} epochs{passes}",
            config.epochs
        ),
        epoch => format!("epoch {epoch} of {}{passes} is best", config.epochs),
    }
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
    tuning: &Tuning,
    (texts, labelled, validation): (&Texts, &Labelled, &Texts),
    base_model: &BaseModel,
    encoder: &Encoder<'_>,
    app: &App,
) -> Result<(), Error> {
    let described = tuning.probe().map_or(&[][..], |config| &config.classes);
    let descriptions = match described {
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
    let summary = match tuning {
        Tuning::Auto(config) => {
            let inputs = AutoInputs {
                probe: &inputs,
                neighbours: &NeighbourCache::default(),
                base: encoder.folder,
                seed: args.seed,
                device: encoder.device,
                frozen: &PrefixCache::new(KEPT),
            };
            auto(config, &inputs, &args.out, app.progress())?
        }
        _ => {
            let config = tuning.probe().cloned().unwrap_or_default();
            probe(&config, &inputs, &args.out, app.progress())?
        }
    };
    for candidate in summary.choice.iter().flat_map(|choice| &choice.candidates) {
        app.say(&candidate.to_string());
    }
    app.say(&format!(
        "{} solved on {}: validation accuracy {:.4}, macro-F1 {:.4}, loss {:.4}",
        match &summary.choice {
            Some(choice) => &choice.kept,
            None => "a probe",
        },
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

/// The options of training through the encoder.
const OF_TRAINING: &[&str] = &[
    "--init",
    "--epochs",
    "--min-steps",
    "--new-head",
    "--batch-size",
    "--gradient-accumulation",
    "--learning-rate",
    "--schedule",
    "--warmup-ratio",
    "--weight-decay",
    "--clip-norm",
    "--label-smoothing",
    "--class-weights",
    "--classifier-dropout",
    "--validation-metric",
    "--patience",
];
/// Those of LoRA's adapters.
const OF_LORA: &[&str] = &[
    "--lora-rank",
    "--lora-alpha",
    "--lora-targets",
    "--lora-layers",
    "--lora-dropout",
];
/// Those of a probe.
const OF_PROBE: &[&str] = &[
    "--embeddings",
    "--validation-embeddings",
    "--class",
    "--probe-strength",
];
/// Those of the choice between ways of training.
const OF_AUTO: &[&str] = &["--adapter-steps"];

/// What is trained: what is asked for, or LoRA where options of its training are given, or else what does best.
fn tune(args: &TrainArgs) -> Tune {
    let of_training = args.given.of(&[OF_TRAINING, OF_LORA].concat());
    match args.tune {
        Some(tune) => tune,
        None if !of_training.is_empty() => Tune::Lora,
        None => Tune::Auto,
    }
}

/// Refuses options that what is trained does not look at.
fn check_effect(args: &TrainArgs, tune: Tune) -> Result<(), Error> {
    let without = match tune {
        Tune::Auto => [OF_TRAINING, OF_LORA].concat(),
        Tune::Probe => [OF_TRAINING, OF_LORA, OF_AUTO].concat(),
        Tune::Lora => [OF_PROBE, OF_AUTO].concat(),
        Tune::Full | Tune::Head => [OF_PROBE, OF_LORA, OF_AUTO].concat(),
    };
    let options = args.given.of(&without);
    let tune = TuningKind::from(tune);
    match options.is_empty() {
        true => Ok(()),
        false => Err(Error::NoEffect { options, tune }),
    }
}

fn config(args: &TrainArgs, tune: Tune) -> TrainConfig {
    TrainConfig {
        epochs: args.epochs,
        min_steps: args.min_steps,
        new_head: args.new_head.into(),
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
        tuning: match tune {
            Tune::Lora => Tuning::Lora(adapters(args)),
            Tune::Full => Tuning::Full,
            Tune::Head => Tuning::Head,
            Tune::Probe => Tuning::Probe(solving(args)),
            Tune::Auto => Tuning::Auto(AutoConfig {
                probe: solving(args),
                steps: args.adapter_steps,
                precision: args
                    .precision
                    .map_or(AutoConfig::default().precision, Into::into),
            }),
        },
        seed: args.seed,
    }
}

/// LoRA's adapters.
fn adapters(args: &TrainArgs) -> LoraConfig {
    LoraConfig {
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
    }
}

/// How a probe is solved.
fn solving(args: &TrainArgs) -> ProbeConfig {
    ProbeConfig {
        strength: args.probe_strength,
        classes: together(&args.class),
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
    use clap::{CommandFactory, Parser};

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

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        train: TrainArgs,
    }

    fn args(more: &[&str]) -> TrainArgs {
        let needed = "goldpan --texts t --validation v --model m --out o".split(' ');
        let line = needed.chain(more.iter().copied());
        Line::parse_from(line).train
    }

    #[test]
    fn options_are_given_though_with_the_value_that_they_have_anyway() {
        assert_eq!(tune(&args(&[])), Tune::Auto);
        assert_eq!(tune(&args(&["--seed", "0"])), Tune::Auto);
        assert_eq!(tune(&args(&["--epochs", "4"])), Tune::Lora);
        assert_eq!(tune(&args(&["--lora-rank", "8"])), Tune::Lora);
        let wrong = args(&["--tune", "probe", "--epochs", "4", "--adapter-steps", "600"]);
        match check_effect(&wrong, Tune::Probe) {
            Err(Error::NoEffect { options, .. }) => {
                assert_eq!(options, ["--epochs", "--adapter-steps"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_options_that_are_looked_for_are_there() {
        let command = Line::command();
        let known: Vec<String> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .map(|long| format!("--{long}"))
            .collect();
        for option in [OF_TRAINING, OF_LORA, OF_PROBE, OF_AUTO].concat() {
            assert!(known.iter().any(|known| known == option), "{option}");
        }
    }
}
