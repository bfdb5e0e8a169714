//! A few rows with exact distances, among which picks are made one by one.

use pulp::Arch;

use crate::key::Key;
use crate::problem::{Found, Problem};
use crate::refresh::Bounds;
use goldpan_geometry::Points;
use goldpan_geometry::kernel::{Closest, Panels};

/// Rows whose distances are kept exact while picks are made among them.
pub(crate) struct Candidates {
    dimension: usize,
    slots: Vec<u32>,
    vectors: Vec<f32>,
    squares: Vec<f32>,
    nearest: Vec<Closest>,
    taken: Vec<bool>,
    panels: Panels,
}

impl Candidates {
    pub(crate) fn new(arch: Arch, dimension: usize) -> Self {
        Self {
            dimension,
            slots: Vec::new(),
            vectors: Vec::new(),
            squares: Vec::new(),
            nearest: Vec::new(),
            taken: Vec::new(),
            panels: Panels::new(arch, dimension),
        }
    }

    /// Picks among `slots`, whose bounds are exact, while the best of them is above `floor` and
    /// fewer than `count` were picked. Every pick becomes a centre.
    pub(crate) fn pick<P: Points>(
        &mut self,
        slots: impl Iterator<Item = u32>,
        problem: &Problem<'_, P>,
        bounds: &mut Bounds<'_, P>,
        floor: Key,
        count: usize,
    ) -> Vec<Found> {
        self.gather(slots, problem, bounds);
        bounds.computed(0, self.slots.len() as u64);
        let mut found = Vec::new();
        let mut distances = vec![0.0; self.slots.len()];
        while found.len() < count {
            let Some((key, best)) = self.best(problem).filter(|(key, _)| *key > floor) else {
                break;
            };
            self.taken[best] = true;
            found.push(problem.found(key.slot(), self.nearest[best]));
            let vector = &self.vectors[best * self.dimension..(best + 1) * self.dimension];
            let centre = bounds.picked(key.slot(), vector, self.squares[best]);
            distances.fill(f32::INFINITY);
            self.panels
                .lower_all(vector, self.squares[best], &mut distances);
            for (nearest, &squared) in self.nearest.iter_mut().zip(&distances) {
                nearest.lower(squared, centre);
            }
            bounds.computed(self.slots.len() as u64, 0);
        }
        for (&slot, &nearest) in self.slots.iter().zip(&self.nearest) {
            bounds.exact(slot, nearest);
        }
        found
    }

    /// The largest key of those left, and its place.
    fn best<P: Points>(&self, problem: &Problem<'_, P>) -> Option<(Key, usize)> {
        (0..self.slots.len())
            .filter(|&i| !self.taken[i])
            .map(|i| (problem.key(self.slots[i], self.nearest[i].squared), i))
            .max()
    }

    fn gather<P: Points>(
        &mut self,
        slots: impl Iterator<Item = u32>,
        problem: &Problem<'_, P>,
        bounds: &Bounds<'_, P>,
    ) {
        self.slots.clear();
        self.slots.extend(slots);
        self.vectors.resize(self.slots.len() * self.dimension, 0.0);
        self.squares.clear();
        self.nearest.clear();
        self.taken.clear();
        self.taken.resize(self.slots.len(), false);
        self.panels.clear();
        for (&slot, vector) in self
            .slots
            .iter()
            .zip(self.vectors.chunks_exact_mut(self.dimension))
        {
            let row = problem.free[slot as usize];
            let square = problem.squares[row as usize];
            problem.points.copy(row, vector);
            self.panels.push(vector, square);
            self.squares.push(square);
            self.nearest.push(bounds.nearest(slot));
        }
    }
}
