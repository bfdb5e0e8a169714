//! One piece of work: open its inputs, call the stage, say what was done.

use std::path::{Path, PathBuf};

use goldpan_artifact::{
    Embeddings, Labelled, Labels, LabelsWriter, Origin, Precision as Storage, Predictions,
    Producer, Progress, Selection, Texts, check_same_texts, verify_checksum,
};
use goldpan_embed::{EmbedConfig, Known as KnownVectors, Model as Encoder};
use goldpan_model::describe;
use goldpan_model::{
    BaseModel, Device, Encoding, ModelCard, Precision, SentenceEncoder, Tuning, TuningKind,
};
use goldpan_predict::{Known as KnownBeliefs, Model, PredictConfig};
use goldpan_select::Inputs as SelectInputs;
use goldpan_sources::short_name;
use goldpan_store::{Pending, Record};
use goldpan_train::{AutoInputs, Inputs as TrainInputs, ProbeInputs};
use serde::Serialize;
use serde_json::Value;

use crate::exec::action::{LABEL_VERSION, base_of, ingest_config};
use crate::exec::context::Context;
use crate::exec::earlier::earlier;
use crate::plan::{Classifier, NodeId, ProbeVectors, TrainedModel, Work};
use crate::spec::{IngestSettings, TrainingSettings};

/// The folder of a trained model in its object.
const MODEL: &str = "model";

/// An error of a stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// Of `ingest`.
    #[error(transparent)]
    Ingest(#[from] goldpan_ingest::Error),
    /// Of `embed`.
    #[error(transparent)]
    Embed(#[from] goldpan_embed::Error),
    /// Of `train`.
    #[error(transparent)]
    Train(#[from] goldpan_train::Error),
    /// Of `predict`.
    #[error(transparent)]
    Predict(#[from] goldpan_predict::Error),
    /// Of `select`.
    #[error(transparent)]
    Select(#[from] goldpan_select::Error),
    /// Of `evaluate`.
    #[error(transparent)]
    Evaluate(#[from] goldpan_evaluate::Error),
    /// Of an artifact that the stage reads or writes.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// Of the store.
    #[error(transparent)]
    Store(#[from] goldpan_store::Error),
    /// A picked text has no label of its own.
    #[error(
        "{path}: the text with id {id} was picked and has no label; `labels: oracle` needs a pool \
         whose texts are all labelled"
    )]
    NoLabel {
        /// The pool.
        path: PathBuf,
        /// The text.
        id: u64,
    },
    /// A result that an earlier stage made is no longer there.
    #[error(
        "{file} of `{stage}` is gone from the store: run the pipeline again, which makes it anew"
    )]
    InputGone {
        /// The earlier stage.
        stage: String,
        /// The file in its result.
        file: String,
    },
    /// A model or dataset that was found before the run is no longer known.
    #[error("`{name}` was found before the run and is no longer known: run the pipeline again")]
    NameGone {
        /// The model, or the dataset.
        name: String,
    },
    /// A model is asked of a stage that trains none.
    #[error("`{stage}` trains no model")]
    NoBase {
        /// The stage.
        stage: String,
    },
    /// A stage was given the work of another: a fault of Goldpan's.
    #[error(
        "`{stage}` is the work of another stage: this is a fault of Goldpan's, please report it"
    )]
    OtherWork {
        /// The stage.
        stage: String,
    },
    /// What the stage says of its result cannot be kept.
    #[error("the stage's summary cannot be written")]
    Summary(#[source] serde_json::Error),
}

impl StageError {
    /// Whether the user stopped the stage.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Ingest(goldpan_ingest::Error::Cancelled)
                | Self::Embed(goldpan_embed::Error::Cancelled)
                | Self::Train(goldpan_train::Error::Cancelled)
                | Self::Predict(goldpan_predict::Error::Cancelled)
                | Self::Select(goldpan_select::Error::Cancelled)
        )
    }
}

/// A piece of work and where its result goes.
pub(crate) struct Task<'a> {
    pub context: &'a Context<'a>,
    pub records: &'a [Option<Record>],
    pub pending: &'a Pending,
    /// Whether all is computed anew, as `--force` asks.
    pub anew: bool,
    pub progress: &'a dyn Progress,
}

