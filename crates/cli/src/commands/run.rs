//! `goldpan run`

use comfy_table::{Cell, CellAlignment, Table, presets};
use goldpan_evidence::{Difference, Evidence};
use goldpan_pipeline::plan::Scope;
use goldpan_pipeline::spec::Pipeline;
use goldpan_pipeline::{ModelRow, Outcome, RunOptions, preview, run as run_pipeline};
use goldpan_report::duration;
use goldpan_sources::Places;

use crate::app::App;
use crate::args::RunArgs;
use crate::error::Error;
use crate::output::{grouped, line_of, print, print_path};

/// Characters of a note that are shown.
const NOTE: usize = 2000;

/// Characters of the metric's name in the table.
const METRIC: usize = 40;

/// Runs a pipeline, or says what would run.
pub fn run(args: &RunArgs, app: &App) -> Result<(), Error> {
    let pipeline = Pipeline::load(&args.file, &args.set)?;
    let options = RunOptions {
        store: args.store.clone(),
        scope: scope(args),
        force: args.force.clone(),
        device: args.device.device,
        memory_limit: args.memory_limit,
        trainings: args.trainings,
    };
    let places = Places::from_env()?;
    if args.dry_run {
        let preview = preview(&pipeline, &options, &places, app.progress())?;
        return print(&format!("{preview}\n"));
    }
    let outcome = run_pipeline(&pipeline, &options, &places, app.progress())?;
    let evidence = &outcome.evidence;
    if !evidence.points.is_empty() {
        let baseline = outcome.models.iter().find(|model| model.seed.is_none());
        app.say(&table(baseline, evidence).to_string());
        app.say(&evidence.headline());
        for note in &outcome.notes {
            app.say(&line_of(note, NOTE));
        }
    }
    app.say(&line(&outcome));
    print_path(&outcome.folder)
}

fn scope(args: &RunArgs) -> Scope {
    match (&args.only, &args.from) {
        (Some(stage), _) => Scope::Only(stage.clone()),
        (None, Some(stage)) => Scope::From(stage.clone()),
        (None, None) => Scope::All,
    }
}

/// `12 stages run, 30 cached, in 3 min 20 s`
fn line(outcome: &Outcome) -> String {
    format!(
        "{} run, {} cached, in {}",
        match outcome.ran {
            1 => "1 stage".to_owned(),
            ran => format!("{ran} stages"),
        },
        outcome.reused,
        duration(outcome.took.as_secs_f64()),
    )
}

/// The comparison of the arms: the metric as mean and deviation over the seeds, gain over the baseline and
/// its corrected p-value. First the model without training, if there is one.
fn table(baseline: Option<&ModelRow>, evidence: &Evidence) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let over = evidence.baseline.as_ref();
    let gain = over.map_or("gain".to_owned(), |over| format!("gain over {over}"));
    table.set_header([
        "arm",
        "round",
        "labelled",
        &line_of(&evidence.metric.to_string(), METRIC),
        &gain,
        "p",
    ]);
    if let Some(model) = baseline {
        let accuracy = model.metric.map(|value| format!("{value:.4}"));
        let accuracy = right(accuracy.unwrap_or_default());
        let none = || right("0".to_owned());
        table.add_row([Cell::new(&model.arm), none(), none(), accuracy]);
    }
    for point in &evidence.points {
        let accuracy = match point.accuracy.deviation {
            Some(deviation) => format!("{:.4} ± {deviation:.4}", point.accuracy.value),
            None => format!("{:.4}", point.accuracy.value),
        };
        let difference = point.difference.as_ref();
        let gain = difference.map(|difference| format!("{:+.4}", difference.mean));
        let p = difference.and_then(|difference| difference.corrected_p);
        let p = match difference.is_some_and(Difference::has_no_spread) {
            true => Some("none".to_owned()),
            false => p.map(|p| format!("{p:.3}")),
        };
        table.add_row([
            Cell::new(point.arm.as_deref().unwrap_or("start")),
            right(point.round.to_string()),
            right(grouped(point.labelled.round() as u64)),
            right(accuracy),
            right(gain.unwrap_or_default()),
            right(p.unwrap_or_default()),
        ]);
    }
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use goldpan_evidence::{Question, Trained};

    use super::*;

    #[test]
    fn arms_stand_below_each_other() {
        let model = |arm: Option<&str>, seed, accuracy| Trained {
            arm: arm.map(str::to_owned),
            seed,
            round: u32::from(arm.is_some()),
            labelled: 40_000,
            peak: accuracy,
            last: accuracy,
            test: None,
            loss: None,
            only: None,
            chosen: None,
            stopped: false,
        };
        let rows = [
            model(None, 0, 0.9306),
            model(Some("random"), 0, 0.9381),
            model(Some("random"), 1, 0.9431),
            model(Some("diversity-margin"), 0, 0.9361),
            model(Some("diversity-margin"), 1, 0.9399),
        ];
        let evidence = Evidence::of(&rows, &Question::against("random")).unwrap();
        let baseline = ModelRow {
            arm: "zero-shot".to_owned(),
            seed: None,
            round: 0,
            labelled: 0,
            epoch: None,
            accuracy: 0.7534,
            loss: 0.5,
            macro_f1: 0.75,
            seconds: 1.0,
            object: "abc".to_owned(),
            last_accuracy: None,
            test_accuracy: None,
            last_macro_f1: None,
            test_macro_f1: None,
            metric: Some(0.7534),
            last_metric: None,
            test_metric: None,
            equal_epochs: None,
            only_class: None,
            trained: None,
            stopped: false,
        };
        insta::assert_snapshot!(table(Some(&baseline), &evidence));
    }
}
