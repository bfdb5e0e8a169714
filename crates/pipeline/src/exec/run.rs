//! A run from start to end, and the preview of one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use goldpan_artifact::{Progress, Silent, Texts};
use goldpan_evidence::{Evidence, Trained};
use goldpan_report::{Run, grouped};
use goldpan_sources::Places as SourcePlaces;
use goldpan_store::{FolderLock, Record, RunFolder};
use serde_json::Value;
use tracing::{info, warn};

use crate::cost::Encodings;
use crate::error::Error;
use crate::exec::action::ingest_config;
use crate::exec::contents::contents;
use crate::exec::context::Context;
use crate::exec::execution::{Execution, told};
use crate::exec::lookup::selection;
use crate::exec::made_by::{self, MadeBy, Replaced};
use crate::exec::names::Names;
use crate::exec::notes::notes;
use crate::exec::outcome::{ModelRow, Outcome};
use crate::exec::prepared::Prepared;
use crate::exec::preview::Preview;
use crate::exec::report::{question, report};
use crate::exec::room::Room;
use crate::exec::run_options::RunOptions;
use crate::exec::starts::lacking;
use crate::exec::told::Places;
use crate::exec::work::{Worker, wait};
use crate::exec::{StageError, unfinished};
use crate::kind::StageKind;
use crate::plan::{Graph, NodeId, Role, Work};
use crate::spec::Pipeline;

/// Says what [`run`] would do, touching nothing and asking no network.
///
/// # Errors
///
/// When the options name a stage that is not there, the store cannot be read, or a selection would
/// need more memory than it may.
pub fn preview(
    pipeline: &Pipeline,
    options: &RunOptions,
    places: &SourcePlaces,
    progress: &dyn Progress,
) -> Result<Preview, Error> {
    let prepared = Prepared::new(pipeline, options)?;
    warn_of(pipeline);
    Names::check_paths(&prepared.graph, places)?;
    let names = Names::local(&prepared.graph, places, progress);
    let (graph, store) = (&prepared.graph, &prepared.store);
    let mut encodings = Encodings::new(graph, &names, &prepared.device, store);
    let (steps, records) = prepared.steps(&names, Some(&mut encodings))?;
    let folder = store.root().join("runs").join(prepared.pipeline);
    tell_replaced(&prepared, &folder, &BTreeSet::new());
    let (texts, _folder) = read_beforehand(&prepared, &names, &records)?;
    let mut places = Places::new(graph, None, &records, store);
    for (&node, texts) in &texts {
        places.add(texts.path(), &graph.nodes[node].name);
    }
    prepared.foresee(&texts, &places)?;
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
    places: &SourcePlaces,
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
    restored(&folder, progress)?;
    tell_replaced(&prepared, folder.path(), &folder.names());
    unfinished::begin(folder.path())?;
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
    if let Some(line) = lacking(&context, &execution.records) {
        tracing::warn!("{line}");
    }
    let lock = folder.lock(&mut wait(progress, "another run's report"))?;
    let models = Outcome::models(&prepared.graph, &execution.records, &execution.stops);
    leave_folder(&folder, &lock, &execution, &prepared, done.is_ok())?;
    Outcome::write(&models, folder.path())?;
    let folder = folder.path();
    if let Some(experiment) = &pipeline.experiment {
        contents(experiment, &prepared.graph, &execution.stops).write(folder)?;
    }
    let told = done.as_ref().err().map(told);
    if let Some(why) = &told {
        unfinished::note(folder, why)?;
    }
    let own = notes(pipeline, &prepared.graph, &execution.records, &models);
    if matches!(done, Ok(()) | Err(Error::Stage { .. })) {
        let made = made_report(
            &prepared,
            &context,
            &execution,
            &models,
            &own,
            told.as_deref(),
        );
        match (made, &done) {
            (Ok(Some(report)), _) => {
                let written = goldpan_report::write(&report, folder);
                match (written, &done) {
                    (Err(error), Err(_)) => warn!("there is no report: {error}"),
                    (written, _) => written?,
                }
            }
            (Err(error), Err(_)) => warn!("there is no report: {error}"),
            (made, _) => drop(made?),
        }
    }
    done?;
    unfinished::end(folder);
    let question = pipeline.experiment.as_ref().map(question);
    if let Some(told) = all_copies(&prepared.graph, &execution.records) {
        warn!("{told}");
    }
    let trained: Vec<Trained> = models.iter().filter_map(ModelRow::trained).collect();
    let evidence = Evidence::of(&trained, &question.unwrap_or_default())?;
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

/// What there is to report, with what is known of the texts, and why the run ended early if it did.
fn made_report(
    prepared: &Prepared<'_>,
    context: &Context<'_>,
    execution: &Execution<'_>,
    models: &[ModelRow],
    own: &[String],
    unfinished: Option<&str>,
) -> Result<Option<Run>, Error> {
    let (records, stops) = (&execution.records, &execution.stops);
    let Some(mut run) = report(prepared.spec, context, records, stops, models, own) else {
        return Ok(None);
    };
    let texts = prepared.texts(records)?;
    let places = Places::default();
    run.of_texts = prepared.foreseen(&texts, &places).shared();
    run.of_texts.extend(copies(&prepared.graph, records));
    run.unfinished = unfinished.map(str::to_owned);
    Ok(Some(run))
}

/// The copies that the arms of the loop picked, a sentence for each arm and seed that did.
fn copies(graph: &Graph, records: &[Option<Record>]) -> Vec<String> {
    let mut counts: Vec<((String, u64), (u64, u64))> = Vec::new();
    for model in &graph.trained {
        let record = selection(graph, model.node).and_then(|node| records[node].as_ref());
        let Some(record) = record else { continue };
        let number = |name: &str| {
            record
                .summary
                .get(name)
                .and_then(Value::as_u64)
                .unwrap_or(0)
        };
        let arm = model
            .arm
            .as_ref()
            .map_or("start".to_owned(), ToString::to_string);
        let key = (arm, model.seed);
        let more = (number("copies"), number("selected"));
        match counts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, (copies, picks))) => {
                *copies += more.0;
                *picks += more.1;
            }
            None => counts.push((key, more)),
        }
    }
    let told = counts.into_iter().filter(|(_, (copies, _))| *copies > 0);
    told.map(|((arm, seed), (copies, picks))| {
        let (copies, picks) = (grouped(copies), grouped(picks));
        format!(
            "seed {seed}, {arm}: {copies} of {picks} picks have the very text of another pick or of a \
             labelled text (`skip_copies: true` in an arm passes over such texts)"
        )
    })
    .collect()
}

