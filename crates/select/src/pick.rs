//! Selections in memory.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::budget::{Budget, Until};
use crate::centre::medoid;
use crate::compose::{balanced, eligible};
use crate::copies::copies;
use crate::error::Error;
use crate::farthest::farthest;
use crate::key::Key;
use crate::near::{Near, locate};
use crate::plan::Plan;
use crate::points::Vectors;
use crate::pool::{Inputs, Pool};
use crate::problem::{Problem, Tuning};
use crate::rule::Rule;
use crate::start::Start;
use crate::strategy::Strategy;
use crate::term::Term;

/// Rows that were picked, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Picks {
    /// The names of the objectives, in the strategy's order; none for `random`.
    pub objectives: Vec<String>,
    /// The picks.
    pub picks: Vec<Pick>,
    /// True where embeddings say of each pick where it lies.
    pub located: bool,
    /// How many texts there were to select from, labelled ones included.
    pub pool: usize,
    /// How many of these were labelled already.
    pub labelled: usize,
    /// How many picks have the very text of a labelled text or of an earlier pick; `None` without texts.
    pub copies: Option<usize>,
}

/// A row that was picked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The row's number in the pool.
    pub row: usize,
    /// The text's id.
    pub id: u64,
    /// The product of the objectives, or the strategy's own measure, by which the row was picked; 0
    /// for `random`.
    pub score: f32,
    /// The value of each objective when the row was picked.
    pub objectives: Vec<f32>,
    /// The nearest labelled text, the lowest row on ties; none without labelled texts or embeddings.
    pub nearest_labelled: Option<Near>,
    /// The nearest pick before this one, the earliest on ties; none for the first or without
    /// embeddings.
    pub nearest_earlier: Option<Near>,
}

