//! The loop's settings.

use goldpan_select::{Budget, Rule, Strategy};

use crate::kind::StageKind;
use crate::spec::check::context::Context;
use crate::spec::check::references::Given;
use crate::spec::named::Named;
use crate::spec::options::{InitOptions, LabelsOptions, LoopOptions, StartOptions, TrainOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::{Arm, LabelSource, Loop, Name, Start};
use crate::spec::source::Side;

/// What the loop calls its shared first model where an arm's name could stand.
pub(super) const START: &str = "start";

/// What the loop calls its baseline where an arm's name could stand.
const ZERO_SHOT: &str = "zero-shot";

impl<'a> Context<'a> {
    /// The loop's settings.
    pub(super) fn experiment(
        &mut self,
        options: &'a LoopOptions,
        seeds: Option<&[u64]>,
    ) -> Option<Loop> {
        let path = &KeyPath::root().key("loop");
        let seeds = self.seeds(seeds);
        let pool = self.stage(&path.key("pool"), &options.pool, StageKind::Ingest);
        let validation = path.key("validation");
        let validation = self.validation(&validation, &options.validation, &options.pool);
        let test = self.test(&path.key("test"), options);
        let embeddings = self.made_from(
            &path.key("embeddings"),
            options.embeddings.as_deref(),
            StageKind::Embed,
            pool.as_ref().map(Name::as_str),
        );
        let model = path.key("model");
        let base = self.base(&model, &options.model);
        let standard = TrainOptions::default();
        let train = options.train.as_ref().unwrap_or(&standard);
        let training = self.training(
            &path.key("train"),
            train,
            &model,
            &options.model,
            &options.pool,
        );
        let start = self.start(&path.key("start"), options, pool.as_ref());
        let zero_shot = self.baseline(
            &path.key("zero_shot"),
            options.zero_shot.as_deref(),
            validation.as_ref().map(Name::as_str),
        );
        let rounds = self.rounds(&path.key("rounds"), options);
        let metric = options.metric.clone().unwrap_or_default();
        let metric_class = self.metric_class(&path.key("metric"), &metric, options);
        let stop = self.stop(&path.key("stop"), options);
        let arms = self.arms(&path.key("arms"), options);
        let report = self.report(path, options, &metric);
        Some(Loop {
            seeds: seeds?,
            pool: pool?,
            validation: validation?,
            test: test?,
            exclude_shared: options.exclude_shared.unwrap_or_default(),
            embeddings: embeddings?,
            labels: match options.labels {
                LabelsOptions::Oracle => LabelSource::Oracle,
            },
            base: base?,
            training: training?,
            continues: train.init == Some(InitOptions::Previous),
            start: start?,
            rounds: rounds?,
            metric,
            metric_class: metric_class?,
            stop: stop?,
            arms: arms?,
            zero_shot: zero_shot?,
            report: report?,
        })
    }

    /// The texts to test on, where there are some: neither the pool nor those to validate on.
    fn test(&mut self, path: &KeyPath, options: &LoopOptions) -> Option<Option<Name>> {
        let Some(name) = &options.test else {
            return Some(None);
        };
        if *name == options.validation {
            let texts = name.clone();
            return self.wrong(path, ProblemKind::ValidatedOn { texts });
        }
        self.validation(path, name, &options.pool).map(Some)
    }

    fn start(
        &mut self,
        path: &KeyPath,
        options: &'a LoopOptions,
        pool: Option<&Name>,
    ) -> Option<Start> {
        let select = match &options.start {
            StartOptions::Random(count) => {
                return Some(Start {
                    count: Budget::Count(self.count(&path.key("random"), *count)?.get()),
                    strategy: Rule::from(Strategy::Random {}),
                    predictions: None,
                });
            }
            StartOptions::Select(select) => select,
        };
        let path = &path.key("select");
        let count = self.budget(&path.key("count"), select.count, [&select.strategy]);
        let strategy = self.rule(&path.key("strategy"), &select.strategy);
        self.needs(
            &path.key("strategy"),
            &select.strategy,
            Given {
                embeddings: options.embeddings.is_some(),
                predictions: select.predictions.is_some(),
            },
        );
        self.columns(&path.key("strategy"), &select.strategy, &options.pool);
        let predictions = self.made_from(
            &path.key("predictions"),
            select.predictions.as_deref(),
            StageKind::Predict,
            pool.map(Name::as_str),
        );
        Some(Start {
            count: count?,
            strategy: strategy?,
            predictions: predictions?,
        })
    }

    fn seeds(&mut self, seeds: Option<&[u64]>) -> Option<Vec<u64>> {
        let Some(seeds) = seeds else {
            return Some(vec![0]);
        };
        let path = &KeyPath::root().key("seeds");
        self.some_of(path, seeds, "give at least one seed")?;
        Some(seeds.to_vec())
    }

    fn rounds(&mut self, path: &KeyPath, options: &LoopOptions) -> Option<Vec<Budget>> {
        let rules = || options.arms.0.iter().map(|(_, rule)| rule);
        let rounds = &options.rounds;
        if rounds.is_empty() {
            let expected = "say how many texts to label in each round";
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        let counts: Vec<_> = rounds
            .iter()
            .enumerate()
            .map(|(i, round)| self.budget(&path.index(i), *round, rules()))
            .collect();
        counts.into_iter().collect()
    }

    fn arms(&mut self, path: &KeyPath, options: &LoopOptions) -> Option<Vec<Arm>> {
        let Named(arms) = &options.arms;
        if arms.is_empty() {
            let expected = "name at least one strategy";
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        let given = Given {
            embeddings: options.embeddings.is_some(),
            predictions: true,
        };
        let arms: Vec<_> = arms
            .iter()
            .map(|(name, strategy)| {
                let path = path.key(name);
                let name = self.arm_name(&path, name);
                let checked = self.rule(&path, strategy);
                self.needs(&path, strategy, given);
                self.columns(&path, strategy, &options.pool);
                Some(Arm {
                    name: name?,
                    strategy: checked?,
                })
            })
            .collect();
        arms.into_iter().collect()
    }

    /// An arm's name: `--only` and the like take it beside stages' names and kinds.
    fn arm_name(&mut self, path: &KeyPath, name: &str) -> Option<Name> {
        let meaning = if name == START {
            "what the arms have in common"
        } else if name == ZERO_SHOT {
            "the model that the arms are compared with"
        } else if StageKind::ALL.iter().any(|kind| kind.name() == name) {
            "a kind of stage"
        } else if self.find(name).is_some() {
            "a stage"
        } else {
            return self.name(path, Side::Key, name);
        };
        let found = name.to_owned();
        let what = "an arm";
        let kind = ProblemKind::TakenName {
            found,
            what,
            meaning,
        };
        self.wrong_key(path, kind)
    }
}
