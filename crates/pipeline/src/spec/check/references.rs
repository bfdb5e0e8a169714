//! References between stages: what is made from what, and what a strategy looks at.

use std::path::Path;
use std::sync::Arc;

use goldpan_select::{Budget, Rule};

use crate::kind::StageKind;
use crate::spec::check::context::Context;
use crate::spec::options::{SelectOptions, StageOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::Name;

/// What a strategy is given to look at.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) embeddings: bool,
    pub(super) predictions: bool,
}

impl SelectOptions {
    /// The name of the texts to pick from: given, or those of what is given.
    pub(super) fn pool<'a>(&'a self, context: &Context<'a>) -> Option<&'a str> {
        self.texts.as_deref().or_else(|| {
            let made = self.embeddings.as_deref().or(self.predictions.as_deref());
            context.texts_of(made?)
        })
    }
}

impl StageOptions {
    /// The stages' names that this one refers to. A model's name may be one of them.
    pub(super) fn references(&self) -> Vec<&str> {
        match self {
            Self::Ingest(_) => Vec::new(),
            Self::Embed(embed) => vec![&embed.texts],
            Self::Train(train) => {
                let mut names = vec![train.texts.as_str(), &train.validation];
                names.extend(train.labelled.as_deref());
                names.extend(train.init.as_deref());
                names
            }
            Self::Predict(predict) => vec![&predict.texts, &predict.model],
            Self::Select(select) => {
                let names = [
                    &select.texts,
                    &select.embeddings,
                    &select.predictions,
                    &select.labelled,
                ];
                names
                    .into_iter()
                    .filter_map(|name| name.as_deref())
                    .collect()
            }
            Self::Evaluate(evaluate) => vec![&evaluate.predictions, &evaluate.texts],
        }
    }
}

impl<'a> Context<'a> {
    /// The name of the texts that a stage reads; an `ingest` stage is its own texts.
    fn texts_of(&self, name: &'a str) -> Option<&'a str> {
        match self.find(name)? {
            StageOptions::Ingest(_) => Some(name),
            StageOptions::Embed(embed) => Some(&embed.texts),
            StageOptions::Train(train) => Some(&train.texts),
            StageOptions::Predict(predict) => Some(&predict.texts),
            StageOptions::Evaluate(evaluate) => Some(&evaluate.texts),
            StageOptions::Select(select) => match &select.texts {
                Some(texts) => Some(texts),
                None => {
                    let made = select.embeddings.as_ref().or(select.predictions.as_ref())?;
                    match self.find(made)? {
                        StageOptions::Embed(embed) => Some(&embed.texts),
                        StageOptions::Predict(predict) => Some(&predict.texts),
                        _ => None,
                    }
                }
            },
        }
    }

    /// A stage of a kind that has to be made from certain texts, where one may be given.
    pub(super) fn made_from(
        &mut self,
        path: &KeyPath,
        name: Option<&'a str>,
        kind: StageKind,
        texts: Option<&str>,
    ) -> Option<Option<Name>> {
        let Some(name) = name else {
            return Some(None);
        };
        let stage = self.stage(path, name, kind)?;
        match (self.texts_of(name), texts) {
            (Some(of), Some(wanted)) if of != wanted => self.wrong(
                path,
                ProblemKind::OtherTexts {
                    stage: name.to_owned(),
                    of: of.to_owned(),
                    wanted: wanted.to_owned(),
                },
            ),
            _ => Some(Some(stage)),
        }
    }

    /// The texts to validate on, which are not those trained on.
    pub(super) fn validation(&mut self, path: &KeyPath, name: &str, trained: &str) -> Option<Name> {
        let stage = self.stage(path, name, StageKind::Ingest)?;
        if name == trained {
            let texts = name.to_owned();
            return self.wrong(path, ProblemKind::TrainedOn { texts });
        }
        Some(stage)
    }

    /// A rule that does not contradict itself.
    pub(super) fn rule(&mut self, path: &KeyPath, rule: &Rule) -> Option<Rule> {
        match rule.check() {
            Ok(()) => Some(rule.clone()),
            Err(error) => self.wrong_key(path, ProblemKind::Strategy(Arc::new(error))),
        }
    }

    /// A budget that suits each of the rules.
    pub(super) fn budget<'r>(
        &mut self,
        path: &KeyPath,
        budget: Budget,
        rules: impl IntoIterator<Item = &'r Rule>,
    ) -> Option<Budget> {
        let checks = rules.into_iter().map(|rule| budget.check(&rule.strategy));
        match checks.collect() {
            Ok(()) => Some(budget),
            Err(error) => self.wrong(path, ProblemKind::Strategy(Arc::new(error))),
        }
    }

    /// Notes what a rule looks at and is not given.
    pub(super) fn needs(&mut self, path: &KeyPath, strategy: &Rule, given: Given) {
        let missing = [
            (
                strategy.needs_embeddings() && !given.embeddings,
                "embeddings",
                "an `embed` stage",
            ),
            (
                strategy.needs_predictions() && !given.predictions,
                "predictions",
                "a `predict` stage",
            ),
        ];
        for (_, field, stage) in missing.into_iter().filter(|(missing, ..)| *missing) {
            let strategy = strategy.to_string();
            let kind = ProblemKind::Needs {
                strategy,
                field,
                stage,
            };
            self.wrong_key::<()>(path, kind);
        }
    }

    /// Notes a column that a rule looks at and that the `ingest` stage of its texts does not keep.
    pub(super) fn columns(&mut self, path: &KeyPath, rule: &Rule, texts: &str) {
        let Some(StageOptions::Ingest(ingest)) = self.find(texts) else {
            return;
        };
        let columns = ingest.metadata_columns.iter().flatten();
        let columns: Vec<String> = columns.map(|column| column.0.to_string()).collect();
        if let Err(error) = rule.check_columns(&columns, Path::new(texts)) {
            self.wrong_key::<()>(path, ProblemKind::Strategy(Arc::new(error)));
        }
    }

    /// The stages, each after those it refers to, else in the order of the file. `None` after
    /// noting that some need each other.
    pub(super) fn in_order(&mut self) -> Option<Vec<&'a str>> {
        let mut order = Vec::new();
        for (name, _) in self.stages() {
            let mut above = Vec::new();
            if let Err(circle) = self.visit(name, &mut above, &mut order) {
                let path = KeyPath::root().key("stages").key(circle[0]);
                let circle = circle.into_iter().map(str::to_owned).collect();
                return self.wrong_key(&path, ProblemKind::Circle { circle });
            }
        }
        Some(order)
    }

    /// Adds a stage after those it refers to; the error is a circle.
    fn visit(
        &self,
        name: &'a str,
        above: &mut Vec<&'a str>,
        order: &mut Vec<&'a str>,
    ) -> Result<(), Vec<&'a str>> {
        if order.contains(&name) {
            return Ok(());
        }
        if let Some(start) = above.iter().position(|other| *other == name) {
            let mut circle = above[start..].to_vec();
            circle.push(name);
            return Err(circle);
        }
        let Some(stage) = self.find(name) else {
            return Ok(());
        };
        above.push(name);
        for reference in stage.references() {
            self.visit(reference, above, order)?;
        }
        above.pop();
        order.push(name);
        Ok(())
    }
}
