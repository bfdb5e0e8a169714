//! `goldpan run`

use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use goldpan_pipeline::plan::Scope;
use goldpan_pipeline::spec::Pipeline;
use goldpan_pipeline::{ArmRow, Outcome, RunOptions, preview, run as run_pipeline};
use goldpan_sources::Places;

use crate::app::App;
use crate::args::RunArgs;
use crate::error::Error;
use crate::output::{grouped, print, print_path};

/// Runs a pipeline, or says what would run.
pub fn run(args: &RunArgs, app: &App) -> Result<(), Error> {
    let pipeline = Pipeline::load(&args.file, &args.set)?;
    let options = RunOptions {
        store: args.store.clone(),
        scope: scope(args),
        force: args.force.clone(),
        device: args.device.device,
        memory_limit: args.memory_limit,
    };
    let places = Places::from_env()?;
    if args.dry_run {
        let preview = preview(&pipeline, &options, &places, app.progress())?;
        return print(&format!("{preview}\n"));
    }
    let outcome = run_pipeline(&pipeline, &options, &places, app.progress())?;
    let arms = outcome.arms();
    if !arms.is_empty() {
        app.say(&table(&arms).to_string());
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
        duration(outcome.took),
    )
}

fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{:.1} s", took.as_secs_f64()),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The comparison of the arms: accuracy as mean and deviation over the seeds, gain over random.
fn table(arms: &[ArmRow]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["arm", "round", "labelled", "accuracy", "gain over random"]);
    for arm in arms {
        let accuracy = match arm.deviation {
            Some(deviation) => format!("{:.4} ± {deviation:.4}", arm.mean),
            None => format!("{:.4}", arm.mean),
        };
        let gain = arm.gain.map(|gain| format!("{gain:+.4}"));
        table.add_row([
            Cell::new(&arm.arm),
            right(arm.round.to_string()),
            right(grouped(arm.labelled)),
            right(accuracy),
            right(gain.unwrap_or_default()),
        ]);
    }
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_fine_as_they_matter() {
        let of = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!(of(0.31), "0.3 s");
        assert_eq!(of(200.4), "3 min 20 s");
        assert_eq!(of(7_260.0), "2 h 1 min");
    }

    #[test]
    fn arms_stand_below_each_other() {
        let arm = |name: &str, round, deviation, gain| ArmRow {
            arm: name.to_owned(),
            round,
            labelled: 40_000,
            seeds: 5,
            mean: 0.9406,
            deviation,
            gain,
        };
        let arms = [
            arm("start", 0, None, None),
            arm("random", 1, Some(0.0021), None),
            arm("diversity-margin", 1, Some(0.0012), Some(-0.003)),
        ];
        insta::assert_snapshot!(table(&arms));
    }
}
