//! The run: every piece of work in order, its result from the store or from its stage.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use goldpan_artifact::Progress;
use goldpan_evidence::{Evidence, Question, Trained};
use goldpan_model::{Device, DeviceChoice};
use goldpan_sources::Places;
use goldpan_store::{Action, Claim, Record, Reuse, RunFolder, Session, Store, Why};
use tracing::info;

use crate::cost::Encodings;
use crate::exec::action::action;
use crate::exec::contents::contents;
use crate::exec::context::Context;
use crate::exec::names::Names;
use crate::exec::outcome::{ModelRow, Outcome};
use crate::exec::preview::{Preview, Status, Step};
use crate::exec::report::report;
use crate::exec::selections::Selections;
use crate::exec::stage::Task;
use crate::exec::stops::Stops;
use crate::exec::tables::Tables;
use crate::exec::watched::Watched;
use crate::plan::{Graph, NodeId, Role, Scope, named};
use crate::spec::Pipeline;
use crate::{Error, StageKind};

/// How a pipeline is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The store's folder.
    pub store: PathBuf,
    /// Which part is done.
    pub scope: Scope,
    /// A stage that is done again though its result is there.
    pub force: Option<String>,
    /// Where models run.
    pub device: DeviceChoice,
    /// The most memory, in bytes and beyond the mapped tables, that a selection may need.
    pub memory_limit: Option<u64>,
}

/// What both a run and its preview need.
struct Prepared<'a> {
    pipeline: &'a str,
    graph: Graph,
    roles: Vec<Role>,
    forced: Vec<bool>,
    device: Device,
    store: Store,
    memory_limit: Option<u64>,
}

impl<'a> Prepared<'a> {
    fn new(pipeline: &'a Pipeline, options: &RunOptions) -> Result<Self, Error> {
        let graph = Graph::of(pipeline);
        let roles = options.scope.roles(&graph)?;
        let forced = match &options.force {
            Some(name) => named(&graph, name)?,
            None => vec![false; graph.nodes.len()],
        };
        Ok(Self {
            pipeline: pipeline.name.as_str(),
            roles,
            forced,
            device: options.device.open()?,
            store: Store::open(&options.store)?,
            graph,
            memory_limit: options.memory_limit,
        })
    }

    /// What would happen to every node that has a part in the run, as far as the store tells now.
    fn steps(
        &self,
        names: &Names,
        mut encodings: Option<&mut Encodings<'_>>,
    ) -> Result<Vec<Step>, Error> {
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
            let action = action(self.pipeline, graph, node, &records, names, class)?;
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
        Ok(steps)
    }

    /// Refuses a run of which a selection needs more memory than it may, as far as its size is known.
    fn check_memory(&self, names: &Names) -> Result<(), Error> {
        match self.memory_limit {
            Some(_) => self.steps(names, None).map(drop),
            None => Ok(()),
        }
    }
}

