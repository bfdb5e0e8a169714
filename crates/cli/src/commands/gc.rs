//! `goldpan gc`

use std::collections::{BTreeMap, BTreeSet};

use goldpan_store::{Collect, Store};

use crate::app::App;
use crate::args::GcArgs;
use crate::error::Error;
use crate::output::{count, line_of};

/// Runs that are named; of more the number is told.
const RUNS: usize = 20;

/// Characters of a run's parts that are shown.
const PARTS: usize = 200;

/// Removes what no run uses.
pub fn run(args: &GcArgs, app: &App) -> Result<(), Error> {
    let store = Store::open(&args.store)?;
    if !args.store.exists() {
        return Err(Error::NoStore {
            path: args.store.clone(),
        });
    }
    let report = store.gc(Collect {
        dry_run: args.dry_run,
        superseded: args.superseded,
    })?;
    let removed = match args.dry_run {
        true => "would remove",
        false => "removed",
    };
    for line in of_runs(&report.lost) {
        app.say(&format!("{removed} of {line}"));
    }
    for (run, names) in &report.superseded {
        let parts = parts(names.iter().map(String::as_str));
        app.say(&format!(
            "kept, though superseded (--superseded removes it): of {run}: {parts}"
        ));
    }
    app.say(&format!(
        "{removed} {}, {} and {} of unfinished work ({:.1} MB); {} kept",
        count(report.objects, "object"),
        count(report.records, "record"),
        count(report.unfinished, "leftover"),
        report.bytes as f64 / 1e6,
        count(report.kept, "object"),
    ));
    Ok(())
}

/// A line for each run that loses results, with its arms and stages.
fn of_runs(names: &BTreeSet<String>) -> Vec<String> {
    let mut runs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        let (run, part) = name.split_once('/').unwrap_or((name, ""));
        runs.entry(run).or_default().push(part);
    }
    let more = runs.len().saturating_sub(RUNS);
    let line = |(run, names): (&str, Vec<&str>)| {
        format!("{}: {}", line_of(run, PARTS), parts(names.into_iter()))
    };
    let mut lines: Vec<String> = runs.into_iter().take(RUNS).map(line).collect();
    if more > 0 {
        lines.push(count(more as u64, "other run"));
    }
    lines
}

/// The arms and stages that results belong to, each with how many it has: `margin (6 results), vectors`.
fn parts<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *parts.entry(part(name)).or_default() += 1;
    }
    let told = parts.into_iter().map(|(part, results)| match results {
        1 => part.to_owned(),
        results => format!("{part} ({results} results)"),
    });
    line_of(&told.collect::<Vec<_>>().join(", "), PARTS)
}

/// `margin` of `seed0/margin/round1/train`; a stage is its own part.
fn part(name: &str) -> &str {
    let is_seed = |first: &str| {
        let number = first.strip_prefix("seed");
        number.is_some_and(|number| number.parse::<u64>().is_ok())
    };
    match name.split_once('/') {
        Some((first, rest)) if is_seed(first) => rest.split('/').next().unwrap_or(rest),
        Some((first, _)) => first,
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_with_their_arms_and_stages() {
        let names = [
            "small/vectors",
            "small/seed0/margin/round1/train",
            "small/seed1/margin/round1/train",
            "small/seed0/start/label",
            "small/start/zero-shot/evaluate",
            "other/pool",
        ];
        let names = names.map(str::to_owned).into();
        assert_eq!(
            of_runs(&names),
            [
                "other: pool",
                "small: margin (2 results), start (2 results), vectors"
            ]
        );
        let many: BTreeSet<String> = (0..30).map(|run| format!("run{run}/pool")).collect();
        let lines = of_runs(&many);
        assert_eq!((lines.len(), lines[20].as_str()), (21, "10 other runs"));
    }
}
