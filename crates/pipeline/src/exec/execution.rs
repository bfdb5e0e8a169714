//! The work of a run, piece by piece: in order, and trainings beside each other where there is room.

use std::any::Any;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};

use goldpan_store::{Action, Key, Record, RunFolder};
use tracing::{debug, info, warn};

use crate::cost::Encodings;
use crate::error::Error;
use crate::exec::StageError;
use crate::exec::action::action;
use crate::exec::context::Context;
use crate::exec::order::Order;
use crate::exec::prepared::Prepared;
use crate::exec::room::Room;
use crate::exec::stops::Stops;
use crate::exec::tables::Tables;
use crate::exec::told::Places;
use crate::exec::work::{Done, Threads, Worker};
use crate::kind::StageKind;
use crate::plan::{Node, NodeId, Role, Work};
use crate::stop::StopReason;

/// A run on its way.
pub(super) struct Execution<'a> {
    prepared: &'a Prepared<'a>,
    worker: Worker<'a>,
    folder: &'a RunFolder,
    room: Room,
    /// The record of each node that is done.
    pub(super) records: Vec<Option<Record>>,
    pub(super) stops: Stops<'a>,
    /// Whether it was checked that the texts fit.
    foreseen: bool,
    /// Nodes whose stage ran.
    pub(super) ran: usize,
    /// Nodes whose result was there.
    pub(super) reused: usize,
}

/// Trainings beside each other.
struct Trainings<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    sender: Sender<Ended>,
    waiting: BTreeMap<NodeId, Waiting>,
    running: BTreeMap<NodeId, Running>,
}

/// A training that could start.
struct Waiting {
    action: Action,
    /// Bytes that it is expected to take.
    memory: Option<u64>,
}

/// A training under way.
struct Running {
    key: Key,
    memory: Option<u64>,
}

impl Trainings<'_, '_> {
    /// The lowest training that could start. One with the key of a running one waits for its result.
    fn next(&self) -> Option<NodeId> {
        let is_running = |action: &Action| {
            let key = action.key();
            self.running.values().any(|running| running.key == key)
        };
        let mut free = self.waiting.iter();
        let (&node, _) = free.find(|(_, waiting)| !is_running(&waiting.action))?;
        Some(node)
    }
}

/// Stops the other work of a run where the thread that holds it panics.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A training that ended on its thread, or panicked.
struct Ended {
    node: NodeId,
    action: Action,
    result: Result<Result<Done, Error>, Box<dyn Any + Send>>,
}

/// Predicts the memory of trainings.
struct Sizes<'a> {
    encodings: Encodings<'a>,
    tables: Tables<'a>,
}

impl<'a> Sizes<'a> {
    fn new(context: &Context<'a>) -> Self {
        let Context {
            graph,
            names,
            device,
            store,
            ..
        } = *context;
        Self {
            encodings: Encodings::new(graph, names, device, store),
            tables: Tables::new(store),
        }
    }

