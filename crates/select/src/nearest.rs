//! Squared distances to the nearest centre of a growing set, known only as well as they have to be.
//!
//! Every slot has a *bound*: its squared distance to the nearest of the centres that it has seen.
//! More centres only lower it, so it is never below the truth.

use pulp::Arch;
use rayon::prelude::*;

use crate::space::{Block, Laid, Space};
use goldpan_geometry::Points;

/// The bounds of slots; slot `s` is row `rows[s]`.
pub(crate) struct Nearest<'a, P> {
    space: &'a Space<'a, P>,
    rows: &'a [u32],
    centres: Laid,
    bounds: Vec<f32>,
    seen: Vec<u32>,
    taken: Vec<bool>,
    pairs: u64,
    one: Block,
}

/// Slots that one thread takes at a time: a multiple of the kernel's tiles.
const CHUNK: usize = 48;

impl<'a, P: Points> Nearest<'a, P> {
    /// No slot has seen any of the centres yet.
    pub(crate) fn new(
        space: &'a Space<'a, P>,
        rows: &'a [u32],
        centres: &[u32],
        arch: Arch,
    ) -> Self {
        let mut nearest = Self {
            space,
            rows,
            centres: Laid::new(space, arch),
            bounds: vec![f32::INFINITY; rows.len()],
            seen: vec![0; rows.len()],
            taken: vec![false; rows.len()],
            pairs: 0,
            one: Block::default(),
        };
        for &row in centres {
            nearest.add(row);
        }
        nearest
    }

    pub(crate) fn slots(&self) -> std::ops::Range<u32> {
        0..self.rows.len() as u32
    }

    /// True until a slot is a centre itself.
    pub(crate) fn free(&self, slot: u32) -> bool {
        !self.taken[slot as usize]
    }

    /// How many distances were computed.
    pub(crate) fn pairs(&self) -> u64 {
        self.pairs
    }

    /// The bound of a slot.
    pub(crate) fn bound(&self, slot: u32) -> f32 {
        self.bounds[slot as usize]
    }

    fn add(&mut self, row: u32) {
        self.one.fill(self.space, std::iter::once(row));
        self.centres.push(self.space, &self.one);
    }

    /// Makes a slot a centre, which other slots have not seen yet.
    pub(crate) fn take(&mut self, slot: u32) {
        self.taken[slot as usize] = true;
        self.add(self.rows[slot as usize]);
    }

    /// Brings all slots up to date.
    pub(crate) fn refresh_all(&mut self) {
        let slots: Vec<u32> = self.slots().collect();
        self.refresh(&slots);
    }

    /// Brings slots up to date, none of them named twice.
    pub(crate) fn refresh(&mut self, slots: &[u32]) {
        let centres = self.centres.len() as u32;
        let mut stale: Vec<(u32, u32)> = slots
            .iter()
            .map(|&slot| (self.seen[slot as usize], slot))
            .filter(|(seen, _)| *seen < centres)
            .collect();
        stale.sort_unstable();
        let width = self.centres.width();
        let lowered: Vec<(u64, Vec<f32>)> = stale
            .par_chunks(CHUNK)
            .map_init(Block::default, |block, chunk| {
                let slots = chunk.iter().map(|(_, slot)| *slot as usize);
                block.fill(self.space, slots.clone().map(|slot| self.rows[slot]));
                let mut nearest: Vec<f32> = slots.map(|slot| self.bounds[slot]).collect();
                let panels = chunk[0].0 as usize / width..self.centres.panels();
                let pairs = chunk.len() * panels.len() * width;
                self.centres.lower(panels, block, &mut nearest);
                (pairs as u64, nearest)
            })
            .collect();
        for (chunk, (pairs, nearest)) in stale.chunks(CHUNK).zip(lowered) {
            self.pairs += pairs;
            for ((_, slot), nearest) in chunk.iter().zip(nearest) {
                self.bounds[*slot as usize] = nearest;
                self.seen[*slot as usize] = centres;
            }
        }
    }
}

/// A few slots whose bounds are kept exact while some of them become centres.
pub(crate) struct Batch {
    pub(crate) slots: Vec<u32>,
    pub(crate) nearest: Vec<f32>,
    laid: Laid,
    block: Block,
}

impl Batch {
    pub(crate) fn new<P: Points>(nearest: &Nearest<'_, P>, arch: Arch) -> Self {
        Self {
            slots: Vec::new(),
            nearest: Vec::new(),
            laid: Laid::new(nearest.space, arch),
            block: Block::default(),
        }
    }

    /// Holds these slots instead of those before, each once, and brings them up to date.
    pub(crate) fn gather<P: Points>(&mut self, slots: Vec<u32>, nearest: &mut Nearest<'_, P>) {
        nearest.refresh(&slots);
        let rows = slots.iter().map(|slot| nearest.rows[*slot as usize]);
        self.block.fill(nearest.space, rows);
        self.laid.clear();
        self.laid.push(nearest.space, &self.block);
        self.nearest = slots.iter().map(|slot| nearest.bound(*slot)).collect();
        self.slots = slots;
    }

    /// Makes the slot at a place a centre.
    pub(crate) fn take<P: Points>(&mut self, place: usize, nearest: &mut Nearest<'_, P>) {
        nearest.take(self.slots[place]);
        self.laid.lower_all(&mut nearest.one, &mut self.nearest);
        nearest.pairs += self.slots.len() as u64;
    }

    /// Records what has become known.
    pub(crate) fn settle<P: Points>(&self, nearest: &mut Nearest<'_, P>) {
        let centres = nearest.centres.len() as u32;
        for (&slot, &bound) in self.slots.iter().zip(&self.nearest) {
            nearest.bounds[slot as usize] = bound;
            nearest.seen[slot as usize] = centres;
        }
    }
}
