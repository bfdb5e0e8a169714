//! A pipeline whose every value was checked.

use std::fmt;
use std::num::NonZeroUsize;

use goldpan_evidence::Metric;
use goldpan_ingest::IngestConfig;
use goldpan_model::{ClassTexts, Precision, Template};
use goldpan_report::Price;
use goldpan_select::{Budget, Rule};
use goldpan_train::TrainConfig;
use serde::Serialize;

use crate::kind::StageKind;
use crate::spec::check::ClassPlace;
use crate::stop::StopRules;

/// A name that can be a file name: up to 64 letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The name, if it can be one.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let fits = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A checked pipeline file.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// The pipeline's name, which its run's folder has too.
    pub name: Name,
    /// The stages, each after those it reads from.
    pub stages: Vec<Stage>,
    /// The active-learning loop, if there is one.
    pub experiment: Option<Loop>,
    /// The file's name, as it was given.
    pub file: String,
    /// The file.
    pub text: String,
    /// What was put in place of the file's values: `KEY=VALUE`.
    pub overrides: Vec<String>,
}

/// A stage written in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub settings: StageSettings,
}

/// What a stage does.
#[derive(Clone, Debug, PartialEq)]
pub enum StageSettings {
    /// Reads files.
    Ingest(IngestSettings),
    /// Embeds texts.
    Embed(EmbedSettings),
    /// Trains a classifier.
    Train(TrainStageSettings),
    /// Classifies texts.
    Predict(PredictSettings),
    /// Picks texts.
    Select(SelectSettings),
    /// Measures predictions.
    Evaluate(EvaluateSettings),
}

impl StageSettings {
    /// The kind of stage.
    pub fn kind(&self) -> StageKind {
        match self {
            Self::Ingest(_) => StageKind::Ingest,
            Self::Embed(_) => StageKind::Embed,
            Self::Train(_) => StageKind::Train,
            Self::Predict(_) => StageKind::Predict,
            Self::Select(_) => StageKind::Select,
            Self::Evaluate(_) => StageKind::Evaluate,
        }
    }
}

/// What an `ingest` stage reads.
#[derive(Clone, Debug, PartialEq)]
pub enum IngestSettings {
    /// A split of a dataset that has a name.
    Dataset {
        /// The dataset.
        dataset: String,
        /// The split.
        split: String,
    },
    /// Files.
    Files(Box<IngestConfig>),
}

/// What an `embed` stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedSettings {
    /// The `ingest` stage.
    pub texts: Name,
    /// The model's name.
    pub model: String,
    /// How the model is used.
    pub encoding: EncodingSettings,
}

/// How texts become vectors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EncodingSettings {
    /// The most tokens of a text that are used; by default as many as the model can take.
    pub max_length: Option<NonZeroUsize>,
    /// Whether vectors get length 1; by default as the model's folder says.
    pub normalize: Option<bool>,
    /// The name of one of the model's prompts, or a text, that is put before each text; nothing where it
    /// is empty, and by default the model's default prompt.
    pub prompt: Option<String>,
    /// The precision of the computation.
    pub precision: Precision,
}

/// What a `train` stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainStageSettings {
    /// The `ingest` stage with the texts, and with their labels.
    pub texts: Name,
    /// The `select` stage that says which of the texts to use; by default all that are labelled.
    pub labelled: Option<Name>,
    /// The `ingest` stage with the texts to validate on.
    pub validation: Name,
    /// The base model's name.
    pub base: String,
    /// How the model is trained, with its seed.
    pub training: TrainingSettings,
    /// The `train` stage whose model this one starts from; the base model where `None`.
    pub previous: Option<Name>,
}

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainingSettings {
    /// The training; its seed is set for each.
    #[serde(flatten)]
    pub config: TrainConfig,
    /// The precision of the computation.
    pub precision: Precision,
}

impl TrainingSettings {
    /// Whether a probe is solved, which looks at vectors.
    pub(crate) fn is_probe(&self) -> bool {
        self.config.tuning.probe().is_some()
    }

    /// The same with another seed.
    pub(crate) fn seeded(&self, seed: u64) -> Self {
        let mut settings = self.clone();
        settings.config.seed = seed;
        settings
    }
}

