//! Label propagation over the pool's neighbour graph: Zhou et al. 2004, "Learning with local and global
//! consistency" (NIPS 16).
//!
//! Texts are joined with their nearest, weighted by the cosine; labels flow along, and come back to where they
//! were given with a part of 1 - `ALPHA`. Each class's scores are divided by their sum (class mass
//! normalisation, Zhu et al. 2003), so that a class with more labels does not take the others' texts.

use goldpan_artifact::{Digest, Progress};
use goldpan_geometry::neighbours::{Neighbours, Space, nearest};
use goldpan_geometry::{Points, squared_lengths};
use goldpan_model::votes::{ASKED, cosine, tally};
use ndarray::Array2;
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Texts of the pool that are joined, at most: all pairs are measured.
pub(crate) const MOST: usize = 10_000;
/// The part of a text's score that comes from its neighbours.
const ALPHA: f32 = 0.9;
/// How often scores flow: what is left out then is below `ALPHA` to this power.
const FLOWS: usize = 30;

/// Neighbours that an earlier training found, for the next on the same vectors.
#[derive(Default)]
pub struct NeighbourCache(Mutex<Option<(Digest, Arc<Neighbours>)>>);

impl NeighbourCache {
    /// The nearest of `set` to each of these texts; `None` where the search was stopped.
    fn of(&self, nodes: &Nodes, count: usize, progress: &dyn Progress) -> Option<Arc<Neighbours>> {
        let values = &nodes.vectors[..count * nodes.dimension];
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        let key = Digest::of(bytes.collect::<Vec<u8>>());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, neighbours)) = &*kept
            && *known == key
        {
            return Some(neighbours.clone());
        }
        let all: Vec<u32> = (0..count as u32).collect();
        let found = Arc::new(nodes.nearest(&all, &all, progress)?);
        *kept = Some((key, found.clone()));
        Some(found)
    }
}

/// Texts with their placed vectors.
pub(crate) struct Nodes {
    pub dimension: usize,
    /// `[nodes, dimension]`
    pub vectors: Vec<f32>,
}

impl Points for Nodes {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn bytes(&self) -> usize {
        4 * self.dimension
    }

    fn copy(&self, row: u32, vector: &mut [f32]) {
        vector.copy_from_slice(&self.vectors[row as usize * self.dimension..][..self.dimension]);
    }
}

impl Nodes {
    pub fn len(&self) -> usize {
        self.vectors.len() / self.dimension
    }

    fn nearest(&self, queries: &[u32], set: &[u32], progress: &dyn Progress) -> Option<Neighbours> {
        let squares = squared_lengths(self, self.len()).ok()?;
        let space = Space {
            points: self,
            squares: &squares,
        };
        nearest(&space, queries, set, ASKED, progress).ok()
    }
}

/// Texts that are joined with their nearest.
pub(crate) struct Graph {
    pub nodes: Nodes,
    /// Those of the first nodes, which are always the same, and those of the labelled texts after them.
    sampled: Arc<Neighbours>,
    others: Neighbours,
    count: usize,
    /// Where each node's edges begin.
    starts: Vec<usize>,
    edges: Vec<(u32, f32)>,
}

impl Graph {
    /// Joins nodes, of which the first `count` are the sample and the others labelled texts beside it. `None`
    /// where the search was stopped.
    pub fn new(
        nodes: Nodes,
        count: usize,
        cache: &NeighbourCache,
        progress: &dyn Progress,
    ) -> Option<Self> {
        let sampled = cache.of(&nodes, count, progress)?;
        let all: Vec<u32> = (0..nodes.len() as u32).collect();
        let others = nodes.nearest(&all[count..], &all, progress)?;
        let mut graph = Self {
            nodes,
            sampled,
            others,
            count,
            starts: Vec::new(),
            edges: Vec::new(),
        };
        graph.join();
        Some(graph)
    }

    /// The nearest of a node, itself left out, and their squared distances.
    fn nearest(&self, node: usize) -> (&[u32], &[f32]) {
        match node.checked_sub(self.count) {
            Some(place) => self.others.of(place),
            None => self.sampled.of(node),
        }
    }

    /// Edges in both directions, each divided by the square roots of its ends' sums.
    fn join(&mut self) {
        let count = self.nodes.len();
        let mut pairs: Vec<(u32, u32, f32)> = Vec::with_capacity(2 * ASKED * count);
        for node in 0..count {
            let (rows, squared) = self.nearest(node);
            for (&row, &squared) in rows.iter().zip(squared) {
                let weight = cosine(squared) as f32;
                if weight > 0.0 {
                    pairs.extend([(node as u32, row, weight), (row, node as u32, weight)]);
                }
            }
        }
        pairs.sort_unstable_by_key(|pair| (pair.0, pair.1));
        // A pair that is joined from both sides has the same distance in both.
        pairs.dedup_by_key(|pair| (pair.0, pair.1));
        let mut sums = vec![0.0_f32; count];
        pairs
            .iter()
            .for_each(|(from, _, weight)| sums[*from as usize] += weight);
        self.starts = (0..=count as u32)
            .map(|node| pairs.partition_point(|pair| pair.0 < node))
            .collect();
        self.edges = pairs
            .into_iter()
            .map(|(from, to, weight)| {
                let ends = sums[from as usize] * sums[to as usize];
                (to, weight / ends.sqrt())
            })
            .collect();
    }

