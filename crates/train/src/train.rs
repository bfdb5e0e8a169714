//! The training itself.

use crate::checkpoint::{self, Progressed, Row, State};
use crate::class_weights::ClassWeights;
use crate::config::{NewHeadStart, TrainConfig};
use crate::divergence::Divergence;
use crate::error::Error;
use crate::examples::{Examples, checked_classes};
use crate::gradients::NamedGradients;
use crate::loss::Loss;
use crate::optimizer::NamedAdamW;
use crate::peak::{Best, Peak};
use crate::schedule::Schedule;
use crate::validation::Validation;
use crate::validation_metric::{Standing, ValidationMetric};
use crate::{solved_head, start, validation};
use goldpan_artifact::{
    Digest, HistoryRow, HistoryWriter, Labelled, Producer, Progress, Texts, rng,
};
use goldpan_model::{BaseModel, Classifier, Device, Dropout, EncoderConfig, Frozen, HeadSource};
use goldpan_model::{Choice, TuningKind};
use goldpan_model::{ModelCard, Parameters, PrefixCache, TextTokenizer, Tokens, TrainedOn, Tuning};
use goldpan_model::{check_output, write_folder, write_trained};
use rand::seq::SliceRandom;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const VERSION: u32 = 7;

/// The most validation texts that epochs are compared by, where fewer texts than that are trained on between them:
/// more would take longer than the training.
const SAMPLE: usize = 2_000;

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
    /// A folder that an earlier training of the same base model and tuning made, whose tensors this
    /// one starts from; without it, it starts from the base model.
    pub previous: Option<&'a Path>,
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
    /// The epoch that was kept, from 1; 0 where a solved head without any training is best.
    pub epoch: usize,
    /// How many epochs are as good as the kept one by the validation metric, itself included.
    pub equal_epochs: usize,
    /// Validation accuracy of the kept epoch.
    pub accuracy: f64,
    /// Validation macro-F1 of that epoch.
    pub macro_f1: f64,
    /// Validation loss of that epoch, in nats.
    pub loss: f64,
    /// The classes.
    pub classes: Vec<String>,
    /// Validation F1 of each class in that epoch.
    pub f1: Vec<f64>,
    /// How many validation texts each class was answered to in that epoch.
    pub predicted: Vec<u64>,
    /// Validation accuracy of the last epoch.
    pub last_accuracy: f64,
    /// Validation macro-F1 of the last epoch.
    pub last_macro_f1: f64,
    /// Validation F1 of each class in the last epoch.
    pub last_f1: Vec<f64>,
    /// Where the head that was started from came from, in words.
    pub head: String,
    /// What was chosen from several ways of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// The share of the validation texts that the largest class has: what always answering it gets right.
    pub largest_share: f64,
    /// How many of the validation texts the epochs were compared by, where they were not all; accuracy, macro-F1 and
    /// loss are by all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_by: Option<usize>,
    /// Whether the last epoch is the best, and its validation loss still fell.
    pub still_falling: bool,
}

impl Summary {
    /// The class that the model answers to every validation text, where it is only one.
    pub fn only_class(&self) -> Option<&str> {
        let class = goldpan_metrics::only(&self.predicted)?;
        self.classes.get(class).map(String::as_str)
    }

    /// What to know of a model that learned little, or not yet all, and what to try.
    pub fn advice(&self, tuning: TuningKind) -> Vec<String> {
        let mut advice = Vec::new();
        if self.accuracy <= self.largest_share && self.only_class().is_none() {
            let try_this = match tuning {
                TuningKind::Probe | TuningKind::Adapted | TuningKind::Auto => {
                    "label more texts, or describe the classes with --class"
                }
                _ => "label more texts, or try --tune auto, which needs fewer",
            };
            advice.push(format!(
                "the model is no better than always answering the largest class, which {:.4} of the \
                 validation texts have: {try_this}",
                self.largest_share
            ));
        }
        if self.still_falling {
            advice.push(
                "the validation loss still fell in the last epoch: more --epochs may do better"
                    .to_owned(),
            );
        }
        advice
    }

    /// Which of several equal epochs was kept, in words: `18 epochs are equal in accuracy; 20 has the
    /// lowest loss`. `None` where there is one best.
    pub fn tie(&self, metric: ValidationMetric) -> Option<String> {
        let (equal, kept) = (self.equal_epochs, self.epoch);
        let why = match metric {
            ValidationMetric::Loss => "is the last of them",
            ValidationMetric::Accuracy | ValidationMetric::MacroF1 => "has the lowest loss",
        };
        let kept = match kept {
            0 => "the head before them".to_owned(),
            kept => kept.to_string(),
        };
        (equal > 1).then(|| format!("{equal} epochs are equal in {metric}; {kept} {why}"))
    }
}

