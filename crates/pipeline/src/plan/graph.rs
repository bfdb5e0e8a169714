//! The graph of work: what each piece does, and what it reads.

use std::collections::HashMap;

use goldpan_evidence::Metric;
use goldpan_select::{Budget, Rule};

use crate::kind::StageKind;
use crate::plan::unroll::Unrolling;
use crate::plan::{Check, CheckId};
use crate::spec::{
    EncodingSettings, InferenceSettings, IngestSettings, Loop, Name, Pipeline, PredictModel,
    StageSettings, TrainingSettings, ZeroShotSettings,
};
use crate::stop::StopRules;

/// A node's place in [`Graph::nodes`].
pub type NodeId = usize;

/// The classifier of a prediction.
#[derive(Clone, Debug, PartialEq)]
pub enum Classifier {
    /// What a `train` node makes.
    Trained(NodeId),
    /// A model by name, with its own head.
    Named(String),
    /// A model by name, which is not trained.
    ZeroShot {
        /// The model's name.
        model: String,
        /// What it is asked.
        settings: ZeroShotSettings,
    },
}

/// Vectors of the texts that a probe learns from, and of those that it is validated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeVectors {
    /// The `embed` node of the texts.
    pub texts: NodeId,
    /// The `embed` node of the validation texts.
    pub validation: NodeId,
}

/// A piece of work, with the nodes whose results it reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Files to a table of texts.
    Ingest(IngestSettings),
    /// Texts to vectors.
    Embed {
        /// The texts.
        texts: NodeId,
        /// The model's name.
        model: String,
        /// How it is used.
        encoding: EncodingSettings,
    },
    /// Labelled texts to a classifier.
    Train {
        /// The texts.
        texts: NodeId,
        /// Which of them are labelled; all that have a label where `None`.
        labelled: Option<NodeId>,
        /// The texts that epochs are compared by.
        validation: NodeId,
        /// The base model's name.
        base: String,
        /// How it is trained.
        training: TrainingSettings,
        /// The `train` node whose model it starts from; the base model where `None`.
        previous: Option<NodeId>,
        /// The vectors that a probe is solved on.
        vectors: Option<ProbeVectors>,
    },
    /// Texts to class probabilities.
    Predict {
        /// The texts.
        texts: NodeId,
        /// The classifier.
        model: Classifier,
        /// How it is used.
        inference: InferenceSettings,
        /// The vectors that a probe is asked with, in the place of the texts.
        vectors: Option<NodeId>,
    },
    /// A pool to the texts to label next.
    Select {
        /// How texts are picked.
        strategy: Rule,
        /// How many.
        count: Budget,
        /// The pool.
        texts: NodeId,
        /// Nodes whose texts are left out of the pool.
        without: Vec<NodeId>,
        /// The pool's vectors.
        embeddings: Option<NodeId>,
        /// The pool's class probabilities.
        predictions: Option<NodeId>,
        /// What is labelled already.
        labelled: Option<NodeId>,
        /// The seed.
        seed: u64,
    },
    /// Predictions to measurements.
    Evaluate {
        /// The predictions.
        predictions: NodeId,
        /// The texts with their labels.
        texts: NodeId,
    },
    /// Picked texts to labels, by the texts' own.
    Label {
        /// The texts.
        texts: NodeId,
        /// What was picked.
        selection: NodeId,
        /// The labels of earlier rounds.
        previous: Option<NodeId>,
        /// The round, 0 for the start.
        round: u32,
    },
}

impl Work {
    /// The kind of stage that does it.
    pub fn kind(&self) -> StageKind {
        match self {
            Self::Ingest(_) => StageKind::Ingest,
            Self::Embed { .. } => StageKind::Embed,
            Self::Train { .. } => StageKind::Train,
            Self::Predict { .. } => StageKind::Predict,
            Self::Select { .. } => StageKind::Select,
            Self::Evaluate { .. } => StageKind::Evaluate,
            Self::Label { .. } => StageKind::Label,
        }
    }

    /// Whether the result for a text depends on that text and the settings alone: neither on its label
    /// nor on other texts.
    pub fn is_by_text(&self) -> bool {
        matches!(self, Self::Embed { .. } | Self::Predict { .. })
    }

