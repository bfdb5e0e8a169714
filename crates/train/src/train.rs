//! The training itself.

use crate::checkpoint::{self, Progressed, Row, State};
use crate::config::TrainConfig;
use crate::examples::Examples;
use crate::optimizer::NamedAdamW;
use crate::schedule::Schedule;
use crate::{Error, validation};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use goldpan_artifact::{
    Digest, HistoryRow, HistoryWriter, Labelled, Producer, Progress, Texts, rng,
};
use goldpan_model::{Adapter, BaseModel, Classifier, Device, EncoderConfig, HeadSource, ModelCard};
use goldpan_model::{Parameters, PrefixCache, TextTokenizer, Tokens};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Rises with every change that gives other numbers: part of the cache key.
pub const VERSION: u32 = 1;

/// What is learned from, validated with, and built upon.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The texts.
    pub texts: &'a Texts,
    /// Which of them are labelled, with labels where the texts have none of their own.
    pub labelled: &'a Labelled,
    /// Texts with labels that the epochs are compared by. Its classes are the model's.
    pub validation: &'a Texts,
    /// The base model's folder.
    pub base: &'a Path,
    /// The base model's name and digest.
    pub base_model: &'a BaseModel,
}

/// The epoch that was kept, and its validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peak {
    pub epoch: usize,
    pub accuracy: f64,
    pub macro_f1: f64,
    pub loss: f64,
}

/// The peak epoch's tensors.
pub(crate) struct Best {
    pub peak: Peak,
    pub parameters: Parameters,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Labelled texts learned from.
    pub labelled: usize,
    /// Steps over all epochs.
    pub steps: usize,
    /// Trained numbers.
    pub parameters: usize,
    /// The epoch that was kept, from 1.
    pub epoch: usize,
    /// Validation accuracy of that epoch.
    pub accuracy: f64,
    /// Validation macro-F1 of that epoch.
    pub macro_f1: f64,
    /// Validation loss of that epoch, in nats.
    pub loss: f64,
    /// Validation accuracy of the last epoch.
    pub last_accuracy: f64,
}

/// Trains a classifier and writes its folder to `out`: `adapter_model.safetensors`,
/// `adapter_config.json`, `goldpan.json` and `history.arrow`.
///
/// `checkpoints` is a folder for the state after each epoch. It is made, removed at the end, and a
/// later call with equal inputs goes on from it with the same result. `cache` keeps the states of
/// frozen layers between calls with the same base model.
///
/// # Errors
///
/// When an input does not fit, the loss is not finite, or `progress` is cancelled; then nothing is
/// at `out`.
pub fn train(
    config: &TrainConfig,
    inputs: &Inputs<'_>,
    cache: &PrefixCache,
    device: &Device,
    out: &Path,
    checkpoints: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    config.check()?;
    check_output(out)?;
    let mut training = Training::new(config, inputs, cache, device, checkpoints, progress)?;
    training.fill_cache()?;
    let total = config.epochs.get() * training.examples.len();
    progress.begin("training", "texts", Some(total as u64));
    progress.advance((training.state.progress.epochs * training.examples.len()) as u64);
    while training.state.progress.epochs < config.epochs.get() {
        training.epoch()?;
    }
    progress.end();
    let summary = training.finish(out)?;
    match fs::remove_dir_all(checkpoints) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Write {
            path: checkpoints.to_owned(),
            source,
        }),
        _ => Ok(summary),
    }
}

/// Refuses to write over a folder that holds something.
fn check_output(out: &Path) -> Result<(), Error> {
    let empty = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    Err(Error::OutputExists {
        path: out.to_owned(),
    })
}

struct Training<'a> {
    config: &'a TrainConfig,
    inputs: &'a Inputs<'a>,
    cache: &'a PrefixCache,
    device: &'a Device,
    checkpoints: &'a Path,
    progress: &'a dyn Progress,
    classifier: Classifier,
    first_layer: usize,
    examples: Examples,
    validation: Examples,
    schedule: Schedule,
    state: State,
}

