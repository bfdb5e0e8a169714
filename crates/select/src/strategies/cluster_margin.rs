//! Rows with small margins, from many clusters.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::kmeans;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::rounds::rounds;
use crate::space::Space;
use crate::strategies::weighted_k_means::least_sure;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// Cluster-Margin (Citovsky et al. 2021, arXiv:2107.14263): the rows with the smallest margins,
/// `candidates` for each pick, are drawn from cluster by cluster in rounds, in each cluster at
/// random. The cluster with the fewest such rows comes first, the one with the lowest row on ties.
///
/// The paper clusters all rows by average linkage, which takes memory for every pair of rows. Here
/// they are clustered by k-means, labelled rows too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterMargin {
    /// Rows with the smallest margins, for each pick: at least 1, usually 10.
    pub candidates: usize,
    /// How many clusters there are: at least 1. Usually as many as picks, but at most one for ten
    /// rows, which is the least size that clusters have on average in the paper.
    pub clusters: Option<usize>,
    /// How often the centres are moved, at most: from 0 to 1000, usually 10. Each time takes
    /// rows × clusters × values multiply-adds.
    pub iterations: usize,
}

impl Default for ClusterMargin {
    fn default() -> Self {
        Self {
            candidates: 10,
            clusters: None,
            iterations: 10,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "cluster-margin",
    picks: "from the 10 k least sure, cluster by cluster in rounds, the smallest cluster first",
    needs: "embeddings, predictions",
    cost: "O(n c), and O(n k d) for each of 10 iterations",
    paper: "Citovsky et al. 2021, arXiv:2107.14263",
    usual: || Strategy::ClusterMargin(ClusterMargin::default()),
};

impl ClusterMargin {
    fn clusters(&self, rows: usize, picks: usize) -> usize {
        self.clusters.unwrap_or((rows / 10).min(picks)).max(1)
    }
}

impl Own for ClusterMargin {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["cluster-size", "margin"]
    }

    fn check(&self) -> Result<(), Error> {
        for (key, value) in [
            ("candidates", self.candidates),
            ("clusters", self.clusters.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(Error::Setting {
                    strategy: ABOUT.name,
                    key,
                    value: value.to_string(),
                    expected: "at least 1",
                });
            }
        }
        kmeans::check(ABOUT.name, self.iterations)
    }

    fn work(&self, shape: &Shape) -> Work {
        let clusters = self.clusters(shape.rows, shape.picks);
        let rows = shape.rows as f64;
        let work = kmeans::work(shape, shape.rows, clusters, self.iterations);
        Work {
            steps: work.steps + 4.0 * rows,
            read: work.read + rows * 4.0 * shape.classes as f64,
            memory: work.memory + 24.0 * rows,
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
        if count == 0 {
            return Ok(Vec::new());
        }
        let rows: Vec<u32> = (0..pool.ids.len() as u32).collect();
        let clusters = kmeans::KMeans {
            space: &space,
            rows: &rows,
            weights: None,
            clusters: self.clusters(rows.len(), count),
            iterations: self.iterations,
        };
        let mut random = rng(seed, "select/cluster-margin");
        let clusters = clusters.run(&mut random, progress, Arch::new())?;
        let mut members = vec![Vec::new(); clusters.count];
        for row in least_sure(pool, &margins, self.candidates.saturating_mul(count)) {
            members[clusters.of[row as usize] as usize].push(row);
        }
        members.retain(|members| !members.is_empty());
        members.sort_by_key(|members| (members.len(), members[0]));
        for members in &mut members {
            members.shuffle(&mut random);
        }
        let picks = rounds(&members, count).into_iter().map(|(list, row)| {
            let (size, margin) = (members[list].len() as f32, margins[row as usize]);
            pool.picked(row, margin, vec![size, margin])
        });
        progress.advance(count as u64);
        Ok(picks.collect())
    }
}
