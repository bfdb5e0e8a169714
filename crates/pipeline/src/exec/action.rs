//! The key of a piece of work: everything that its result depends on.

use goldpan_artifact::{FORMAT_VERSION, digest_file};
use goldpan_ingest::IngestConfig;
use goldpan_store::{Action, Record};
use serde_json::{Map, Value, json};

use crate::Error;
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
    names: &Names,
    device_class: &str,
) -> Result<Option<Action>, Error> {
    let node = &graph.nodes[node];
    let mut inputs = Map::new();
    for (role, input) in node.work.inputs() {
        let Some(record) = &records[input] else {
            return Ok(None);
        };
        inputs.insert(role.to_owned(), json!(record.object));
    }
    let model = |name: &str| names.model(name).map(|folder| json!(folder.digest));
    let on_device = |action: Action| action.with("device", device_class);
    let action = Action::new(node.work.kind().name(), format!("{pipeline}/{}", node.name))
        .with("format", FORMAT_VERSION)
        .with("inputs", inputs);
    Ok(match &node.work {
        Work::Ingest(settings) => match ingest_config(settings, names)? {
            Some(config) => {
                let files = digests(&config)?;
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
        Work::Train { base, training, .. } => model(base).map(|digest| {
            let action = action.with("version", goldpan_train::VERSION);
            on_device(action.with("config", json!(training)).with("model", digest))
        }),
        Work::Predict {
            texts: _,
            model: classifier,
            inference,
        } => {
            let (base, zero_shot) = match classifier {
                Classifier::Trained(trained) => (base_of(graph, *trained), None),
                Classifier::Named(name) => (name.as_str(), None),
                Classifier::ZeroShot { model, settings } => (model.as_str(), Some(settings)),
            };
            model(base).map(|digest| {
                let action = match zero_shot {
                    None => action.with("version", goldpan_predict::VERSION),
                    Some(settings) => action
                        .with("version", goldpan_predict::ZERO_SHOT_VERSION)
                        .with("zero_shot", json!(settings)),
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

/// The name of the base model that a `train` node builds upon; empty for another kind of node,
/// which no checked pipeline refers to.
pub(crate) fn base_of(graph: &Graph, node: NodeId) -> &str {
    match &graph.nodes[node].work {
        Work::Train { base, .. } => base,
        _ => "",
    }
}

/// What an `ingest` node reads, or `None` where its dataset was not found.
pub(crate) fn ingest_config(
    settings: &IngestSettings,
    names: &Names,
) -> Result<Option<IngestConfig>, Error> {
    match settings {
        IngestSettings::Files(config) => Ok(Some(config.clone())),
        IngestSettings::Dataset { dataset, split } => match names.dataset(dataset, split) {
            Some(files) => Ok(Some(IngestConfig::try_from(files.clone())?)),
            None => Ok(None),
        },
    }
}

fn digests(config: &IngestConfig) -> Result<Value, Error> {
    let digests = config
        .inputs()
        .iter()
        .map(digest_file)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!(digests))
}
