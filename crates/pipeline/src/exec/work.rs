//! Doing a piece of work: its result from the store, or from its stage.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use goldpan_artifact::Progress;
use goldpan_store::{Action, Claim, Pending, Record, Reuse, Session, Why};
use tracing::info;

use crate::error::Error;
use crate::exec::StageError;
use crate::exec::context::Context;
use crate::exec::stage::Task;
use crate::exec::told::Places;
use crate::exec::watched::Watched;
use crate::kind::StageKind;
use crate::plan::NodeId;

/// Does work, on any thread.
#[derive(Clone, Copy)]
pub(super) struct Worker<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) session: &'a Session,
    pub(super) forced: &'a [bool],
    pub(super) progress: &'a dyn Progress,
    /// True once some work of the run failed: the rest stops, to go on in the next run.
    pub(super) failed: &'a AtomicBool,
}

/// A record, and whether its work was done now.
pub(super) struct Done {
    pub(super) record: Record,
    pub(super) ran: bool,
}

/// The threads of a piece of work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Threads {
    /// All that there are.
    All,
    /// So many of its own, and what share of all they are.
    Own(usize, f64),
}

impl Threads {
    fn share(self) -> f64 {
        match self {
            Self::All => 1.0,
            Self::Own(_, share) => share,
        }
    }

    /// Does something on these threads.
    fn run<R: Send>(self, work: impl FnOnce() -> R + Send) -> Result<R, Error> {
        match self {
            Self::All => Ok(work()),
            Self::Own(threads, _) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                Ok(pool.build().map_err(Error::Threads)?.install(work))
            }
        }
    }
}

impl Worker<'_> {
    /// Whether the result of a node is there and may be used.
    pub(super) fn is_done(&self, node: NodeId, action: &Action) -> Result<bool, Error> {
        Ok(!self.forced[node] && self.session.store().find(action)?.is_some())
    }

    /// The record of a node's result, made now where there is none.
    pub(super) fn done(
        &self,
        node: NodeId,
        action: &Action,
        records: &[Option<Record>],
        threads: Threads,
    ) -> Result<Done, Error> {
        let part = &self.context.graph.nodes[node];
        let position = format!("[{}/{}] {}", node + 1, records.len(), part.name);
        let progress = Watched {
            inner: self.progress.beside(),
            name: position.clone(),
            failed: self.failed,
        };
        let reuse = match self.forced[node] {
            true => Reuse::Forbidden,
            false => Reuse::Allowed,
        };
        let why = self.session.store().why(action)?;
        let what = format!("another run's {}", part.name);
        let claim = self
            .session
            .claim(action, reuse, &mut wait(&progress, &what))?;
        let pending = match claim {
            Claim::Found(record) => {
                let ran = false;
                return Ok(Done { record, ran });
            }
            Claim::Pending(pending) => pending,
        };
        tracing::debug!("{position}: {}", reason(&why, self.forced[node]));
        let span = tracing::debug_span!("stage", name = part.name);
        let began = Instant::now();
        let stage = || span.in_scope(|| self.stage(node, records, &pending, &progress));
        let summary = threads.run(stage)?;
        let summary = summary.map_err(|source| match source.is_cancelled() {
            true => Error::Cancelled,
            false => {
                let Context { graph, store, .. } = self.context;
                let mut places = Places::new(graph, Some(node), records, store);
                places.add(pending.dir(), &part.name);
                Error::Stage {
                    stage: part.name.clone(),
                    told: places.tell(&source),
                    error: Box::new(source),
                }
            }
        })?;
        let took = began.elapsed();
        let record = pending.commit(summary, took.mul_f64(threads.share()))?;
        let seconds = took.as_secs_f64();
        info!(
            "{position}: {}{seconds:.1} s",
            told(part.work.kind(), &record)
        );
        Ok(Done { record, ran: true })
    }

    fn stage(
        &self,
        node: NodeId,
        records: &[Option<Record>],
        pending: &Pending,
        progress: &dyn Progress,
    ) -> Result<serde_json::Value, StageError> {
        let task = Task {
            context: self.context,
            records,
            pending,
            anew: self.forced[node],
            progress,
        };
        task.run(node)
    }
}

/// Called while a lock is held by another process.
pub(super) fn wait<'a>(
    progress: &'a dyn Progress,
    what: &'a str,
) -> impl FnMut() -> ControlFlow<()> + 'a {
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

fn reason(why: &Why, forced: bool) -> String {
    match forced {
        true => "run (forced)".to_owned(),
        false => format!("run ({why})"),
    }
}

/// What a stage did, in a few words before its time.
fn told(kind: StageKind, record: &Record) -> String {
    let number = |name: &str| record.summary.get(name).and_then(|value| value.as_f64());
    let what = match kind {
        StageKind::Train => number("accuracy").map(|accuracy| format!("accuracy {accuracy:.4}")),
        StageKind::Evaluate => number("accuracy").map(|accuracy| format!("accuracy {accuracy:.4}")),
        StageKind::Select => number("selected").map(|count| format!("{count} texts picked")),
        StageKind::Label => number("labelled").map(|count| format!("{count} texts labelled")),
        StageKind::Ingest | StageKind::Embed | StageKind::Predict => {
            number("rows").map(|rows| match number("known") {
                Some(known) if known > 0.0 => format!("{rows} texts, {known} of them known"),
                _ => format!("{rows} texts"),
            })
        }
    };
    what.map_or(String::new(), |what| format!("{what}, "))
}