/// What a `predict` stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictSettings {
    /// The `ingest` stage.
    pub texts: Name,
    /// The classifier.
    pub model: PredictModel,
    /// How it is used.
    pub inference: InferenceSettings,
}

/// How a classifier is used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InferenceSettings {
    /// The most tokens of a text that are used; by default as many as the model can take.
    pub max_length: Option<NonZeroUsize>,
    /// The precision of the computation.
    pub precision: Precision,
}

/// The classifier of a `predict` stage.
#[derive(Clone, Debug, PartialEq)]
pub enum PredictModel {
    /// The model that a `train` stage made.
    Trained(Name),
    /// A model by name, with its own head.
    Named(String),
    /// A model by name, which is not trained.
    ZeroShot {
        /// The model's name.
        model: String,
        /// What it is asked.
        settings: ZeroShotSettings,
    },
}

/// How texts are classified without training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZeroShotSettings {
    /// The classes with their words or descriptions, in the order of the file.
    pub classes: Vec<ClassTexts>,
    /// The prompt of a masked-language model; without it, the model is a sentence encoder.
    pub prompt: Option<Template>,
    /// What logits are divided by.
    pub temperature: f64,
}

/// What a `select` stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectSettings {
    /// The strategy.
    pub strategy: Rule,
    /// How many texts to pick.
    pub count: Budget,
    /// The `ingest` stage to pick from.
    pub texts: Name,
    /// The `embed` stage of these texts.
    pub embeddings: Option<Name>,
    /// The `predict` stage of these texts.
    pub predictions: Option<Name>,
    /// The `select` stage whose picks count as labelled.
    pub labelled: Option<Name>,
    /// The seed.
    pub seed: u64,
}

/// What an `evaluate` stage does.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluateSettings {
    /// The `predict` stage.
    pub predictions: Name,
    /// The `ingest` stage with the labels.
    pub texts: Name,
}

/// The active-learning loop: the same rounds of labelling for every arm and seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// The seeds; each repeats the whole experiment.
    pub seeds: Vec<u64>,
    /// The `ingest` stage to pick from.
    pub pool: Name,
    /// The `ingest` stage to validate on.
    pub validation: Name,
    /// The `ingest` stage with texts that neither training nor the choice of an epoch sees.
    pub test: Option<Name>,
    /// Whether texts of the pool that validation or test have too are never picked.
    pub exclude_shared: bool,
    /// The `embed` stage of the pool.
    pub embeddings: Option<Name>,
    /// Where labels come from.
    pub labels: LabelSource,
    /// The base model's name.
    pub base: String,
    /// How models are trained.
    pub training: TrainingSettings,
    /// Whether the model of a round starts from that of the round before, and not from the base.
    pub continues: bool,
    /// How texts are picked before the first round.
    pub start: Start,
    /// How many texts are picked in each round.
    pub rounds: Vec<Budget>,
    /// What arms are compared by, and rules and targets count in.
    pub metric: Metric,
    /// Where the metric names a class that is not known before the texts are there: what to say where they
    /// do not have it.
    pub(crate) metric_class: Option<ClassPlace>,
    /// When an arm is done before all rounds are.
    pub stop: StopRules,
    /// The strategies compared, in the order of the file.
    pub arms: Vec<Arm>,
    /// The `predict` stage of the validation texts that the arms are compared with.
    pub zero_shot: Option<Name>,
    /// What the report tells beside the results.
    pub report: ReportSettings,
}

/// What the report tells beside the results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportSettings {
    /// The arm that others are compared with: the one that is named, or else the one that picks at random.
    /// `None` where there is none.
    pub baseline: Option<Name>,
    /// The value of the metric that labels are counted to; where `None`, what the baseline ends with.
    pub target: Option<f64>,
    /// What a label costs.
    pub price: Option<Price>,
}

/// How texts are picked before there is a trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// How many.
    pub count: Budget,
    /// The strategy.
    pub strategy: Rule,
    /// The `predict` stage of the pool that the strategy may look at.
    pub predictions: Option<Name>,
}

/// Where labels come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelSource {
    /// The dataset's own labels, shown only for texts that were picked.
    Oracle,
}

/// One strategy of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its name in the results.
    pub name: Name,
    /// How it picks.
    pub strategy: Rule,
}
