//! A pipeline file as it is written: every value of the right type, nothing compared yet.

use std::fmt;
use std::path::PathBuf;

use goldpan_evidence::Metric;
use goldpan_model::{Precision, Target};
use goldpan_select::{Budget, Rule};
use goldpan_sources::{Column, Delimiter, Format, InvalidText, Quoting};
use goldpan_train::{ClassWeights, NewHeadStart, ScheduleKind, ValidationMetric};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::kind::StageKind;
use crate::spec::named::Named;
use crate::spec::zero_shot::{TextOrTexts, ZeroShotOptions};

/// The whole file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineOptions {
    pub(crate) name: String,
    pub(crate) seeds: Option<Vec<u64>>,
    pub(crate) stages: Option<Named<StageOptions>>,
    #[serde(rename = "loop")]
    pub(crate) experiment: Option<LoopOptions>,
}

/// One entry of `stages`, named by its kind.
#[derive(Debug, serde::Deserialize)]
#[serde(rename = "stage kind", rename_all = "kebab-case")]
pub(crate) enum StageOptions {
    Ingest(IngestOptions),
    Embed(EmbedOptions),
    Train(Box<TrainStageOptions>),
    Predict(PredictOptions),
    Select(SelectOptions),
    Evaluate(EvaluateOptions),
}

impl StageOptions {
    pub(crate) fn kind(&self) -> StageKind {
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

/// A named dataset's split, or files.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IngestOptions {
    pub(crate) dataset: Option<String>,
    pub(crate) split: Option<String>,
    pub(crate) input: Option<OneOrMany>,
    pub(crate) format: Option<Format>,
    pub(crate) header: Option<bool>,
    pub(crate) text_column: Option<ColumnOption>,
    pub(crate) label_column: Option<ColumnOption>,
    pub(crate) id_column: Option<ColumnOption>,
    pub(crate) metadata_columns: Option<Vec<ColumnOption>>,
    pub(crate) delimiter: Option<Delimiter>,
    pub(crate) quoting: Option<Quoting>,
    pub(crate) encoding: Option<String>,
    pub(crate) invalid_text: Option<InvalidText>,
    pub(crate) records: Option<String>,
    pub(crate) classes: Option<ClassesOption>,
    pub(crate) missing_labels: Option<Vec<LabelOption>>,
    pub(crate) label_numbers: Option<bool>,
    pub(crate) rename_classes: Option<Named<LabelOption>>,
}

/// The classes' names, or the file that has them.
#[derive(Debug)]
pub(crate) enum ClassesOption {
    Names(Vec<String>),
    File(PathBuf),
}

impl<'de> Deserialize<'de> for ClassesOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Classes;
        impl<'de> Visitor<'de> for Classes {
            type Value = ClassesOption;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or `{ file: PATH }`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ClassesOption, A::Error> {
                let mut names = Vec::new();
                while let Some(LabelOption(name)) = items.next_element()? {
                    names.push(name);
                }
                Ok(ClassesOption::Names(names))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ClassesOption, A::Error> {
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct File {
                    file: PathBuf,
                }
                let File { file } = File::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ClassesOption::File(file))
            }
        }
        deserializer.deserialize_any(Classes)
    }
}

/// A label: a name or a number.
#[derive(Debug)]
pub(crate) struct LabelOption(pub(crate) String);