    /// What each input is to the work, and the node that makes it.
    pub fn inputs(&self) -> Vec<(&'static str, NodeId)> {
        let all = match self {
            Self::Ingest(_) => vec![],
            Self::Embed { texts, .. } => vec![("texts", Some(*texts))],
            Self::Train {
                texts,
                labelled,
                validation,
                previous,
                vectors,
                ..
            } => vec![
                ("texts", Some(*texts)),
                ("labelled", *labelled),
                ("validation", Some(*validation)),
                ("previous", *previous),
                ("vectors", vectors.map(|vectors| vectors.texts)),
                (
                    "validation_vectors",
                    vectors.map(|vectors| vectors.validation),
                ),
            ],
            Self::Predict {
                texts,
                model,
                vectors,
                ..
            } => {
                let model = match model {
                    Classifier::Trained(node) => Some(*node),
                    Classifier::Named(_) | Classifier::ZeroShot { .. } => None,
                };
                vec![
                    ("texts", Some(*texts)),
                    ("model", model),
                    ("vectors", *vectors),
                ]
            }
            Self::Select {
                texts,
                without,
                embeddings,
                predictions,
                labelled,
                ..
            } => vec![
                ("texts", Some(*texts)),
                ("embeddings", *embeddings),
                ("predictions", *predictions),
                ("labelled", *labelled),
                ("without", without.first().copied()),
                ("without_too", without.get(1).copied()),
            ],
            Self::Evaluate { predictions, texts } => {
                vec![("predictions", Some(*predictions)), ("texts", Some(*texts))]
            }
            Self::Label {
                texts,
                selection,
                previous,
                ..
            } => vec![
                ("texts", Some(*texts)),
                ("selection", Some(*selection)),
                ("previous", *previous),
            ],
        };
        let known = all
            .into_iter()
            .filter_map(|(role, node)| Some((role, node?)));
        known.collect()
    }
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, unique in the graph: `vectors`, or `seed0/diversity/round1/train`.
    pub name: String,
    /// The names that `--only`, `--from` and `--force` know it by.
    pub tags: Vec<String>,
    /// What it does.
    pub work: Work,
    /// The check after which it is done; `None` where no rule can stop it.
    pub check: Option<CheckId>,
}

/// A trained model of the loop.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedModel {
    /// The arm; `None` for the model of the start.
    pub arm: Option<Name>,
    /// The seed.
    pub seed: u64,
    /// The round, 0 for the start.
    pub round: u32,
    /// The `train` node.
    pub node: NodeId,
    /// The `evaluate` node of the test texts, if there are some.
    pub test: Option<NodeId>,
    /// Where it is asked whether the arm stops with this model; `None` after the last round.
    pub check: Option<CheckId>,
}

/// What the loop's arms are compared with: predictions of the validation texts by a model that saw
/// none of the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The `predict` node.
    pub predictions: NodeId,
    /// The `evaluate` node.
    pub evaluation: NodeId,
}

/// All work of a pipeline, every node after those it reads from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The loop's trained models: by seed, the start first, then arm by arm.
    pub trained: Vec<TrainedModel>,
    /// The loop's baseline.
    pub zero_shot: Option<Baseline>,
    /// Where the loop's rules are asked whether an arm is done, each after that of the round before.
    pub checks: Vec<Check>,
    /// The rules.
    pub rules: StopRules,
    /// What the loop's arms are compared by.
    pub metric: Metric,
}

impl Graph {
    /// How many of `pool` texts are labelled, at most, after a `label` or `select` node.
    pub(crate) fn labelled(&self, node: NodeId, pool: usize) -> usize {
        match &self.nodes[node].work {
            Work::Label { selection, .. } => self.labelled(*selection, pool),
            Work::Select {
                count, labelled, ..
            } => {
                let before = labelled.map_or(0, |node| self.labelled(node, pool));
                (before + count.most(pool - before)).min(pool)
            }
            _ => 0,
        }
    }

    /// What must have been looked at before a node: its inputs, and what decides whether a rule stops
    /// its arm before it.
    pub(crate) fn waits_for(&self, node: NodeId) -> Vec<NodeId> {
        let node = &self.nodes[node];
        let inputs = node.work.inputs().into_iter().map(|(_, input)| input);
        let check = node.check.map(|check| &self.checks[check]);
        let asked = check.into_iter().flat_map(|check| {
            let always = [check.pool, check.selection, check.model];
            always.into_iter().chain(check.validated)
        });
        inputs.chain(asked).collect()
    }

    /// The graph of a pipeline. What arms share, the start and its model's predictions, is there
    /// once for each seed.
    pub fn of(pipeline: &Pipeline) -> Self {
        let mut graph = Self::default();
        let mut stages: HashMap<&Name, NodeId> = HashMap::new();
        for stage in &pipeline.stages {
            let mut work = written(&stage.settings, &stages);
            graph.give_vectors(&mut work);
            let node = graph.add(stage.name.to_string(), vec![stage.name.to_string()], work);
            stages.insert(&stage.name, node);
        }
        if let Some(experiment) = &pipeline.experiment {
            graph.rules = experiment.stop.clone();
            graph.metric = experiment.metric.clone();
            if let Some(name) = &experiment.zero_shot {
                graph.zero_shot = Some(graph.baseline(experiment, stages[name], &stages));
            }
            for &seed in &experiment.seeds {
                Unrolling::new(&mut graph, experiment, &stages, seed).run();
            }
        }
        graph
    }

