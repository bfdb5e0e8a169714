//! What the texts alone decide, checked once they are there and before any work on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use goldpan_artifact::Texts;
use goldpan_select::{Balance, Budget, Rule};
use goldpan_train::ClassWeights;
use tracing::warn;

use crate::exec::overlap::Shared;
use crate::exec::told::Places;
use crate::plan::{Classifier, Graph, NodeId, Role, Work};
use crate::spec::{Invalid, KeyPath, Loop, Pipeline, ProblemKind, StageSettings, TrainingSettings};
use crate::unfit::Unfit;

/// A pipeline and its texts.
pub(super) struct Foreseen<'a> {
    pub pipeline: &'a Pipeline,
    pub graph: &'a Graph,
    pub roles: &'a [Role],
    /// What the `ingest` nodes made, as far as it is there.
    pub texts: &'a BTreeMap<NodeId, Texts>,
    pub places: &'a Places,
}

/// What a check found: the key that asks for it, and what is wrong.
type Found = (KeyPath, Unfit);

impl Foreseen<'_> {
    /// Checks all that can be; warns of what may be meant.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let mut found = Vec::new();
        self.trainings(&mut found);
        self.evaluations(&mut found);
        self.without_training(&mut found);
        self.selections(&mut found);
        if let Some(experiment) = &self.pipeline.experiment
            && self.has_part("label")
        {
            self.experiment(experiment, &mut found);
        }
        let mut problems = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for (path, unfit) in found {
            let told = unfit.to_string();
            if !seen.contains(&told) {
                seen.push(told);
                problems.push(
                    self.pipeline
                        .problem(&path, ProblemKind::Unfit(Arc::new(unfit))),
                );
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Invalid::new(problems)),
        }
    }

    /// What of the loop's texts is shared or there twice.
    pub(super) fn shared(&self) -> Vec<String> {
        let Some(experiment) = &self.pipeline.experiment else {
            return Vec::new();
        };
        let table = |name: &'_ str| -> Option<&Texts> { self.texts.get(&self.node(name)?) };
        let (pool, validation) = (experiment.pool.as_str(), experiment.validation.as_str());
        let (Some(of_pool), Some(of_validation)) = (table(pool), table(validation)) else {
            return Vec::new();
        };
        let test = experiment.test.as_ref().map(|name| name.as_str());
        let shared = Shared {
            pool: (pool, of_pool),
            validation: (validation, of_validation),
            test: test.and_then(|name| Some((name, table(name)?))),
        };
        shared.told(experiment.exclude_shared)
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        self.graph.nodes.iter().position(|node| node.name == name)
    }

    fn name(&self, node: NodeId) -> &str {
        &self.graph.nodes[node].name
    }

    /// Whether any work of a kind is to be done.
    fn has_part(&self, kind: &str) -> bool {
        let nodes = self.graph.nodes.iter().zip(self.roles);
        nodes
            .filter(|(_, role)| **role == Role::Run)
            .any(|(node, _)| node.work.kind().name() == kind)
    }

    fn to_do(&self) -> impl Iterator<Item = (NodeId, &Work)> {
        let nodes = self.graph.nodes.iter().enumerate();
        let to_do = nodes.filter(|(node, _)| self.roles[*node] == Role::Run);
        to_do.map(|(node, part)| (node, &part.work))
    }

    /// The texts of each training, and those it is validated on.
    fn trainings(&self, found: &mut Vec<Found>) {
        let mut seen = Vec::new();
        for (_, work) in self.to_do() {
            let Work::Train {
                texts,
                validation,
                training,
                labelled,
                ..
            } = work
            else {
                continue;
            };
            if seen.contains(&(*texts, *validation, labelled.is_some())) {
                continue;
            }
            seen.push((*texts, *validation, labelled.is_some()));
            let stage = self.stage_path(*validation);
            if let Some(validated) = self.texts.get(validation) {
                let what = "models are measured by them";
                self.labels(*validation, validated, |_| true, what, found);
                if validated.is_empty() {
                    let stage_name = self.name(*validation).to_owned();
                    found.push((stage.clone(), Unfit::Empty { stage: stage_name }));
                }
            }
            let Some(learned) = self.texts.get(texts) else {
                continue;
            };
            if learned.is_empty() {
                let stage = self.name(*texts).to_owned();
                found.push((self.stage_path(*texts), Unfit::Empty { stage }));
                continue;
            }
            if let Some(validated) = self.texts.get(validation).filter(|it| it.has_labels()) {
                let pair = ((*texts, learned), (*validation, validated));
                if let Some(unfit) = self.classes(pair.0, pair.1, true) {
                    found.push((stage, unfit));
                    continue;
                }
                let so = "models are not measured by it";
                self.warn_of_absent((*validation, validated), (*texts, learned), so);
                let so = "no model can learn it";
                self.warn_of_absent((*texts, learned), (*validation, validated), so);
            }
            if learned.classes().len() < 2 {
                let unfit = Unfit::FewClasses {
                    stage: self.name(*texts).to_owned(),
                    class: learned.classes().first().cloned(),
                };
                found.push((self.stage_path(*texts), unfit));
            }
            self.class_weights(training, *texts, learned, found);
        }
    }

    /// Warns of classes, the same in two tables, that only texts of the second have.
    fn warn_of_absent(
        &self,
        (node, texts): (NodeId, &Texts),
        (other, others): (NodeId, &Texts),
        so: &str,
    ) {
        let has = |texts: &Texts| {
            let mut has = vec![false; texts.classes().len()];
            let labels = (0..texts.len()).filter_map(|row| texts.label(row));
            for label in labels.filter_map(|label| usize::try_from(label).ok()) {
                if let Some(has) = has.get_mut(label) {
                    *has = true;
                }
            }
            has
        };
        let both = has(texts).into_iter().zip(has(others)).zip(texts.classes());
        let absent: Vec<String> = both
            .filter(|((here, there), _)| !here && *there)
            .map(|(_, class)| class.clone())
            .collect();
        if let [first, rest @ ..] = absent.as_slice() {
            let (name, other) = (self.name(node), self.name(other));
            let more = match rest.len() {
                0 => String::new(),
                1 => " and one more class".to_owned(),
                more => format!(" and {more} more classes"),
            };
            warn!(
                "`{name}` has no text of the class `{first}`{more}, of which `{other}` has some: {so}"
            );
        }
    }

    fn class_weights(
        &self,
        training: &TrainingSettings,
        node: NodeId,
        texts: &Texts,
        found: &mut Vec<Found>,
    ) {
        if let ClassWeights::Given(given) = &training.config.class_weights
            && given.len() != texts.classes().len()
        {
            let unfit = Unfit::ClassWeights {
                given: given.len(),
                stage: self.name(node).to_owned(),
                classes: texts.classes().len(),
            };
            found.push((
                KeyPath::root()
                    .key("loop")
                    .key("train")
                    .key("class_weights"),
                unfit,
            ));
        }
    }

    /// The texts that models of the loop are tested on.
    fn evaluations(&self, found: &mut Vec<Found>) {
        let mut seen = Vec::new();
        for (_, work) in self.to_do() {
            let Work::Evaluate { predictions, texts } = work else {
                continue;
            };
            let Work::Predict { model, .. } = &self.graph.nodes[*predictions].work else {
                continue;
            };
            let Classifier::Trained(model) = model else {
                continue;
            };
            let Work::Train { texts: learned, .. } = &self.graph.nodes[*model].work else {
                continue;
            };
            if seen.contains(&(*texts, *learned)) {
                continue;
            }
            seen.push((*texts, *learned));
            let Some(tested) = self.texts.get(texts) else {
                continue;
            };
            if !tested.has_labels() {
                self.labels(*texts, tested, |_| true, "models are tested on them", found);
            }
            if let Some(known) = self.texts.get(learned)
                && let Some(unfit) = self.classes((*learned, known), (*texts, tested), false)
            {
                found.push((self.stage_path(*texts), unfit));
            }
        }
    }

    /// The classes that a model without training is asked for: those of the texts are among them.
    fn without_training(&self, found: &mut Vec<Found>) {
        for (node, work) in self.to_do() {
            let Work::Predict {
                texts,
                model: Classifier::ZeroShot { settings, .. },
                ..
            } = work
            else {
                continue;
            };
            let Some(asked) = self.texts.get(texts) else {
                continue;
            };
            let given: Vec<String> = settings
                .classes
                .iter()
                .map(|class| class.name.clone())
                .collect();
            if let Some(class) = asked.classes().iter().find(|class| !given.contains(class)) {
                let unfit = Unfit::NotAsked {
                    stage: self.name(node).to_owned(),
                    class: class.clone(),
                    texts: self.name(*texts).to_owned(),
                    given,
                };
                let path = self
                    .stage_path(node)
                    .key("predict")
                    .key("zero_shot")
                    .key("classes");
                found.push((path, unfit));
            }
        }
    }

    /// Whether the classes of two tables fit: those of the second are among the first's or, where they are
    /// to be `equal`, the same.
    fn classes(
        &self,
        (first, known): (NodeId, &Texts),
        (second, texts): (NodeId, &Texts),
        equal: bool,
    ) -> Option<Unfit> {
        let (known, classes) = (known.classes(), texts.classes());
        let mut all = known.to_vec();
        all.extend(
            classes
                .iter()
                .filter(|class| !known.contains(class))
                .cloned(),
        );
        let without = |classes: &[String], known: &[String]| -> Vec<String> {
            let missing = classes.iter().filter(|class| !known.contains(class));
            missing.cloned().collect()
        };
        let lacks = |of: NodeId, missing: Vec<String>, other: NodeId| Unfit::Class {
            stage: self.name(of).to_owned(),
            missing,
            other: self.name(other).to_owned(),
            all: all.clone(),
        };
        let more = without(classes, known);
        if !more.is_empty() {
            return Some(lacks(second, more, first));
        }
        let fewer = without(known, classes);
        if equal && !fewer.is_empty() {
            return Some(lacks(first, fewer, second));
        }
        (equal && known != classes).then(|| Unfit::ClassOrder {
            stage: self.name(first).to_owned(),
            other: self.name(second).to_owned(),
            all: all.clone(),
        })
    }

    /// Notes the texts of a stage, of those that count, that have no label.
    fn labels(
        &self,
        node: NodeId,
        texts: &Texts,
        counts: impl Fn(usize) -> bool,
        what: &'static str,
        found: &mut Vec<Found>,
    ) {
        let rows = 0..texts.len();
        let missing: Vec<usize> = rows
            .filter(|&row| counts(row) && texts.label(row).is_none())
            .collect();
        if let Some(&first) = missing.first() {
            let unfit = Unfit::NoLabels {
                stage: self.name(node).to_owned(),
                missing: missing.len(),
                rows: texts.len(),
                first: texts.id(first),
                what,
            };
            found.push((self.stage_path(node), unfit));
        }
    }

    /// Where a stage that is written in the file stands.
    fn stage_path(&self, node: NodeId) -> KeyPath {
        KeyPath::root().key("stages").key(self.name(node))
    }

    /// The `select` stages that are written in the file.
    fn selections(&self, found: &mut Vec<Found>) {
        for stage in &self.pipeline.stages {
            let StageSettings::Select(settings) = &stage.settings else {
                continue;
            };
            let name = stage.name.as_str();
            let Some(node) = self
                .node(name)
                .filter(|&node| self.roles[node] == Role::Run)
            else {
                continue;
            };
            let pool = settings.texts.as_str();
            let Some(texts) = self.node(pool).and_then(|pool| self.texts.get(&pool)) else {
                continue;
            };
            let path = self.stage_path(node).key("select");
            let strategy = path.key("strategy");
            let rule = &settings.strategy;
            let of = |path| Picking {
                path,
                rule,
                pool,
                texts,
                own: None,
            };
            let Some(rows) = of(strategy).rows(self.places, found) else {
                continue;
            };
            if let Budget::Count(count) = settings.count
                && count > rows.len()
            {
                let unfit = Unfit::TooMany {
                    what: format!("`{name}` asks"),
                    asked: count,
                    have: rows.len(),
                    pool: pool.to_owned(),
                    left_out: 0,
                    passed: (rows.len() < texts.len()).then(|| rule.to_string()),
                };
                found.push((path.key("count"), unfit));
            }
        }
    }

    /// What the loop asks of its pool.
    fn experiment(&self, experiment: &Loop, found: &mut Vec<Found>) {
        let pool = experiment.pool.as_str();
        let Some(node) = self.node(pool) else { return };
        let Some(texts) = self.texts.get(&node).filter(|texts| !texts.is_empty()) else {
            return;
        };
        let own = self.own(experiment, texts);
        let own = own.as_deref();
        let path = KeyPath::root().key("loop");
        if own.is_some_and(<[u64]>::is_empty) {
            let (rows, pool) = (texts.len(), pool.to_owned());
            found.push((path.key("exclude_shared"), Unfit::AllShared { rows, pool }));
            return;
        }
        let of = |path, rule| Picking {
            path,
            rule,
            pool,
            texts,
            own,
        };
        let start = of(path.key("start"), &experiment.start.strategy);
        let Some(of_start) = start.rows(self.places, found) else {
            return;
        };
        let mut may_pick = of_start.clone();
        let mut arms = Vec::new();
        for arm in &experiment.arms {
            let path = path.key("arms").key(arm.name.as_str());
            let Some(rows) = of(path, &arm.strategy).rows(self.places, found) else {
                return;
            };
            may_pick.extend(&rows);
            arms.push((arm, rows));
        }
        may_pick.sort_unstable();
        let may_pick = |row: usize| may_pick.binary_search(&row).is_ok();
        let what = "`labels: oracle` takes the texts' own";
        self.labels(node, texts, may_pick, what, found);
        let have = own.map_or(texts.len(), <[u64]>::len);
        let counts = Counts {
            experiment,
            have,
            left_out: texts.len() - have,
        };
        let mut asked = Vec::new();
        if let Some(unfit) = counts.of_start(of_start.len()) {
            asked.push((path.key("start"), unfit));
        } else {
            for (arm, rows) in &arms {
                let wanted = counts.of_arm(arm.name.as_str(), &arm.strategy, rows.len());
                asked.extend(wanted.map(|(round, unfit)| (path.key("rounds").index(round), unfit)));
            }
        }
        match experiment.stop.is_empty() {
            true => found.extend(asked),
            false => {
                for (_, unfit) in asked {
                    warn!("{unfit}, unless a rule of `stop` ends the arm before");
                }
            }
        }
        if let Budget::Count(count) = experiment.start.count
            && count < texts.classes().len()
        {
            let classes = texts.classes().len();
            warn!(
                "the start labels {count} texts, and `{pool}` has {classes} classes: the first models \
                 cannot know them all"
            );
        }
    }

    /// The pool's ids without what others share, where that is left out and known.
    fn own(&self, experiment: &Loop, texts: &Texts) -> Option<Vec<u64>> {
        if !experiment.exclude_shared {
            return None;
        }
        let names = [Some(&experiment.validation), experiment.test.as_ref()];
        let mut others = Vec::new();
        for name in names.into_iter().flatten() {
            let table = self.texts.get(&self.node(name.as_str())?)?;
            others.push(Texts::open(table.path()).ok()?);
        }
        Some(texts.unshared(&others))
    }
}