impl<'de> Deserialize<'de> for LabelOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Label;
        impl Visitor<'_> for Label {
            type Value = LabelOption;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label's name or number")
            }

            fn visit_str<E>(self, name: &str) -> Result<LabelOption, E> {
                Ok(LabelOption(name.to_owned()))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<LabelOption, E> {
                Ok(LabelOption(truth.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<LabelOption, E> {
                Ok(LabelOption(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<LabelOption, E> {
                Ok(LabelOption(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<LabelOption, E> {
                Ok(LabelOption(number.to_string()))
            }
        }
        deserializer.deserialize_any(Label)
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbedOptions {
    pub(crate) texts: String,
    pub(crate) model: String,
    pub(crate) max_length: Option<u64>,
    pub(crate) normalize: Option<bool>,
    pub(crate) prompt: Option<String>,
    pub(crate) precision: Option<Precision>,
}

/// Declares the options of a training, alone for the loop and with its inputs for a stage.
macro_rules! train_options {
    ($($field:ident: $type:ty,)*) => {
        /// How a model is trained.
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct TrainOptions {
            pub(crate) init: Option<InitOptions>,
            $(pub(crate) $field: Option<$type>,)*
        }

        impl TrainOptions {
            /// The names of the options that are given.
            pub(crate) fn given(&self) -> Vec<&'static str> {
                let init = self.init.is_some().then_some("init");
                let others = [$(self.$field.is_some().then_some(stringify!($field)),)*];
                [init].into_iter().chain(others).flatten().collect()
            }
        }

        /// A `train` stage.
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct TrainStageOptions {
            pub(crate) texts: String,
            pub(crate) labelled: Option<String>,
            pub(crate) validation: String,
            pub(crate) model: ModelOptions,
            pub(crate) init: Option<String>,
            pub(crate) seed: Option<u64>,
            $(pub(crate) $field: Option<$type>,)*
        }

        impl TrainStageOptions {
            /// How the stage's model is trained.
            pub(crate) fn train(&self) -> TrainOptions {
                TrainOptions {
                    init: None,
                    $($field: self.$field.clone(),)*
                }
            }
        }
    };
}

train_options! {
    epochs: u64,
    min_steps: u64,
    new_head: NewHeadStart,
    batch_size: u64,
    gradient_accumulation: u64,
    learning_rate: f64,
    schedule: ScheduleKind,
    warmup_ratio: f64,
    weight_decay: WeightDecayOptions,
    clip_norm: f64,
    label_smoothing: f64,
    class_weights: ClassWeightsOptions,
    classifier_dropout: f64,
    validation_metric: ValidationMetric,
    patience: u64,
    max_length: u64,
    precision: Precision,
}

/// What the models of the loop's rounds start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename = "way to begin", rename_all = "kebab-case")]
pub(crate) enum InitOptions {
    /// The base model, every time.
    #[default]
    Base,
    /// The model of the round before.
    Previous,
}

/// A weight decay for all tensors, or one for each group.
#[derive(Clone, Debug)]
pub(crate) enum WeightDecayOptions {
    All(f64),
    Groups(WeightDecayGroups),
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeightDecayGroups {
    pub(crate) lora: Option<f64>,
    pub(crate) encoder: Option<f64>,
    pub(crate) head: Option<f64>,
    pub(crate) bias: Option<f64>,
    pub(crate) norm: Option<f64>,
}

impl<'de> Deserialize<'de> for WeightDecayOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrGroups;
        impl<'de> Visitor<'de> for NumberOrGroups {
            type Value = WeightDecayOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a mapping of numbers")
            }

            fn visit_f64<E>(self, decay: f64) -> Result<WeightDecayOptions, E> {
                Ok(WeightDecayOptions::All(decay))
            }

            fn visit_u64<E>(self, decay: u64) -> Result<WeightDecayOptions, E> {
                Ok(WeightDecayOptions::All(decay as f64))
            }

            fn visit_i64<E>(self, decay: i64) -> Result<WeightDecayOptions, E> {
                Ok(WeightDecayOptions::All(decay as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WeightDecayOptions, A::Error> {
                let groups = WeightDecayGroups::deserialize(MapAccessDeserializer::new(map))?;
                Ok(WeightDecayOptions::Groups(groups))
            }
        }
        deserializer.deserialize_any(NumberOrGroups)
    }
}

/// `none`, `balanced`, or a weight for each class.
#[derive(Clone, Debug)]
pub(crate) struct ClassWeightsOptions(pub(crate) ClassWeights);

impl<'de> Deserialize<'de> for ClassWeightsOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrWeights;
        impl<'de> Visitor<'de> for NameOrWeights {
            type Value = ClassWeightsOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, balanced, or a list of numbers")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<ClassWeightsOptions, E> {
                match name {
                    "none" => Ok(ClassWeightsOptions(ClassWeights::None)),
                    "balanced" => Ok(ClassWeightsOptions(ClassWeights::Balanced)),
                    _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<ClassWeightsOptions, A::Error> {
                let mut weights = Vec::new();
                while let Some(weight) = items.next_element()? {
                    weights.push(weight);
                }
                Ok(ClassWeightsOptions(ClassWeights::Given(weights)))
            }
        }
        deserializer.deserialize_any(NameOrWeights)
    }
}

/// A base model and what of it is trained; the base model's name alone will do.
#[derive(Debug)]
pub(crate) struct ModelOptions {
    pub(crate) base: String,
    pub(crate) tune: Option<TuneOptions>,
    pub(crate) lora: Option<LoraOptions>,
    pub(crate) probe: Option<ProbeOptions>,
    pub(crate) auto: Option<AutoOptions>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoOptions {
    pub(crate) steps: Option<usize>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeOptions {
    pub(crate) strength: Option<f64>,
    pub(crate) classes: Option<Named<TextOrTexts>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoraOptions {
    pub(crate) rank: Option<u64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) targets: Option<TargetsOptions>,
    pub(crate) layers: Option<Vec<usize>>,
    pub(crate) dropout: Option<f64>,
}

/// What of a model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename = "way to tune", rename_all = "kebab-case")]
pub(crate) enum TuneOptions {
    Lora,
    Full,
    Head,
    Probe,
    Auto,
}

impl TuneOptions {
    /// Whether a probe is solved.
    pub(crate) fn is_probe(self) -> bool {
        matches!(self, Self::Probe | Self::Auto)
    }

    /// As the file has it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Lora => "tune: lora",
            Self::Full => "tune: full",
            Self::Head => "tune: head",
            Self::Probe => "tune: probe",
            Self::Auto => "tune: auto",
        }
    }
}

/// A linear layer that an adapter can be added to, by the name that PEFT has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename = "LoRA target", rename_all = "lowercase")]
pub(crate) enum LoraTarget {
    Query,
    Key,
    Value,
    #[serde(rename = "attention.output.dense")]
    AttentionOutput,
    #[serde(rename = "intermediate.dense")]
    Intermediate,
    #[serde(rename = "output.dense")]
    Output,
    #[serde(rename = "all-linear")]
    AllLinear,
}

impl LoraTarget {
    /// The linear layers meant.
    pub(crate) fn targets(self) -> &'static [Target] {
        match self {
            Self::Query => &[Target::Query],
            Self::Key => &[Target::Key],
            Self::Value => &[Target::Value],
            Self::AttentionOutput => &[Target::AttentionOutput],
            Self::Intermediate => &[Target::Intermediate],
            Self::Output => &[Target::Output],
            Self::AllLinear => &Target::ALL,
        }
    }
}

impl fmt::Display for LoraTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllLinear => f.pad("all-linear"),
            one => one.targets()[0].fmt(f),
        }
    }
}

/// A list of linear layers, or `all-linear` alone.
#[derive(Debug)]
pub(crate) struct TargetsOptions(pub(crate) Vec<LoraTarget>);

impl<'de> Deserialize<'de> for TargetsOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrAll;
        impl<'de> Visitor<'de> for ListOrAll {
            type Value = TargetsOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of linear layers, or all-linear")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<TargetsOptions, E> {
                match name {
                    "all-linear" => Ok(TargetsOptions(vec![LoraTarget::AllLinear])),
                    _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<TargetsOptions, A::Error> {
                let mut targets = Vec::new();
                while let Some(target) = items.next_element()? {
                    targets.push(target);
                }
                Ok(TargetsOptions(targets))
            }
        }
        deserializer.deserialize_any(ListOrAll)
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictOptions {
    pub(crate) texts: String,
    pub(crate) model: String,
    pub(crate) zero_shot: Option<ZeroShotOptions>,
    pub(crate) max_length: Option<u64>,
    pub(crate) precision: Option<Precision>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectOptions {
    pub(crate) strategy: Rule,
    pub(crate) count: Budget,
    pub(crate) texts: Option<String>,
    pub(crate) embeddings: Option<String>,
    pub(crate) predictions: Option<String>,
    pub(crate) labelled: Option<String>,
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluateOptions {
    pub(crate) predictions: String,
    pub(crate) texts: String,
}

/// The active-learning loop.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoopOptions {
    pub(crate) pool: String,
    pub(crate) validation: String,
    pub(crate) test: Option<String>,
    pub(crate) exclude_shared: Option<bool>,
    pub(crate) embeddings: Option<String>,
    pub(crate) labels: LabelsOptions,
    pub(crate) model: ModelOptions,
    pub(crate) train: Option<TrainOptions>,
    pub(crate) start: StartOptions,
    pub(crate) zero_shot: Option<String>,
    pub(crate) rounds: Vec<Budget>,
    pub(crate) metric: Option<Metric>,
    pub(crate) stop: Option<StopOptions>,
    pub(crate) arms: Named<Rule>,
    pub(crate) report: Option<ReportOptions>,
}

/// When an arm is done before all rounds are.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopOptions {
    pub(crate) target: Option<f64>,
    pub(crate) target_accuracy: Option<f64>,
    pub(crate) gain_per_label: Option<f64>,
    pub(crate) kappa: Option<f64>,
    pub(crate) distance: Option<f64>,
    pub(crate) labels: Option<u64>,
}

/// What the report tells beside the results.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportOptions {
    pub(crate) baseline: Option<String>,
    pub(crate) target: Option<f64>,
    pub(crate) target_accuracy: Option<f64>,
    pub(crate) label_price: Option<f64>,
    pub(crate) currency: Option<String>,
}

/// Where labels come from.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename = "source of labels", rename_all = "kebab-case")]
pub(crate) enum LabelsOptions {
    Oracle,
}

/// How the first texts are picked.
#[derive(Debug, serde::Deserialize)]
#[serde(rename = "way to start", rename_all = "kebab-case")]
pub(crate) enum StartOptions {
    Random(u64),
    Select(Box<StartSelectOptions>),
}

/// A first selection by a strategy, before any model was trained.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartSelectOptions {
    pub(crate) count: Budget,
    pub(crate) strategy: Rule,
    pub(crate) predictions: Option<String>,
}

impl<'de> Deserialize<'de> for ModelOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            base: String,
            tune: Option<TuneOptions>,
            lora: Option<LoraOptions>,
            probe: Option<ProbeOptions>,
            auto: Option<AutoOptions>,
        }
        struct NameOrFull;
        impl<'de> Visitor<'de> for NameOrFull {
            type Value = ModelOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model's name or a mapping with its `base`")
            }

            fn visit_str<E>(self, name: &str) -> Result<ModelOptions, E> {
                Ok(ModelOptions {
                    base: name.to_owned(),
                    tune: None,
                    lora: None,
                    probe: None,
                    auto: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelOptions, A::Error> {
                let Full {
                    base,
                    tune,
                    lora,
                    probe,
                    auto,
                } = Full::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ModelOptions {
                    base,
                    tune,
                    lora,
                    probe,
                    auto,
                })
            }
        }
        deserializer.deserialize_any(NameOrFull)
    }
}

/// One path or several.
#[derive(Debug)]
pub(crate) struct OneOrMany(pub(crate) Vec<PathBuf>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Paths;
        impl<'de> Visitor<'de> for Paths {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }

            fn visit_str<E>(self, path: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![path.into()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = items.next_element()? {
                    paths.push(path);
                }
                Ok(OneOrMany(paths))
            }
        }
        deserializer.deserialize_any(Paths)
    }
}

/// A column's name, or its place from 0.
#[derive(Debug)]
pub(crate) struct ColumnOption(pub(crate) Column);

impl<'de> Deserialize<'de> for ColumnOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrIndex;
        impl Visitor<'_> for NameOrIndex {
            type Value = ColumnOption;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name or its number from 0")
            }

            fn visit_str<E>(self, name: &str) -> Result<ColumnOption, E> {
                Ok(ColumnOption(Column::from(name)))
            }

            fn visit_u64<E: serde::de::Error>(self, index: u64) -> Result<ColumnOption, E> {
                let wrong = || E::invalid_value(Unexpected::Unsigned(index), &self);
                let index = usize::try_from(index).map_err(|_| wrong())?;
                Ok(ColumnOption(Column::from(index)))
            }
        }
        deserializer.deserialize_any(NameOrIndex)
    }
}
