//! Distances to the nearest centre, known only as well as they have to be.
//!
//! Each row that may be picked has a *bound*: the nearest to it of the first `seen` centres, at a
//! squared distance. More centres can only lower it, so a bound is never below the truth, and a row
//! whose bound is too low to be picked need not be looked at.
//!
//! A bound is lowered in two ways. First by the centres of the row's cell, among which a near one
//! is likely. Then, while the bound is still too high to let go of the row, by all centres in turn.

use goldpan_artifact::Access;
use pulp::Arch;
use rayon::prelude::*;

use crate::cells::Cells;
use crate::key::Key;
use crate::problem::{Problem, Tuning};
use goldpan_geometry::Points;
use goldpan_geometry::kernel::{Closest, Panels};

/// The bounds of all slots, and the centres they are about. Slot `s` is row `free[s]`.
pub(crate) struct Bounds<'a, P> {
    problem: &'a Problem<'a, P>,
    tuning: Tuning,
    centres: Panels,
    cells: Cells,
    slots: Vec<Slot>,
    /// The vectors brought into memory.
    window: Vec<f32>,
    pairs: u64,
    copied: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    nearest: Closest,
    seen: u32,
    /// The cell, and how many centres there were when it was last asked.
    home: u32,
    asked: u32,
}

impl Slot {
    /// `seen` of a slot that was picked.
    const PICKED: u32 = u32::MAX;
}

/// Rows that are brought into memory at a time, in their order, so that a table that does not fit
/// there is read in order too.
const WINDOW: usize = 16_384;

/// A slot whose bound is being lowered.
#[derive(Clone, Copy)]
struct Stale {
    slot: u32,
    /// Where its vector lies among those brought into memory.
    place: u32,
    at: Slot,
}

/// The vectors of some rows, laid out for the kernel.
struct Scratch {
    dimension: usize,
    vectors: Vec<f32>,
    squares: Vec<f32>,
    nearest: Vec<Closest>,
    homes: Vec<Closest>,
}

impl Scratch {
    fn new(dimension: usize) -> Self {
        Self {
            dimension,
            vectors: Vec::new(),
            squares: Vec::new(),
            nearest: Vec::new(),
            homes: Vec::new(),
        }
    }

    fn copy<P: Points>(&mut self, problem: &Problem<'_, P>, rows: impl Iterator<Item = u32>) {
        self.squares.clear();
        for row in rows {
            let start = self.squares.len() * self.dimension;
            let end = start + self.dimension;
            if self.vectors.len() < end {
                self.vectors.resize(end, 0.0);
            }
            problem.points.copy(row, &mut self.vectors[start..end]);
            self.squares.push(problem.squares[row as usize]);
        }
    }

    /// Takes the vectors of `stale` out of `window`.
    fn take<P: Points>(&mut self, problem: &Problem<'_, P>, window: &[f32], stale: &[Stale]) {
        let dimension = self.dimension;
        self.vectors.resize(stale.len() * dimension, 0.0);
        self.squares.clear();
        self.nearest.clear();
        for (vector, stale) in self.vectors.chunks_exact_mut(dimension).zip(stale) {
            let start = stale.place as usize * dimension;
            vector.copy_from_slice(&window[start..start + dimension]);
            let row = problem.free[stale.slot as usize];
            self.squares.push(problem.squares[row as usize]);
            self.nearest.push(stale.at.nearest);
        }
    }

    /// Finds the cells of the vectors.
    fn find(&mut self, cells: &Cells) {
        let rows = self.squares.len();
        self.homes.clear();
        self.homes.resize(rows, Closest::NONE);
        let vectors = &self.vectors[..rows * self.dimension];
        cells.homes(vectors, &self.squares, &mut self.homes);
    }
}

impl<'a, P: Points> Bounds<'a, P> {
    /// Bounds that account for the first block of the problem's centres. `count` rows are to be
    /// picked.
    pub(crate) fn new(
        problem: &'a Problem<'a, P>,
        count: usize,
        tuning: Tuning,
        arch: Arch,
    ) -> Self {
        let dimension = problem.points.dimension();
        let blank = Slot {
            nearest: Closest::NONE,
            seen: 0,
            home: 0,
            asked: 0,
        };
        let mut bounds = Self {
            problem,
            tuning,
            centres: Panels::new(arch, dimension),
            cells: Cells::new(arch, dimension),
            slots: vec![blank; problem.free.len()],
            window: Vec::new(),
            pairs: 0,
            copied: 0,
        };
        bounds.centres.reserve(problem.centres.len() + count);
        let mut vector = vec![0.0; dimension];
        let rows = problem.free.len();
        let cells = tuning.cells(problem.centres.len() + count).min(rows);
        for cell in 0..cells {
            let row = problem.free[cell * rows / cells];
            problem.points.copy(row, &mut vector);
            bounds
                .cells
                .push(arch, &vector, problem.squares[row as usize]);
        }
        bounds.copied += cells as u64;
        bounds.start();
        problem.points.expect(Access::InOrder);
        bounds.survey();
        problem.points.expect(Access::Scattered);
        bounds
    }

