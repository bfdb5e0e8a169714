//! A run from start to end, and the preview of one.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use goldpan_artifact::Progress;
use goldpan_evidence::{Evidence, Trained};
use goldpan_model::DeviceChoice;
use goldpan_sources::Places;
use goldpan_store::{FolderLock, Record, RunFolder};

use crate::Error;
use crate::cost::Encodings;
use crate::exec::contents::contents;
use crate::exec::context::Context;
use crate::exec::execution::Execution;
use crate::exec::names::Names;
use crate::exec::notes::notes;
use crate::exec::outcome::{ModelRow, Outcome};
use crate::exec::prepared::Prepared;
use crate::exec::preview::Preview;
use crate::exec::report::{question, report};
use crate::exec::room::Room;
use crate::exec::work::{Worker, wait};
use crate::plan::{NodeId, Scope};
use crate::spec::Pipeline;

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
    /// How many trainings may go on at once on the CPU; as many as cores and free memory allow where
    /// `None`. No result depends on it.
    pub trainings: Option<NonZeroUsize>,
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
    warn_of(pipeline);
    let names = Names::local(&prepared.graph, places, progress);
    let (graph, store) = (&prepared.graph, &prepared.store);
    let mut encodings = Encodings::new(graph, &names, &prepared.device, store);
    let steps = prepared.steps(&names, Some(&mut encodings))?;
    Ok(Preview {
        steps,
        room: Room::on(&prepared.device, options.trainings),
        kept: encodings.kept(),
        sources: encodings.sources(),
        may_stop: !graph.checks.is_empty(),
    })
}

/// Runs a pipeline: what is done already is taken from the store, the rest is done in order, but
/// trainings that need nothing of each other at once, where cores and memory allow.
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
    warn_of(pipeline);
    let names = Names::fetch(&prepared.graph, places, progress)?;
    prepared.check_memory(&names)?;
    let session = prepared
        .store
        .session(&mut wait(progress, "another run's cleaning up"))?;
    let folder = session.run_folder(prepared.pipeline)?;
    let context = Context::new(&prepared.graph, &names, &prepared.store, &prepared.device);
    let worker = Worker {
        context: &context,
        session: &session,
        forced: &prepared.forced,
        progress,
        failed: &AtomicBool::new(false),
    };
    let room = Room::on(&prepared.device, options.trainings);
    let mut execution = Execution::new(&prepared, worker, &folder, room);
    let done = execution.run();
    let lock = folder.lock(&mut wait(progress, "another run's report"))?;
    let models = Outcome::models(&prepared.graph, &execution.records, &execution.stops);
    leave_folder(&folder, &lock, &execution, &prepared, done.is_ok())?;
    Outcome::write(&models, folder.path())?;
    done?;
    let folder = folder.path();
    if let Some(experiment) = &pipeline.experiment {
        contents(experiment, &prepared.graph, &execution.stops).write(folder)?;
    }
    let (records, stops) = (&execution.records, &execution.stops);
    let question = pipeline.experiment.as_ref().map(question);
    let trained: Vec<Trained> = models.iter().filter_map(ModelRow::trained).collect();
    let evidence = Evidence::of(&trained, &question.unwrap_or_default())?;
    let own = notes(pipeline, &prepared.graph, records, &models);
    if let Some(report) = report(pipeline, &context, records, stops, &models, &own) {
        goldpan_report::write(&report, folder)?;
    }
    Ok(Outcome {
        ran: execution.ran,
        reused: execution.reused,
        took: began.elapsed(),
        folder: folder.to_owned(),
        notes: [evidence.notes(), own].concat(),
        evidence,
        stops: execution.stops.all(),
        models,
    })
}

/// Warns of what the file alone shows about the comparison.
fn warn_of(pipeline: &Pipeline) {
    for warning in pipeline.warnings() {
        tracing::warn!("{warning}");
    }
}

/// Links what was done, as another run may have removed the links on the way; after a whole run, removes the
/// links of earlier ones.
fn leave_folder(
    folder: &RunFolder,
    lock: &FolderLock,
    execution: &Execution<'_>,
    prepared: &Prepared<'_>,
    finished: bool,
) -> Result<(), Error> {
    let nodes = || prepared.graph.nodes.iter().zip(&execution.records);
    let mut kept = BTreeSet::new();
    for (node, record) in nodes() {
        if let Some(record) = record {
            folder.link_locked(lock, &node.name, &record.object)?;
            kept.insert(node.name.clone());
        }
    }
    let is_over = |(node, (_, record)): (NodeId, (_, &Option<Record>))| {
        record.is_some() || execution.stops.told(node).is_some()
    };
    if finished && nodes().enumerate().all(is_over) {
        folder.keep_only(&kept)?;
    }
    Ok(())
}
