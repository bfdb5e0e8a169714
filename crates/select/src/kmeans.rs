//! k-means: rows in clusters around their means.

use goldpan_artifact::Progress;
use pulp::Arch;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::error::Error;
use crate::nearest::Nearest;
use crate::space::{Block, Laid, Space, least};
use crate::spread;
use crate::sums::Sums;
use crate::work::{Shape, Work};
use goldpan_geometry::Points;
use goldpan_geometry::kernel;

/// The most iterations that a setting may ask for.
pub(crate) const MOST_ITERATIONS: usize = 1000;

/// Rows that one thread takes at a time: a multiple of the kernel's tiles.
const CHUNK: usize = 192;

/// What is clustered, and how. Slot `s` is row `rows[s]`.
pub(crate) struct KMeans<'a, P> {
    pub(crate) space: &'a Space<'a, P>,
    pub(crate) rows: &'a [u32],
    /// How much each slot counts, finite and at least 0; 1 where there are none.
    pub(crate) weights: Option<&'a [f32]>,
    /// How many clusters, at most one for each slot.
    pub(crate) clusters: usize,
    /// How often centres are moved, at most.
    pub(crate) iterations: usize,
}

/// Slots in clusters. A cluster may be empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clusters {
    /// How many there are.
    pub(crate) count: usize,
    /// The cluster of each slot.
    pub(crate) of: Vec<u32>,
    /// The squared distance of each slot to its cluster's centre.
    pub(crate) distances: Vec<f32>,
}

impl Clusters {
    /// The slots of each cluster, ascending.
    pub(crate) fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count];
        for (&cluster, slot) in self.of.iter().zip(0..) {
            members[cluster as usize].push(slot);
        }
        members
    }
}

impl<P: Points> KMeans<'_, P> {
    /// Starts from rows drawn by squared distance (k-means++, Arthur & Vassilvitskii 2007), then
    /// moves centres to the means of their clusters (Lloyd 1982) until no slot changes its
    /// cluster, or often enough. Slots belong to the nearest centre, the lowest on ties. A centre
    /// whose cluster is empty moves to the slot farthest from its own centre, the lowest on ties,
    /// another one for each such centre.
    pub(crate) fn run(
        &self,
        random: &mut impl Rng,
        progress: &dyn Progress,
        arch: Arch,
    ) -> Result<Clusters, Error> {
        let count = self.clusters.min(self.rows.len());
        let mut clusters = Clusters {
            count,
            of: vec![0; self.rows.len()],
            distances: vec![0.0; self.rows.len()],
        };
        if count == 0 {
            return Ok(clusters);
        }
        let mut centres = self.seeds(count, random, progress, arch)?;
        let dimension = self.space.dimension();
        let (mut iteration, mut moved) = (0, vec![true; count]);
        loop {
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let changed = self.assign(&centres, &moved, &mut clusters, arch);
            if iteration == self.iterations || (iteration > 0 && !changed) {
                break;
            }
            let before = centres.clone();
            self.centre(&mut centres, &clusters);
            let pairs = before.chunks(dimension).zip(centres.chunks(dimension));
            moved = pairs.map(|(before, after)| before != after).collect();
            iteration += 1;
        }
        tracing::debug!(rows = self.rows.len(), count, iteration, "k-means");
        Ok(clusters)
    }

    fn seeds(
        &self,
        count: usize,
        random: &mut impl Rng,
        progress: &dyn Progress,
        arch: Arch,
    ) -> Result<Vec<f32>, Error> {
        let weights = match self.weights {
            Some(weights) => weights.iter().map(|weight| f64::from(*weight)).collect(),
            None => vec![1.0; self.rows.len()],
        };
        let sums = Sums::new(weights);
        let first = match sums.total() > 0.0 {
            true => sums.at(random.random()),
            false => 0,
        };
        let mut nearest = Nearest::new(self.space, self.rows, &[], arch);
        nearest.take(first);
        let (quiet, cut) = (Quiet(progress), spread::Cut::usual(arch));
        let found = spread::draw(&mut nearest, self.weights, count - 1, random, &quiet, cut)?;
        let dimension = self.space.dimension();
        let mut centres = vec![0.0; count * dimension];
        let slots = std::iter::once(first).chain(found.iter().map(|(slot, _)| *slot));
        for (slot, centre) in slots.zip(centres.chunks_exact_mut(dimension)) {
            self.space.copy(self.rows[slot as usize], centre);
        }
        Ok(centres)
    }

    /// Puts every slot into the cluster of the nearest centre. True if any was in another.
    ///
    /// Centres that have not moved are as near as before. So a slot whose own has not is compared with
    /// those that have, and with no other.
    fn assign(&self, centres: &[f32], moved: &[bool], clusters: &mut Clusters, arch: Arch) -> bool {
        let dimension = self.space.dimension();
        let lay = |which: &[u32]| {
            let vectors: Vec<f32> = which
                .iter()
                .flat_map(|&centre| &centres[centre as usize * dimension..][..dimension])
                .copied()
                .collect();
            let mut squares = vec![0.0; which.len()];
            kernel::squared_lengths(arch, dimension, &vectors, &mut squares);
            Laid::vectors(arch, dimension, &vectors, squares)
        };
        let all: Vec<u32> = (0..clusters.count as u32).collect();
        let some: Vec<u32> = all.iter().copied().filter(|&c| moved[c as usize]).collect();
        let (all, some) = ((lay(&all), all), (lay(&some), some));
        let chunks = self.rows.par_chunks(CHUNK);
        let out = clusters.of.par_chunks_mut(CHUNK);
        let out = out.zip(clusters.distances.par_chunks_mut(CHUNK));
        let changed = chunks
            .zip(out)
            .map_init(Block::default, |block, (rows, (of, distances))| {
                let before = of.to_vec();
                for (own, (laid, which)) in [(true, &all), (false, &some)] {
                    let here = |i: &usize| moved[before[*i] as usize] == own;
                    let places: Vec<usize> = (0..rows.len()).filter(here).collect();
                    block.fill(self.space, places.iter().map(|i| rows[*i]));
                    if own {
                        places.iter().for_each(|i| distances[*i] = f32::INFINITY);
                    }
                    laid.distances(0..laid.panels(), block, |i, first, found| {
                        let (i, least) = (places[i], least(found));
                        if least > distances[i] {
                            return;
                        }
                        let place = found.iter().position(|distance| *distance == least);
                        let centre = which[first + place.unwrap_or(0)];
                        if least < distances[i] || centre < of[i] {
                            distances[i] = least;
                            of[i] = centre;
                        }
                    });
                }
                before != of
            });
        changed.reduce(|| false, |a, b| a | b)
    }

    /// Moves every centre to the mean of its cluster: sums in f64, over ascending slots.
    fn centre(&self, centres: &mut [f32], clusters: &Clusters) {
        let dimension = self.space.dimension();
        let members = clusters.members();
        let mut empty = members.iter().filter(|members| members.is_empty()).count();
        let mut far: Vec<u32> = Vec::new();
        if empty > 0 {
            let distance = |slot: &u32| clusters.distances[*slot as usize];
            far = (0..self.rows.len() as u32)
                .filter(|slot| distance(slot) > 0.0)
                .collect();
            far.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
            far.truncate(empty);
            empty = 0;
        }
        let homes: Vec<Option<u32>> = members
            .iter()
            .map(|members| {
                let home = members.is_empty().then(|| far.get(empty).copied());
                empty += usize::from(members.is_empty());
                home.flatten()
            })
            .collect();
        centres
            .par_chunks_exact_mut(dimension)
            .zip(members.par_iter().zip(homes))
            .for_each_init(
                || (vec![0.0_f32; dimension], vec![0.0_f64; dimension]),
                |(vector, sums), (centre, (members, home))| {
                    if let Some(slot) = home {
                        self.space.copy(self.rows[slot as usize], centre);
                    }
                    sums.fill(0.0);
                    let mut total = 0.0;
                    for &slot in members {
                        let weight = self
                            .weights
                            .map_or(1.0, |weights| f64::from(weights[slot as usize]));
                        self.space.copy(self.rows[slot as usize], vector);
                        for (sum, value) in sums.iter_mut().zip(vector.iter()) {
                            *sum += weight * f64::from(*value);
                        }
                        total += weight;
                    }
                    if total > 0.0 {
                        for (value, sum) in centre.iter_mut().zip(sums.iter()) {
                            *value = (sum / total) as f32;
                        }
                    }
                },
            );
    }
}

