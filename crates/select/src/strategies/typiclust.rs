//! The most typical row of each cluster without labels.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::kmeans;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::rounds::rounds;
use crate::space::{Block, Laid, Space};
use crate::strategy::Strategy;
use crate::work::{Shape, Work};
use goldpan_geometry::Points;

/// TypiClust (Hacohen et al. 2022, arXiv:2202.02794): all rows are put into as many k-means clusters
/// as there are labelled rows and picks together, and each cluster gives its most typical row that is
/// not labelled. A row's typicality is 1 over its mean euclidean distance to the nearest other rows
/// of its cluster, infinite among duplicates; the lowest row comes first on ties.
///
/// The clusters with the fewest labelled rows come first, of these the largest, then the one with
/// the lowest row. When all have given a row, they give the next in another round, in the same order.
/// Clusters too small to tell what is typical come last.
///
/// As in the authors' program, in a cluster of m rows at most m / 2 neighbours count, but at least one
/// where there is one. Unlike there, typicality is told once for each cluster, among all its rows,
/// labelled ones too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typiclust {
    /// The most clusters: at least 1, usually 500.
    pub max_clusters: usize,
    /// How many neighbours typicality is told by: from 1 to 1000, usually 20.
    pub neighbours: usize,
    /// Clusters of fewer rows come last: usually 6.
    pub smallest_cluster: usize,
    /// How often the centres are moved, at most: from 0 to 1000, usually 10. Each time takes
    /// rows × clusters × values multiply-adds.
    pub iterations: usize,
}

