//! Distances to the nearest centre, known only as well as they have to be.
//!
//! Each row that may be picked has a *bound*: its squared distance to the nearest of the first
//! `seen` centres. More centres can only lower it, so a bound is never below the truth, and a row
//! whose bound is too low to be picked need not be looked at.

use pulp::Arch;
use rayon::prelude::*;

use crate::kernel::Panels;
use crate::key::Key;
use crate::points::Points;
use crate::problem::{Problem, Tuning};

/// The bounds of all slots, and the centres they are about. Slot `s` is row `free[s]`.
pub(crate) struct Bounds<'a, P> {
    problem: &'a Problem<'a, P>,
    tuning: Tuning,
    centres: Panels,
    slots: Vec<Slot>,
    pairs: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    nearest: f32,
    seen: u32,
}

impl Slot {
    /// `seen` of a slot that was picked.
    const PICKED: u32 = u32::MAX;
}

/// A slot whose bound is being lowered.
struct Stale {
    slot: u32,
    nearest: f32,
    seen: u32,
}

/// The vectors of one chunk of stale slots, laid out for the kernel.
struct Scratch {
    vectors: Vec<f32>,
    squares: Vec<f32>,
    nearest: Vec<f32>,
}

impl<'a, P: Points> Bounds<'a, P> {
    /// Bounds that account for the first block of the problem's centres.
    pub(crate) fn new(problem: &'a Problem<'a, P>, tuning: Tuning, arch: Arch) -> Self {
        let dimension = problem.points.dimension();
        let mut centres = Panels::new(arch, dimension);
        let mut vector = vec![0.0; dimension];
        for &row in problem.centres {
            problem.points.copy(row, &mut vector);
            centres.push(&vector, problem.squares[row as usize]);
        }
        let slots = vec![
            Slot {
                nearest: f32::INFINITY,
                seen: 0
            };
            problem.free.len()
        ];
        let mut bounds = Self {
            problem,
            tuning,
            centres,
            slots,
            pairs: 0,
        };
        let stale = bounds.stale(0..bounds.slots.len() as u32);
        let first = bounds.block().min(bounds.centres.panels());
        bounds.apply(stale, first, Key::NONE);
        bounds
    }

    /// How many distances were computed.
    pub(crate) fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Counts distances computed elsewhere.
    pub(crate) fn computed(&mut self, pairs: u64) {
        self.pairs += pairs;
    }

    /// The keys, by their bounds, of all slots that were not picked.
    pub(crate) fn keys(&self) -> Vec<Key> {
        (0..self.slots.len() as u32)
            .filter(|slot| self.slots[*slot as usize].seen != Slot::PICKED)
            .map(|slot| self.key(slot))
            .collect()
    }

    /// The key of a slot by its bound: at least that by its distance. [`Key::NONE`] once picked.
    pub(crate) fn key(&self, slot: u32) -> Key {
        let Slot { nearest, seen } = self.slots[slot as usize];
        if seen == Slot::PICKED {
            Key::NONE
        } else {
            self.problem.key(slot, nearest)
        }
    }

    /// The bound of a slot.
    pub(crate) fn nearest(&self, slot: u32) -> f32 {
        self.slots[slot as usize].nearest
    }

    /// Adds a centre.
    pub(crate) fn add(&mut self, vector: &[f32], square: f32) {
        self.centres.push(vector, square);
    }

    /// Records that a slot was picked.
    pub(crate) fn picked(&mut self, slot: u32) {
        self.slots[slot as usize].seen = Slot::PICKED;
    }

    /// Records the distance of a slot to the nearest of all centres, unless it was picked.
    pub(crate) fn exact(&mut self, slot: u32, nearest: f32) {
        let centres = self.centres.len() as u32;
        let slot = &mut self.slots[slot as usize];
        if slot.seen != Slot::PICKED {
            *slot = Slot {
                nearest,
                seen: centres,
            };
        }
    }

    /// Lowers the bounds of `slots` until they are exact or below `floor`.
    pub(crate) fn refresh(&mut self, slots: impl Iterator<Item = u32>, floor: Key) {
        let stale = self.stale(slots);
        self.apply(stale, self.centres.panels(), floor);
    }

    fn stale(&self, slots: impl Iterator<Item = u32>) -> Vec<Stale> {
        let centres = self.centres.len() as u32;
        slots
            .map(|slot| {
                let Slot { nearest, seen } = self.slots[slot as usize];
                Stale {
                    slot,
                    nearest,
                    seen,
                }
            })
            .filter(|stale| stale.seen < centres)
            .collect()
    }

    fn apply(&mut self, mut stale: Vec<Stale>, panels: usize, floor: Key) {
        stale.sort_unstable_by_key(|stale| (stale.seen, stale.slot));
        let pairs: u64 = stale
            .par_chunks_mut(self.tuning.chunk)
            .map_init(
                || self.scratch(),
                |scratch, chunk| self.lower(scratch, chunk, panels, floor),
            )
            .sum();
        self.pairs += pairs;
        for Stale {
            slot,
            nearest,
            seen,
        } in stale
        {
            self.slots[slot as usize] = Slot { nearest, seen };
        }
    }

    /// How many panels are applied before rows are let go.
    fn block(&self) -> usize {
        self.tuning.block.div_ceil(self.centres.width())
    }

    fn scratch(&self) -> Scratch {
        let rows = self.tuning.chunk;
        Scratch {
            vectors: vec![0.0; rows * self.problem.points.dimension()],
            squares: vec![0.0; rows],
            nearest: vec![0.0; rows],
        }
    }

    /// Applies panels of centres to a chunk, a block at a time, letting go of slots that fall below
    /// `floor`. Returns how many distances it computed.
    fn lower(&self, scratch: &mut Scratch, chunk: &mut [Stale], panels: usize, floor: Key) -> u64 {
        let problem = self.problem;
        let dimension = problem.points.dimension();
        let Scratch {
            vectors,
            squares,
            nearest,
        } = scratch;
        for (i, stale) in chunk.iter().enumerate() {
            let row = problem.free[stale.slot as usize];
            problem
                .points
                .copy(row, &mut vectors[i * dimension..(i + 1) * dimension]);
            squares[i] = problem.squares[row as usize];
            nearest[i] = stale.nearest;
        }
        let width = self.centres.width();
        let mut active = chunk.len();
        let mut panel = chunk
            .iter()
            .map(|stale| stale.seen as usize / width)
            .min()
            .unwrap_or(0);
        let mut pairs = 0;
        while active > 0 && panel < panels {
            let next = (panel + self.block()).min(panels);
            let vectors_left = &vectors[..active * dimension];
            self.centres.lower(
                panel..next,
                vectors_left,
                &squares[..active],
                &mut nearest[..active],
            );
            pairs += (active * (next - panel) * width) as u64;
            panel = next;
            let seen = (panel * width).min(self.centres.len()) as u32;
            let mut i = 0;
            while i < active {
                chunk[i].nearest = nearest[i];
                chunk[i].seen = chunk[i].seen.max(seen);
                if problem.key(chunk[i].slot, nearest[i]) < floor {
                    active -= 1;
                    chunk.swap(i, active);
                    nearest.swap(i, active);
                    squares.swap(i, active);
                    vectors
                        .copy_within(active * dimension..(active + 1) * dimension, i * dimension);
                } else {
                    i += 1;
                }
            }
        }
        pairs
    }
}
