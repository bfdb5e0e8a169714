//! Selections in memory.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::centre::medoid;
use crate::farthest::farthest;
use crate::key::Key;
use crate::near::{Near, locate};
use crate::plan::{Objective, Plan};
use crate::points::Vectors;
use crate::pool::Pool;
use crate::problem::{Problem, Tuning};
use crate::{Error, Inputs, Start, Strategy};

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

/// Picks `count` rows by `strategy`.
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
    let _span = tracing::debug_span!("select", %strategy, count, seed).entered();
    let plan = Plan::new(strategy)?;
    let pool = Pool::new(strategy, inputs)?;
    if count > pool.free.len() {
        let (left, pool) = (pool.free.len(), pool.ids.len());
        return Err(Error::TooFew {
            asked: count,
            left,
            pool,
        });
    }
    if progress.cancelled() {
        return Err(Error::Cancelled);
    }
    progress.begin("selecting", "texts", Some(count as u64));
    let picks = match &plan {
        Plan::Shuffle => Ok(shuffle(&pool, count, seed)),
        Plan::Objectives(objectives) => by_objectives(objectives, &pool, count, seed, progress),
        Plan::Own(strategy) => match strategy.own() {
            Some((_, own)) => own.pick(&pool, count, seed, progress),
            None => Ok(Vec::new()),
        },
    };
    let located = picks.and_then(|mut picks| {
        let located = locate(&mut picks, &pool, inputs.embeddings, progress)?;
        Ok((picks, located))
    });
    progress.end();
    let (picks, located) = located?;
    let objectives = match &plan {
        Plan::Shuffle => Vec::new(),
        Plan::Objectives(objectives) => objectives.iter().map(|o| o.name().to_owned()).collect(),
        Plan::Own(strategy) => {
            let names = strategy.own().map_or(&[][..], |(_, own)| own.objectives());
            names.iter().map(|&name| name.to_owned()).collect()
        }
    };
    Ok(Picks {
        objectives,
        picks,
        located,
        pool: pool.ids.len(),
        labelled: pool.labelled.len(),
    })
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
    /// Their product, for every row of the pool; `None` where diversity is all.
    product: Option<Vec<f32>>,
}

impl Weights {
    fn new(objectives: &[Objective], pool: &Pool<'_>) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(objectives.len());
        let mut product: Option<Vec<f32>> = None;
        for objective in objectives {
            let part = match objective {
                Objective::Diversity(_) => None,
                Objective::Uncertainty(measure) => pool.uncertainties(*measure)?,
            };
            if let Some(part) = &part {
                match &mut product {
                    None => product = Some(part.clone()),
                    Some(product) => product
                        .iter_mut()
                        .zip(part)
                        .for_each(|(p, part)| *p *= part),
                }
            }
            parts.push(part);
        }
        Ok(Self { parts, product })
    }

    fn pick(&self, pool: &Pool<'_>, row: u32, distance: f32, score: f32) -> Pick {
        let value =
            |part: &Option<Vec<f32>>| part.as_ref().map_or(distance, |part| part[row as usize]);
        pool.picked(row, score, self.parts.iter().map(value).collect())
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

fn by_objectives(
    objectives: &[Objective],
    pool: &Pool<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Pick>, Error> {
    let weights = Weights::new(objectives, pool)?;
    if let Some(vectors) = pool.vectors() {
        return by_distance(objectives, &weights, pool, vectors, count, seed, progress);
    }
    let rows = weights.largest(pool, count);
    progress.advance(count as u64);
    Ok(rows
        .iter()
        .map(|&(row, score)| weights.pick(pool, row, f32::NAN, score))
        .collect())
}

fn by_distance(
    objectives: &[Objective],
    weights: &Weights,
    pool: &Pool<'_>,
    vectors: &Vectors<'_>,
    count: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<Pick>, Error> {
    let squares = vectors.squared_lengths(pool.ids.len())?;
    let mut picks = Vec::with_capacity(count);
    if count == 0 {
        return Ok(picks);
    }
    let (mut centres, mut free) = (pool.labelled.clone(), pool.free.clone());
    if centres.is_empty() {
        let first = match weights.largest(pool, 1).first() {
            Some((row, _)) => *row,
            None if objectives == [Objective::Diversity(Start::Medoid)] => {
                medoid(vectors, pool.ids.len()).unwrap_or(free[0])
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
        squares: &squares,
        weights: weights.product.as_deref(),
        free: &free,
        centres: &centres,
    };
    let more = count - picks.len();
    let (found, _) = farthest(&problem, more, progress, Arch::new(), Tuning::USUAL)
        .map_err(|_| Error::Cancelled)?;
    picks.extend(
        found
            .iter()
            .map(|found| weights.pick(pool, found.row, found.distance, found.score)),
    );
    Ok(picks)
}
