//! Random picks from each predicted class, in proportion to its size.

use goldpan_artifact::{Progress, rng};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// Stratified random sampling (Neyman 1934): every predicted class gets its share of the picks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratified {}

pub(crate) const ABOUT: About = About {
    name: "stratified",
    picks: "at random, in proportion to the predicted classes",
    needs: "predictions",
    cost: "O(n)",
    paper: "Neyman 1934, doi:10.2307/2342192",
    usual: || Strategy::Stratified(Stratified::default()),
};

impl Own for Stratified {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: false,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["predicted-class"]
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        let rows = shape.rows as f64;
        Work {
            steps: 2.0 * rows,
            read: rows * shape.classes as f64 * 4.0,
            memory: rows * (shape.classes as f64 * 4.0 + 12.0),
            ..Work::default()
        }
    }

    /// The order is such that every first part of the picks is in proportion too: next comes the
    /// class that is furthest behind its share, the lowest on ties.
    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let probabilities = pool.probabilities()?;
        let mut classes = vec![Vec::new(); probabilities.width()];
        let mut rows = pool.free.clone();
        rows.shuffle(&mut rng(seed, "select/stratified"));
        for row in rows {
            classes[probabilities.top(row)].push(row);
        }
        let total = pool.free.len() as f64;
        let shares: Vec<f64> = classes
            .iter()
            .map(|rows| rows.len() as f64 / total)
            .collect();
        let mut taken = vec![0; classes.len()];
        let mut picks = Vec::with_capacity(count);
        while picks.len() < count {
            let behind =
                |class: usize| shares[class] * (picks.len() + 1) as f64 - taken[class] as f64;
            let open = (0..classes.len()).filter(|&class| taken[class] < classes[class].len());
            let class = open.reduce(|a, b| if behind(b) > behind(a) { b } else { a });
            let Some(class) = class else { break };
            let row = classes[class][taken[class]];
            taken[class] += 1;
            picks.push(pool.picked(row, 0.0, vec![class as f32]));
            progress.advance(1);
        }
        Ok(picks)
    }
}