/// Picks `count` rows by `strategy`: [`choose`] without anything before it.
///
/// The same inputs and seed give the same picks, and `random` and uncertainty give fewer picks as a
/// prefix of more; so does diversity.
///
/// # Errors
///
/// When the strategy is impossible or lacks a table, when the tables do not hold the same texts,
/// when a value is not finite, when fewer than `count` rows are left, or when `progress` says that
/// the user wants to stop.
pub fn pick(
    strategy: &Strategy,
    inputs: &Inputs<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Picks, Error> {
    let rule = Rule::from(strategy.clone());
    choose(&rule, inputs, Budget::Count(count), seed, progress)
}

/// Picks rows by `rule`: first the texts that it passes over are left out, then its strategy picks
/// among the others, where classes are balanced class by class.
///
/// # Errors
///
/// Those of [`pick`], and when the rule or the budget is impossible, or lacks a column.
pub fn choose(
    rule: &Rule,
    inputs: &Inputs<'_>,
    budget: Budget,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Picks, Error> {
    let _span = tracing::debug_span!("select", %rule, seed).entered();
    rule.check()?;
    budget.check(&rule.strategy)?;
    let plan = Plan::new(&rule.strategy)?;
    let mut pool = Pool::new(rule, inputs)?;
    let asked = budget.most(pool.free.len());
    if asked > pool.free.len() {
        let (left, pool) = (pool.free.len(), pool.ids.len());
        return Err(Error::TooFew { asked, left, pool });
    }
    if progress.cancelled() {
        return Err(Error::Cancelled);
    }
    let free = pool.free.len();
    eligible(rule, &mut pool, progress)?;
    let left = pool.free.len();
    let count = budget.most(left);
    // Where texts could be picked before the rule passed over them all, no budget is met by none.
    if count > left || (left == 0 && free > 0) {
        return Err(Error::TooFewLeft {
            asked: count.max(1),
            left,
            free,
            passed: rule.to_string(),
        });
    }
    progress.begin("selecting", "texts", Some(count as u64));
    let task = Task {
        plan: &plan,
        min_distance: budget.min_distance(),
        seed: of_round(seed, pool.ids.len() - free),
        progress,
    };
    let picks = match &rule.balance {
        Some(balance) => balanced(&task, balance, &pool, count),
        None => task.pick(&pool, count),
    };
    let located = picks.and_then(|mut picks| {
        let located = locate(&mut picks, &pool, inputs.embeddings, progress)?;
        Ok((picks, located))
    });
    progress.end();
    let (picks, located) = located?;
    if let (true, Budget::Until(Until { min_distance, .. })) = (picks.is_empty(), budget) {
        match left {
            0 => tracing::warn!("no text is picked: all are labelled"),
            left => tracing::warn!(
                "no text is picked: each of the {left} that may be is nearer than {min_distance} to a \
                 labelled text"
            ),
        }
    }
    task.warn_of_ties(&picks);
    let copies = |texts| copies(texts, inputs.labelled, &picks);
    Ok(Picks {
        objectives: task.objectives(),
        copies: inputs.texts.map(copies),
        picks,
        located,
        pool: pool.ids.len(),
        labelled: pool.ids.len() - free,
    })
}

/// The seed of a selection beside this many labelled texts. Every round draws anew: with the numbers of the round
/// before, from a list that is only shorter by its picks, each pick would lie beside one of that round in the
/// file, and a file that is sorted in any way would not be drawn from at random.
pub(crate) fn of_round(seed: u64, labelled: usize) -> u64 {
    match labelled {
        0 => seed,
        _ => rng(seed, &format!("select/after {labelled}")).random(),
    }
}

/// A checked strategy and what it is used with.
pub(crate) struct Task<'a> {
    plan: &'a Plan,
    min_distance: Option<f32>,
    seed: u64,
    progress: &'a dyn Progress,
}

/// `count` of the pool's free rows by a strategy, best first: for one that leaves the choice to others.
pub(crate) fn pick_by(
    strategy: &Strategy,
    pool: &Pool<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Pick>, Error> {
    let task = Task {
        plan: &Plan::new(strategy)?,
        min_distance: None,
        seed,
        progress,
    };
    task.pick(pool, count)
}

impl Task<'_> {
    /// At most `count` of the pool's free rows, best first; fewer only where a distance says to stop.
    pub(crate) fn pick(&self, pool: &Pool<'_>, count: usize) -> Result<Vec<Pick>, Error> {
        let (seed, progress) = (self.seed, self.progress);
        match self.plan {
            Plan::Shuffle => Ok(shuffle(pool, count, seed)),
            Plan::Objectives { terms, start } => {
                let ends = Ends {
                    start: *start,
                    least: self.min_distance.unwrap_or(0.0),
                };
                by_objectives(terms, ends, pool, count, seed, progress)
            }
            Plan::Own(strategy) => match strategy.own() {
                Some((_, own)) => own.pick(pool, count, seed, progress),
                None => Ok(Vec::new()),
            },
        }
    }

    /// Warns of picks that nothing but the order of the rows has chosen.
    fn warn_of_ties(&self, picks: &[Pick]) {
        let Plan::Objectives { terms, .. } = self.plan else {
            return;
        };
        let tied = picks.iter().filter(|pick| pick.score == 0.0).count();
        if tied > 1 {
            let distance = |term: &Term| matches!(term, Term::Diversity { .. });
            let why = match (terms.len(), terms.iter().any(distance)) {
                (1, true) => "they lie where a labelled text or an earlier pick does",
                (1, false) => "the model is wholly sure of them, or says the same of all",
                _ => "one of the objectives is 0 there",
            };
            tracing::warn!(
                "{tied} of {} picks have the score 0 ({why}), so they come in the order of the rows",
                picks.len(),
            );
        }
    }

    /// The names of the values that each pick has.
    fn objectives(&self) -> Vec<String> {
        match self.plan {
            Plan::Shuffle => Vec::new(),
            Plan::Objectives { terms, .. } => {
                terms.iter().map(|term| term.name().to_owned()).collect()
            }
            Plan::Own(strategy) => {
                let names = strategy.own().map_or(&[][..], |(_, own)| own.objectives());
                names.iter().map(|&name| name.to_owned()).collect()
            }
        }
    }
}

fn shuffle(pool: &Pool<'_>, count: usize, seed: u64) -> Vec<Pick> {
    let mut rows = pool.free.clone();
    rows.shuffle(&mut rng(seed, "select/random"));
    rows[..count]
        .iter()
        .map(|&row| pool.picked(row, 0.0, Vec::new()))
        .collect()
}

/// The factors of the score that do not change during a selection.
struct Weights {
    /// Of each objective, for every row of the pool; `None` for diversity.
    parts: Vec<Option<Vec<f32>>>,
    /// What the score is the product of beside the distance, for every row of the pool, as a factor of
    /// the distance before that is raised to its strength; `None` where diversity is all.
    product: Option<Vec<f32>>,
    /// The strength of diversity.
    strength: f64,
}

impl Weights {
    fn new(terms: &[Term], pool: &Pool<'_>, seed: u64) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(terms.len());
        for term in terms {
            parts.push(match term {
                Term::Diversity { .. } => None,
                Term::Uncertainty { score, .. } => pool.uncertainties(*score)?,
                Term::Metadata { column, .. } => {
                    let mut values = vec![0.0; pool.ids.len()];
                    let factors = pool.factors(column, &pool.free)?;
                    for (&row, factor) in pool.free.iter().zip(factors) {
                        values[row as usize] = factor;
                    }
                    Some(values)
                }
                Term::Random { .. } => {
                    let mut random = rng(seed, "select/random-objective");
                    let draw = |_| 1.0 - random.random::<f32>();
                    Some((0..pool.ids.len()).map(draw).collect())
                }
            });
        }
        let mut strength = 1.0;
        let mut product: Option<Vec<f32>> = None;
        let plain = terms.iter().all(|term| term.strength() == 1.0);
        let distance = terms
            .iter()
            .find(|term| matches!(term, Term::Diversity { .. }));
        if let Some(distance) = distance {
            strength = distance.strength();
        }
        for (term, part) in terms.iter().zip(&parts) {
            let Some(part) = part else { continue };
            let power = term.strength() / strength;
            // Finite, since an infinite factor times 0 is no number.
            let raised = |&value: &f32| match plain {
                true => value,
                false => (f64::from(value).powf(power) as f32).min(f32::MAX),
            };
            match &mut product {
                None => product = Some(part.iter().map(raised).collect()),
                Some(product) => product
                    .iter_mut()
                    .zip(part)
                    .for_each(|(product, part)| *product = (*product * raised(part)).min(f32::MAX)),
            }
        }
        Ok(Self {
            parts,
            product,
            strength,
        })
    }

    /// A score as it is told: the product of the objectives, each raised to its strength.
    fn score(&self, score: f32) -> f32 {
        match self.strength {
            1.0 => score,
            strength => f64::from(score).powf(strength) as f32,
        }
    }

    fn pick(&self, pool: &Pool<'_>, row: u32, distance: f32, score: f32) -> Pick {
        let value =
            |part: &Option<Vec<f32>>| part.as_ref().map_or(distance, |part| part[row as usize]);
        pool.picked(
            row,
            self.score(score),
            self.parts.iter().map(value).collect(),
        )
    }

    /// The free rows with the largest products.
    fn largest(&self, pool: &Pool<'_>, count: usize) -> Vec<(u32, f32)> {
        let Some(product) = &self.product else {
            return Vec::new();
        };
        let weight = |row: u32| product[row as usize];
        let mut keys: Vec<Key> = pool
            .free
            .iter()
            .map(|&row| Key::new(weight(row), row))
            .collect();
        Key::keep_largest(&mut keys, count);
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys.iter()
            .map(|key| (key.slot(), weight(key.slot())))
            .collect()
    }
}

/// Where picking by distance starts, with nothing labelled, and where it ends.
#[derive(Clone, Copy)]
struct Ends {
    start: Start,
    /// The first pick nearer than this is not made.
    least: f32,
}

fn by_objectives(
    terms: &[Term],
    ends: Ends,
    pool: &Pool<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Pick>, Error> {
    let weights = Weights::new(terms, pool, seed)?;
    let distance = terms
        .iter()
        .any(|term| matches!(term, Term::Diversity { .. }));
    if let Some(vectors) = pool.vectors().filter(|_| distance) {
        return by_distance(&weights, ends, pool, vectors, count, seed, progress);
    }
    let rows = weights.largest(pool, count);
    progress.advance(count as u64);
    Ok(rows
        .iter()
        .map(|&(row, score)| weights.pick(pool, row, f32::NAN, score))
        .collect())
}

fn by_distance(
    weights: &Weights,
    ends: Ends,
    pool: &Pool<'_>,
    vectors: &Vectors<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Pick>, Error> {
    let squares = vectors.squared_lengths()?;
    let mut picks = Vec::with_capacity(count);
    if count == 0 {
        return Ok(picks);
    }
    let (mut centres, mut free) = (pool.labelled.clone(), pool.free.clone());
    if centres.is_empty() {
        let first = match weights.largest(pool, 1).first() {
            Some((row, _)) => *row,
            None if ends.start == Start::Medoid => {
                medoid(vectors, pool.ids.len(), &free).unwrap_or(free[0])
            }
            None => free[rng(seed, "select/first").random_range(0..free.len() as u32) as usize],
        };
        picks.push(weights.pick(pool, first, f32::INFINITY, f32::INFINITY));
        progress.advance(1);
        centres.push(first);
        free.retain(|row| *row != first);
    }
    let problem = Problem {
        points: vectors,
        squares,
        weights: weights.product.as_deref(),
        free: &free,
        centres: &centres,
    };
    let more = count - picks.len();
    let (found, _) = farthest(
        &problem,
        more,
        ends.least,
        progress,
        Arch::new(),
        Tuning::USUAL,
    )
    .map_err(|_| Error::Cancelled)?;
    let row_of = |centre: usize| match centre.checked_sub(centres.len()) {
        None => centres[centre],
        Some(pick) => found[pick].row,
    };
    picks.extend(found.iter().map(|found| {
        let mut pick = weights.pick(pool, found.row, found.distance, found.score);
        let centre = found.centre as usize;
        let near = Some(Near {
            id: pool.ids[row_of(centre) as usize],
            distance: found.distance,
        });
        match centre < pool.labelled.len() {
            true => pick.nearest_labelled = near,
            false => pick.nearest_earlier = near,
        }
        pick
    }));
    Ok(picks)
}