impl<'a> Training<'a> {
    fn new(
        config: &'a TrainConfig,
        inputs: &'a Inputs<'a>,
        cache: &'a PrefixCache,
        device: &'a Device,
        checkpoints: &'a Path,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        let classes = checked_classes(inputs)?;
        let base = inputs.base;
        let encoder = EncoderConfig::read(base)?;
        let tokenizer = TextTokenizer::open(base, &encoder, config.max_length)?;
        let examples = Examples::labelled(inputs.texts, inputs.labelled, classes, &tokenizer)?;
        let validation = Examples::all(inputs.validation, classes, &tokenizer)?;
        if examples.len() == 0 {
            return Err(Error::NothingLabelled);
        }
        if validation.len() == 0 {
            return Err(Error::NothingToValidate {
                path: inputs.validation.path().to_owned(),
            });
        }
        let (classifier, parameters, head) =
            Classifier::to_train(base, classes, &config.lora, config.seed, device)?;
        if head == HeadSource::New {
            tracing::debug!(
                "{} has no head for {classes} classes: a new one is trained",
                base.display()
            );
        }
        fs::create_dir_all(checkpoints).map_err(|source| Error::Write {
            path: checkpoints.to_owned(),
            source,
        })?;
        let fingerprint = fingerprint(config, inputs, &examples, &validation);
        let optimizer = || NamedAdamW::new(config.weight_decay);
        let saved = checkpoint::load(checkpoints, fingerprint, optimizer(), device.tensors())?;
        let first_layer = parameters.first_layer(encoder.layers);
        let state = saved.unwrap_or_else(|| State {
            parameters: parameters.tracked(),
            optimizer: optimizer(),
            progress: Progressed {
                fingerprint,
                epochs: 0,
                steps: 0,
                history: Vec::new(),
                best: None,
            },
            best: None,
        });
        let steps = config.epochs.get() * examples.len().div_ceil(config.batch_size.get());
        Ok(Self {
            config,
            inputs,
            cache,
            device,
            checkpoints,
            progress,
            classifier,
            first_layer,
            examples,
            validation,
            schedule: Schedule::new(config.learning_rate, config.warmup_ratio, steps),
            state,
        })
    }

