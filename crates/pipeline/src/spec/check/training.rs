//! How a model is trained.

use std::num::NonZeroUsize;

use goldpan_model::{AutoConfig, LoraConfig, ProbeConfig, Tuning};
use goldpan_train::{ClassWeights, ConfigError, TrainConfig, WeightDecay};

use crate::spec::check::context::Context;
use crate::spec::options::{LoraOptions, ModelOptions, TrainOptions, TuneOptions};
use crate::spec::options::{WeightDecayGroups, WeightDecayOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::TrainingSettings;

impl Context<'_> {
    /// How a model is trained: `path` leads to the training options, `model_path` to the model's.
    /// What the file leaves out is as in [`TrainConfig::default`].
    pub(super) fn training(
        &mut self,
        path: &KeyPath,
        options: &TrainOptions,
        model_path: &KeyPath,
        model: &ModelOptions,
        texts: &str,
    ) -> Option<TrainingSettings> {
        let standard = TrainConfig::default();
        let mut count = |key, value: Option<u64>, standard: NonZeroUsize| match value {
            Some(value) => self.count(&path.key(key), value),
            None => Some(standard),
        };
        let epochs = count("epochs", options.epochs, standard.epochs);
        let batch_size = count("batch_size", options.batch_size, standard.batch_size);
        let accumulation = count(
            "gradient_accumulation",
            options.gradient_accumulation,
            standard.gradient_accumulation,
        );
        let patience = self.optional_count(&path.key("patience"), options.patience);
        let max_length = self.optional_count(&path.key("max_length"), options.max_length);
        let tune = tune(options, model);
        let tuning = self.tuning(options, model_path, model, tune, texts);
        self.of_probe(path, options, tune);
        let mut config = numbers(options);
        for problem in config.problems() {
            self.config_problem(path, &problem);
        }
        let sound = config.problems().is_empty();
        config.epochs = epochs?;
        config.batch_size = batch_size?;
        config.gradient_accumulation = accumulation?;
        config.patience = patience?;
        config.max_length = max_length?;
        config.tuning = tuning?;
        let precision = options.precision.unwrap_or_default();
        sound.then_some(TrainingSettings { config, precision })
    }

    fn config_problem(&mut self, path: &KeyPath, problem: &ConfigError) {
        let keys = problem.key.split('.');
        let path = keys.fold(path.clone(), |path, key| path.key(key));
        self.out_of_range::<()>(&path, &problem.value, problem.expected);
    }

    fn tuning(
        &mut self,
        options: &TrainOptions,
        path: &KeyPath,
        model: &ModelOptions,
        tune: TuneOptions,
        texts: &str,
    ) -> Option<Tuning> {
        let without = |field, without| ProblemKind::NoEffect { field, without };
        if model.lora.is_some() && tune != TuneOptions::Lora {
            return self.wrong_key(&path.key("lora"), without("lora", "tune: lora"));
        }
        if model.probe.is_some() && !tune.is_probe() {
            let with = "tune: probe or auto";
            return self.wrong_key(&path.key("probe"), without("probe", with));
        }
        if model.auto.is_some() && tune != TuneOptions::Auto {
            return self.wrong_key(&path.key("auto"), without("auto", "tune: auto"));
        }
        match (tune, &model.lora) {
            (TuneOptions::Lora, Some(lora)) => self.lora(path, lora).map(Tuning::Lora),
            (TuneOptions::Lora, None) => Some(Tuning::Lora(TrainConfig::default_lora())),
            (TuneOptions::Full, _) => Some(Tuning::Full),
            (TuneOptions::Head, _) => Some(Tuning::Head),
            (TuneOptions::Probe | TuneOptions::Auto, _) => {
                let strength = model.probe.as_ref().and_then(|probe| probe.strength);
                let described = model
                    .probe
                    .as_ref()
                    .and_then(|probe| probe.classes.as_ref());
                let classes = match described {
                    None => Vec::new(),
                    Some(classes) => {
                        let path = path.key("probe").key("classes");
                        self.described(&path, classes, texts)?
                    }
                };
                let probe = ProbeConfig { strength, classes };
                let steps = model.auto.as_ref().and_then(|auto| auto.steps);
                let standard = AutoConfig::default();
                let config = TrainConfig {
                    tuning: match tune {
                        TuneOptions::Auto => Tuning::Auto(AutoConfig {
                            probe,
                            steps: steps.unwrap_or(standard.steps),
                            precision: options.precision.unwrap_or(standard.precision),
                        }),
                        _ => Tuning::Probe(probe),
                    },
                    ..TrainConfig::default()
                };
                let problems = config.problems();
                for problem in &problems {
                    self.config_problem(path, problem);
                }
                problems.is_empty().then_some(config.tuning)
            }
        }
    }

    /// Refuses what a probe does not look at.
    fn of_probe(&mut self, path: &KeyPath, options: &TrainOptions, tune: TuneOptions) {
        if !tune.is_probe() {
            return;
        }
        for field in of_training(options) {
            let with = tune.key();
            self.wrong_key::<()>(&path.key(field), ProblemKind::NoEffectWith { field, with });
        }
    }

    /// The adapters' settings; `model` leads to the model's.
    fn lora(&mut self, model: &KeyPath, options: &LoraOptions) -> Option<LoraConfig> {
        let path = &model.key("lora");
        let standard = TrainConfig::default_lora();
        let rank = match options.rank {
            Some(rank) => self.count(&path.key("rank"), rank).map(NonZeroUsize::get),
            None => Some(standard.rank),
        };
        let targets = match &options.targets {
            None => Some(standard.targets),
            Some(targets) => {
                let path = path.key("targets");
                let named = self.some_of(&path, &targets.0, "name a linear layer");
                named.map(|named| {
                    named
                        .iter()
                        .flat_map(|name| name.targets())
                        .copied()
                        .collect()
                })
            }
        };
        let layers = match &options.layers {
            None => Some(None),
            Some(layers) => {
                let expected = "leave it out to adapt every layer";
                self.some_of(&path.key("layers"), layers, expected)
                    .map(Some)
            }
        };
        let numbers = LoraConfig {
            alpha: options.alpha.map_or(standard.alpha, |alpha| alpha as f32) + 0.0,
            dropout: options.dropout.map_or(standard.dropout, |part| part as f32) + 0.0,
            ..TrainConfig::default_lora()
        };
        let config = TrainConfig {
            tuning: Tuning::Lora(numbers.clone()),
            ..TrainConfig::default()
        };
        let problems = config.problems();
        for problem in &problems {
            self.config_problem(model, problem);
        }
        let lora = LoraConfig {
            rank: rank?,
            targets: targets?,
            layers: layers?,
            ..numbers
        };
        problems.is_empty().then_some(lora)
    }
}

