//! The row nearest to the centre of each k-means cluster.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::kmeans::{self, Clusters};
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::rounds::rounds;
use crate::space::Space;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// k-means (Lloyd 1982; Nguyen & Smeulders 2004): the rows that are not labelled are put into as many
/// clusters as are to be picked, and of each the row nearest to the centre is picked, the lowest
/// on ties. The largest cluster comes first, the one with the lowest row on ties. Where duplicates
/// leave clusters empty, the others give their next nearest, in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KMeans {
    /// How often the centres are moved, at most: from 0 to 1000, usually 10. Each time takes
    /// rows × picks × values multiply-adds.
    pub iterations: usize,
}

impl Default for KMeans {
    fn default() -> Self {
        Self { iterations: 10 }
    }
}

pub(crate) const ABOUT: About = About {
    name: "k-means",
    picks: "the row nearest to the centre of each of k clusters",
    needs: "embeddings",
    cost: "O(n k d) for each of 10 iterations",
    paper: "Lloyd 1982, doi:10.1109/TIT.1982.1056489; Nguyen & Smeulders 2004",
    usual: || Strategy::KMeans(KMeans::default()),
};

impl Own for KMeans {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["cluster-size", "centre-distance"]
    }

    fn check(&self) -> Result<(), Error> {
        kmeans::check(ABOUT.name, self.iterations)
    }

    fn work(&self, shape: &Shape) -> Work {
        kmeans::work(shape, shape.free(), shape.picks, self.iterations)
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        let space = Space::new(vectors, vectors.squared_lengths()?);
        let clusters = kmeans::KMeans {
            space: &space,
            rows: &pool.free,
            weights: None,
            clusters: count,
            iterations: self.iterations,
        };
        let clusters = clusters.run(&mut rng(seed, "select/k-means"), progress, Arch::new())?;
        let members = by_distance(&clusters, |_| 1.0);
        let picks = rounds(&members, count).into_iter().map(|(list, slot)| {
            let size = members[list].len() as f32;
            let distance = clusters.distances[slot as usize].sqrt();
            pool.picked(pool.free[slot as usize], size, vec![size, distance])
        });
        progress.advance(count as u64);
        Ok(picks.collect())
    }
}

/// The slots of each cluster that is not empty, nearest to the centre first, the lowest on ties; the
/// clusters with the largest sum of weights first, then the one with the lowest slot.
pub(crate) fn by_distance(clusters: &Clusters, weight: impl Fn(u32) -> f64) -> Vec<Vec<u32>> {
    let members = clusters.members().into_iter();
    let mut members: Vec<(f64, Vec<u32>)> = members
        .filter(|members| !members.is_empty())
        .map(|members| (members.iter().map(|slot| weight(*slot)).sum(), members))
        .collect();
    members.sort_by(|(a, slots), (b, others)| b.total_cmp(a).then(slots[0].cmp(&others[0])));
    let distance = |slot: u32| clusters.distances[slot as usize];
    let members = members.into_iter().map(|(_, mut members)| {
        members.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        members
    });
    members.collect()
}
