//! Texts that vote: a new text is what its nearest ones are, `voters.safetensors`.
//!
//! How much each voter stands for each class comes from label propagation over the pool's neighbour graph
//! (Zhou et al. 2004, "Learning with local and global consistency"), which the `train` stage computes.

use super::tensors::{f32_bytes, write_tensors};
use crate::error::Error;
use crate::weights::Weights;
use goldpan_artifact::Silent;
use goldpan_geometry::neighbours::{Space, nearest};
use goldpan_geometry::{Points, squared_lengths};
use half::f16;
use safetensors::Dtype;
use std::path::Path;

const FILE: &str = "voters.safetensors";
const VECTORS: &str = "vectors";
const VOTES: &str = "votes";
const MIXTURE: &str = "mixture";

/// How many of the nearest voters are asked.
pub const ASKED: usize = 15;
/// What a class without a vote counts as: nothing is impossible.
const LEAST: f64 = 1e-4;

/// Texts with their vectors and votes.
#[derive(Clone, Debug, PartialEq)]
pub struct Voters {
    dimension: usize,
    /// Placed vectors, `[voters, dimension]`, in half precision's values.
    vectors: Vec<f32>,
    /// `[voters, classes]`
    votes: Vec<f32>,
    /// What the logarithms of the votes are multiplied with: one over a temperature.
    factor: f32,
    /// The part that the votes have in the probabilities, 0 to 1; the probe has the rest.
    share: f32,
    /// The classes that somebody votes for.
    seen: Vec<bool>,
}

impl Voters {
    /// Voters at placed vectors, `[voters, dimension]`, whose values half precision has, with votes
    /// `[voters, classes]`.
    pub fn new(
        (vectors, dimension): (Vec<f32>, usize),
        (votes, classes): (Vec<f32>, usize),
        factor: f64,
        share: f64,
    ) -> Self {
        Self {
            dimension,
            vectors,
            seen: seen(&votes, classes),
            votes,
            factor: factor as f32,
            share: share as f32,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.vectors.len() / self.dimension.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The part that the votes have in the probabilities.
    pub fn share(&self) -> f64 {
        f64::from(self.share)
    }

    /// The logarithms of probabilities, `[texts, classes]`, of which the probe's `logits` are a part.
    /// `placed` are the texts' placed vectors, `[texts, dimension]`.
    pub(super) fn mix(&self, placed: &[f32], logits: &mut [f32]) {
        let texts = placed.len() / self.dimension;
        let classes = logits.len() / texts.max(1);
        let points = Both {
            dimension: self.dimension,
            voters: &self.vectors,
            asking: placed,
        };
        let voters = self.len() as u32;
        let all = voters as usize + texts;
        // What is not finite is near to nothing.
        let Ok(squares) = squared_lengths(&points, all) else {
            return;
        };
        let space = Space {
            points: &points,
            squares: &squares,
        };
        let asking: Vec<u32> = (voters..all as u32).collect();
        let set: Vec<u32> = (0..voters).collect();
        let Ok(found) = nearest(&space, &asking, &set, ASKED, &Silent) else {
            return;
        };
        let mut own = vec![0.0; classes];
        let mut votes = vec![0.0; classes];
        for (text, logits) in logits.chunks_exact_mut(classes).enumerate() {
            let (rows, squared) = found.of(text);
            tally(rows, squared, &self.votes, &mut votes);
            believed(f64::from(self.factor), &self.seen, &mut votes);
            own.iter_mut()
                .zip(&*logits)
                .for_each(|(own, logit)| *own = f64::from(*logit));
            softmax(&mut own);
            let share = self.share();
            for ((logit, own), vote) in logits.iter_mut().zip(&own).zip(&votes) {
                let mixed = (1.0 - share) * own + share * vote;
                *logit = mixed.ln().max(f64::from(NEVER)) as f32;
            }
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let halves = self.vectors.iter().map(|value| f16::from_f32(*value));
        let vectors: Vec<u8> = halves.flat_map(f16::to_le_bytes).collect();
        let voters = self.len();
        let classes = self.votes.len() / voters.max(1);
        write_tensors(
            &folder.join(FILE),
            [
                (VECTORS, Dtype::F16, vec![voters, self.dimension], vectors),
                (
                    VOTES,
                    Dtype::F32,
                    vec![voters, classes],
                    f32_bytes(&self.votes),
                ),
                (
                    MIXTURE,
                    Dtype::F32,
                    vec![2],
                    f32_bytes(&[self.factor, self.share]),
                ),
            ],
        )
    }

    /// Those of a model's folder, where it has some.
    pub(super) fn find(
        folder: &Path,
        dimension: usize,
        classes: usize,
    ) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let weights = Weights::open_file(&path)?;
        let voters = weights.shape(VECTORS).and_then(<[usize]>::first);
        let voters = voters.copied().unwrap_or_default();
        let mixture = weights.values(MIXTURE, &[2])?;
        let votes = weights.values(VOTES, &[voters, classes])?;
        Ok(Some(Self {
            dimension,
            vectors: weights.values(VECTORS, &[voters, dimension])?,
            seen: seen(&votes, classes),
            votes,
            factor: mixture[0],
            share: mixture[1],
        }))
    }
}

/// The classes that have a vote at all.
fn seen(votes: &[f32], classes: usize) -> Vec<bool> {
    let mut seen = vec![false; classes];
    for votes in votes.chunks_exact(classes) {
        let pairs = seen.iter_mut().zip(votes);
        pairs.for_each(|(seen, vote)| *seen |= *vote > 0.0);
    }
    seen
}

/// A value in half precision.
pub fn rounded(value: f32) -> f32 {
    f16::from_f32(value).to_f32()
}

/// The mean of the votes of the rows that were found, weighted by their cosines; each class the same where
/// nobody votes. `votes` is `[voters, classes]`.
pub fn tally(rows: &[u32], squared: &[f32], votes: &[f32], out: &mut [f64]) {
    out.fill(0.0);
    let classes = out.len();
    for (&row, &squared) in rows.iter().zip(squared) {
        let weight = cosine(squared);
        let votes = &votes[row as usize * classes..][..classes];
        for (sum, vote) in out.iter_mut().zip(votes) {
            *sum += weight * f64::from(*vote);
        }
    }
    let total: f64 = out.iter().sum();
    match total > 0.0 {
        true => out.iter_mut().for_each(|vote| *vote /= total),
        false => out.fill(1.0 / classes as f64),
    }
}

/// The cosine of vectors of length 1 at a squared distance; what points away has none.
pub fn cosine(squared: f32) -> f64 {
    (1.0 - f64::from(squared) / 2.0).max(0.0)
}

/// The logarithm of a vote.
pub fn log_vote(vote: f64) -> f64 {
    vote.max(LEAST).ln()
}

/// Makes probabilities of votes, which a factor makes as sure as they are right. Classes that were not seen
/// have none.
pub fn believed(factor: f64, seen: &[bool], votes: &mut [f64]) {
    for (vote, seen) in votes.iter_mut().zip(seen) {
        *vote = match seen {
            true => factor * log_vote(*vote),
            false => f64::NEG_INFINITY,
        };
    }
    softmax(votes);
}

/// Makes probabilities of logits.
pub fn softmax(logits: &mut [f64]) {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logits
        .iter_mut()
        .for_each(|logit| *logit = (*logit - highest).exp());
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|value| *value /= sum);
}

/// Voters, and the texts that ask them.
struct Both<'a> {
    dimension: usize,
    voters: &'a [f32],
    asking: &'a [f32],
}