/// Says what [`run`] would do, touching nothing and asking no network.
///
/// # Errors
///
/// When the options name a stage that is not there, the store cannot be read, or a selection would
/// need more memory than it may.
pub fn preview(
    pipeline: &Pipeline,
    options: &RunOptions,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Preview, Error> {
    let prepared = Prepared::new(pipeline, options)?;
    let names = Names::local(&prepared.graph, places, progress);
    let (graph, store) = (&prepared.graph, &prepared.store);
    let mut encodings = Encodings::new(graph, &names, &prepared.device, store);
    let steps = prepared.steps(&names, Some(&mut encodings))?;
    Ok(Preview {
        steps,
        sources: encodings.sources(),
        may_stop: !graph.checks.is_empty(),
    })
}

/// Runs a pipeline: what is done already is taken from the store, the rest is done in order.
///
/// Everything that the pipeline names is found first: where something cannot be had, no stage
/// starts. Results appear in the store whole or not at all, so a run may be stopped at any time and
/// run again. Two runs of one pipeline at once share their work.
///
/// A selection that needs more memory than the options allow is refused as soon as its size is known:
/// before anything is done, or once the texts and vectors that it is made from are there.
///
/// # Errors
///
/// When a name cannot be found, a selection is refused, a stage fails, or `progress` is cancelled.
pub fn run(
    pipeline: &Pipeline,
    options: &RunOptions,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let began = Instant::now();
    let prepared = Prepared::new(pipeline, options)?;
    let names = Names::fetch(&prepared.graph, places, progress)?;
    prepared.check_memory(&names)?;
    let session = prepared
        .store
        .session(&mut wait(progress, "another run's cleaning up"))?;
    let mut run = Run {
        prepared: &prepared,
        context: Context::new(&prepared.graph, &names, &prepared.store, &prepared.device),
        folder: session.run_folder(prepared.pipeline)?,
        session: &session,
        records: vec![None; prepared.graph.nodes.len()],
        stops: Stops::new(&prepared.graph, &prepared.store),
        progress,
        ran: 0,
        reused: 0,
    };
    let done = run.nodes();
    let _lock = run
        .folder
        .lock(&mut wait(progress, "another run's report"))?;
    let models = Outcome::models(&prepared.graph, &run.records, &run.stops);
    let folder = run.leave_folder(done.is_ok(), &models)?;
    done?;
    if let Some(experiment) = &pipeline.experiment {
        contents(experiment, &prepared.graph, &run.stops).write(&folder)?;
    }
    if let Some(report) = report(pipeline, &run.context, &run.records, &run.stops, &models) {
        goldpan_report::write(&report, &folder)?;
    }
    let trained: Vec<Trained> = models.iter().filter_map(ModelRow::trained).collect();
    Ok(Outcome {
        ran: run.ran,
        reused: run.reused,
        took: began.elapsed(),
        folder,
        evidence: Evidence::of(&trained, &Question::default())?,
        stops: run.stops.all(),
        models,
    })
}

/// Called while a lock is held by another process.
fn wait<'a>(progress: &'a dyn Progress, what: &'a str) -> impl FnMut() -> ControlFlow<()> + 'a {
    let mut told = false;
    move || {
        if !told {
            told = true;
            info!("waiting for {what}");
        }
        match progress.cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

struct Run<'a> {
    prepared: &'a Prepared<'a>,
    context: Context<'a>,
    session: &'a Session,
    folder: RunFolder,
    records: Vec<Option<Record>>,
    stops: Stops<'a>,
    progress: &'a dyn Progress,
    ran: usize,
    reused: usize,
}

impl Run<'_> {
    /// Does every node that has a part in the run and that no rule stopped.
    fn nodes(&mut self) -> Result<(), Error> {
        let graph = self.context.graph;
        for node in 0..graph.nodes.len() {
            if self.progress.cancelled() {
                return Err(Error::Cancelled);
            }
            if self.is_stopped(node)? {
                continue;
            }
            let (names, class) = (self.context.names, self.context.device.class());
            let Prepared {
                pipeline, roles, ..
            } = self.prepared;
            let action = action(pipeline, graph, node, &self.records, names, class)?;
            let role = roles[node];
            let record = match (&action, role) {
                (None, Role::Skip) => None,
                (None, Role::Run | Role::Reuse) => return Err(self.blocked(node)),
                (Some(action), Role::Skip | Role::Reuse) => self.session.store().find(action)?,
                (Some(action), Role::Run) => Some(self.done(node, action)?),
            };
            match (role, &record) {
                (Role::Reuse, None) => {
                    return Err(Error::NotDone {
                        stage: graph.nodes[node].name.clone(),
                    });
                }
                (Role::Reuse, Some(_)) => self.reused += 1,
                _ => {}
            }
            if let (Some(action), Some(record)) = (&action, &record) {
                self.session.remember(action)?;
                self.folder.link(&graph.nodes[node].name, &record.object)?;
            }
            self.records[node] = record;
            if let StageKind::Ingest | StageKind::Embed = graph.nodes[node].work.kind() {
                self.prepared.check_memory(names)?;
            }
        }
        Ok(())
    }

    /// Whether a rule stopped the node's arm before it; told when that is found out.
    fn is_stopped(&mut self, node: NodeId) -> Result<bool, Error> {
        let told = self.stops.all().len();
        let stop = self.stops.of_node(node, &self.records)?;
        for stop in &self.stops.all()[told..] {
            info!("{stop}");
        }
        Ok(stop.is_some())
    }

    /// Names the input of a node that is not there.
    fn blocked(&self, node: NodeId) -> Error {
        let graph = self.context.graph;
        let inputs = graph.nodes[node].work.inputs();
        let missing = inputs
            .iter()
            .find(|&&(_, input)| self.records[input].is_none());
        let stage = missing.map_or(node, |&(_, input)| input);
        Error::NotDone {
            stage: graph.nodes[stage].name.clone(),
        }
    }

    /// The record of a node's result, made now where there is none.
    fn done(&mut self, node: NodeId, action: &Action) -> Result<Record, Error> {
        let part = &self.context.graph.nodes[node];
        let reuse = match self.prepared.forced[node] {
            true => Reuse::Forbidden,
            false => Reuse::Allowed,
        };
        let why = self.session.store().why(action)?;
        let what = format!("another run's {}", part.name);
        let claim = self
            .session
            .claim(action, reuse, &mut wait(self.progress, &what))?;
        let pending = match claim {
            Claim::Found(record) => {
                self.reused += 1;
                return Ok(record);
            }
            Claim::Pending(pending) => pending,
        };
        let position = format!("[{}/{}] {}", node + 1, self.records.len(), part.name);
        tracing::debug!("{position}: {}", reason(&why, self.prepared.forced[node]));
        let progress = Watched {
            inner: self.progress,
            name: position.clone(),
        };
        let task = Task {
            context: &self.context,
            records: &self.records,
            pending: &pending,
            progress: &progress,
        };
        let span = tracing::debug_span!("stage", name = part.name);
        let _entered = span.enter();
        let began = Instant::now();
        let summary = task
            .run(node)
            .map_err(|source| match source.is_cancelled() {
                true => Error::Cancelled,
                false => Error::Stage {
                    stage: part.name.clone(),
                    source: Box::new(source),
                },
            })?;
        let took = began.elapsed();
        let record = pending.commit(summary, took)?;
        info!("{position}: {}", told(part.work.kind(), &record));
        self.ran += 1;
        Ok(record)
    }

    /// Writes the results; after a whole run, removes the links of earlier ones from the folder.
    fn leave_folder(&self, finished: bool, models: &[ModelRow]) -> Result<PathBuf, Error> {
        let nodes = || self.context.graph.nodes.iter().enumerate();
        let is_done = |node: NodeId| self.records[node].is_some();
        let is_stopped = |node: NodeId| self.stops.told(node).is_some();
        if finished && nodes().all(|(node, _)| is_done(node) || is_stopped(node)) {
            let done = nodes().filter(|&(node, _)| is_done(node));
            let names = done.map(|(_, node)| node.name.clone());
            let kept: BTreeSet<String> = names.chain(["results.csv".to_owned()]).collect();
            self.folder.keep_only(&kept)?;
        }
        Outcome::write(models, self.folder.path())?;
        Ok(self.folder.path().to_owned())
    }
}

fn reason(why: &Why, forced: bool) -> String {
    match forced {
        true => "run (forced)".to_owned(),
        false => format!("run ({why})"),
    }
}

/// What a stage did, in a few words.
fn told(kind: StageKind, record: &Record) -> String {
    let number = |name: &str| record.summary.get(name).and_then(|value| value.as_f64());
    let what = match kind {
        StageKind::Train => number("accuracy").map(|accuracy| format!("accuracy {accuracy:.4}")),
        StageKind::Evaluate => number("accuracy").map(|accuracy| format!("accuracy {accuracy:.4}")),
        StageKind::Select => number("selected").map(|count| format!("{count} texts picked")),
        StageKind::Label => number("labelled").map(|count| format!("{count} texts labelled")),
        StageKind::Ingest | StageKind::Embed | StageKind::Predict => {
            number("rows").map(|rows| format!("{rows} texts"))
        }
    };
    let what = what.map_or(String::new(), |what| format!("{what}, "));
    format!("{what}{:.1} s", record.seconds)
}