    /// Computes the frozen layers' states of all texts ahead.
    fn fill_cache(&self) -> Result<(), Error> {
        for examples in [&self.examples, &self.validation] {
            let (layer, progress) = (self.first_layer, self.progress);
            self.cache
                .fill(&self.classifier, layer, &examples.tokens, progress);
        }
        match self.progress.cancelled() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// One pass over the labelled texts, its validation, and a checkpoint.
    fn epoch(&mut self) -> Result<(), Error> {
        let epoch = self.state.progress.epochs + 1;
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        order.shuffle(&mut rng(
            self.config.seed,
            &format!("train/shuffle/epoch {epoch}"),
        ));
        let mut total = 0.0;
        for (batch, rows) in order.chunks(self.config.batch_size.get()).enumerate() {
            if self.progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let rate = self.schedule.at(self.state.progress.steps);
            let loss = self.step(rows, rate);
            self.state.progress.steps += 1;
            if !loss.is_finite() {
                return Err(Error::Diverged {
                    loss,
                    step: self.state.progress.steps,
                    epoch,
                    batch: batch + 1,
                    learning_rate: self.config.learning_rate,
                });
            }
            total += f64::from(loss) * rows.len() as f64;
            self.record(epoch, loss, Some(rate), None);
            self.progress.advance(rows.len() as u64);
            self.progress
                .note(&format!("epoch {epoch}, loss {loss:.3}"));
        }
        let mean = total / self.examples.len() as f64;
        self.validate(epoch, mean as f32)?;
        self.state.progress.epochs = epoch;
        checkpoint::save(self.checkpoints, &self.state)
    }

    /// One step on the texts `rows`; the batch's mean loss.
    fn step(&mut self, rows: &[usize], rate: f64) -> f32 {
        let batch: Vec<&Tokens> = rows.iter().map(|&row| &self.examples.tokens[row]).collect();
        let labels: Vec<i32> = rows.iter().map(|&row| self.examples.labels[row]).collect();
        let labels = TensorData::new(labels, [rows.len(), 1]);
        let labels = Tensor::<2, Int>::from_data(labels, self.device.tensors());
        let hidden = self
            .cache
            .hidden(&self.classifier, self.first_layer, &batch);
        let parameters = &self.state.parameters;
        let logits = self
            .classifier
            .logits_from(self.first_layer, hidden, parameters);
        let loss = log_softmax(logits, 1).gather(1, labels).mean().neg();
        let gradients = loss.backward();
        self.state.parameters = self.state.optimizer.step(rate, parameters, &gradients);
        loss.into_scalar::<f32>()
    }

    fn validate(&mut self, epoch: usize, mean_loss: f32) -> Result<(), Error> {
        let metrics = validation::validate(
            &self.classifier,
            &self.state.parameters,
            self.first_layer,
            &self.validation,
            self.inputs.validation.classes(),
            self.cache,
            self.progress,
        )?;
        let peak = Peak {
            epoch,
            accuracy: metrics.accuracy,
            macro_f1: metrics.macro_f1,
            loss: metrics.loss,
        };
        tracing::debug!("epoch {epoch}: validation accuracy {:.4}", peak.accuracy);
        self.record(epoch, mean_loss, None, Some(peak));
        let before = self.state.best.as_ref().map(|best| best.peak.accuracy);
        if before.is_none_or(|before| peak.accuracy > before) {
            self.state.progress.best = Some(peak);
            self.state.best = Some(Best {
                peak,
                parameters: self.state.parameters.constants(),
            });
        }
        Ok(())
    }

    fn record(&mut self, epoch: usize, loss: f32, rate: Option<f64>, validation: Option<Peak>) {
        self.state.progress.history.push(Row(HistoryRow {
            epoch: epoch as u32,
            step: self.state.progress.steps as u64,
            loss: Some(loss),
            learning_rate: rate.map(|rate| rate as f32),
            validation_loss: validation.map(|peak| peak.loss as f32),
            validation_accuracy: validation.map(|peak| peak.accuracy as f32),
            validation_macro_f1: validation.map(|peak| peak.macro_f1 as f32),
        }));
    }

    /// Writes the model's folder beside `out` and moves it there.
    fn finish(&self, out: &Path) -> Result<Summary, Error> {
        let Some(best) = &self.state.best else {
            return Err(Error::NothingLabelled);
        };
        let temporary = temporary(out);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        if temporary.exists() {
            fs::remove_dir_all(&temporary).map_err(failed(&temporary))?;
        }
        fs::create_dir_all(&temporary).map_err(failed(&temporary))?;
        let written = self.write(&temporary, &best.parameters);
        let moved = written.and_then(|()| fs::rename(&temporary, out).map_err(failed(out)));
        if let Err(error) = moved {
            // The first error is the one to report; what is left is removed by the next try.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        let progress = &self.state.progress;
        let last = progress
            .history
            .iter()
            .rev()
            .find_map(|row| row.0.validation_accuracy);
        Ok(Summary {
            labelled: self.examples.len(),
            steps: progress.steps,
            parameters: best.parameters.count(),
            epoch: best.peak.epoch,
            accuracy: best.peak.accuracy,
            macro_f1: best.peak.macro_f1,
            loss: best.peak.loss,
            last_accuracy: last.map_or(best.peak.accuracy, f64::from),
        })
    }

    fn write(&self, folder: &Path, parameters: &Parameters) -> Result<(), Error> {
        let base = self.inputs.base_model;
        Adapter::write(folder, parameters, &self.config.lora, &base.name)?;
        let classes = self.inputs.validation.classes().to_vec();
        ModelCard::new(classes, base.clone(), self.config.max_length).write(folder)?;
        let producer = Producer::new("train", VERSION);
        let mut history = HistoryWriter::create(folder.join("history.arrow"), producer)?;
        for row in &self.state.progress.history {
            history.push(&row.0)?;
        }
        history.finish()?;
        Ok(())
    }
}

/// A hidden folder beside `out`.
fn temporary(out: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".tmp");
    out.with_file_name(name)
}

/// The number of classes, the same in both tables.
fn checked_classes(inputs: &Inputs<'_>) -> Result<usize, Error> {
    let (texts, validation) = (inputs.texts.classes(), inputs.validation.classes());
    if !texts.is_empty() && texts != validation {
        return Err(Error::Classes {
            texts: inputs.texts.path().to_owned(),
            texts_classes: texts.to_vec(),
            validation: inputs.validation.path().to_owned(),
            validation_classes: validation.to_vec(),
        });
    }
    if validation.len() < 2 {
        return Err(Error::TooFewClasses {
            path: inputs.validation.path().to_owned(),
            count: validation.len(),
        });
    }
    Ok(validation.len())
}

/// A digest of everything that decides the numbers.
fn fingerprint(
    config: &TrainConfig,
    inputs: &Inputs<'_>,
    examples: &Examples,
    validation: &Examples,
) -> Digest {
    let mut text = format!("{VERSION} {config:?} {}", inputs.base_model.digest);
    for examples in [examples, validation] {
        text.push_str(&format!("{:?} {:?}", examples.tokens, examples.labels));
    }
    Digest::of(text)
}
