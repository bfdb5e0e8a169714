//! Asking the stopping rules: what is known of an arm, by the results that are there.

use std::collections::BTreeMap;

use goldpan_artifact::{Predictions, Selection};
use goldpan_metrics::{argmax, kappa};
use goldpan_select::Budget;
use goldpan_store::{Record, Store};
use serde_json::Value;

use crate::error::Error;
use crate::exec::lookup::selection;
use crate::exec::measured;
use crate::plan::{Check, CheckId, Graph, NodeId, TrainedModel};
use crate::spec::Name;
use crate::stop::{Measured, Stop, StopReason};

/// The checks that were asked, and which of them stopped something.
pub(crate) struct Stops<'a> {
    graph: &'a Graph,
    store: &'a Store,
    /// What each check found, once the model that it is about is there.
    found: BTreeMap<CheckId, Option<Stop>>,
    /// The nodes that cannot be done, as their arm has run out of texts.
    ended: BTreeMap<NodeId, Stop>,
}

impl<'a> Stops<'a> {
    pub(crate) fn new(graph: &'a Graph, store: &'a Store) -> Self {
        Self {
            graph,
            store,
            found: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// Ends an arm at a selection that does not find as many texts as it asks for, and what comes after
    /// it. `None` where it is no round of an arm: then nothing else goes on.
    pub(crate) fn end(&mut self, select: NodeId, reason: StopReason) -> Option<Stop> {
        let mut rounds = self.graph.trained.iter();
        let round = rounds.find(|model| selection(self.graph, model.node) == Some(select))?;
        let stop = Stop {
            arm: Some(round.arm.as_ref()?.to_string()),
            seed: round.seed,
            round: round.round.saturating_sub(1),
            reasons: vec![reason],
        };
        self.ended.insert(select, stop.clone());
        for node in select + 1..self.graph.nodes.len() {
            let mut inputs = self.graph.nodes[node].work.inputs().into_iter();
            if inputs.any(|(_, input)| self.ended.contains_key(&input)) {
                self.ended.insert(node, stop.clone());
            }
        }
        Some(stop)
    }

    /// Why a node is not to be done; `None` where it is, and while that is not known yet.
    ///
    /// # Errors
    ///
    /// When a table that a rule looks at cannot be read.
    pub(crate) fn of_node(
        &mut self,
        node: NodeId,
        records: &[Option<Record>],
    ) -> Result<Option<Stop>, Error> {
        if let Some(stop) = self.ended.get(&node) {
            return Ok(Some(stop.clone()));
        }
        match self.graph.nodes[node].check {
            Some(check) => self.ask(check, records),
            None => Ok(None),
        }
    }

    /// The stops found so far, in the order of the checks; each where it happened, and not again for
    /// the rounds after it.
    pub(crate) fn all(&self) -> Vec<Stop> {
        let own = self.found.iter().filter_map(|(&check, stop)| {
            let stop = stop.as_ref()?;
            (stop.round == self.graph.checks[check].round).then(|| stop.clone())
        });
        let mut all: Vec<Stop> = own.collect();
        for stop in self.ended.values() {
            if !all.contains(stop) {
                all.push(stop.clone());
            }
        }
        all
    }

    /// Whether the arm of a model stopped with it.
    pub(crate) fn stopped_after(&self, model: &TrainedModel) -> bool {
        let found = model
            .check
            .and_then(|check| self.found.get(&check)?.as_ref());
        let arm = model.arm.as_ref().map(ToString::to_string);
        let ended = |stop: &Stop| {
            stop.round == model.round && stop.seed == model.seed && arm.is_some() && stop.arm == arm
        };
        found.is_some_and(|stop| stop.round == model.round) || self.ended.values().any(ended)
    }

    /// Why a node was not done, as far as it was asked before.
    pub(crate) fn told(&self, node: NodeId) -> Option<&Stop> {
        if let Some(stop) = self.ended.get(&node) {
            return Some(stop);
        }
        let check = self.graph.nodes[node].check?;
        self.found.get(&check)?.as_ref()
    }

    fn ask(&mut self, id: CheckId, records: &[Option<Record>]) -> Result<Option<Stop>, Error> {
        if let Some(found) = self.found.get(&id) {
            return Ok(found.clone());
        }
        let check = &self.graph.checks[id];
        let earlier = match check.before {
            Some(before) => self.ask(before, records)?,
            None => None,
        };
        let found = match (earlier, &records[check.model]) {
            (Some(stop), _) => Some(stop),
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                let reasons = self.graph.rules.holding(&self.measured(check, records)?);
                (!reasons.is_empty()).then(|| Stop {
                    arm: check.arm.as_ref().map(ToString::to_string),
                    seed: check.seed,
                    round: check.round,
                    reasons,
                })
            }
        };
        self.found.insert(id, found.clone());
        Ok(found)
    }

    fn measured(&self, check: &Check, records: &[Option<Record>]) -> Result<Measured, Error> {
        let number = |node: NodeId, name: &str| records[node].as_ref()?.summary.get(name);
        let metric = &self.graph.metric;
        let value = |node: NodeId| measured::value(&records[node].as_ref()?.summary, metric);
        let labelled = |node| number(node, "labelled").and_then(Value::as_u64);
        let before = check.before.map(|before| &self.graph.checks[before]);
        let pool = number(check.pool, "rows").and_then(Value::as_u64);
        let rules = &self.graph.rules;
        let mut measured = Measured {
            metric: metric.clone(),
            value: value(check.model),
            labelled: labelled(check.model),
            before: before.and_then(|before| value(before.model).zip(labelled(before.model))),
            next: labelled(check.model)
                .zip(pool)
                .map(|(labelled, pool)| labelled + least(check.next, pool - labelled.min(pool))),
            ..Measured::default()
        };
        let file = |node: NodeId, name: &str| {
            let record = records[node].as_ref()?;
            Some(self.store.object_dir(&record.object).join(name))
        };
        if let (Some(_), Some(before)) = (rules.kappa, before)
            && let Some(now) = check
                .validated
                .and_then(|node| file(node, "predictions.arrow"))
            && let Some(then) = before
                .validated
                .and_then(|node| file(node, "predictions.arrow"))
        {
            measured.kappa = agreement(&Predictions::open(now)?, &Predictions::open(then)?);
            if measured.kappa.is_none() {
                let arm = check.arm.as_ref().map_or("start", Name::as_str);
                tracing::warn!(
                    "seed {}, {arm}, round {}: the rule kappa cannot be asked, as this model and the one \
                     before answer one and the same class to all validation texts",
                    check.seed,
                    check.round
                );
            }
        }
        if let (Some(_), Some(path)) = (rules.distance, file(check.selection, "selection.arrow")) {
            measured.distance = last_distance(&Selection::open(path)?);
        }
        Ok(measured)
    }
}

/// How many texts a round picks at least; of one that stops by distance, that is any number.
fn least(next: Budget, free: u64) -> u64 {
    match next {
        Budget::Until(_) => 1.min(free),
        Budget::Count(_) | Budget::Share(_) | Budget::Rest => {
            (next.most(free as usize) as u64).min(free)
        }
    }
}

/// The agreement of two models on the same texts.
fn agreement(now: &Predictions, then: &Predictions) -> Option<f64> {
    let rows = 0..now.len().min(then.len());
    kappa(rows.map(|row| (argmax(now.logits(row)), argmax(then.logits(row)))))
}

/// The distance of the last pick to what is nearest to it, where the selection tells it.
fn last_distance(selection: &Selection) -> Option<f64> {
    let nearest = selection.nearest(selection.len().checked_sub(1)?);
    let distances = [nearest.labelled, nearest.earlier];
    let distances = distances.into_iter().flatten();
    distances
        .map(|(_, distance)| f64::from(distance))
        .reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use goldpan_artifact::{Nearest, PredictionsWriter, Producer, SelectionWriter};
    use goldpan_select::Until;

    use super::*;

    #[test]
    fn the_last_pick_is_as_far_as_its_nearest_neighbour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("selection.arrow");
        let written = |picks: &[Nearest]| {
            let producer = Producer::new("test", 1);
            let mut writer = SelectionWriter::with_nearest(&path, &[], producer).unwrap();
            for (id, nearest) in (0..).zip(picks) {
                writer.push_near(id, 0.0, &[], *nearest).unwrap();
            }
            writer.finish().unwrap();
            last_distance(&Selection::open(&path).unwrap())
        };
        let nearest = |labelled: Option<f32>, earlier: Option<f32>| Nearest {
            labelled: labelled.map(|distance| (9, distance)),
            earlier: earlier.map(|distance| (8, distance)),
        };
        assert_eq!(written(&[]), None);
        assert_eq!(written(&[nearest(None, None)]), None);
        let first = nearest(Some(0.125), None);
        assert_eq!(written(&[first]), Some(0.125));
        assert_eq!(
            written(&[first, nearest(Some(0.5), Some(0.25))]),
            Some(0.25)
        );
        assert_eq!(written(&[first, nearest(Some(0.5), Some(0.75))]), Some(0.5));
    }