impl Points for Both<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn bytes(&self) -> usize {
        4 * self.dimension
    }

    fn copy(&self, row: u32, vector: &mut [f32]) {
        let start = row as usize * self.dimension;
        let values = match start.checked_sub(self.voters.len()) {
            Some(start) => &self.asking[start..],
            None => &self.voters[start..],
        };
        vector.copy_from_slice(&values[..self.dimension]);
    }
}

/// The logit of a class without labels, beside others around 0.
pub const NEVER: f32 = -30.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_texts_vote_by_their_cosines() {
        let mut out = [0.0; 2];
        // At cosines 1 and 0.5, one vote each.
        tally(&[0, 1], &[0.0, 1.0], &[2.0, 0.0, 0.0, 2.0], &mut out);
        assert!((out[0] - 2.0 / 3.0).abs() < 1e-12 && (out[1] - 1.0 / 3.0).abs() < 1e-12);
        // What points away says nothing.
        tally(&[0, 1], &[4.0, 3.0], &[2.0, 0.0, 0.0, 2.0], &mut out);
        assert_eq!(out, [0.5, 0.5]);
    }

    #[test]
    fn a_factor_makes_votes_surer() {
        let mut votes = [0.8, 0.2];
        believed(2.0, &[true; 2], &mut votes);
        assert!((votes[0] - 0.64 / 0.68).abs() < 1e-12);
        let mut votes = [1.0, 0.0, 0.0];
        believed(1.0, &[true, true, false], &mut votes);
        assert!(votes[1] > 0.0 && votes[1] < 2e-4 && votes[2] == 0.0);
    }
}
