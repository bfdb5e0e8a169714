//! Greedy maximisation of coverage: how well the labelled and picked rows stand for all others.
//!
//! The coverage of picks S is Σᵢ wᵢ max over s in S of similarity(i, s), over all rows i that are not
//! labelled; labelled rows are in S from the start. The *gain* of a row is what coverage grows by when
//! it is picked. It only falls as more is picked (coverage is submodular), and picking the largest gain
//! again and again comes within 1 - 1/e of the best possible coverage (Nemhauser et al. 1978,
//! doi:10.1007/BF01588971).
//!
//! Each term wᵢ · similarity is rounded to a multiple of 1/[`ONE`]; sums of these are exact in
//! integers, in any order. So picks do not depend on threads.
//!
//! A row can only gain from rows that are closer to it than to any pick. After t picks these are some
//! n²/t pairs, and there is no need of an approximation:
//!
//! 1. While there are more than [`Tuning::most`] of these pairs, which only happens when little is
//!    labelled, gains are those from [`Tuning::sample`] rows drawn by the seed. They are kept up to
//!    date by what each pick changes.
//! 2. Then all pairs left are found and stored. From here on gains are exact.

mod greedy;
mod pool;
mod sampled;
mod similarity;
mod stored;

use goldpan_artifact::Progress;
use pulp::Arch;
use rand::Rng;

use crate::farthest::farthest;
use crate::problem;
use goldpan_geometry::Cancelled;
use goldpan_geometry::Points;
use goldpan_geometry::neighbours::{CHUNK, Collect, Space, sweep};

pub use greedy::Greedy;
pub(crate) use pool::{Likeness, Settings, cover, work, work_among};
pub(crate) use similarity::{Similarity, mean_square};

/// The similarity 1, at weight 1, in the integers that are summed.
pub(crate) const ONE: u32 = 1 << 30;

/// What is to be covered, and by what.
pub(crate) struct Coverage<'a, P> {
    pub(crate) space: Space<'a, P>,
    pub(crate) similarity: Similarity,
    /// A weight for every row, in [0, 1]; 1 where there are none.
    pub(crate) weights: Option<&'a [f32]>,
    /// Rows that may be picked and are to be covered, ascending.
    pub(crate) free: &'a [u32],
    /// Rows that cover from the start.
    pub(crate) labelled: &'a [u32],
    pub(crate) greedy: Greedy,
}

/// How much is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// The most pairs to store, about: of 8 bytes each.
    pub(crate) most: usize,
    /// How many rows gains are estimated from until then.
    pub(crate) sample: usize,
}

impl Tuning {
    pub(crate) const USUAL: Self = Self {
        most: 1 << 25,
        sample: 4096,
    };
}

/// A pick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gain {
    pub(crate) row: u32,
    /// What coverage grew by, in rows of weight 1.
    pub(crate) gain: f64,
}