/// What is trained: what is asked for, or LoRA where settings of its training are given, or else what does
/// best.
fn tune(options: &TrainOptions, model: &ModelOptions) -> TuneOptions {
    match model.tune {
        Some(tune) => tune,
        None if model.lora.is_some() || of_training(options).next().is_some() => TuneOptions::Lora,
        None => TuneOptions::Auto,
    }
}

/// The options that are given and that a probe does not look at.
fn of_training(options: &TrainOptions) -> impl Iterator<Item = &'static str> {
    // These say how vectors are made.
    let looked_at = ["max_length", "precision"];
    let given = options.given().into_iter();
    given.filter(move |field| !looked_at.contains(field))
}

/// The settings that are plain numbers and choices; the others as they are by default.
fn numbers(options: &TrainOptions) -> TrainConfig {
    let standard = TrainConfig::default();
    let number = |value: Option<f64>, standard: f64| plain(value.unwrap_or(standard));
    let class_weights = options.class_weights.as_ref();
    let metric = options.validation_metric;
    TrainConfig {
        min_steps: options
            .min_steps
            .map_or(standard.min_steps, |steps| steps as usize),
        new_head: options.new_head.unwrap_or(standard.new_head),
        learning_rate: number(options.learning_rate, standard.learning_rate),
        schedule: options.schedule.unwrap_or(standard.schedule),
        warmup_ratio: number(options.warmup_ratio, standard.warmup_ratio),
        weight_decay: match &options.weight_decay {
            None => standard.weight_decay,
            Some(WeightDecayOptions::All(decay)) => WeightDecay::of_all(plain(*decay)),
            Some(WeightDecayOptions::Groups(groups)) => by_group(standard.weight_decay, groups),
        },
        clip_norm: options.clip_norm.map(plain),
        label_smoothing: number(options.label_smoothing, standard.label_smoothing),
        class_weights: class_weights.map_or(ClassWeights::None, |given| given.0.clone()),
        classifier_dropout: number(options.classifier_dropout, standard.classifier_dropout),
        validation_metric: metric.unwrap_or(standard.validation_metric),
        ..standard
    }
}

/// -0 and 0 are the same setting.
fn plain(number: f64) -> f64 {
    number + 0.0
}

/// The groups given, and `decay` for the others.
fn by_group(mut decay: WeightDecay, groups: &WeightDecayGroups) -> WeightDecay {
    let given = [
        (&mut decay.lora, groups.lora),
        (&mut decay.encoder, groups.encoder),
        (&mut decay.head, groups.head),
        (&mut decay.bias, groups.bias),
        (&mut decay.norm, groups.norm),
    ];
    for (decay, value) in given {
        *decay = value.map_or(*decay, plain);
    }
    decay
}