    /// How much each node stands for each class, `[nodes, classes]`, of labels at some nodes. The scores of a
    /// class with labels sum to the number of nodes.
    pub fn propagate(&self, labels: &[(usize, usize)], classes: usize) -> Vec<f32> {
        let count = self.nodes.len();
        let mut given = vec![0.0_f32; classes];
        labels.iter().for_each(|(_, class)| given[*class] += 1.0);
        // Only what has labels flows.
        let present: Vec<usize> = (0..classes).filter(|class| given[*class] > 0.0).collect();
        let width = present.len();
        let mut sources: Array2<f32> = Array2::zeros((count, width));
        for &(node, class) in labels {
            let column = present.partition_point(|other| *other < class);
            sources[[node, column]] += 1.0 / given[class];
        }
        let (mut scores, mut next) = (sources.clone(), sources.clone());
        for _ in 0..FLOWS {
            let (from, source) = (&scores, &sources);
            let rows = next.as_slice_mut().unwrap_or_default();
            rows.par_chunks_mut(width)
                .enumerate()
                .for_each(|(node, out)| {
                    out.fill(0.0);
                    for (other, weight) in &self.edges[self.starts[node]..self.starts[node + 1]] {
                        let row = from.row(*other as usize);
                        out.iter_mut()
                            .zip(row)
                            .for_each(|(sum, score)| *sum += weight * score);
                    }
                    for (sum, source) in out.iter_mut().zip(source.row(node)) {
                        *sum = ALPHA * *sum + (1.0 - ALPHA) * source;
                    }
                });
            std::mem::swap(&mut scores, &mut next);
        }
        let mut votes = vec![0.0; count * classes];
        for (column, class) in present.iter().enumerate() {
            let scores = scores.column(column);
            let total: f64 = scores.iter().map(|score| f64::from(*score)).sum();
            let scale = count as f64 / total;
            for (node, score) in scores.iter().enumerate() {
                votes[node * classes + class] = (f64::from(*score) * scale) as f32;
            }
        }
        votes
    }

    /// What the neighbours of a node vote.
    pub fn asked(&self, node: usize, votes: &[f32], out: &mut [f64]) {
        let (rows, squared) = self.nearest(node);
        tally(rows, squared, votes, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goldpan_artifact::Silent;

    /// Two groups of texts on a circle.
    fn graph(per_group: usize) -> Graph {
        let angle = |node: usize| {
            let (group, place) = (node % 2, node / 2);
            group as f64 * 2.0 + place as f64 / per_group as f64 * 0.8
        };
        let vectors = (0..2 * per_group)
            .flat_map(|node| [angle(node).cos() as f32, angle(node).sin() as f32])
            .collect();
        let nodes = Nodes {
            dimension: 2,
            vectors,
        };
        let count = nodes.len() - 3;
        Graph::new(nodes, count, &NeighbourCache::default(), &Silent).unwrap()
    }

    #[test]
    fn labels_flow_within_groups() {
        let graph = graph(40);
        // The last three nodes are beside the sample.
        let votes = graph.propagate(&[(0, 2), (77, 0)], 3);
        let mut out = [0.0; 3];
        for node in 0..80 {
            graph.asked(node, &votes, &mut out);
            let class = if node % 2 == 0 { 2 } else { 0 };
            assert!(out[class] > 0.99, "{node}: {out:?}");
        }
        // Each class sums to the number of nodes; one without labels has none.
        for (class, sum) in [(0, 80.0), (1, 0.0), (2, 80.0)] {
            let scores = votes.iter().skip(class).step_by(3);
            let total: f64 = scores.map(|score| f64::from(*score)).sum();
            assert!((total - sum).abs() < 1e-3, "{class}: {total}");
        }
    }

    #[test]
    fn scores_solve_the_system() {
        let graph = graph(12);
        let labels = [(0, 0), (3, 1), (5, 1)];
        let votes = graph.propagate(&labels, 2);
        // F = α S F + (1 - α) Y, up to what is left after all flows, and a factor for each class.
        let count = graph.nodes.len();
        for class in 0..2 {
            let score = |node: usize| votes[2 * node + class];
            let rest = |node: usize| {
                let edges = &graph.edges[graph.starts[node]..graph.starts[node + 1]];
                let flow: f32 = edges
                    .iter()
                    .map(|(other, weight)| weight * score(*other as usize))
                    .sum();
                score(node) - ALPHA * flow
            };
            let given = |node: usize| labels.contains(&(node, class));
            let source = (0..count).filter(|node| given(*node)).map(rest);
            let source: Vec<f32> = source.collect();
            let most = source.iter().copied().fold(0.0, f32::max);
            assert!(source.iter().all(|part| (part - most).abs() < 0.2 * most));
            for node in (0..count).filter(|node| !given(*node)) {
                assert!(rest(node).abs() < 0.1 * most, "{node}");
            }
        }
    }

    #[test]
    fn neighbours_are_found_once_and_on_any_number_of_threads() {
        let nodes = |shift: f32| Nodes {
            dimension: 2,
            vectors: (0..60).map(|i| ((i * i) as f32 + shift).sin()).collect(),
        };
        let cache = NeighbourCache::default();
        let first = cache.of(&nodes(0.0), 30, &Silent).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &cache.of(&nodes(0.0), 30, &Silent).unwrap()
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &cache.of(&nodes(0.5), 30, &Silent).unwrap()
        ));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| graph(40).propagate(&[(0, 0), (1, 1)], 2))
        };
        assert_eq!(on(1), on(3));
    }
}