/// A rule that picks from texts.
struct Picking<'a> {
    path: KeyPath,
    rule: &'a Rule,
    pool: &'a str,
    texts: &'a Texts,
    /// The ids that may be picked at all; all where `None`.
    own: Option<&'a [u64]>,
}

impl Picking<'_> {
    /// The rows that may be picked; `None` after noting that none may, or why that cannot be told.
    fn rows(&self, places: &Places, found: &mut Vec<Found>) -> Option<Vec<usize>> {
        if let Some(Balance::Weights(weights)) = &self.rule.balance
            && let Some(class) = weights
                .keys()
                .find(|name| !self.texts.classes().contains(name))
        {
            let unfit = Unfit::UnknownClass {
                found: class.clone(),
                pool: self.pool.to_owned(),
                known: self.texts.classes().to_vec(),
            };
            found.push((self.path.key("balance"), unfit));
        }
        let mut rows = match self.rule.rows_of(self.texts) {
            Ok(rows) => rows,
            Err(error) => {
                let told = places.text(&error.to_string());
                found.push((self.path.clone(), Unfit::Rule { told }));
                return None;
            }
        };
        if let Some(own) = self.own {
            let own: std::collections::HashSet<u64> = own.iter().copied().collect();
            rows.retain(|&row| own.contains(&self.texts.id(row)));
        }
        if rows.is_empty() {
            let unfit = Unfit::NothingFits {
                rule: self.rule.to_string(),
                rows: self.texts.len(),
                pool: self.pool.to_owned(),
            };
            found.push((self.path.clone(), unfit));
            return None;
        }
        Some(rows)
    }
}

