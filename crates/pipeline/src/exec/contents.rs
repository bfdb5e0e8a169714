//! What a run's folder says of itself: the links to what its rounds picked, and from what.

use goldpan_report::{Contents, Round};
use serde_json::json;

use crate::exec::lookup::{predictions, selection};
use crate::exec::stops::Stops;
use crate::plan::{Graph, TrainedModel, Work};
use crate::spec::{Loop, Name};
use crate::stop::Stop;

/// The contents of the folder of a run with a loop.
pub(crate) fn contents(experiment: &Loop, graph: &Graph, stops: &Stops<'_>) -> Contents {
    let rounds = graph.trained.iter();
    let texts = |name: &Name| format!("{name}/texts.arrow").into();
    let others = [Some(&experiment.validation), experiment.test.as_ref()];
    let excluded = others.into_iter().flatten().map(texts);
    Contents {
        pool: format!("{}/texts.arrow", experiment.pool).into(),
        embeddings: experiment
            .embeddings
            .as_ref()
            .map(|name| format!("{name}/embeddings.arrow").into()),
        excluded: match experiment.exclude_shared {
            true => excluded.collect(),
            false => Vec::new(),
        },
        rounds: rounds
            .filter_map(|model| round(graph, model, stops))
            .collect(),
    }
}

/// The round that ended with a model; every one of the loop picks.
fn round(graph: &Graph, model: &TrainedModel, stops: &Stops<'_>) -> Option<Round> {
    let node = &graph.nodes[selection(graph, model.node)?];
    let Work::Select {
        strategy,
        predictions: seen,
        ..
    } = &node.work
    else {
        return None;
    };
    let predictions = seen.or_else(|| predictions(graph, model));
    Some(Round {
        arm: model.arm.as_ref().map(ToString::to_string),
        seed: model.seed,
        round: model.round,
        stopped: stops.told(model.node).map(Stop::why),
        rule: json!(strategy),
        selection: format!("{}/selection.arrow", node.name).into(),
        predictions: predictions
            .map(|node| format!("{}/predictions.arrow", graph.nodes[node].name).into()),
    })
}
