//! A pipeline ready to be run: its graph, what is to be done of it, where and with what.

use std::collections::BTreeMap;

use goldpan_artifact::Texts;
use goldpan_model::Device;
use goldpan_store::{Record, Store};
use tracing::warn;

use crate::cost::Encodings;
use crate::error::Error;
use crate::exec::StageError;
use crate::exec::action::action;
use crate::exec::foreseen::Foreseen;
use crate::exec::metric::check_class;
use crate::exec::names::Names;
use crate::exec::preview::{Status, Step};
use crate::exec::run_options::RunOptions;
use crate::exec::selections::Selections;
use crate::exec::stops::Stops;
use crate::exec::tables::Tables;
use crate::exec::told::Places;
use crate::plan::{Graph, NodeId, Role, Work, named};
use crate::spec::{Loop, Pipeline};

/// What both a run and its preview need.
pub(super) struct Prepared<'a> {
    pub(super) spec: &'a Pipeline,
    pub(super) pipeline: &'a str,
    experiment: Option<&'a Loop>,
    pub(super) graph: Graph,
    pub(super) roles: Vec<Role>,
    pub(super) forced: Vec<bool>,
    pub(super) device: Device,
    pub(super) store: Store,
    memory_limit: Option<u64>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, options: &RunOptions) -> Result<Self, Error> {
        let graph = Graph::of(pipeline);
        let roles = options.scope.roles(&graph)?;
        let forced = match &options.force {
            Some(name) => named(&graph, name)?,
            None => vec![false; graph.nodes.len()],
        };
        Ok(Self {
            spec: pipeline,
            pipeline: pipeline.name.as_str(),
            experiment: pipeline.experiment.as_ref(),
            roles,
            forced,
            device: options.device.open()?,
            store: Store::open(&options.store)?,
            graph,
            memory_limit: options.memory_limit,
        })
    }

    /// What would happen to every node that has a part in the run, as far as the store tells now.
    pub(super) fn steps(
        &self,
        names: &Names,
        mut encodings: Option<&mut Encodings<'_>>,
    ) -> Result<(Vec<Step>, Vec<Option<Record>>), Error> {
        let graph = &self.graph;
        let mut records: Vec<Option<Record>> = vec![None; graph.nodes.len()];
        let mut steps = Vec::new();
        let mut selections = Selections::new(graph, self.memory_limit);
        let mut tables = Tables::new(&self.store);
        let mut stops = Stops::new(graph, &self.store);
        for (node, part) in graph.nodes.iter().enumerate() {
            if self.roles[node] == Role::Skip {
                continue;
            }
            let step = |status, estimate| Step {
                name: part.name.clone(),
                kind: part.work.kind(),
                status,
                estimate,
            };
            if let Some(stop) = stops.of_node(node, &records)? {
                steps.push(step(Status::Stopped(stop.why()), None));
                continue;
            }
            let class = self.device.class();
            let action = {
                let found = (&self.store, names);
                action(self.pipeline, graph, node, &records, found, class)?
            };
            let waits: Vec<String> = part
                .work
                .inputs()
                .iter()
                .filter(|&&(_, input)| records[input].is_none())
                .map(|&(_, input)| graph.nodes[input].name.clone())
                .collect();
            let status = match action {
                None if waits.is_empty() => Status::Fetch,
                None => Status::After(waits),
                Some(action) => {
                    let found = self.store.find(&action)?;
                    let status = match &found {
                        Some(_) if self.forced[node] => Status::Forced,
                        Some(_) => Status::Cached,
                        None if self.roles[node] == Role::Reuse => Status::Missing,
                        None => Status::Run(self.store.why(&action)?),
                    };
                    if status == Status::Cached {
                        records[node] = found;
                    }
                    status
                }
            };
            let estimate = match status {
                Status::Cached | Status::Missing => None,
                _ => match selections.estimate(node, &records, &mut tables)? {
                    None => encodings
                        .as_mut()
                        .and_then(|encodings| encodings.estimate(node, &records, &mut tables)),
                    known => known,
                },
            };
            steps.push(step(status, estimate));
        }
        self.check_class(&records, &mut tables)?;
        Ok((steps, records))
    }

    /// Checks what the texts that are there decide; `texts` are those of `ingest` nodes.
    pub(super) fn foresee(
        &self,
        texts: &BTreeMap<NodeId, Texts>,
        places: &Places,
    ) -> Result<(), Error> {
        let foreseen = self.foreseen(texts, places);
        foreseen.check().map_err(Error::Unfit)?;
        for told in foreseen.shared() {
            warn!("{told}");
        }
        Ok(())
    }

    pub(super) fn foreseen<'b>(
        &'b self,
        texts: &'b BTreeMap<NodeId, Texts>,
        places: &'b Places,
    ) -> Foreseen<'b> {
        Foreseen {
            pipeline: self.spec,
            graph: &self.graph,
            roles: &self.roles,
            texts,
            places,
        }
    }

    /// The tables of the `ingest` nodes that have a result.
    pub(super) fn texts(
        &self,
        records: &[Option<Record>],
    ) -> Result<BTreeMap<NodeId, Texts>, Error> {
        let mut texts = BTreeMap::new();
        for (node, record) in records.iter().enumerate() {
            if let (Work::Ingest(_), Some(record)) = (&self.graph.nodes[node].work, record) {
                let path = self.store.object_dir(&record.object).join("texts.arrow");
                let opened =
                    Texts::open(path).map_err(|error| self.failed(node, records, error))?;
                texts.insert(node, opened);
            }
        }
        Ok(texts)
    }

    /// A node's error, in a pipeline's words.
    pub(super) fn failed(
        &self,
        node: NodeId,
        records: &[Option<Record>],
        error: impl Into<StageError>,
    ) -> Error {
        let error = error.into();
        let places = Places::new(&self.graph, Some(node), records, &self.store);
        Error::Stage {
            stage: self.graph.nodes[node].name.clone(),
            told: places.tell(&error),
            error: Box::new(error),
        }
    }

    /// Refuses a metric of a class that the texts do not have, as far as they are there.
    fn check_class(
        &self,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Result<(), Error> {
        match self.experiment {
            Some(experiment) => check_class(experiment, &self.graph, records, tables),
            None => Ok(()),
        }
    }

    /// Refuses a run of which a selection needs more memory than it may, or whose texts lack the class that
    /// arms are compared by, as far as that is known.
    pub(super) fn check_memory(&self, names: &Names) -> Result<(), Error> {
        let metric = self
            .experiment
            .and_then(|experiment| experiment.metric_class.as_ref());
        match self.memory_limit.is_some() || metric.is_some() {
            true => self.steps(names, None).map(drop),
            false => Ok(()),
        }
    }
}
