//! Which of the rows that gain is picked next.

use rand::Rng;
use serde::{Deserialize, Serialize};

/// How the next pick is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Greedy {
    /// The largest gain of all rows; gains are only brought up to date while they can still be the
    /// largest (Minoux 1978, doi:10.1007/BFb0006528).
    #[default]
    Lazy,
    /// The largest gain of (n / k) ln(1 / epsilon) rows drawn by the seed, for k picks of n rows
    /// (Mirzasoleiman et al. 2015, arXiv:1409.7938). More varied picks, at an expected coverage of at
    /// least 1 - 1/e - epsilon of the best possible.
    Stochastic {
        /// Above 0 and below 1.
        epsilon: f64,
    },
}

/// Draws the candidates of each pick.
pub(super) struct Choice {
    /// Positions not picked, and how many of them to draw; none where all are candidates.
    drawn: Option<(Vec<u32>, usize)>,
}

impl Choice {
    pub(super) fn new(greedy: Greedy, free: usize, count: usize) -> Self {
        let size = |epsilon: f64| (free as f64 / count as f64 * (1.0 / epsilon).ln()).ceil();
        Self {
            drawn: match greedy {
                Greedy::Lazy => None,
                Greedy::Stochastic { epsilon } => {
                    Some(((0..free as u32).collect(), (size(epsilon) as usize).max(1)))
                }
            },
        }
    }

    /// The candidates of the next pick; `None` where these are all rows.
    pub(super) fn draw(&self, random: &mut impl Rng) -> Option<Vec<u32>> {
        self.drawn.as_ref().map(|(left, size)| {
            let drawn = rand::seq::index::sample(random, left.len(), (*size).min(left.len()));
            drawn.into_iter().map(|i| left[i]).collect()
        })
    }

    pub(super) fn picked(&mut self, position: u32) {
        if let Some((left, _)) = &mut self.drawn
            && let Ok(i) = left.binary_search(&position)
        {
            left.remove(i);
        }
    }
}

/// The largest gain, of the lowest position on ties; `None` where nothing gains.
pub(super) fn largest(gains: impl Iterator<Item = (u32, u64)>) -> Option<(u32, u64)> {
    let better = |a: &(u32, u64), b: &(u32, u64)| a.1.cmp(&b.1).then(b.0.cmp(&a.0));
    gains.max_by(better).filter(|(_, gain)| *gain > 0)
}
