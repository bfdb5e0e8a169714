//! The key of a piece of work: everything that its result depends on.

use goldpan_artifact::{FORMAT_VERSION, digest_file, peek};
use goldpan_ingest::IngestConfig;
use goldpan_model::Tuning;
use goldpan_store::{Action, Record, Store};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::exec::earlier::texts_digest;
use crate::exec::names::Names;
use crate::plan::{Classifier, Graph, NodeId, Work};
use crate::spec::IngestSettings;

/// The version of the `label` stage, whose code is here.
pub(crate) const LABEL_VERSION: u32 = 1;

/// The action of a node, or `None` while an input is not there or a name was not found.
pub(crate) fn action(
    pipeline: &str,
    graph: &Graph,
    node: NodeId,
    records: &[Option<Record>],
    (store, names): (&Store, &Names),
    device_class: &str,
) -> Result<Option<Action>, Error> {
    let node = &graph.nodes[node];
    let mut inputs = Map::new();
    for (role, input) in node.work.inputs() {
        let Some(record) = &records[input] else {
            return Ok(None);
        };
        let digest = match role {
            "texts" if node.work.is_by_text() => texts_digest(store, record),
            _ => None,
        };
        let input = digest.map_or_else(|| json!(record.object), |digest| json!(digest));
        inputs.insert(role.to_owned(), input);
    }
    let model = |name: &str| names.model(name).map(|folder| json!(folder.digest));
    let on_device = |action: Action| action.with("device", device_class);
    let action = Action::new(node.work.kind().name(), format!("{pipeline}/{}", node.name))
        .with("format", FORMAT_VERSION)
        .with("inputs", inputs);
    Ok(match &node.work {
        Work::Ingest(settings) => match ingest_config(settings, names)? {
            Some(config) => {
                let files = files(&config)?;
                let action = action.with("version", goldpan_ingest::VERSION);
                Some(action.with("config", json!(config)).with("files", files))
            }
            None => None,
        },
        Work::Embed {
            model: name,
            encoding,
            ..
        } => model(name).map(|digest| {
            let action = action.with("version", goldpan_embed::VERSION);
            on_device(action.with("config", json!(encoding)).with("model", digest))
        }),
        Work::Train { base, training, .. } if training.is_probe() => model(base).map(|digest| {
            let version = match training.config.tuning {
                Tuning::Auto(_) => goldpan_train::AUTO_VERSION,
                _ => goldpan_train::PROBE_VERSION,
            };
            let action = action.with("version", version);
            let action = action.with("config", json!(training.config.tuning));
            let action = action.with("model", digest);
            match training.config.tuning {
                Tuning::Auto(_) => on_device(
                    action
                        .with("seed", training.config.seed)
                        .with("precision", json!(training.precision)),
                ),
                _ => action,
            }
        }),
        Work::Train { base, training, .. } => model(base).map(|digest| {
            let action = action.with("version", goldpan_train::VERSION);
            on_device(action.with("config", json!(training)).with("model", digest))
        }),
        Work::Predict {
            texts,
            model: classifier,
            inference,
            vectors,
        } => {
            // Those of the texts have to be among those asked for, which is checked when it runs.
            let classes = records[*texts]
                .as_ref()
                .map(|record| classes(store, record));
            let (base, zero_shot) = match classifier {
                Classifier::Trained(trained) => (base_of(graph, *trained), None),
                Classifier::Named(name) => (Some(name.as_str()), None),
                Classifier::ZeroShot { model, settings } => (Some(model.as_str()), Some(settings)),
            };
            let Some(base) = base else {
                return Ok(None);
            };
            if vectors.is_some() {
                let action = action.with("version", goldpan_predict::PROBE_VERSION);
                return Ok(model(base).map(|digest| {
                    let action = action.with("base", digest);
                    match is_auto(graph, classifier) {
                        true => on_device(action.with("config", json!(inference))),
                        false => action,
                    }
                }));
            }
            model(base).map(|digest| {
                let action = match zero_shot {
                    None => action.with("version", goldpan_predict::VERSION),
                    Some(settings) => action
                        .with("version", goldpan_predict::ZERO_SHOT_VERSION)
                        .with("zero_shot", json!(settings))
                        .with("classes", json!(classes)),
                };
                on_device(action.with("config", json!(inference)).with("base", digest))
            })
        }
        Work::Select {
            strategy,
            count,
            seed,
            ..
        } => {
            let config = json!({ "strategy": strategy, "count": count });
            let action = action.with("version", goldpan_select::VERSION);
            Some(action.with("config", config).with("seed", *seed))
        }
        Work::Evaluate { .. } => Some(action.with("version", goldpan_evaluate::VERSION)),
        Work::Label { round, .. } => Some(
            action
                .with("version", LABEL_VERSION)
                .with("config", json!({ "round": round })),
        ),
    })
}

/// The classes of the texts that an `ingest` node made.
fn classes(store: &Store, record: &Record) -> Vec<String> {
    let header = peek(store.object_dir(&record.object).join("texts.arrow"));
    header.map(|header| header.classes).unwrap_or_default()
}

/// The name of the base model that a `train` node builds upon; `None` for another kind of node, which no checked
/// pipeline refers to.
pub(crate) fn base_of(graph: &Graph, node: NodeId) -> Option<&str> {
    match &graph.nodes[node].work {
        Work::Train { base, .. } => Some(base),
        _ => None,
    }
}

/// What an `ingest` node reads, or `None` where its dataset was not found.
pub(crate) fn ingest_config(
    settings: &IngestSettings,
    names: &Names,
) -> Result<Option<IngestConfig>, goldpan_ingest::Error> {
    match settings {
        IngestSettings::Files(config) => Ok(Some(IngestConfig::clone(config))),
        IngestSettings::Dataset { dataset, split } => match names.dataset(dataset, split) {
            Some(files) => Ok(Some(IngestConfig::try_from(files.clone())?)),
            None => Ok(None),
        },
    }
}

/// The digests of the inputs by their names, which say what changed. Where names are alike, or the order
/// counts, numbers stand before them.
fn files(config: &IngestConfig) -> Result<Value, Error> {
    let inputs = config.inputs();
    let mut files = Map::new();
    for (number, input) in (1..).zip(inputs) {
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        let name = match inputs.len() {
            1 => name.into_owned(),
            _ => format!("{number} {name}"),
        };
        files.insert(name, json!(digest_file(input)?));
    }
    Ok(Value::Object(files))
}

/// Whether a model's training chooses what it is, which may be more than a probe.
fn is_auto(graph: &Graph, classifier: &Classifier) -> bool {
    let Classifier::Trained(node) = classifier else {
        return false;
    };
    let work = &graph.nodes[*node].work;
    matches!(work, Work::Train { training, .. } if matches!(training.config.tuning, Tuning::Auto(_)))
}
