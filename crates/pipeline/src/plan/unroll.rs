//! The loop, unrolled over arms and rounds for one seed.

use std::collections::HashMap;

use goldpan_select::Budget;

use crate::plan::{Check, CheckId, Classifier, Graph, NodeId, TrainedModel, Work};
use crate::spec::{Arm, InferenceSettings, Loop, Name};

/// The loop of one seed.
pub(crate) struct Unrolling<'a> {
    graph: &'a mut Graph,
    experiment: &'a Loop,
    seed: u64,
    pool: NodeId,
    validation: NodeId,
    test: Option<NodeId>,
    embeddings: Option<NodeId>,
    /// The pool's predictions that the start may look at.
    given: Option<NodeId>,
    /// The pool's predictions by each model that an arm asked.
    predictions: HashMap<NodeId, NodeId>,
    /// The check that nodes added now come after.
    check: Option<CheckId>,
}

/// What a round leaves to the next.
#[derive(Clone)]
struct After {
    /// What the names of the round's nodes begin with.
    scope: String,
    /// What the round's nodes are known by.
    tags: Vec<String>,
    selection: NodeId,
    labels: NodeId,
    model: NodeId,
}

impl<'a> Unrolling<'a> {
    pub fn new(
        graph: &'a mut Graph,
        experiment: &'a Loop,
        stages: &HashMap<&Name, NodeId>,
        seed: u64,
    ) -> Self {
        Self {
            graph,
            experiment,
            seed,
            pool: stages[&experiment.pool],
            validation: stages[&experiment.validation],
            test: experiment.test.as_ref().map(|name| stages[name]),
            embeddings: experiment.embeddings.as_ref().map(|name| stages[name]),
            given: experiment
                .start
                .predictions
                .as_ref()
                .map(|name| stages[name]),
            predictions: HashMap::new(),
            check: None,
        }
    }

    /// Adds the start, and every round of every arm.
    pub fn run(mut self) {
        let experiment = self.experiment;
        let rounds = &experiment.rounds;
        let start = self.round(None, 0, experiment.start.count, None);
        let after_start = self.asked(None, 0, &start, rounds.first());
        for arm in &experiment.arms {
            let mut last = start.clone();
            self.check = after_start;
            for (round, &count) in (1..).zip(rounds) {
                last = self.round(Some(arm), round, count, Some(&last));
                self.check = self.asked(Some(arm), round, &last, rounds.get(round as usize));
            }
        }
    }

    /// Adds the check after a round, where there is a next one and a rule.
    fn asked(
        &mut self,
        arm: Option<&Arm>,
        round: u32,
        after: &After,
        next: Option<&Budget>,
    ) -> Option<CheckId> {
        let (next, rules) = (*next?, &self.experiment.stop);
        if rules.is_empty() {
            return None;
        }
        let validated = rules
            .kappa
            .map(|_| self.predictions_of(self.validation, after, "validation/predict"));
        let check = self.graph.checks.len();
        self.graph.checks.push(Check {
            arm: arm.map(|arm| arm.name.clone()),
            seed: self.seed,
            round,
            before: self.check,
            pool: self.pool,
            selection: after.selection,
            model: after.model,
            validated,
            next,
        });
        if let Some(model) = self.graph.trained.last_mut() {
            model.check = Some(check);
        }
        Some(check)
    }

    /// Adds a node that is done where no rule stopped its arm before.
    fn add(&mut self, name: String, tags: Vec<String>, work: Work) -> NodeId {
        let node = self.graph.add(name, tags, work);
        self.graph.nodes[node].check = self.check;
        node
    }

    fn round(
        &mut self,
        arm: Option<&Arm>,
        round: u32,
        count: Budget,
        before: Option<&After>,
    ) -> After {
        let place = match arm {
            Some(arm) => format!("{}/round{round}", arm.name),
            None => "start".to_owned(),
        };
        let scope = format!("seed{}/{place}", self.seed);
        let tags = vec![arm.map_or("start".to_owned(), |arm| arm.name.to_string())];
        let strategy = arm.map_or(&self.experiment.start.strategy, |arm| &arm.strategy);
        let predictions = match before {
            _ if !strategy.needs_predictions() => None,
            Some(before) => Some(self.predict(before)),
            None => self.given,
        };
        let select = Work::Select {
            strategy: strategy.clone(),
            count,
            texts: self.pool,
            without: match self.experiment.exclude_shared {
                true => [self.validation].into_iter().chain(self.test).collect(),
                false => Vec::new(),
            },
            // In a round they also say where each pick lies.
            embeddings: self
                .embeddings
                .filter(|_| before.is_some() || strategy.needs_embeddings()),
            predictions,
            labelled: before.map(|before| before.labels),
            seed: self.seed,
        };
        let selection = self.add(format!("{scope}/select"), tags.clone(), select);
        let label = Work::Label {
            texts: self.pool,
            selection,
            previous: before.map(|before| before.labels),
            round,
        };
        let labels = self.add(format!("{scope}/label"), tags.clone(), label);
        let mut train = Work::Train {
            texts: self.pool,
            labelled: Some(labels),
            validation: self.validation,
            base: self.experiment.base.clone(),
            training: self.experiment.training.seeded(self.seed),
            previous: before
                .filter(|_| self.experiment.continues)
                .map(|before| before.model),
            vectors: None,
        };
        self.graph.give_vectors(&mut train);
        let model = self.add(format!("{scope}/train"), tags.clone(), train);
        let after = After {
            scope,
            tags,
            selection,
            labels,
            model,
        };
        let test = self.test.map(|texts| self.measured(texts, &after));
        self.graph.trained.push(TrainedModel {
            arm: arm.map(|arm| arm.name.clone()),
            seed: self.seed,
            round,
            node: model,
            test,
            check: None,
        });
        after
    }

    /// The measurement of the model of `after` on `texts`.
    fn measured(&mut self, texts: NodeId, after: &After) -> NodeId {
        let predictions = self.predictions_of(texts, after, "test/predict");
        let work = Work::Evaluate { predictions, texts };
        let name = format!("{}/test/evaluate", after.scope);
        self.add(name, after.tags.clone(), work)
    }

    /// The pool's predictions by the model of `before`, once for all arms that ask.
    fn predict(&mut self, before: &After) -> NodeId {
        if let Some(&node) = self.predictions.get(&before.model) {
            return node;
        }
        let node = self.predictions_of(self.pool, before, "predict");
        self.predictions.insert(before.model, node);
        node
    }

    /// Adds the predictions of `texts` by the model of `after`, under a name in its scope.
    fn predictions_of(&mut self, texts: NodeId, after: &After, name: &str) -> NodeId {
        let mut work = Work::Predict {
            texts,
            model: Classifier::Trained(after.model),
            inference: InferenceSettings {
                max_length: None,
                precision: self.experiment.training.precision,
            },
            vectors: None,
        };
        self.graph.give_vectors(&mut work);
        let name = format!("{}/{name}", after.scope);
        self.add(name, after.tags.clone(), work)
    }
}