impl Task<'_> {
    /// Does the work of `node`; its summary.
    pub fn run(&self, node: NodeId) -> Result<Value, StageError> {
        let progress = self.progress;
        match &self.context.graph.nodes[node].work {
            Work::Ingest(settings) => {
                let config = ingest_config(settings, self.context.names)?;
                let config = config.ok_or_else(|| StageError::NameGone {
                    name: dataset_of(settings).to_owned(),
                })?;
                summary(&goldpan_ingest::ingest(
                    &config,
                    &self.out("texts.arrow"),
                    progress,
                )?)
            }
            Work::Embed {
                texts,
                model,
                encoding,
            } => {
                let config = EmbedConfig {
                    max_length: encoding.max_length,
                    normalize: encoding.normalize,
                    prompt: encoding.prompt.clone(),
                    storage: Storage::F32,
                };
                summary(&goldpan_embed::embed(
                    &config,
                    &self.texts(*texts)?,
                    Encoder {
                        name: &short_name(model),
                        folder: self.model(model)?.0,
                        known: &self.known_vectors(),
                    },
                    &self.device(encoding.precision),
                    &self.out("embeddings.arrow"),
                    progress,
                )?)
            }
            Work::Train { .. } => self.train(node),
            Work::Predict { .. } => self.predict(node),
            Work::Select { .. } => self.select(node),
            Work::Evaluate { predictions, texts } => {
                let predictions =
                    Predictions::open(self.input(*predictions, "predictions.arrow")?)?;
                let texts = self.texts(*texts)?;
                check_same_texts([
                    (texts.path(), Some(&texts.of_texts())),
                    (predictions.path(), predictions.origin().texts.as_ref()),
                ])?;
                let metrics = goldpan_evaluate::evaluate(&predictions, &texts)?;
                goldpan_evaluate::write(&metrics, &self.out("metrics.json"))?;
                summary(&metrics)
            }
            Work::Label { .. } => self.label(node),
        }
    }

    /// Embeddings that earlier runs made with the settings of this work.
    fn known_vectors(&self) -> Vec<KnownVectors> {
        let open = |(texts, table): &(PathBuf, PathBuf)| {
            verify_checksum(table).ok()?;
            Some(KnownVectors {
                texts: Texts::open(texts).ok()?,
                embeddings: Embeddings::open(table).ok()?,
            })
        };
        self.earlier("embeddings.arrow")
            .iter()
            .filter_map(open)
            .collect()
    }

    /// Predictions that earlier runs made with the settings of this work.
    pub(super) fn known_beliefs(&self) -> Vec<KnownBeliefs> {
        let open = |(texts, table): &(PathBuf, PathBuf)| {
            verify_checksum(table).ok()?;
            Some(KnownBeliefs {
                texts: Texts::open(texts).ok()?,
                predictions: Predictions::open(table).ok()?,
            })
        };
        self.earlier("predictions.arrow")
            .iter()
            .filter_map(open)
            .collect()
    }

    /// What earlier runs made with the settings of this work. Only on the CPU is it known that a text has
    /// the same result in any batch, to the last bit.
    fn earlier(&self, file: &str) -> Vec<(PathBuf, PathBuf)> {
        match self.context.device.class() {
            "cpu" if !self.anew => earlier(self.context.store, self.pending.action(), file),
            _ => Vec::new(),
        }
    }

    /// The name of a stage, for people.
    fn stage(&self, node: NodeId) -> String {
        self.context.graph.nodes[node].name.clone()
    }

    fn other_work(&self, node: NodeId) -> StageError {
        StageError::OtherWork {
            stage: self.stage(node),
        }
    }

    pub(super) fn out(&self, name: &str) -> PathBuf {
        self.pending.dir().join(name)
    }

    fn input(&self, node: NodeId, name: &str) -> Result<PathBuf, StageError> {
        self.context
            .file(node, self.records, name)
            .ok_or_else(|| StageError::InputGone {
                stage: self.stage(node),
                file: name.to_owned(),
            })
    }

    pub(super) fn texts(&self, node: NodeId) -> Result<Texts, StageError> {
        Ok(Texts::open(self.input(node, "texts.arrow")?)?)
    }

    fn vectors(&self, node: NodeId) -> Result<Embeddings, StageError> {
        Ok(Embeddings::open(self.input(node, "embeddings.arrow")?)?)
    }

    /// The folder of a model, and what a trained model's card says of it.
    pub(super) fn model(&self, name: &str) -> Result<(&Path, BaseModel), StageError> {
        let folder = self
            .context
            .names
            .model(name)
            .ok_or_else(|| StageError::NameGone {
                name: name.to_owned(),
            })?;
        let base = BaseModel {
            name: folder.name.clone(),
            digest: folder.digest,
        };
        Ok((&folder.path, base))
    }

    /// The labelled texts that a `label` or `select` node tells.
    fn labelled(&self, node: NodeId) -> Result<Labelled, StageError> {
        let file = match &self.context.graph.nodes[node].work {
            Work::Select { .. } => "selection.arrow",
            _ => "labels.arrow",
        };
        Ok(Labelled::open_arrow(self.input(node, file)?)?)
    }

    fn train(&self, node: NodeId) -> Result<Value, StageError> {
        let Work::Train {
            texts,
            labelled,
            validation,
            base,
            training,
            previous,
            vectors,
        } = &self.context.graph.nodes[node].work
        else {
            return Err(self.other_work(node));
        };
        let texts = self.texts(*texts)?;
        let labelled = match labelled {
            Some(node) => self.labelled(*node)?,
            None => Labelled {
                ids: (0..texts.len())
                    .filter(|&row| texts.label(row).is_some())
                    .map(|row| texts.id(row))
                    .collect(),
                labels: None,
            },
        };
        // What the models of a loop lack is told of all seeds at once.
        let in_loop = |model: &TrainedModel| model.node == node;
        if !self.context.graph.trained.iter().any(in_loop)
            && let Some(line) = goldpan_train::lacking(&labelled, &texts, texts.classes())
        {
            tracing::warn!("{line}");
        }
        let (folder, base_model) = self.model(base)?;
        if let (Some(_), Some(vectors)) = (training.config.tuning.probe(), vectors) {
            let (validation, model) = (self.texts(*validation)?, (folder, &base_model));
            return self.probe(training, (&texts, &labelled, &validation), *vectors, model);
        }
        let previous = previous.map(|node| self.input(node, MODEL)).transpose()?;
        let inputs = TrainInputs {
            texts: &texts,
            labelled: &labelled,
            validation: &self.texts(*validation)?,
            base: folder,
            base_model: &base_model,
            previous: previous.as_deref(),
        };
        let done = goldpan_train::train(
            &training.config,
            &inputs,
            &self.context.frozen(base_model.digest),
            &self.device(training.precision),
            &self.out(MODEL),
            self.pending.scratch()?,
            self.progress,
        )?;
        summary(&done)
    }

    /// Solves for a probe on vectors that are there.
    fn probe(
        &self,
        training: &TrainingSettings,
        (texts, labelled, validation): (&Texts, &Labelled, &Texts),
        vectors: ProbeVectors,
        (folder, base_model): (&Path, &BaseModel),
    ) -> Result<Value, StageError> {
        let Work::Embed { encoding, .. } = &self.context.graph.nodes[vectors.texts].work else {
            return Err(self.other_work(vectors.texts));
        };
        let precision = encoding.precision;
        let encoding = Encoding {
            max_length: encoding.max_length,
            normalize: encoding.normalize,
            prompt: encoding.prompt.clone(),
        };
        let tuning = &training.config.tuning;
        let Some(config) = tuning.probe() else {
            return Err(self.other_work(vectors.texts));
        };
        let (classes, names) = (config.classes.as_slice(), validation.classes());
        let key = format!(
            "{} {encoding:?} {precision:?} {classes:?} {names:?}",
            base_model.digest
        );
        let descriptions = self.context.described(key, || {
            if classes.is_empty() {
                return Ok(Vec::new());
            }
            let device = self.device(precision);
            let encoder = SentenceEncoder::open(folder, encoding.options(), &device)?;
            describe(classes, names, &encoder)
        });
        let inputs = ProbeInputs {
            texts,
            vectors: &self.vectors(vectors.texts)?,
            labelled,
            validation,
            validation_vectors: &self.vectors(vectors.validation)?,
            descriptions: &descriptions.map_err(goldpan_train::Error::from)?,
            base_model,
            encoding: &encoding,
        };
        let out = self.out(MODEL);
        if let Tuning::Auto(config) = tuning {
            let inputs = AutoInputs {
                probe: &inputs,
                neighbours: &self.context.neighbours,
                base: folder,
                seed: training.config.seed,
                device: &self.device(precision),
                frozen: &self.context.frozen(base_model.digest),
            };
            return summary(&goldpan_train::auto(config, &inputs, &out, self.progress)?);
        }
        summary(&goldpan_train::probe(config, &inputs, &out, self.progress)?)
    }

    fn predict(&self, node: NodeId) -> Result<Value, StageError> {
        let Work::Predict {
            texts,
            model,
            inference,
            vectors,
        } = &self.context.graph.nodes[node].work
        else {
            return Err(self.other_work(node));
        };
        let (base, adapter) = match model {
            Classifier::Trained(trained) => {
                let base = base_of(self.context.graph, *trained);
                let base = base.ok_or_else(|| StageError::NoBase {
                    stage: self.stage(*trained),
                })?;
                (base, Some(self.input(*trained, MODEL)?))
            }
            Classifier::Named(name) => (name.as_str(), None),
            Classifier::ZeroShot { model, settings } => {
                return self.zero_shot(*texts, model, settings, inference);
            }
        };
        let name = match adapter {
            Some(_) => format!("{}, trained", short_name(base)),
            None => short_name(base),
        };
        if let (Some(vectors), Some(folder)) = (vectors, &adapter)
            && ModelCard::read(folder)
                .map_err(goldpan_train::Error::from)?
                .tuning
                == TuningKind::Probe
        {
            return summary(&goldpan_predict::predict_vectors(
                &self.texts(*texts)?,
                &self.vectors(*vectors)?,
                (&name, folder),
                &self.out("predictions.arrow"),
                self.progress,
            )?);
        }
        let (folder, base) = self.model(base)?;
        let config = PredictConfig {
            max_length: inference.max_length,
        };
        summary(&goldpan_predict::predict(
            &config,
            &self.texts(*texts)?,
            Model {
                name: &name,
                known: &self.known_beliefs(),
                base: folder,
                adapter: adapter.as_deref(),
            },
            &self.context.frozen(base.digest),
            &self.device(inference.precision),
            &self.out("predictions.arrow"),
            self.progress,
        )?)
    }

    /// The device, with this precision.
    pub(super) fn device(&self, precision: Precision) -> Device {
        self.context.device.with_precision(precision)
    }

    fn select(&self, node: NodeId) -> Result<Value, StageError> {
        let Work::Select {
            strategy,
            count,
            texts,
            without,
            embeddings,
            predictions,
            labelled,
            seed,
        } = &self.context.graph.nodes[node].work
        else {
            return Err(self.other_work(node));
        };
        let texts = self.texts(*texts)?;
        let others: Vec<Texts> = without
            .iter()
            .map(|&node| self.texts(node))
            .collect::<Result<_, _>>()?;
        let ids: Vec<u64> = match others.is_empty() {
            true => texts.ids().collect(),
            false => texts.unshared(&others),
        };
        let embeddings = embeddings.map(|node| self.vectors(node)).transpose()?;
        let open = |node: &NodeId| {
            Ok::<_, StageError>(Predictions::open(self.input(*node, "predictions.arrow")?)?)
        };
        let predictions = predictions.as_ref().map(open).transpose()?;
        let labelled = labelled.map(|node| self.labelled(node)).transpose()?;
        let origin = texts.of_texts();
        let of = |table: &Origin| table.texts.clone();
        let vectors = embeddings
            .as_ref()
            .map(|table| (table.path(), of(table.origin())));
        let beliefs = predictions
            .as_ref()
            .map(|table| (table.path(), of(table.origin())));
        let tables = [vectors, beliefs];
        let tables = tables
            .iter()
            .flatten()
            .map(|(path, of)| (*path, of.as_ref()));
        check_same_texts([(texts.path(), Some(&origin))].into_iter().chain(tables))?;
        let inputs = SelectInputs {
            ids: Some(&ids),
            texts: Some(&texts),
            embeddings: embeddings.as_ref(),
            predictions: predictions.as_ref(),
            labelled: labelled.as_ref().map_or(&[], |labelled| &labelled.ids),
        };
        let out = self.out("selection.arrow");
        summary(&goldpan_select::select(
            strategy,
            &inputs,
            *count,
            *seed,
            &out,
            self.progress,
        )?)
    }

    /// Earlier labels, and the picked texts' own.
    fn label(&self, node: NodeId) -> Result<Value, StageError> {
        let Work::Label {
            texts,
            selection,
            previous,
            round,
        } = &self.context.graph.nodes[node].work
        else {
            return Err(self.other_work(node));
        };
        let texts = self.texts(*texts)?;
        let selection = Selection::open(self.input(*selection, "selection.arrow")?)?;
        let row_of: std::collections::HashMap<u64, usize> =
            texts.ids().enumerate().map(|(row, id)| (id, row)).collect();
        let producer = Producer::new("label", LABEL_VERSION);
        let out = self.out("labels.arrow");
        let mut writer = LabelsWriter::create(out, texts.classes(), producer)?
            .made_from(Origin::of(texts.of_texts()));
        if let Some(previous) = previous {
            let previous = Labels::open(self.input(*previous, "labels.arrow")?)?;
            for row in 0..previous.len() {
                let (id, label) = (previous.id(row), previous.label(row));
                writer.push(id, label, previous.source(row), previous.round(row))?;
            }
        }
        for id in selection.ids() {
            let label = row_of.get(&id).and_then(|&row| texts.label(row));
            let label = label.ok_or_else(|| StageError::NoLabel {
                path: texts.path().to_owned(),
                id,
            })?;
            writer.push(id, label, "dataset", *round)?;
        }
        let written = writer.finish()?;
        Ok(serde_json::json!({ "labelled": written.rows }))
    }
}

/// The dataset that an `ingest` stage names; empty where it names files.
fn dataset_of(settings: &IngestSettings) -> &str {
    match settings {
        IngestSettings::Dataset { dataset, .. } => dataset,
        IngestSettings::Files(_) => "",
    }
}

pub(super) fn summary(summary: &impl Serialize) -> Result<Value, StageError> {
    serde_json::to_value(summary).map_err(StageError::Summary)
}