    #[test]
    fn models_agree_by_the_classes_they_name() {
        let folder = tempfile::tempdir().unwrap();
        let classes = ["no".to_owned(), "yes".to_owned()];
        let written = |name: &str, named: &[usize]| {
            let path = folder.path().join(name);
            let producer = Producer::new("test", 1);
            let mut writer = PredictionsWriter::create(&path, &classes, producer).unwrap();
            for (id, &class) in (0..).zip(named) {
                let mut logits = [0.0; 2];
                logits[class] = 1.0;
                writer.push(id, &logits, &[0.5, 0.5]).unwrap();
            }
            writer.finish().unwrap();
            Predictions::open(path).unwrap()
        };
        let now = written("now.arrow", &[0, 1, 0, 1]);
        let then = written("then.arrow", &[0, 1, 1, 1]);
        assert_eq!(agreement(&now, &then), Some(0.5));
    }

    #[test]
    fn a_round_of_unknown_size_makes_at_least_one_label() {
        let until = Budget::Until(Until {
            min_distance: 0.1,
            at_most: Some(50),
        });
        assert_eq!([least(until, 100), least(until, 0)], [1, 0]);
        assert_eq!(
            [least(Budget::Count(50), 100), least(Budget::Count(50), 20)],
            [50, 20]
        );
        assert_eq!(
            [least(Budget::Share(0.5), 100), least(Budget::Share(0.5), 0)],
            [50, 0]
        );
    }
}
