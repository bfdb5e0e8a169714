//! Which pieces of work a trained model has to do with.

use crate::plan::{Classifier, Graph, NodeId, TrainedModel, Work};

/// The node that picked what a model learned from last.
pub(crate) fn selection(graph: &Graph, model: NodeId) -> Option<NodeId> {
    let Work::Train { labelled, .. } = &graph.nodes[model].work else {
        return None;
    };
    match &graph.nodes[(*labelled)?].work {
        Work::Label { selection, .. } => Some(*selection),
        _ => None,
    }
}

/// The node with the pool's predictions by the model of the round before, if an arm asks for them.
pub(crate) fn predictions(graph: &Graph, model: &TrainedModel) -> Option<NodeId> {
    let round = model.round.checked_sub(1)?;
    let arm = model.arm.as_ref().filter(|_| round > 0);
    let mut earlier = graph.trained.iter();
    let earlier = earlier.find(|other| {
        other.seed == model.seed && other.round == round && other.arm.as_ref() == arm
    })?;
    let pool = |work: &Work| match work {
        Work::Select { texts, .. } => Some(*texts),
        _ => None,
    };
    let pool = pool(&graph.nodes[selection(graph, model.node)?].work)?;
    let of_earlier = Classifier::Trained(earlier.node);
    graph.nodes.iter().position(|node| {
        matches!(&node.work, Work::Predict { texts, model, .. }
            if *texts == pool && *model == of_earlier)
    })
}

/// The node with a model's predictions of the test texts.
pub(crate) fn tested(graph: &Graph, model: &TrainedModel) -> Option<NodeId> {
    match &graph.nodes[model.test?].work {
        Work::Evaluate { predictions, .. } => Some(*predictions),
        _ => None,
    }
}
