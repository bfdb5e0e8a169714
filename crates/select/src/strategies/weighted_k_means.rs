//! The row nearest to the centre of each cluster of unsure rows, which count by how unsure they are.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::key::Key;
use crate::kmeans;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::rounds::rounds;
use crate::space::Space;
use crate::strategies::k_means::by_distance;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// Diverse mini-batch active learning (Zhdanov 2019, arXiv:1901.05954): of the rows with the
/// smallest margins, `beta` for each pick, clusters are made by k-means in which a row counts by its
/// uncertainty, `1 - (p₁ - p₂)`, and of each cluster the row nearest to the centre is picked, the
/// lowest on ties. The cluster with the largest sum of uncertainties comes first. Where duplicates
/// leave clusters empty, the others give their next nearest, in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeightedKMeans {
    /// Rows that are clustered, for each pick: at least 1, usually 10.
    pub beta: usize,
    /// How often the centres are moved, at most: from 0 to 1000, usually 10. Each time takes
    /// beta × picks × picks × values multiply-adds.
    pub iterations: usize,
}

impl Default for WeightedKMeans {
    fn default() -> Self {
        Self {
            beta: 10,
            iterations: 10,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "weighted-k-means",
    picks: "the row nearest to the centre of each of k clusters of the 10 k least sure, weighted",
    needs: "embeddings, predictions",
    cost: "O(n (c + d)), and O(k² d) 10 times for each of 10 iterations",
    paper: "Zhdanov 2019, arXiv:1901.05954",
    usual: || Strategy::WeightedKMeans(WeightedKMeans::default()),
};

impl Own for WeightedKMeans {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["cluster-margin", "centre-distance", "margin"]
    }

    fn check(&self) -> Result<(), Error> {
        if self.beta == 0 {
            return Err(Error::Setting {
                strategy: ABOUT.name,
                key: "beta",
                value: self.beta.to_string(),
                expected: "at least 1",
            });
        }
        kmeans::check(ABOUT.name, self.iterations)
    }

    fn work(&self, shape: &Shape) -> Work {
        let kept = self.beta.saturating_mul(shape.picks).min(shape.free());
        let rows = shape.rows as f64;
        let row = (shape.dimension * shape.value_bytes + 4 * shape.classes) as f64;
        let work = kmeans::work(shape, kept, shape.picks, self.iterations);
        Work {
            steps: work.steps + 4.0 * rows,
            read: work.read + rows * row,
            memory: work.memory + 20.0 * rows,
            ..work
        }
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let (Some(vectors), Some(margins)) =
            (pool.vectors(), pool.uncertainties(Uncertainty::Margin)?)
        else {
            return Ok(Vec::new());
        };
        let space = Space::new(vectors, vectors.squared_lengths()?);
        let rows = least_sure(pool, &margins, self.beta.saturating_mul(count));
        let weights: Vec<f32> = rows.iter().map(|row| margins[*row as usize]).collect();
        let some = weights.iter().any(|weight| *weight > 0.0);
        let clusters = kmeans::KMeans {
            space: &space,
            rows: &rows,
            weights: some.then_some(&weights),
            clusters: count,
            iterations: self.iterations,
        };
        let mut random = rng(seed, "select/weighted-k-means");
        let clusters = clusters.run(&mut random, progress, Arch::new())?;
        let weight = |slot: u32| f64::from(weights[slot as usize]);
        let members = by_distance(&clusters, weight);
        let sums = members.iter().map(|members| {
            let sum: f64 = members.iter().map(|slot| weight(*slot)).sum();
            sum as f32
        });
        let sums: Vec<f32> = sums.collect();
        let picks = rounds(&members, count).into_iter().map(|(list, slot)| {
            let row = rows[slot as usize];
            let distance = clusters.distances[slot as usize].sqrt();
            let objectives = vec![sums[list], distance, margins[row as usize]];
            pool.picked(row, sums[list], objectives)
        });
        progress.advance(count as u64);
        Ok(picks.collect())
    }
}

/// The `count` free rows with the smallest margins, the lowest on ties; ascending.
pub(crate) fn least_sure(pool: &Pool<'_>, margins: &[f32], count: usize) -> Vec<u32> {
    let rows = pool.free.iter();
    let mut keys: Vec<Key> = rows
        .map(|&row| Key::new(margins[row as usize], row))
        .collect();
    Key::keep_largest(&mut keys, count);
    let mut rows: Vec<u32> = keys.iter().map(|key| key.slot()).collect();
    rows.sort_unstable();
    rows
}