/// Trains a classifier and writes its folder to `out`: `goldpan.json`, `history.arrow`, and what was
/// trained (`adapter_model.safetensors` and `adapter_config.json`, `head.safetensors`, or a whole
/// Hugging Face model).
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
    if config.tuning.probe().is_some() {
        return Err(Error::NoVectors);
    }
    check_output(out)?;
    let mut training = Training::new(config, inputs, cache, device, checkpoints, progress)?;
    training.fill_cache()?;
    training.begin()?;
    let texts = training.passes() * training.examples.len();
    let total = config.epochs.get() * texts;
    progress.begin("training", "texts", Some(total as u64));
    progress.advance((training.state.progress.epochs * texts) as u64);
    while !training.is_over() {
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

struct Training<'a> {
    config: &'a TrainConfig,
    inputs: &'a Inputs<'a>,
    cache: &'a PrefixCache,
    device: &'a Device,
    checkpoints: &'a Path,
    progress: &'a dyn Progress,
    classifier: Classifier,
    frozen: Frozen,
    /// Where the head comes from, in words.
    head: String,
    /// Whether it is to be solved for.
    solve: bool,
    loss: Loss,
    examples: Examples,
    validation: Examples,
    /// Those of the validation texts that epochs are compared by, where they are not all.
    sample: Option<Examples>,
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
        let classes = checked_classes(inputs.texts, inputs.validation)?;
        let (base, names) = (inputs.base, inputs.validation.classes());
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
        if let ClassWeights::Given(weights) = &config.class_weights
            && weights.len() != classes
        {
            return Err(Error::ClassWeights {
                given: weights.len(),
                classes,
            });
        }
        let weights = config.class_weights.of(&examples.labels, classes);
        let (classifier, mut parameters, head) =
            Classifier::to_train(base, names, &config.tuning, config.seed, device)?;
        let solve = config.new_head == NewHeadStart::Solved
            && inputs.previous.is_none()
            && matches!(head, HeadSource::New(_));
        if let Some(previous) = inputs.previous {
            let (base, family) = (inputs.base_model, encoder.family);
            parameters = start::from_previous(previous, base, names, family, &parameters, device)?;
        }
        let mut head = start::of_head(&head, inputs.previous);
        if solve {
            head.push_str(", solved on the labelled texts");
        }
        tracing::info!("{} is trained from {head}", base.display());
        fs::create_dir_all(checkpoints).map_err(|source| Error::Write {
            path: checkpoints.to_owned(),
            source,
        })?;
        let fingerprint = fingerprint(config, inputs, device, &parameters, &examples, &validation);
        let optimizer = || NamedAdamW::new(config.weight_decay);
        let saved = checkpoint::load(checkpoints, fingerprint, optimizer(), device.tensors())?;
        let frozen = parameters.frozen(encoder.layers);
        let state = saved.unwrap_or_else(|| State {
            parameters: parameters.tracked(),
            optimizer: optimizer(),
            progress: Progressed {
                fingerprint,
                epochs: 0,
                steps: 0,
                history: Vec::new(),
                best: None,
                last: None,
                improved: 0,
                equal: 0,
            },
            best: None,
        });
        let passes = config.passes(examples.len());
        let steps = config.epochs.get() * passes * examples.len().div_ceil(config.step_size());
        let most = SAMPLE.max(passes * examples.len());
        let sample = (validation.len() > most).then(|| validation.sample(most));
        let (rate, warmup) = (config.learning_rate, config.warmup_ratio);
        Ok(Self {
            config,
            inputs,
            cache,
            device,
            checkpoints,
            progress,
            classifier,
            frozen,
            head,
            solve,
            loss: Loss::new(weights, config.label_smoothing),
            examples,
            validation,
            sample,
            schedule: Schedule::new(config.schedule, rate, warmup, steps),
            state,
        })
    }

    /// Solves for a new head and measures what it does as it is, where nothing is done yet.
    fn begin(&mut self) -> Result<(), Error> {
        let progress = &self.state.progress;
        if !self.solve || progress.epochs > 0 {
            return Ok(());
        }
        let parameters = &self.state.parameters;
        let (parameters, loss) = solved_head::solve(
            &self.classifier,
            parameters,
            self.frozen,
            &self.examples,
            self.inputs.validation.classes().len(),
            self.cache,
            self.progress,
        )?;
        self.state.parameters = parameters;
        self.validate(0, loss as f32)
    }

    /// Computes the frozen layers' states of all texts ahead.
    fn fill_cache(&self) -> Result<(), Error> {
        for examples in [&self.examples, &self.validation] {
            let (frozen, progress) = (self.frozen, self.progress);
            self.cache.fill(
                self.classifier.encoder(),
                frozen,
                &examples.tokens,
                progress,
            );
        }
        match self.progress.cancelled() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// Passes over the labelled texts in an epoch.
    fn passes(&self) -> usize {
        self.config.passes(self.examples.len())
    }

    /// Whether all epochs are done, or as many without a better one as the patience allows.
    fn is_over(&self) -> bool {
        let done = self.state.progress.epochs;
        let patience = self
            .config
            .patience
            .map_or(usize::MAX, |epochs| epochs.get());
        done == self.config.epochs.get() || done - self.state.progress.improved >= patience
    }

    /// The passes of an epoch over the labelled texts, its validation, and a checkpoint.
    fn epoch(&mut self) -> Result<(), Error> {
        let epoch = self.state.progress.epochs + 1;
        let (mut total, mut batch) = (0.0, 0);
        for pass in 0..self.passes() {
            let order = self.order(epoch, pass);
            for rows in order.chunks(self.config.step_size()) {
                let rate = self.schedule.at(self.state.progress.steps);
                let loss = self.step(rows, rate)?;
                self.state.progress.steps += 1;
                batch += 1;
                self.record(epoch, loss, Some(rate), None);
                self.check_steps(epoch, batch)?;
                total += f64::from(loss) * rows.len() as f64;
                self.progress
                    .note(&format!("epoch {epoch}, loss {loss:.3}"));
            }
        }
        let mean = total / (self.passes() * self.examples.len()) as f64;
        self.validate(epoch, mean as f32)?;
        self.state.progress.epochs = epoch;
        checkpoint::save(self.checkpoints, &self.state)
    }

    /// The labelled texts as a pass goes through them.
    fn order(&self, epoch: usize, pass: usize) -> Vec<usize> {
        let purpose = match pass {
            0 => format!("train/shuffle/epoch {epoch}"),
            _ => format!("train/shuffle/epoch {epoch}/pass {pass}"),
        };
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        order.shuffle(&mut rng(self.config.seed, &purpose));
        order
    }

    /// One step on the texts `rows`, in passes of the batch size; their mean loss.
    fn step(&mut self, rows: &[usize], rate: f64) -> Result<f32, Error> {
        let labels = |rows: &[usize]| -> Vec<i32> {
            rows.iter().map(|&row| self.examples.labels[row]).collect()
        };
        let weight = self.loss.weight(&labels(rows));
        let parameters = &self.state.parameters;
        let mut gradients = NamedGradients::default();
        let mut total = 0.0;
        for (pass, rows) in rows.chunks(self.config.batch_size.get()).enumerate() {
            if self.progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let batch: Vec<&Tokens> = rows.iter().map(|&row| &self.examples.tokens[row]).collect();
            let start = self
                .cache
                .start(self.classifier.encoder(), self.frozen, &batch);
            let dropout = self.dropout(pass);
            let logits = self.classifier.training_logits(start, parameters, &dropout);
            let device = self.device.tensors();
            let loss = self.loss.of(logits, &labels(rows), weight, device);
            gradients.add(parameters, &loss.backward());
            total += loss.into_scalar::<f32>();
            self.progress.advance(rows.len() as u64);
        }
        if let Some(most) = self.config.clip_norm {
            gradients.clip(most);
        }
        self.state.parameters = self.state.optimizer.step(rate, parameters, gradients);
        Ok(total)
    }

    fn dropout(&self, pass: usize) -> Dropout {
        let adapter = match &self.config.tuning {
            Tuning::Lora(lora) => lora.dropout,
            Tuning::Full | Tuning::Head | Tuning::Probe(_) | Tuning::Auto(_) => 0.0,
        };
        Dropout {
            adapter,
            head: self.config.classifier_dropout as f32,
            seed: self.config.seed,
            pass: format!("step {}/pass {pass}", self.state.progress.steps),
        }
    }

    fn divergence(&self) -> Divergence {
        let classes = self.inputs.validation.classes().len();
        Divergence::new(classes, self.config.learning_rate)
    }

    /// Refuses a loss that is not finite, and losses far above those of guessing.
    fn check_steps(&self, epoch: usize, batch: usize) -> Result<(), Error> {
        let history = self.state.progress.history.iter().rev();
        let steps = history.filter(|row| row.0.learning_rate.is_some());
        let losses = steps.filter_map(|row| row.0.loss);
        let step = self.state.progress.steps;
        self.divergence().check_steps(losses, step, epoch, batch)
    }

    /// What an epoch's tensors do with some validation texts.
    fn measured(
        &self,
        epoch: usize,
        parameters: &Parameters,
        texts: &Examples,
    ) -> Result<Peak, Error> {
        let Validation {
            metrics,
            whole_loss,
        } = validation::validate(
            &self.classifier,
            parameters,
            self.frozen,
            texts,
            self.inputs.validation.classes(),
            self.cache,
            self.progress,
        )
        .map_err(|error| match error {
            Error::Metrics(goldpan_metrics::Error::NotFinite { .. }) => {
                self.divergence().validation(epoch, f64::NAN)
            }
            error => error,
        })?;
        self.divergence()
            .check_epoch(epoch, whole_loss, parameters)?;
        Ok(Peak {
            epoch,
            accuracy: metrics.accuracy,
            macro_f1: metrics.macro_f1,
            loss: metrics.loss,
            f1: metrics.per_class.iter().map(|class| class.f1).collect(),
            predicted: metrics.predicted(),
        })
    }

    fn validate(&mut self, epoch: usize, mean_loss: f32) -> Result<(), Error> {
        let texts = self.sample.as_ref().unwrap_or(&self.validation);
        let peak = self.measured(epoch, &self.state.parameters, texts)?;
        tracing::debug!("epoch {epoch}: validation accuracy {:.4}", peak.accuracy);
        self.record(epoch, mean_loss, None, Some(&peak));
        let before = self.state.best.as_ref().map(|best| &best.peak);
        let metric = self.config.validation_metric;
        let standing = before.map_or(Standing::Better, |before| metric.standing(&peak, before));
        let progress = &mut self.state.progress;
        progress.last = Some(peak.clone());
        progress.equal = match standing {
            Standing::Better => 1,
            Standing::Worse => progress.equal,
            Standing::LowerLoss | Standing::SameLoss | Standing::HigherLoss => progress.equal + 1,
        };
        if let Standing::Better | Standing::LowerLoss = standing {
            progress.improved = epoch;
        }
        if let Standing::Better | Standing::LowerLoss | Standing::SameLoss = standing {
            progress.best = Some(peak.clone());
            self.state.best = Some(Best {
                peak,
                parameters: self.state.parameters.constants(),
            });
        }
        Ok(())
    }

    fn record(&mut self, epoch: usize, loss: f32, rate: Option<f64>, validation: Option<&Peak>) {
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
        let progress = &self.state.progress;
        let (mut kept, parameters) = (best.peak.clone(), &best.parameters);
        let mut last = progress.last.clone().unwrap_or_else(|| kept.clone());
        if self.sample.is_some() {
            // A sample told the epochs apart; what is said of them is by all.
            kept = self.measured(kept.epoch, parameters, &self.validation)?;
            last = match last.epoch == kept.epoch {
                true => kept.clone(),
                false => self.measured(last.epoch, &self.state.parameters, &self.validation)?,
            };
        }
        write_folder(out, |folder| self.write(folder, parameters))?;
        let best = &kept;
        self.divergence().warn_of_kept(best.epoch, best.loss);
        Ok(Summary {
            labelled: self.examples.len(),
            steps: progress.steps,
            parameters: parameters.count(),
            epoch: best.epoch,
            equal_epochs: progress.equal,
            accuracy: best.accuracy,
            macro_f1: best.macro_f1,
            loss: best.loss,
            classes: self.inputs.validation.classes().to_vec(),
            f1: best.f1.clone(),
            predicted: best.predicted.clone(),
            last_accuracy: last.accuracy,
            last_macro_f1: last.macro_f1,
            last_f1: last.f1.clone(),
            head: self.head.clone(),
            choice: None,
            largest_share: largest_share(&self.validation.labels),
            compared_by: self.sample.as_ref().map(Examples::len),
            still_falling: best.epoch == self.config.epochs.get() && falling(&progress.history),
        })
    }

    fn write(&self, folder: &Path, parameters: &Parameters) -> Result<(), Error> {
        let base = self.inputs.base_model;
        let classes = self.inputs.validation.classes();
        let tuning = &self.config.tuning;
        let on = TrainedOn {
            base: self.inputs.base,
            base_name: &base.name,
            classes,
            max_length: self.config.max_length,
        };
        write_trained(folder, parameters, tuning, on)?;
        let (classes, length) = (classes.to_vec(), self.config.max_length);
        let mut card = ModelCard::new(classes, base.clone(), length, tuning.kind());
        card.texts = Some(self.inputs.texts.of_texts());
        card.write(folder)?;
        let producer = Producer::new("train", VERSION);
        let mut history = HistoryWriter::create(folder.join("history.arrow"), producer)?;
        for row in &self.state.progress.history {
            history.push(&row.0)?;
        }
        history.finish()?;
        Ok(())
    }
}

