//! What a farthest-first search is asked, what it answers, and how it cuts its work.

use crate::key::Key;
use goldpan_geometry::Points;
use goldpan_geometry::kernel::Closest;

/// What is to be picked from.
pub(crate) struct Problem<'a, P> {
    pub(crate) points: &'a P,
    /// The squared lengths of all rows of `points`.
    pub(crate) squares: &'a [f32],
    /// A factor of the score for every row, finite and at least 0; 1 where there is none.
    pub(crate) weights: Option<&'a [f32]>,
    /// Rows that may be picked, ascending.
    pub(crate) free: &'a [u32],
    /// Rows that are centres from the start: at least one, none of them free.
    pub(crate) centres: &'a [u32],
}

/// A pick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) row: u32,
    /// The distance to the nearest centre when it was picked.
    pub(crate) distance: f32,
    /// The number of that centre, the lowest on ties: those of the problem come first, then picks.
    pub(crate) centre: u32,
    pub(crate) score: f32,
}

impl<P: Points> Problem<'_, P> {
    /// The key of a slot at a squared distance to its nearest centre.
    pub(crate) fn key(&self, slot: u32, nearest: f32) -> Key {
        Key::new(self.score(self.free[slot as usize], nearest.sqrt()), slot)
    }

    pub(crate) fn found(&self, slot: u32, nearest: Closest) -> Found {
        let row = self.free[slot as usize];
        let distance = nearest.squared.sqrt();
        Found {
            row,
            distance,
            centre: nearest.number,
            score: self.score(row, distance),
        }
    }

    fn score(&self, row: u32, distance: f32) -> f32 {
        self.weights
            .map_or(distance, |weights| distance * weights[row as usize])
    }
}

/// How work is cut into pieces. Nothing here changes a pick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// Rows in the front: a share of all rows, one in this many, ...
    pub(crate) front_share: usize,
    /// ... but at least this many.
    pub(crate) least_front: usize,
    /// The most candidates.
    pub(crate) candidates: usize,
    /// Centres applied before rows are let go.
    pub(crate) block: usize,
    /// Rows that one thread takes at a time.
    pub(crate) chunk: usize,
    /// The fewest centres for which there are cells.
    pub(crate) least_cells: usize,
}

impl Tuning {
    pub(crate) const USUAL: Self = Self {
        front_share: 32,
        least_front: 2048,
        candidates: 512,
        block: 256,
        chunk: 96,
        least_cells: 1024,
    };

    /// How many cells there are for that many centres.
    pub(crate) fn cells(&self, centres: usize) -> usize {
        if centres < self.least_cells {
            return 0;
        }
        centres.isqrt()
    }

    /// Rows in the front of `rows`.
    pub(crate) fn front(&self, rows: usize) -> usize {
        (rows / self.front_share).max(self.least_front)
    }
}
