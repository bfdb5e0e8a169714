//! Cells of rows that are near to each other, to find a near centre soon.
//!
//! A few rows, spread over the pool, are *pivots*; every row and every centre belongs to the cell of
//! its nearest pivot. A row's nearest centre is often in its own cell, and the few centres there are
//! cheap to ask. That lowers the row's bound, no more: which cell it is never changes a pick.

use pulp::Arch;

use goldpan_geometry::kernel::{Closest, Panels};

/// Centres by cell.
pub(crate) struct Cells {
    pivots: Panels,
    cells: Vec<Cell>,
}

struct Cell {
    centres: Panels,
    /// Their numbers among all centres, ascending.
    numbers: Vec<u32>,
}

impl Cells {
    pub(crate) fn new(arch: Arch, dimension: usize) -> Self {
        Self {
            pivots: Panels::new(arch, dimension),
            cells: Vec::new(),
        }
    }

    /// Adds a pivot, and its cell.
    pub(crate) fn push(&mut self, arch: Arch, vector: &[f32], square: f32) {
        self.pivots.push(vector, square);
        self.cells.push(Cell {
            centres: Panels::new(arch, vector.len()),
            numbers: Vec::new(),
        });
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell of each of `vectors`, which lie one after another, into `homes`.
    pub(crate) fn homes(&self, vectors: &[f32], squares: &[f32], homes: &mut [Closest]) {
        self.pivots
            .lower(0..self.pivots.panels(), vectors, squares, homes);
    }

    /// Adds a centre to its cell; its number is above that of all before it.
    pub(crate) fn add(&mut self, home: u32, number: u32, vector: &[f32], square: f32) {
        let cell = &mut self.cells[home as usize];
        cell.centres.push(vector, square);
        cell.numbers.push(number);
    }

    /// True where the cell has centres of number `seen` and above.
    pub(crate) fn news(&self, home: u32, seen: u32) -> bool {
        let numbers = &self.cells[home as usize].numbers;
        numbers.last().is_some_and(|last| *last >= seen)
    }

    /// Lowers `nearest` by the cell's centres of number `seen` and above. Returns how many distances
    /// it computed.
    pub(crate) fn lower(
        &self,
        home: u32,
        seen: u32,
        vectors: &[f32],
        squares: &[f32],
        nearest: &mut [Closest],
    ) -> u64 {
        let Cell { centres, numbers } = &self.cells[home as usize];
        let first = numbers.partition_point(|number| *number < seen) / centres.width();
        let panels = first..centres.panels();
        let pairs = panels.len() * centres.width() * nearest.len();
        let mut found = vec![Closest::NONE; nearest.len()];
        centres.lower(panels, vectors, squares, &mut found);
        for (nearest, found) in nearest.iter_mut().zip(found) {
            nearest.lower(found.squared, numbers[found.number as usize]);
        }
        pairs as u64
    }
}