/// How many texts the loop asks for, at least.
struct Counts<'a> {
    experiment: &'a Loop,
    /// Texts that may be picked.
    have: usize,
    left_out: usize,
}

impl Counts<'_> {
    fn too_many(&self, what: String, asked: usize, have: usize, rule: Option<&Rule>) -> Unfit {
        Unfit::TooMany {
            what,
            asked,
            have,
            pool: self.experiment.pool.to_string(),
            left_out: self.left_out,
            passed: rule.map(ToString::to_string),
        }
    }

    /// What the start picks at least of `free` texts.
    fn start(&self, free: usize) -> usize {
        least(self.experiment.start.count, free)
    }

    fn of_start(&self, rows: usize) -> Option<Unfit> {
        let asked = self.start(rows);
        let rule = Some(&self.experiment.start.strategy).filter(|_| rows < self.have);
        (asked > rows).then(|| self.too_many("the start asks".to_owned(), asked, rows, rule))
    }

    /// The first round of an arm, from 0, for which there cannot be enough; `rows` may be picked by it.
    fn of_arm(&self, arm: &str, rule: &Rule, rows: usize) -> Option<(usize, Unfit)> {
        let free_rule =
            rows == self.have && rule.skip_outliers.is_none() && rule.skip_duplicates.is_none();
        let mut labelled = self.start(self.have);
        let mut picked = 0;
        for (round, &budget) in self.experiment.rounds.iter().enumerate() {
            let rounds = match round {
                0 => "round 1".to_owned(),
                round => format!("rounds 1 to {}", round + 1),
            };
            let left = self.have.saturating_sub(labelled);
            if left == 0 && !matches!(budget, Budget::Count(_)) {
                let unfit = Unfit::NothingLeft {
                    round: round + 1,
                    pool: self.experiment.pool.to_string(),
                    have: self.have,
                };
                return Some((round, unfit));
            }
            let asked = match budget {
                Budget::Count(count) => count,
                _ if free_rule => least(budget, left),
                _ => 0,
            };
            labelled += asked;
            picked += asked;
            if labelled > self.have {
                let what = format!("the start and {rounds} ask");
                return Some((round, self.too_many(what, labelled, self.have, None)));
            }
            if picked > rows {
                let what = format!("{rounds} of {arm} ask");
                return Some((round, self.too_many(what, picked, rows, Some(rule))));
            }
        }
        None
    }
}

/// How many texts a budget picks at least of `free` ones.
fn least(budget: Budget, free: usize) -> usize {
    match budget {
        Budget::Until(_) => 0,
        Budget::Count(_) | Budget::Share(_) | Budget::Rest => budget.most(free),
    }
}