impl<P: Points> Coverage<'_, P> {
    /// `count` picks, or as many as there are free rows: by gain, ties to the lowest row. Once no row
    /// gains anything, those farthest from all labelled and picked rows follow.
    pub(crate) fn cover(
        &self,
        count: usize,
        random: &mut impl Rng,
        tuning: Tuning,
        progress: &dyn Progress,
    ) -> Result<Vec<Gain>, Cancelled> {
        let count = count.min(self.free.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut covered = Covered::new(self, progress)?;
        let mut choice = greedy::Choice::new(self.greedy, self.free.len(), count);
        let mut picks = sampled::pick(
            self,
            &mut covered,
            &mut choice,
            count,
            random,
            tuning,
            progress,
        )?;
        let estimated = picks.len();
        if picks.len() < count {
            stored::pick(
                self,
                covered,
                &mut choice,
                count,
                random,
                &mut picks,
                progress,
            )?;
        }
        let gaining = picks.len();
        let mut picks: Vec<Gain> = picks
            .iter()
            .map(|&(position, gain)| Gain {
                row: self.free[position as usize],
                gain,
            })
            .collect();
        self.fill(count, &mut picks, progress)?;
        tracing::debug!(estimated, gaining, picks = picks.len(), "coverage");
        Ok(picks)
    }

    /// Adds the farthest rows from all labelled and picked ones until there are `count`.
    fn fill(
        &self,
        count: usize,
        picks: &mut Vec<Gain>,
        progress: &dyn Progress,
    ) -> Result<(), Cancelled> {
        if picks.is_empty() && self.labelled.is_empty() {
            picks.push(Gain {
                row: self.free[0],
                gain: 0.0,
            });
            progress.advance(1);
        }
        if picks.len() == count {
            return Ok(());
        }
        let mut picked: Vec<u32> = picks.iter().map(|pick| pick.row).collect();
        let centres = [self.labelled, &picked].concat();
        picked.sort_unstable();
        let left = self.free.iter().copied();
        let left: Vec<u32> = left
            .filter(|row| picked.binary_search(row).is_err())
            .collect();
        let problem = problem::Problem {
            points: self.space.points,
            squares: self.space.squares,
            weights: None,
            free: &left,
            centres: &centres,
        };
        let tuning = problem::Tuning::USUAL;
        let (found, _) = farthest(
            &problem,
            count - picks.len(),
            0.0,
            progress,
            Arch::new(),
            tuning,
        )?;
        picks.extend(found.iter().map(|found| Gain {
            row: found.row,
            gain: 0.0,
        }));
        Ok(())
    }

    /// wᵢ · similarity of free row `position` and one at a squared distance from it.
    fn value(&self, position: usize, squared: f32) -> u32 {
        fixed(self.weight(position), self.similarity.of(squared))
    }

    fn weight(&self, position: usize) -> f32 {
        let row = self.free[position] as usize;
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// How far from free row `position` others gain from it when it is covered like this.
    fn gate(&self, position: usize, nearest: f32) -> f32 {
        let best = self.best(position, nearest);
        if best == self.value(position, 0.0) {
            0.0
        } else {
            nearest.min(self.similarity.reach())
        }
    }

    /// What covers free row `position` at a squared distance to the nearest pick.
    fn best(&self, position: usize, nearest: f32) -> u32 {
        if nearest == f32::INFINITY {
            0
        } else {
            self.value(position, nearest)
        }
    }
}

/// How well every free row is covered: its squared distance to the nearest labelled or picked row.
struct Covered {
    nearest: Vec<f32>,
}

impl Covered {
    fn new<P: Points>(
        coverage: &Coverage<'_, P>,
        progress: &dyn Progress,
    ) -> Result<Self, Cancelled> {
        let mut covered = Self {
            nearest: vec![f32::INFINITY; coverage.free.len()],
        };
        covered.add(coverage, coverage.labelled, progress)?;
        Ok(covered)
    }

    /// Accounts for more rows that cover.
    fn add<P: Points>(
        &mut self,
        coverage: &Coverage<'_, P>,
        rows: &[u32],
        progress: &dyn Progress,
    ) -> Result<(), Cancelled> {
        lower(
            &coverage.space,
            coverage.free,
            rows,
            &mut self.nearest,
            progress,
        )
    }
}

/// Lowers the squared distance of each query to the nearest row of `set`, where that is less.
fn lower<P: Points>(
    space: &Space<'_, P>,
    queries: &[u32],
    set: &[u32],
    nearest: &mut [f32],
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let mut least: Vec<Least<'_>> = nearest
        .chunks_mut(CHUNK)
        .map(|nearest| Least { nearest })
        .collect();
    sweep(space, queries, set, &mut least, progress)
}

struct Least<'a> {
    nearest: &'a mut [f32],
}

impl Collect for Least<'_> {
    #[inline(always)]
    fn collect(&mut self, query: usize, _first: usize, distances: &[f32]) {
        let nearest = &mut self.nearest[query];
        *nearest = distances
            .iter()
            .fold(*nearest, |least, d| if *d < least { *d } else { least });
    }
}

/// A term of the coverage as an integer, the nearest, the even one of two.
#[inline(always)]
fn fixed(weight: f32, similarity: f32) -> u32 {
    /// Adding it rounds to a whole number, which then is in the lowest bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    (f64::from(weight * similarity) * f64::from(ONE) + WHOLE).to_bits() as u32
}

/// True where one of `distances` is below its limit.
#[inline(always)]
fn any_below(distances: &[f32], limits: &[f32]) -> bool {
    let pairs = distances.iter().zip(limits);
    pairs.fold(false, |any, (d, limit)| any | (d < limit))
}

#[cfg(test)]
mod tests;
