//! What a run tells its report: where tables lie, and the facts to repeat it.

use std::path::PathBuf;

use crate::exec::lookup::{predictions, selection, tested};
use goldpan_evidence::Question;
use goldpan_report::{Made, Model, Run, StageTime, Stopped};
use goldpan_store::Record;

use crate::exec::context::Context;
use crate::exec::outcome::ModelRow;
use crate::exec::stops::Stops;
use crate::kind::StageKind;
use crate::plan::{Graph, NodeId};
use crate::spec::{Loop, Pipeline};
use crate::stop::Stop;

/// What there is to report of a run; `None` without a loop, or while the pool is not there.
pub(crate) fn report(
    pipeline: &Pipeline,
    context: &Context<'_>,
    records: &[Option<Record>],
    stops: &Stops<'_>,
    models: &[ModelRow],
    notes: &[String],
) -> Option<Run> {
    let experiment = pipeline.experiment.as_ref()?;
    let graph = context.graph;
    let node = |name: &str| graph.nodes.iter().position(|node| node.name == name);
    // The run's folder links to each result by its name.
    let file = |node: NodeId, name: &str| -> Option<PathBuf> {
        records[node].as_ref()?;
        Some([graph.nodes[node].name.as_str(), name].iter().collect())
    };
    let baseline = models.iter().find(|model| model.seed.is_none());
    let trained = graph.trained.iter().filter_map(|model| {
        let row = ModelRow::of(model, graph, records, stops)?;
        let selection = selection(graph, model.node)?;
        Some(Model {
            trained: row.trained()?,
            history: file(model.node, "model/history.arrow")?,
            selection: file(selection, "selection.arrow")?,
            predictions: predictions(graph, model).and_then(|node| file(node, "predictions.arrow")),
            tested: tested(graph, model).and_then(|node| file(node, "predictions.arrow")),
        })
    });
    Some(Run {
        name: pipeline.name.to_string(),
        question: question(experiment),
        epochs_by: experiment.training.config.validation_metric.to_string(),
        notes: notes.to_vec(),
        price: experiment.report.price.clone(),
        stops: stops.all().iter().map(stopped).collect(),
        unfinished: None,
        of_texts: Vec::new(),
        zero_shot: baseline.and_then(|baseline| baseline.metric),
        models: trained.collect(),
        pool: file(node(experiment.pool.as_str())?, "texts.arrow")?,
        embeddings: experiment
            .embeddings
            .as_ref()
            .and_then(|name| file(node(name.as_str())?, "embeddings.arrow")),
        test: experiment
            .test
            .as_ref()
            .and_then(|name| file(node(name.as_str())?, "texts.arrow")),
        stages: stages(graph, records),
        facts: facts(pipeline, experiment, context),
        made: made(graph, records),
        pipeline: pipeline.text.clone(),
        overrides: pipeline.overrides.clone(),
    })
}

/// What is asked of the loop's results.
pub(crate) fn question(experiment: &Loop) -> Question {
    let baseline = experiment.report.baseline.as_ref();
    Question {
        metric: experiment.metric.clone(),
        baseline: baseline.map(ToString::to_string),
        target: experiment.report.target,
        ..Question::default()
    }
}

/// An arm that a rule stopped, as the report tells it.
fn stopped(stop: &Stop) -> Stopped {
    Stopped {
        arm: stop.arm.clone(),
        seed: stop.seed,
        why: stop.why(),
    }
}

fn stages(graph: &Graph, records: &[Option<Record>]) -> Vec<StageTime> {
    let of_kind = |kind: &StageKind| {
        let nodes = graph.nodes.iter().zip(records);
        let of_kind = nodes.filter(|(node, _)| node.work.kind() == *kind);
        let seconds: Vec<f64> = of_kind
            .filter_map(|(_, record)| Some(record.as_ref()?.seconds))
            .collect();
        (!seconds.is_empty()).then(|| StageTime {
            kind: kind.to_string(),
            count: seconds.len(),
            seconds: seconds.iter().sum(),
        })
    };
    StageKind::ALL.iter().filter_map(of_kind).collect()
}

fn facts(pipeline: &Pipeline, experiment: &Loop, context: &Context<'_>) -> Vec<(String, String)> {
    let seeds: Vec<String> = experiment.seeds.iter().map(u64::to_string).collect();
    let base = context.names.model(&experiment.base);
    let digest = base.map_or(String::new(), |folder| format!(" ({})", folder.digest));
    let versions = [
        ("ingest", goldpan_ingest::VERSION),
        ("embed", goldpan_embed::VERSION),
        ("train", goldpan_train::VERSION),
        ("predict", goldpan_predict::VERSION),
        ("select", goldpan_select::VERSION),
        ("evaluate", goldpan_evaluate::VERSION),
    ];
    let versions = versions.map(|(stage, version)| format!("{stage} {version}"));
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let facts = [
        ("pipeline", pipeline.name.to_string()),
        ("seeds", seeds.join(", ")),
        ("base model", format!("{}{digest}", experiment.base)),
        ("device", context.device.class().to_owned()),
        ("machine", format!("{system}, {processor}")),
        ("goldpan", env!("CARGO_PKG_VERSION").to_owned()),
        ("stage versions", versions.join(", ")),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

fn made(graph: &Graph, records: &[Option<Record>]) -> Vec<Made> {
    let nodes = graph.nodes.iter().zip(records);
    let made = nodes.filter_map(|(node, record)| {
        Some(Made {
            name: node.name.clone(),
            object: record.as_ref()?.object.to_string(),
        })
    });
    made.collect()
}