    /// Adds the problem's centres.
    fn start(&mut self) {
        let dimension = self.problem.points.dimension();
        for rows in self.problem.centres.chunks(WINDOW) {
            let problem = self.problem;
            let cells = &self.cells;
            let scratches: Vec<Scratch> = rows
                .par_chunks(self.tuning.chunk)
                .map(|rows| {
                    let mut scratch = Scratch::new(dimension);
                    scratch.copy(problem, rows.iter().copied());
                    if cells.len() > 0 {
                        scratch.find(cells);
                    }
                    scratch
                })
                .collect();
            for scratch in scratches {
                let vectors = scratch.vectors.chunks_exact(dimension);
                for (i, (vector, &square)) in vectors.zip(&scratch.squares).enumerate() {
                    let home = scratch.homes.get(i).map_or(0, |home| home.number);
                    self.push(home, vector, square);
                }
            }
            self.copied += rows.len() as u64;
            self.pairs += (rows.len() * self.cells.len()) as u64;
        }
    }

    /// Finds the cells of all rows, and applies the first block of centres and those of the cells.
    fn survey(&mut self) {
        let first = self.block().min(self.centres.panels());
        let seen = (first * self.centres.width()).min(self.centres.len()) as u32;
        let more = (seen as usize) < self.centres.len();
        for start in (0..self.slots.len()).step_by(WINDOW) {
            let end = (start + WINDOW).min(self.slots.len());
            let mut stale = self.bring(start as u32..end as u32);
            stale.par_chunks_mut(self.tuning.chunk).for_each_init(
                || Scratch::new(self.problem.points.dimension()),
                |scratch, chunk| {
                    scratch.take(self.problem, &self.window, chunk);
                    self.centres.lower(
                        0..first,
                        &scratch.vectors,
                        &scratch.squares,
                        &mut scratch.nearest,
                    );
                    if self.cells.len() > 0 {
                        scratch.find(&self.cells);
                    }
                    for (i, stale) in chunk.iter_mut().enumerate() {
                        stale.at.nearest = scratch.nearest[i];
                        stale.at.home = scratch.homes.get(i).map_or(0, |home| home.number);
                        (stale.at.seen, stale.at.asked) = (seen, seen);
                    }
                },
            );
            let width = self.centres.width();
            self.pairs += (stale.len() * (first * width + self.cells.len())) as u64;
            if more && self.cells.len() > 0 {
                self.ask(&mut stale);
            }
            self.store(&stale);
        }
    }

    /// How many distances were computed.
    pub(crate) fn pairs(&self) -> u64 {
        self.pairs
    }

    /// How often a vector was copied from where it is stored.
    pub(crate) fn copied(&self) -> u64 {
        self.copied
    }

    /// Counts distances computed and vectors copied elsewhere.
    pub(crate) fn computed(&mut self, pairs: u64, copied: u64) {
        self.pairs += pairs;
        self.copied += copied;
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
        let Slot { nearest, seen, .. } = self.slots[slot as usize];
        if seen == Slot::PICKED {
            Key::NONE
        } else {
            self.problem.key(slot, nearest.squared)
        }
    }

    /// The nearest centre that a slot has met.
    pub(crate) fn nearest(&self, slot: u32) -> Closest {
        self.slots[slot as usize].nearest
    }

    /// Records that a slot was picked, and adds it as a centre. Returns the centre's number.
    pub(crate) fn picked(&mut self, slot: u32, vector: &[f32], square: f32) -> u32 {
        let slot = &mut self.slots[slot as usize];
        slot.seen = Slot::PICKED;
        let home = slot.home;
        self.push(home, vector, square)
    }

    fn push(&mut self, home: u32, vector: &[f32], square: f32) -> u32 {
        let number = self.centres.len() as u32;
        self.centres.push(vector, square);
        if self.cells.len() > 0 {
            self.cells.add(home, number, vector, square);
        }
        number
    }

    /// Records the nearest of all centres to a slot, unless it was picked.
    pub(crate) fn exact(&mut self, slot: u32, nearest: Closest) {
        let centres = self.centres.len() as u32;
        let slot = &mut self.slots[slot as usize];
        if slot.seen != Slot::PICKED {
            slot.nearest = nearest;
            (slot.seen, slot.asked) = (centres, centres);
        }
    }

    /// Lowers the bounds of `slots` until they are exact or below `floor`.
    pub(crate) fn refresh(&mut self, slots: impl Iterator<Item = u32>, floor: Key) {
        let centres = self.centres.len() as u32;
        let mut slots: Vec<u32> = slots
            .filter(|slot| self.slots[*slot as usize].seen < centres)
            .collect();
        slots.sort_unstable();
        for slots in slots.chunks(WINDOW) {
            let mut stale = self.bring(slots.iter().copied());
            if self.cells.len() > 0 {
                self.ask(&mut stale);
                self.store(&stale);
                stale
                    .retain(|stale| self.problem.key(stale.slot, stale.at.nearest.squared) > floor);
            }
            self.scan(&mut stale, floor);
        }
    }