    fn of(&mut self, node: NodeId, records: &[Option<Record>]) -> Option<u64> {
        let tables = &mut self.tables;
        self.encodings.memory_of_training(node, records, tables)
    }
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        prepared: &'a Prepared<'a>,
        worker: Worker<'a>,
        folder: &'a RunFolder,
        room: Room,
    ) -> Self {
        Self {
            prepared,
            worker,
            folder,
            room,
            records: vec![None; prepared.graph.nodes.len()],
            stops: Stops::new(&prepared.graph, &prepared.store),
            foreseen: false,
            ran: 0,
            reused: 0,
        }
    }

    /// Does every node that has a part in the run and that no rule stopped. Where one fails, or the
    /// user stops the run, no other is begun, and trainings on their way stop too: the next run goes
    /// on from their last epochs.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        let mut order = Order::of(&self.prepared.graph);
        let mut sizes = Sizes::new(self.worker.context);
        let (sender, ended) = mpsc::channel();
        thread::scope(|scope| {
            let mut result = Ok(());
            let _alarm = Alarm(self.worker.failed);
            let mut trainings = Trainings {
                scope,
                sender,
                waiting: BTreeMap::new(),
                running: BTreeMap::new(),
            };
            loop {
                // First what ended: lower nodes than the next may have waited for it.
                let step = if let Ok(ended) = ended.try_recv() {
                    self.settle_training(ended, &mut order, &mut trainings)
                } else if let Some(node) = self.next(&mut order) {
                    self.take_up(node, &mut order, &mut sizes, &mut trainings)
                } else {
                    self.start(&mut trainings);
                    if trainings.running.is_empty() {
                        return result;
                    }
                    // `trainings` holds a sender, so there is an end of one to come.
                    let Ok(ended) = ended.recv() else {
                        return result;
                    };
                    self.settle_training(ended, &mut order, &mut trainings)
                };
                if let Err(error) = step {
                    self.worker.failed.store(true, Ordering::Relaxed);
                    result = Err(match result {
                        Ok(()) | Err(Error::Cancelled) => error,
                        Err(first) => {
                            if !matches!(error, Error::Cancelled) {
                                warn!("{}", told(&error));
                            }
                            first
                        }
                    });
                }
            }
        })
    }

    fn has_failed(&self) -> bool {
        self.worker.failed.load(Ordering::Relaxed)
    }

    fn next(&self, order: &mut Order) -> Option<NodeId> {
        match self.has_failed() {
            true => None,
            false => order.next(),
        }
    }

    /// Does a node, or puts it with the trainings that could start.
    fn take_up(
        &mut self,
        node: NodeId,
        order: &mut Order,
        sizes: &mut Sizes<'_>,
        trainings: &mut Trainings<'_, '_>,
    ) -> Result<(), Error> {
        if self.worker.progress.cancelled() {
            return Err(Error::Cancelled);
        }
        if self.is_stopped(node)? {
            order.settle(node);
            return Ok(());
        }
        let Prepared {
            pipeline,
            graph,
            roles,
            ..
        } = self.prepared;
        let Context {
            names,
            device,
            store,
            ..
        } = self.worker.context;
        let action = {
            let (records, class) = (&self.records, device.class());
            action(pipeline, graph, node, records, (store, names), class)?
        };
        let found = match (&action, roles[node]) {
            (None, Role::Skip) => None,
            (None, Role::Run | Role::Reuse) => return Err(self.blocked(node)),
            (Some(action), Role::Skip | Role::Reuse) => {
                let found = self.worker.session.store().find(action)?;
                if roles[node] == Role::Reuse {
                    if found.is_none() {
                        return Err(self.not_done(node));
                    }
                    self.reused += 1;
                }
                found
            }
            (Some(action), Role::Run) => {
                let trains = matches!(&graph.nodes[node].work,
                    Work::Train { training, .. } if !training.is_probe());
                if trains && self.room.is_shared() && !self.worker.is_done(node, action)? {
                    let waiting = Waiting {
                        action: action.clone(),
                        memory: sizes.of(node, &self.records),
                    };
                    trainings.waiting.insert(node, waiting);
                    return Ok(());
                }
                let done = self.worker.done(node, action, &self.records, Threads::All);
                if let Err(error) = &done
                    && self.has_run_out(node, error)
                {
                    order.settle(node);
                    return Ok(());
                }
                Some(self.counted(done?))
            }
        };
        self.settle(node, action.as_ref(), found, order)
    }

    /// Whether a selection found too few texts, so that its arm ends here; told.
    fn has_run_out(&mut self, node: NodeId, error: &Error) -> bool {
        use goldpan_select::Error::{TooFew, TooFewLeft};
        let Error::Stage { error, .. } = error else {
            return false;
        };
        let StageError::Select(TooFew { asked, left, .. } | TooFewLeft { asked, left, .. }) =
            **error
        else {
            return false;
        };
        let (asked, left) = (asked as u64, left as u64);
        let stop = self.stops.end(node, StopReason::Texts { left, asked });
        if let Some(stop) = &stop {
            warn!("{stop}");
        }
        stop.is_some()
    }

    /// Checks, once all files are read, what their texts decide.
    fn foresee(&mut self) -> Result<(), Error> {
        let Prepared { graph, roles, .. } = self.prepared;
        let nodes = graph.nodes.iter().zip(roles).zip(&self.records);
        let is_read = |((node, role), record): ((&Node, &Role), &Option<Record>)| {
            node.work.kind() != StageKind::Ingest || *role == Role::Skip || record.is_some()
        };
        if self.foreseen || !nodes.into_iter().all(is_read) {
            return Ok(());
        }
        self.foreseen = true;
        let texts = self.prepared.texts(&self.records)?;
        let store = &self.prepared.store;
        let places = Places::new(graph, None, &self.records, store);
        self.prepared.foresee(&texts, &places)
    }

    /// Starts the trainings that there is room for, the lowest first.
    fn start<'scope>(&self, trainings: &mut Trainings<'scope, '_>)
    where
        'a: 'scope,
    {
        while !self.has_failed()
            && let Some(node) = trainings.next()
        {
            let running = trainings.running.values();
            let running: Vec<Option<u64>> = running.map(|running| running.memory).collect();
            let Entry::Occupied(waiting) = trainings.waiting.entry(node) else {
                return;
            };
            if !self.room.takes(&running, waiting.get().memory) {
                return;
            }
            let Waiting { action, memory } = waiting.remove();
            let left = trainings.waiting.len();
            let (threads, share) = self.room.threads(running.len(), left, memory);
            let (name, others) = (&self.prepared.graph.nodes[node].name, running.len());
            debug!("{name}: {threads} threads, beside {others} other trainings");
            let key = action.key();
            trainings.running.insert(node, Running { key, memory });
            let (worker, records) = (self.worker, self.records.clone());
            let sender = trainings.sender.clone();
            trainings.scope.spawn(move || {
                let threads = Threads::Own(threads, share);
                let train = || worker.done(node, &action, &records, threads);
                let result = catch_unwind(AssertUnwindSafe(train));
                if !matches!(result, Ok(Ok(_))) {
                    // Noticed at once, though the main thread may be in a long stage.
                    worker.failed.store(true, Ordering::Relaxed);
                }
                // The receiver lives as long as any thread.
                let _ = sender.send(Ended {
                    node,
                    action,
                    result,
                });
            });
        }
    }

    fn settle_training(
        &mut self,
        ended: Ended,
        order: &mut Order,
        trainings: &mut Trainings<'_, '_>,
    ) -> Result<(), Error> {
        let Ended {
            node,
            action,
            result,
        } = ended;
        trainings.running.remove(&node);
        let result = result.unwrap_or_else(|panic| resume_unwind(panic));
        let record = self.counted(result?);
        self.settle(node, Some(&action), Some(record), order)
    }

    fn counted(&mut self, done: Done) -> Record {
        match done.ran {
            true => self.ran += 1,
            false => self.reused += 1,
        }
        done.record
    }

    /// Keeps what became of a node.
    fn settle(
        &mut self,
        node: NodeId,
        action: Option<&Action>,
        record: Option<Record>,
        order: &mut Order,
    ) -> Result<(), Error> {
        let part = &self.prepared.graph.nodes[node];
        if let (Some(action), Some(record)) = (action, &record) {
            self.worker.session.remember(action)?;
            self.folder.link(&part.name, &record.object)?;
        }
        self.records[node] = record;
        order.settle(node);
        match part.work.kind() {
            StageKind::Ingest => {
                self.foresee()?;
                self.prepared.check_memory(self.worker.context.names)
            }
            StageKind::Embed => self.prepared.check_memory(self.worker.context.names),
            _ => Ok(()),
        }
    }

    /// Whether a rule stopped the node's arm before it; told when that is found out.
    fn is_stopped(&mut self, node: NodeId) -> Result<bool, Error> {
        let told = self.stops.all();
        let stop = self.stops.of_node(node, &self.records)?;
        for stop in self.stops.all() {
            if !told.contains(&stop) {
                info!("{stop}");
            }
        }
        Ok(stop.is_some())
    }

    /// Names the input of a node that is not there.
    fn blocked(&self, node: NodeId) -> Error {
        let inputs = self.prepared.graph.nodes[node].work.inputs();
        let missing = inputs
            .iter()
            .find(|&&(_, input)| self.records[input].is_none());
        self.not_done(missing.map_or(node, |&(_, input)| input))
    }

    fn not_done(&self, node: NodeId) -> Error {
        Error::NotDone {
            stage: self.prepared.graph.nodes[node].name.clone(),
        }
    }
}

/// An error with its causes, in one line.
pub(super) fn told(error: &Error) -> String {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told += &format!(": {cause}");
        source = cause.source();
    }
    told
}
