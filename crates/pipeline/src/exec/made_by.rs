//! Which pipeline made a run's folder: so that another one of the same name does not take its place
//! without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use goldpan_artifact::{Digest, atomic};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::plan::Graph;
use crate::spec::{IngestSettings, Pipeline, StageSettings};

/// The name of the file in the run's folder.
const FILE: &str = "made-by.json";

/// What decides a run's results, as far as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MadeBy {
    /// The pipeline file, as it was given.
    file: String,
    /// Each arm's rule.
    arms: BTreeMap<String, Value>,
    seeds: Vec<u64>,
    start: Value,
    rounds: Vec<Value>,
    /// The base model, and how models are trained.
    training: Option<Digest>,
    /// The stages, each with what decides its result.
    stages: BTreeMap<String, Digest>,
}

/// What a run takes the place of.
#[derive(Debug, PartialEq)]
pub(super) struct Replaced {
    /// A sentence.
    pub told: String,
    /// Whether it may not be meant: another file, or arms that are gone.
    pub is_strange: bool,
}

impl MadeBy {
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        let stages = pipeline.stages.iter().map(|stage| {
            (
                stage.name.to_string(),
                Digest::of(settings(&stage.settings)),
            )
        });
        let mut made = Self {
            file: pipeline.file.clone(),
            arms: BTreeMap::new(),
            seeds: Vec::new(),
            start: Value::Null,
            rounds: Vec::new(),
            training: None,
            stages: stages.collect(),
        };
        if let Some(experiment) = &pipeline.experiment {
            let arms = experiment.arms.iter();
            made.arms = arms
                .map(|arm| (arm.name.to_string(), json!(arm.strategy)))
                .collect();
            made.seeds.clone_from(&experiment.seeds);
            let start = &experiment.start;
            made.start = json!({ "count": start.count, "strategy": start.strategy });
            made.rounds = experiment.rounds.iter().map(|round| json!(round)).collect();
            let training = json!([experiment.base, experiment.training, experiment.continues]);
            made.training = Some(Digest::of(training.to_string()));
        }
        made
    }

    /// What the last whole run in this folder was made by; `None` where it does not tell.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        let bytes = std::fs::read(folder.join(FILE)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), Error> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        atomic::write_bytes(folder.join(FILE), text.as_bytes())?;
        Ok(())
    }

    /// What this run would no longer link to of what `before` made in the same place; `None` where all of
    /// it stays.
    pub(super) fn replaces(&self, before: &Self, run: &str) -> Option<Replaced> {
        let mut others = Vec::new();
        let gone = |name: &&String| self.arms.get(*name) != before.arms.get(*name);
        let arms: Vec<&str> = before
            .arms
            .keys()
            .filter(gone)
            .map(String::as_str)
            .collect();
        if !arms.is_empty() {
            let named: Vec<&str> = before.arms.keys().map(String::as_str).collect();
            others.push(format!("other arms ({})", named.join(", ")));
        }
        let seeds: BTreeSet<&u64> = self.seeds.iter().collect();
        if before.seeds.iter().any(|seed| !seeds.contains(seed)) {
            let seeds: Vec<String> = before.seeds.iter().map(u64::to_string).collect();
            others.push(format!("other seeds ({})", seeds.join(", ")));
        }
        if self.start != before.start {
            others.push("another start".to_owned());
        }
        if !self.rounds.starts_with(&before.rounds) {
            others.push("other rounds".to_owned());
        }
        if self.training != before.training {
            others.push("another model or training".to_owned());
        }
        let changed = |name: &&String| self.stages.get(*name) != before.stages.get(*name);
        let stages: Vec<&str> = before
            .stages
            .keys()
            .filter(changed)
            .map(String::as_str)
            .collect();
        if !stages.is_empty() {
            others.push(format!("other stages ({})", stages.join(", ")));
        }
        let last = others.pop()?;
        let others = match others.is_empty() {
            true => last,
            false => format!("{} and {last}", others.join(", ")),
        };
        let is_strange = self.file != before.file || !arms.is_empty();
        let what = match before.training {
            Some(_) => "models",
            None => "results",
        };
        Some(Replaced {
            told: format!(
                "runs/{run} was made by {} with {others}; its {what} that this run does not have are no \
                 longer linked once it is done (`goldpan gc` keeps those of one run before, unless \
                 --superseded)",
                before.file
            ),
            is_strange,
        })
    }
}

/// What decides a stage's result, wherever the pipeline is run from.
fn settings(settings: &StageSettings) -> String {
    match settings {
        StageSettings::Ingest(IngestSettings::Files(config)) => {
            let names: Vec<_> = config
                .inputs()
                .iter()
                .map(|path| path.file_name())
                .collect();
            format!("{names:?} {}", json!(config))
        }
        other => format!("{other:?}"),
    }
}

/// What is told of a run's folder that does not say what it was made by, of which links would be lost.
pub(super) fn unknown(names: &BTreeSet<String>, graph: &Graph, run: &str) -> Option<String> {
    let known: BTreeSet<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    let lost = names
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .count();
    (lost > 0).then(|| {
        format!(
            "runs/{run} has {lost} results of another pipeline of this name: they are no longer linked \
             once this run is done"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "\
name: small
seeds: [0]
stages:
  pool:       { ingest: { input: pool.csv } }
  validation: { ingest: { input: dev.csv } }
loop:
  pool: pool
  validation: validation
  labels: oracle
  model: { base: m }
  start: { random: 40 }
  rounds: [20]
  arms: { random: random, margin: margin }
";

    fn made(file: &str, changes: &[(&str, &str)]) -> MadeBy {
        let mut text = FIRST.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        MadeBy::of(&Pipeline::parse(file, &text, &[]).unwrap())
    }

    fn told(file: &str, changes: &[(&str, &str)]) -> Option<(String, bool)> {
        let replaced = made(file, changes).replaces(&made("first.yaml", &[]), "small")?;
        let told = replaced
            .told
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        Some((told, replaced.is_strange))
    }

    #[test]
    fn what_is_replaced_is_told_by_what_differs() {
        let other = ("margin: margin", "entropy: entropy");
        assert_eq!(
            told("second.yaml", &[other, ("random: 40", "random: 30")]).unwrap(),
            (
                "runs/small was made by first.yaml with other arms (margin, random) and another start"
                    .to_owned(),
                true
            )
        );
        let (text, strange) = told(
            "first.yaml",
            &[
                ("[0]", "[1, 2]"),
                ("[20]", "[10]"),
                ("base: m", "base: n"),
                ("dev.csv", "new.csv"),
            ],
        )
        .unwrap();
        assert_eq!(
            text,
            "runs/small was made by first.yaml with other seeds (0), other rounds, another model or \
             training and other stages (validation)"
        );
        assert!(!strange);
        assert!(told("first.yaml", &[(", margin: margin", "")]).unwrap().1);
    }

    #[test]
    fn what_only_adds_replaces_nothing() {
        for changes in [
            ("[0]", "[0, 1]"),
            ("[20]", "[20, 20]"),
            ("margin: margin", "margin: margin, entropy: entropy"),
        ] {
            assert_eq!(told("first.yaml", &[changes]), None, "{changes:?}");
        }
        assert_eq!(told("renamed.yaml", &[]), None);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(MadeBy::load(folder.path()), None);
        made("a.yaml", &[]).save(folder.path()).unwrap();
        assert_eq!(MadeBy::load(folder.path()), Some(made("a.yaml", &[])));
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(MadeBy::load(folder.path()), None);
    }
}