/// The share of the labels that the commonest has.
pub(crate) fn largest_share(labels: &[i32]) -> f64 {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    labels
        .iter()
        .for_each(|label| *counts.entry(*label).or_default() += 1);
    let most = counts.into_values().max().unwrap_or_default();
    most as f64 / labels.len().max(1) as f64
}

/// Whether the last epoch's validation loss is well below that of the one before.
fn falling(history: &[Row]) -> bool {
    let losses = history.iter().rev().filter_map(|row| row.0.validation_loss);
    let losses: Vec<f32> = losses.take(2).collect();
    matches!(losses[..], [last, before] if last < 0.98 * before)
}

/// A digest of everything that decides the numbers.
fn fingerprint(
    config: &TrainConfig,
    inputs: &Inputs<'_>,
    device: &Device,
    initial: &Parameters,
    examples: &Examples,
    validation: &Examples,
) -> Digest {
    let (base, precision) = (inputs.base_model.digest, device.precision());
    let classes = inputs.validation.classes();
    let mut text = format!("{VERSION} {config:?} {precision:?} {base} {classes:?}");
    if inputs.previous.is_some() {
        text.push_str(&initial.digest().to_string());
    }
    for examples in [examples, validation] {
        text.push_str(&format!("{:?} {:?}", examples.tokens, examples.labels));
    }
    Digest::of(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(accuracy: f64, predicted: &[u64]) -> Summary {
        Summary {
            labelled: 20,
            steps: 1,
            parameters: 1,
            epoch: 1,
            equal_epochs: 1,
            accuracy,
            macro_f1: accuracy,
            loss: 0.5,
            classes: vec!["bad".to_owned(), "good".to_owned()],
            f1: vec![0.5, 0.5],
            predicted: predicted.to_vec(),
            last_accuracy: accuracy,
            last_macro_f1: accuracy,
            last_f1: vec![0.5, 0.5],
            head: String::new(),
            choice: None,
            largest_share: 0.6,
            compared_by: None,
            still_falling: false,
        }
    }

    #[test]
    fn models_that_learned_little_are_told() {
        let told = summary(0.55, &[3, 7]).advice(TuningKind::Lora);
        assert!(
            told[0].contains("0.6000 of the validation texts") && told[0].contains("--tune auto")
        );
        let told = summary(0.6, &[3, 7]).advice(TuningKind::Probe);
        assert!(
            told[0].contains("describe the classes with --class"),
            "{told:?}"
        );
        assert!(summary(0.61, &[3, 7]).advice(TuningKind::Lora).is_empty());
        // That it answers one class is told already.
        assert!(summary(0.6, &[0, 10]).advice(TuningKind::Lora).is_empty());
        let falling = Summary {
            still_falling: true,
            ..summary(0.9, &[3, 7])
        };
        assert!(falling.advice(TuningKind::Lora)[0].contains("more --epochs"));
    }

    #[test]
    fn a_loss_falls_by_two_percent_or_more() {
        let rows = |losses: &[f32]| -> Vec<Row> {
            let row = |loss: &f32| {
                [None, Some(*loss)].map(|loss| {
                    Row(HistoryRow {
                        validation_loss: loss,
                        ..HistoryRow::default()
                    })
                })
            };
            losses.iter().flat_map(row).collect()
        };
        assert!(falling(&rows(&[0.9, 0.5, 0.4])));
        assert!(!falling(&rows(&[0.5, 0.495])) && !falling(&rows(&[0.4, 0.5])));
        assert!(!falling(&rows(&[0.5])));
        assert_eq!(largest_share(&[1, 1, 0, 1]), 0.75);
    }
}