/// Asks whether to stop, and tells nothing.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn begin(&self, _what: &str, _unit: &str, _total: Option<u64>) {}

    fn advance(&self, _units: u64) {}

    fn note(&self, _text: &str) {}

    fn end(&self) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

/// What so many iterations over so many rows and clusters take at most.
pub(crate) fn work(shape: &Shape, rows: usize, clusters: usize, iterations: usize) -> Work {
    let (rows, clusters) = (rows as f64, clusters.min(rows) as f64);
    let dimension = shape.dimension as f64;
    let passes = iterations as f64 + 1.0;
    Work {
        products: dimension * (passes * rows * clusters + drawn(rows, clusters)),
        steps: passes * rows * (dimension / 8.0 + 2.0),
        read: (2.0 * passes + 2.0) * rows * dimension * shape.value_bytes as f64,
        memory: 6.0 * 4.0 * clusters * dimension + 60.0 * rows,
    }
}

/// About how many distances are computed when so many of so many rows are drawn by squared distance,
/// as measured: the first draws leave all rows behind soon, later ones take about two rows for a pick,
/// each compared with the centres that it has not seen.
pub(crate) fn drawn(rows: f64, picks: f64) -> f64 {
    (100.0 * rows + 1.5 * picks * picks).min(rows * picks.max(1.0))
}

/// Checks a setting of iterations.
pub(crate) fn check(strategy: &'static str, iterations: usize) -> Result<(), Error> {
    match iterations <= MOST_ITERATIONS {
        true => Ok(()),
        false => Err(Error::Setting {
            strategy,
            key: "iterations",
            value: iterations.to_string(),
            expected: "from 0 to 1000",
        }),
    }
}

#[cfg(test)]
mod tests;