impl Default for Typiclust {
    fn default() -> Self {
        Self {
            max_clusters: 500,
            neighbours: 20,
            smallest_cluster: 6,
            iterations: 10,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "typiclust",
    picks: "the most typical row of each cluster, clusters without labels first",
    needs: "embeddings",
    cost: "O(n (l + k) d) for each of 10 iterations, and O(m² d) for each cluster of m rows",
    paper: "Hacohen et al. 2022, arXiv:2202.02794",
    usual: || Strategy::Typiclust(Typiclust::default()),
};

/// Rows that one thread takes at a time: a multiple of the kernel's tiles.
const CHUNK: usize = 48;

impl Own for Typiclust {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["typicality", "cluster-size", "cluster-labelled"]
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |key, value: usize, expected| Error::Setting {
            strategy: ABOUT.name,
            key,
            value: value.to_string(),
            expected,
        };
        if self.max_clusters == 0 {
            return Err(wrong("max_clusters", 0, "at least 1"));
        }
        if !(1..=1000).contains(&self.neighbours) {
            return Err(wrong("neighbours", self.neighbours, "from 1 to 1000"));
        }
        kmeans::check(ABOUT.name, self.iterations)
    }

    /// As if the clusters that are picked from were four times as large as the mean.
    fn work(&self, shape: &Shape) -> Work {
        let rows = shape.rows as f64;
        let clusters = self.max_clusters.min(shape.labelled + shape.picks).max(1);
        let work = kmeans::work(shape, shape.rows, clusters, self.iterations);
        let used = shape.picks.min(clusters) as f64 / clusters as f64;
        let largest = (4.0 * rows / clusters as f64).min(rows);
        let dimension = shape.dimension as f64;
        Work {
            products: work.products + used * rows * largest * dimension,
            steps: work.steps + used * rows * largest,
            read: work.read + used * rows * dimension * shape.value_bytes as f64,
            memory: work.memory + 4.0 * largest * dimension + 12.0 * rows,
        }
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
        if count == 0 {
            return Ok(Vec::new());
        }
        let arch = Arch::new();
        let rows: Vec<u32> = (0..pool.ids.len() as u32).collect();
        let clusters = kmeans::KMeans {
            space: &space,
            rows: &rows,
            weights: None,
            clusters: self.max_clusters.min(pool.labelled.len() + count),
            iterations: self.iterations,
        };
        let clusters = clusters.run(&mut rng(seed, "select/typiclust"), progress, arch)?;
        let mut labelled = vec![false; rows.len()];
        for &row in &pool.labelled {
            labelled[row as usize] = true;
        }
        let mut open = vec![false; rows.len()];
        for &row in &pool.free {
            open[row as usize] = true;
        }
        let members = clusters.members().into_iter();
        let mut groups: Vec<Group> = members
            .map(|members| {
                let of = |which: &[bool]| -> Vec<u32> {
                    let rows = members.iter().copied();
                    rows.filter(|row| which[*row as usize]).collect()
                };
                Group {
                    free: of(&open),
                    labelled: of(&labelled).len(),
                    members,
                }
            })
            .filter(|group| !group.free.is_empty())
            .collect();
        groups.sort_by_key(|group| group.order(self.smallest_cluster));
        let mut typicality = vec![0.0; rows.len()];
        for group in groups.iter_mut().take(count) {
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let told = typicalities(&space, &group.members, self.neighbours, arch);
            for (row, told) in group.members.iter().zip(told) {
                typicality[*row as usize] = told;
            }
            let of = |row: &u32| typicality[*row as usize];
            group.free.sort_by(|a, b| of(b).total_cmp(&of(a)));
        }
        let lists: Vec<Vec<u32>> = groups.iter().map(|group| group.free.clone()).collect();
        let picks = rounds(&lists, count).into_iter().map(|(list, row)| {
            let group = &groups[list];
            let (score, size) = (typicality[row as usize], group.members.len() as f32);
            pool.picked(row, score, vec![score, size, group.labelled as f32])
        });
        progress.advance(count as u64);
        Ok(picks.collect())
    }
}

/// A cluster with a row to pick.
struct Group {
    members: Vec<u32>,
    free: Vec<u32>,
    labelled: usize,
}

impl Group {
    fn order(&self, smallest: usize) -> impl Ord + use<> {
        let size = self.members.len();
        let last = size < smallest;
        (
            last,
            self.labelled,
            std::cmp::Reverse(size),
            self.members[0],
        )
    }
}

/// The typicality of each of a cluster's rows.
fn typicalities<P: Points>(
    space: &Space<'_, P>,
    rows: &[u32],
    neighbours: usize,
    arch: Arch,
) -> Vec<f32> {
    let kept = (rows.len() / 2).min(neighbours).max(1);
    let mut laid = Laid::new(space, arch);
    let mut block = Block::default();
    for rows in rows.chunks(CHUNK) {
        block.fill(space, rows.iter().copied());
        laid.push(space, &block);
    }
    let chunks = rows.par_chunks(CHUNK).enumerate();
    let told = chunks.map_init(Block::default, |block, (chunk, rows)| {
        block.fill(space, rows.iter().copied());
        let mut nearest = vec![Vec::with_capacity(2 * kept); rows.len()];
        laid.distances(0..laid.panels(), block, |i, first, distances| {
            let itself = chunk * CHUNK + i;
            let nearest = &mut nearest[i];
            for (other, &distance) in (first..).zip(distances) {
                if other != itself {
                    keep(nearest, kept, distance);
                }
            }
        });
        nearest
            .iter()
            .map(|nearest| typical(nearest))
            .collect::<Vec<f32>>()
    });
    told.flatten_iter().collect()
}

/// Puts a distance among the `kept` least, which are ascending.
fn keep(nearest: &mut Vec<f32>, kept: usize, distance: f32) {
    if nearest.len() == kept {
        if nearest.last().is_none_or(|last| distance >= *last) {
            return;
        }
        nearest.pop();
    }
    let place = nearest.partition_point(|other| *other <= distance);
    nearest.insert(place, distance);
}

/// 1 over the mean of the square roots; 0 of none.
fn typical(squares: &[f32]) -> f32 {
    let sum: f64 = squares.iter().map(|square| f64::from(*square).sqrt()).sum();
    match squares.is_empty() {
        true => 0.0,
        false => (squares.len() as f64 / sum) as f32,
    }
}
