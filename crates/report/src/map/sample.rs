//! Which texts are on the map: few enough to lay out in seconds and to keep the page small.

use std::collections::BTreeSet;
use std::path::Path;

use goldpan_artifact::Selection;

use crate::error::Error;
use crate::pool::Pool;
use crate::run::Model;

/// Texts of the pool, whoever picked them.
const OF_POOL: usize = 1000;

/// Texts of the start.
const OF_START: usize = 200;

/// Picks of all arms and rounds together.
const OF_PICKS: usize = 1800;

/// Some of a round's picks.
pub(super) struct Sampled {
    pub round: u32,
    /// How many were picked.
    pub picked: usize,
    /// Rows of the pool.
    pub rows: Vec<usize>,
}

/// The rows of the pool that the map shows.
pub(super) struct Sample {
    pub pool: Vec<usize>,
    pub start: Sampled,
    /// By arm, each with its rounds.
    pub arms: Vec<(String, Vec<Sampled>)>,
}

impl Sample {
    /// Of the pool, of the start, and of every round of these arms, as one seed went.
    pub(super) fn of(
        arms: &[String],
        models: &[Model],
        seed: u64,
        pool: &Pool,
    ) -> Result<Self, Error> {
        let of_arm = |arm| of_arm(models, seed, arm);
        let layers: usize = arms.iter().map(|arm| of_arm(Some(arm)).len()).sum();
        let share = (OF_PICKS / layers.max(1)).max(1);
        let round = |(round, selection): (u32, &Path), count| {
            let selection = Selection::open(selection)?;
            let picks = evenly(selection.len(), count);
            let rows = picks.filter_map(|pick| pool.row(selection.id(pick)));
            Ok(Sampled {
                round,
                picked: selection.len(),
                rows: rows.collect(),
            })
        };
        let arms = arms.iter().map(|arm| {
            let rounds = of_arm(Some(arm))
                .into_iter()
                .map(|picks| round(picks, share));
            Ok((arm.clone(), rounds.collect::<Result<_, Error>>()?))
        });
        let start = of_arm(None)
            .into_iter()
            .next()
            .map(|picks| round(picks, OF_START));
        Ok(Self {
            pool: evenly(pool.texts.len(), OF_POOL).collect(),
            start: start.transpose()?.unwrap_or(Sampled {
                round: 0,
                picked: 0,
                rows: Vec::new(),
            }),
            arms: arms.collect::<Result<_, Error>>()?,
        })
    }

    /// Every row once, in the order of the pool, so that the arms' order has no say in it.
    pub(super) fn rows(&self) -> BTreeSet<usize> {
        let picks = self.arms.iter().flat_map(|(_, rounds)| rounds);
        let picks = picks.chain([&self.start]).flat_map(|layer| &layer.rows);
        self.pool.iter().chain(picks).copied().collect()
    }
}

/// The rounds of an arm, or the start, and what was picked in each.
fn of_arm<'a>(models: &'a [Model], seed: u64, arm: Option<&String>) -> Vec<(u32, &'a Path)> {
    let of_arm = |model: &&Model| model.trained.seed == seed && model.trained.arm.as_ref() == arm;
    let models = models.iter().filter(of_arm);
    models
        .map(|model| (model.trained.round, model.selection.as_path()))
        .collect()
}

/// At most `count` of `total` places, evenly spaced.
fn evenly(total: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(total);
    (0..count).map(move |place| place * total / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_evenly_spaced() {
        let places = |total, count| evenly(total, count).collect::<Vec<_>>();
        assert_eq!(places(10, 4), [0, 2, 5, 7]);
        assert_eq!(places(3, 1000), [0, 1, 2]);
        assert!(places(0, 4).is_empty());
    }
}
