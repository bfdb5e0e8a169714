//! A pipeline file as it is written: every value of the right type, nothing compared yet.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use goldpan_select::Strategy;
use goldpan_sources::{Column, Format};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::StageKind;
use crate::spec::settings::{LoraTarget, Precision};
use crate::spec::zero_shot::ZeroShotOptions;

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
    Train(TrainStageOptions),
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
    pub(crate) classes: Option<Vec<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbedOptions {
    pub(crate) texts: String,
    pub(crate) model: String,
    pub(crate) max_length: Option<u64>,
    pub(crate) normalize: Option<bool>,
    pub(crate) precision: Option<Precision>,
}

/// A `train` stage: its inputs, and the keys of [`TrainOptions`].
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainStageOptions {
    pub(crate) texts: String,
    pub(crate) labelled: Option<String>,
    pub(crate) validation: String,
    pub(crate) model: ModelOptions,
    pub(crate) seed: Option<u64>,
    pub(crate) epochs: Option<u64>,
    pub(crate) batch_size: Option<u64>,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) warmup_ratio: Option<f64>,
    pub(crate) weight_decay: Option<f64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) precision: Option<Precision>,
}

impl TrainStageOptions {
    pub(crate) fn train(&self) -> TrainOptions {
        TrainOptions {
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            warmup_ratio: self.warmup_ratio,
            weight_decay: self.weight_decay,
            max_length: self.max_length,
            precision: self.precision,
        }
    }
}

/// How a model is trained.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainOptions {
    pub(crate) epochs: Option<u64>,
    pub(crate) batch_size: Option<u64>,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) warmup_ratio: Option<f64>,
    pub(crate) weight_decay: Option<f64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) precision: Option<Precision>,
}

/// A base model and its adapter; the base model's name alone will do.
#[derive(Debug)]
pub(crate) struct ModelOptions {
    pub(crate) base: String,
    pub(crate) lora: Option<LoraOptions>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoraOptions {
    pub(crate) rank: Option<u64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) targets: Option<Vec<LoraTarget>>,
    pub(crate) layers: Option<Vec<usize>>,
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
    pub(crate) strategy: Strategy,
    pub(crate) count: u64,
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
    pub(crate) embeddings: Option<String>,
    pub(crate) labels: LabelsOptions,
    pub(crate) model: ModelOptions,
    pub(crate) train: Option<TrainOptions>,
    pub(crate) start: StartOptions,
    pub(crate) zero_shot: Option<String>,
    pub(crate) rounds: Vec<u64>,
    pub(crate) arms: Named<Strategy>,
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
    Select(StartSelectOptions),
}

/// A first selection by a strategy, before any model was trained.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartSelectOptions {
    pub(crate) count: u64,
    pub(crate) strategy: Strategy,
    pub(crate) predictions: Option<String>,
}

/// A mapping from names, in the order of the file.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Named(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<'de> Deserialize<'de> for ModelOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            base: String,
            lora: Option<LoraOptions>,
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
                    lora: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelOptions, A::Error> {
                let Full { base, lora } = Full::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ModelOptions { base, lora })
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
                let wrong = || E::invalid_value(serde::de::Unexpected::Unsigned(index), &self);
                let index = usize::try_from(index).map_err(|_| wrong())?;
                Ok(ColumnOption(Column::from(index)))
            }
        }
        deserializer.deserialize_any(NameOrIndex)
    }
}