    /// Gives the training of a probe, and predictions by one, the vectors that they look at.
    pub(crate) fn give_vectors(&mut self, work: &mut Work) {
        match work {
            Work::Train {
                texts,
                validation,
                base,
                training,
                vectors,
                ..
            } if training.is_probe() => {
                let encoding = self.encoding(*texts, base, training);
                *vectors = Some(ProbeVectors {
                    texts: self.vectors(*texts, base, &encoding),
                    validation: self.vectors(*validation, base, &encoding),
                });
            }
            Work::Predict {
                texts,
                model: Classifier::Trained(node),
                vectors,
                ..
            } => {
                if let Work::Train {
                    vectors: Some(of), ..
                } = self.nodes[*node].work
                    && let Work::Embed {
                        model, encoding, ..
                    } = self.nodes[of.texts].work.clone()
                {
                    *vectors = Some(self.vectors(*texts, &model, &encoding));
                }
            }
            _ => {}
        }
    }

    /// How a probe's vectors are made: as an `embed` stage of the same texts and model does, the first if
    /// there are several, or else as the model comes.
    fn encoding(&self, of: NodeId, base: &str, training: &TrainingSettings) -> EncodingSettings {
        let mut embedded = self.nodes.iter().filter_map(|node| match &node.work {
            Work::Embed {
                texts,
                model,
                encoding,
            } if *texts == of && model == base => Some(encoding.clone()),
            _ => None,
        });
        embedded.next().unwrap_or(EncodingSettings {
            max_length: training.config.max_length,
            normalize: None,
            prompt: None,
            precision: training.precision,
        })
    }

    /// The node that embeds texts so: one that is there, or else a new one.
    fn vectors(&mut self, texts: NodeId, model: &str, encoding: &EncodingSettings) -> NodeId {
        let work = Work::Embed {
            texts,
            model: model.to_owned(),
            encoding: encoding.clone(),
        };
        if let Some(node) = self.nodes.iter().position(|node| node.work == work) {
            return node;
        }
        // No stage's name has a slash.
        let stage = self.nodes[texts].name.clone();
        let named = |number: usize| match number {
            1 => format!("{stage}/embed"),
            more => format!("{stage}/embed{more}"),
        };
        let free = |name: &String| self.nodes.iter().all(|node| node.name != *name);
        let name = (1..).map(named).find(free).unwrap_or_default();
        self.add(name, vec![stage], work)
    }

    /// Adds the measurement of the loop's baseline.
    fn baseline(
        &mut self,
        experiment: &Loop,
        predictions: NodeId,
        stages: &HashMap<&Name, NodeId>,
    ) -> Baseline {
        let texts = stages[&experiment.validation];
        let work = Work::Evaluate { predictions, texts };
        // No stage can be called `start`, so the name is free in the run's folder.
        let name = "start/zero-shot/evaluate".to_owned();
        Baseline {
            predictions,
            evaluation: self.add(name, vec!["zero-shot".to_owned()], work),
        }
    }

    /// Adds a node that is known by its name, `tags` and kind.
    pub(crate) fn add(&mut self, name: String, mut tags: Vec<String>, work: Work) -> NodeId {
        tags.push(work.kind().to_string());
        self.nodes.push(Node {
            name,
            tags,
            work,
            check: None,
        });
        self.nodes.len() - 1
    }
}

/// The work of a stage written in the file. References were checked with the file.
fn written(settings: &StageSettings, stages: &HashMap<&Name, NodeId>) -> Work {
    let node = |name: &Name| stages[name];
    let maybe = |name: &Option<Name>| name.as_ref().map(node);
    match settings {
        StageSettings::Ingest(settings) => Work::Ingest(settings.clone()),
        StageSettings::Embed(settings) => Work::Embed {
            texts: node(&settings.texts),
            model: settings.model.clone(),
            encoding: settings.encoding.clone(),
        },
        StageSettings::Train(settings) => Work::Train {
            texts: node(&settings.texts),
            labelled: maybe(&settings.labelled),
            validation: node(&settings.validation),
            base: settings.base.clone(),
            training: settings.training.clone(),
            previous: maybe(&settings.previous),
            vectors: None,
        },
        StageSettings::Predict(settings) => Work::Predict {
            texts: node(&settings.texts),
            model: match &settings.model {
                PredictModel::Trained(name) => Classifier::Trained(node(name)),
                PredictModel::Named(name) => Classifier::Named(name.clone()),
                PredictModel::ZeroShot { model, settings } => Classifier::ZeroShot {
                    model: model.clone(),
                    settings: settings.clone(),
                },
            },
            inference: settings.inference.clone(),
            vectors: None,
        },
        StageSettings::Select(settings) => Work::Select {
            strategy: settings.strategy.clone(),
            count: settings.count,
            texts: node(&settings.texts),
            without: Vec::new(),
            embeddings: maybe(&settings.embeddings),
            predictions: maybe(&settings.predictions),
            labelled: maybe(&settings.labelled),
            seed: settings.seed,
        },
        StageSettings::Evaluate(settings) => Work::Evaluate {
            predictions: node(&settings.predictions),
            texts: node(&settings.texts),
        },
    }
}