/// The copies among all picks of a run, in a sentence.
fn all_copies(graph: &Graph, records: &[Option<Record>]) -> Option<String> {
    let selections = graph.nodes.iter().zip(records);
    let of_kind = selections.filter(|(node, _)| node.work.kind() == StageKind::Select);
    let summaries: Vec<&Value> = of_kind
        .filter_map(|(_, record)| Some(&record.as_ref()?.summary))
        .collect();
    let sum = |name: &str| -> u64 {
        let numbers = summaries
            .iter()
            .filter_map(|summary| summary.get(name)?.as_u64());
        numbers.sum()
    };
    let (copies, picks) = (grouped(sum("copies")), grouped(sum("selected")));
    (sum("copies") > 0).then(|| {
        format!(
            "{copies} of {picks} picks have the very text of another pick or of a labelled text: \
             `skip_copies: true` beside a strategy passes over such texts"
        )
    })
}

/// Puts back the links that a copied store has lost.
fn restored(folder: &RunFolder, progress: &dyn Progress) -> Result<(), Error> {
    let lock = folder.lock(&mut wait(progress, "another run's report"))?;
    let restored = folder.restore(&lock)?;
    if restored > 0 {
        info!("{restored} links of earlier runs were lost, and are put back");
    }
    Ok(())
}

/// Says what this run takes the place of, where it does the whole pipeline. `names` are links that are
/// there.
fn tell_replaced(prepared: &Prepared<'_>, folder: &Path, names: &BTreeSet<String>) {
    if prepared.roles.iter().any(|role| *role != Role::Run) {
        return;
    }
    let run = prepared.pipeline;
    match MadeBy::load(folder) {
        Some(before) => match MadeBy::of(prepared.spec).replaces(&before, run) {
            Some(Replaced {
                told,
                is_strange: true,
            }) => warn!("{told}"),
            Some(Replaced { told, .. }) => info!("{told}"),
            None => {}
        },
        None => {
            if let Some(told) = made_by::unknown(names, &prepared.graph, run) {
                warn!("{told}");
            }
        }
    }
}

/// Bytes of files that are read before a run only to check them.
const READ_BEFOREHAND: u64 = 256 << 20;

/// The texts of a preview: those that are there, and those of files that are small enough to read now. They
/// last as long as the folder.
fn read_beforehand(
    prepared: &Prepared<'_>,
    names: &Names,
    records: &[Option<Record>],
) -> Result<(BTreeMap<NodeId, Texts>, tempfile::TempDir), Error> {
    let mut texts = prepared.texts(records)?;
    let folder = tempfile::tempdir().map_err(|source| goldpan_artifact::Error::Write {
        path: std::env::temp_dir(),
        source,
    })?;
    for (node, part) in prepared.graph.nodes.iter().enumerate() {
        let Work::Ingest(settings) = &part.work else {
            continue;
        };
        if prepared.roles[node] != Role::Run || texts.contains_key(&node) {
            continue;
        }
        let Some(config) = ingest_config(settings, names)? else {
            continue;
        };
        let bytes = config
            .inputs()
            .iter()
            .map(|path| path.metadata().map_or(0, |it| it.len()));
        if bytes.sum::<u64>() > READ_BEFOREHAND {
            continue;
        }
        let path = folder.path().join(format!("{node}.arrow"));
        let failed = |error: StageError| prepared.failed(node, records, error);
        goldpan_ingest::ingest(&config, &path, &Silent).map_err(|error| failed(error.into()))?;
        texts.insert(
            node,
            Texts::open(path).map_err(|error| failed(error.into()))?,
        );
    }
    Ok((texts, folder))
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
    folder.sweep(lock)?;
    if finished && nodes().enumerate().all(is_over) {
        folder.keep_only(&kept)?;
        MadeBy::of(prepared.spec).save(folder.path())?;
    }
    Ok(())
}
