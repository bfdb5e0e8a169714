//! Everything that a report tells, before it is rendered.

use std::collections::BTreeMap;
use std::path::Path;

use goldpan_artifact::Texts;
use goldpan_evidence::{Evidence, Measure, Question, Trained};

use crate::calibration::Calibrated;
use crate::chart::COLOURS;
use crate::error::Error;
use crate::map::Map;
use crate::picks::Picks;
use crate::pool::Mixture;
use crate::pool::Pool;
use crate::run::{Model, Run};
use crate::training::Training;

/// What the tables of a run say.
pub(crate) struct Findings<'a> {
    pub run: &'a Run,
    /// Of the best epoch.
    pub evidence: Evidence,
    /// By the other measures of accuracy, as far as they were measured.
    pub others: Vec<Evidence>,
    /// The arms that charts show, each with its colour.
    pub shown: Vec<String>,
    pub training: Vec<Training>,
    pub classes: Vec<String>,
    pub pool: Pool,
    /// What the whole pool is like.
    pub mixture: Mixture,
    /// Where there are embeddings.
    pub map: Option<Map>,
    pub picks: Vec<Picks>,
    /// Where there are test texts.
    pub calibrated: Vec<Calibrated>,
}

impl<'a> Findings<'a> {
    /// What the run in `folder` shows; its paths are seen from outside.
    pub(crate) fn of(run: &'a Run, folder: &Path) -> Result<Self, Error> {
        let trained: Vec<Trained> = run
            .models
            .iter()
            .map(|model| model.trained.clone())
            .collect();
        let by = |measure| {
            let question = Question {
                measure,
                ..run.question.clone()
            };
            Evidence::of(&trained, &question)
        };
        let evidence = by(Measure::Peak)?;
        let others = [by(Measure::Last)?, by(Measure::Test)?];
        let pool = Pool::open(run)?;
        let test = run.test.as_ref().map(Texts::open).transpose()?;
        let arms = || evidence.arms.iter().map(|arm| arm.arm.as_str());
        let shown = shown(&evidence);
        Ok(Self {
            map: Map::of(run, &shown, &pool, folder)?,
            shown,
            training: arms()
                .filter_map(|arm| Training::of(arm, &last(arm, run)).transpose())
                .collect::<Result<_, _>>()?,
            calibrated: test.map_or(Ok(Vec::new()), |test| {
                arms()
                    .filter_map(|arm| Calibrated::of(arm, &last(arm, run), &test).transpose())
                    .collect()
            })?,
            picks: arms()
                .map(|arm| Picks::of(arm, &run.models, &pool))
                .collect::<Result<_, _>>()?,
            classes: pool.texts.classes().to_vec(),
            mixture: pool.mixture(),
            pool,
            others: others
                .into_iter()
                .filter(|other| !other.points.is_empty())
                .collect(),
            evidence,
            run,
        })
    }

    /// What has to be known of the numbers, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        [self.evidence.notes(), self.run.notes.clone()].concat()
    }

    /// The number of an arm's colour; `None` of an arm that charts leave out.
    pub(crate) fn colour(&self, arm: &str) -> Option<usize> {
        self.shown.iter().position(|shown| shown == arm)
    }
}

/// The models of an arm's last round in each seed.
fn last<'a>(arm: &str, run: &'a Run) -> Vec<&'a Model> {
    let of_arm = |model: &&Model| model.trained.arm.as_deref() == Some(arm);
    let mut last = BTreeMap::new();
    for model in run.models.iter().filter(of_arm) {
        let (seed, round) = (model.trained.seed, model.trained.round);
        let kept = last.entry(seed).or_insert(model);
        if kept.trained.round < round {
            *kept = model;
        }
    }
    last.into_values().collect()
}

/// As many arms as there are colours: the baseline, then those with the best accuracy at the end.
fn shown(evidence: &Evidence) -> Vec<String> {
    let mut arms: Vec<_> = evidence.arms.iter().collect();
    if arms.len() > COLOURS.len() {
        arms.sort_by(|a, b| b.accuracy.value.total_cmp(&a.accuracy.value));
    }
    let is_baseline = |name: &str| evidence.baseline.as_deref() == Some(name);
    arms.sort_by_key(|arm| !is_baseline(&arm.arm));
    let names = arms.into_iter().map(|arm| arm.arm.clone());
    names.take(COLOURS.len()).collect()
}