    /// Brings the vectors of `slots` into memory.
    fn bring(&mut self, slots: impl Iterator<Item = u32>) -> Vec<Stale> {
        let stale: Vec<Stale> = slots
            .zip(0..)
            .map(|(slot, place)| Stale {
                slot,
                place,
                at: self.slots[slot as usize],
            })
            .collect();
        let problem = self.problem;
        let dimension = problem.points.dimension();
        self.window.resize(stale.len() * dimension, 0.0);
        self.window
            .par_chunks_exact_mut(dimension)
            .zip(&stale)
            .with_min_len(self.tuning.chunk)
            .for_each(|(vector, stale)| {
                problem
                    .points
                    .copy(problem.free[stale.slot as usize], vector);
            });
        self.copied += stale.len() as u64;
        stale
    }

    fn store(&mut self, stale: &[Stale]) {
        for stale in stale {
            self.slots[stale.slot as usize] = stale.at;
        }
    }

    /// Applies the centres of each slot's own cell.
    fn ask(&mut self, stale: &mut [Stale]) {
        let now = self.centres.len() as u32;
        stale.sort_unstable_by_key(|stale| (stale.at.home, stale.slot));
        let chunks: Vec<&mut [Stale]> = stale
            .chunk_by_mut(|a, b| a.at.home == b.at.home)
            .flat_map(|rows| rows.chunks_mut(self.tuning.chunk))
            .collect();
        let pairs: u64 = chunks
            .into_par_iter()
            .map_init(
                || Scratch::new(self.problem.points.dimension()),
                |scratch, chunk| {
                    let seen = chunk.iter().map(|stale| stale.at.asked.max(stale.at.seen));
                    let (home, seen) = (chunk[0].at.home, seen.min().unwrap_or(0));
                    let mut pairs = 0;
                    if self.cells.news(home, seen) {
                        scratch.take(self.problem, &self.window, chunk);
                        let vectors = &scratch.vectors;
                        let (squares, nearest) = (&scratch.squares, &mut scratch.nearest);
                        pairs = self.cells.lower(home, seen, vectors, squares, nearest);
                        for (stale, &nearest) in chunk.iter_mut().zip(&*nearest) {
                            stale.at.nearest = nearest;
                        }
                    }
                    chunk.iter_mut().for_each(|stale| stale.at.asked = now);
                    pairs
                },
            )
            .sum();
        self.pairs += pairs;
    }

    /// Applies all centres in turn, some blocks at a time, until bounds are exact or below `floor`.
    fn scan(&mut self, stale: &mut Vec<Stale>, floor: Key) {
        const BLOCKS: usize = 8;
        let panels = self.centres.panels();
        let width = self.centres.width();
        while !stale.is_empty() {
            stale.sort_unstable_by_key(|stale| (stale.at.seen, stale.slot));
            let start = stale[0].at.seen as usize / width;
            let end = (start + BLOCKS * self.block()).min(panels);
            let behind = stale.partition_point(|stale| (stale.at.seen as usize) < end * width);
            let pairs: u64 = stale[..behind]
                .par_chunks_mut(self.tuning.chunk)
                .map_init(
                    || Scratch::new(self.problem.points.dimension()),
                    |scratch, chunk| self.lower(scratch, chunk, end, floor),
                )
                .sum();
            self.pairs += pairs;
            self.store(&stale[..behind]);
            let all = self.centres.len() as u32;
            stale.retain(|stale| {
                stale.at.seen < all
                    && self.problem.key(stale.slot, stale.at.nearest.squared) > floor
            });
        }
    }

    /// How many panels are applied before rows are let go.
    fn block(&self) -> usize {
        self.tuning.block.div_ceil(self.centres.width())
    }

    /// Applies panels of centres to a chunk, a block at a time, letting go of slots that fall below
    /// `floor`. Returns how many distances it computed.
    fn lower(&self, scratch: &mut Scratch, chunk: &mut [Stale], panels: usize, floor: Key) -> u64 {
        let problem = self.problem;
        let dimension = scratch.dimension;
        scratch.take(problem, &self.window, chunk);
        let Scratch {
            vectors,
            squares,
            nearest,
            ..
        } = scratch;
        let width = self.centres.width();
        let mut active = chunk.len();
        let mut panel = chunk
            .iter()
            .map(|stale| stale.at.seen as usize / width)
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
                chunk[i].at.nearest = nearest[i];
                chunk[i].at.seen = chunk[i].at.seen.max(seen);
                if problem.key(chunk[i].slot, nearest[i].squared) < floor {
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
