//! Rows in memory, for tests.

use std::ops::Range;

use proptest::prelude::*;

use crate::space::{Factors, Space};
use goldpan_geometry::{Points, squared_lengths};

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) dimension: usize,
    pub(crate) values: Vec<f32>,
    /// For each row the left part of an outer product, of two values.
    pub(crate) left: Option<Vec<f32>>,
}

impl Points for Table {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn bytes(&self) -> usize {
        4 * self.dimension
    }

    fn copy(&self, row: u32, vector: &mut [f32]) {
        vector.copy_from_slice(self.row(row));
    }
}

impl Table {
    pub(crate) fn new(dimension: usize, values: Vec<f32>) -> Self {
        Self {
            dimension,
            values,
            left: None,
        }
    }

    pub(crate) fn row(&self, row: u32) -> &[f32] {
        &self.values[row as usize * self.dimension..][..self.dimension]
    }

    pub(crate) fn rows(&self) -> u32 {
        (self.values.len() / self.dimension) as u32
    }

    pub(crate) fn squares(&self) -> Vec<f32> {
        squared_lengths(self, self.rows() as usize).expect("values are finite")
    }

    pub(crate) fn space(&self) -> Space<'_, Self> {
        let squares = self.squares();
        match self.left.clone() {
            None => Space::new(self, squares),
            Some(values) => Space::outer(self, &squares, Factors { width: 2, values }),
        }
    }

    /// By the definition alone.
    pub(crate) fn squared_distance(&self, a: u32, b: u32) -> f32 {
        let product = |a: u32, b: u32| {
            let left = self.left.as_ref().map_or(1.0, |left| {
                let of = |row: u32| &left[2 * row as usize..][..2];
                chain(of(a), of(b))
            });
            chain(self.row(a), self.row(b)) * left
        };
        ((product(a, a) + product(b, b)) - 2.0 * product(a, b)).max(0.0)
    }
}

/// A product as the kernel defines it.
pub(crate) fn chain(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
}

/// Tables with many ties, duplicates and zeros; with left parts or without.
pub(crate) fn tables(left: bool, rows: Range<usize>) -> impl Strategy<Value = Table> {
    let value = prop_oneof![
        3 => (-1_i8..=1).prop_map(f32::from),
        1 => (-3_i8..=3).prop_map(|value| f32::from(value) * 0.37),
        1 => -1.0_f32..1.0,
    ];
    (1_usize..5, rows).prop_flat_map(move |(dimension, rows)| {
        let values = prop::collection::vec(value.clone(), dimension * rows);
        let part = (-2_i8..=2).prop_map(|value| f32::from(value) / 4.0);
        let parts = match left {
            true => prop::option::of(prop::collection::vec(part, 2 * rows)).boxed(),
            false => Just(None).boxed(),
        };
        (values, parts).prop_map(move |(values, left)| Table {
            dimension,
            values,
            left,
        })
    })
}
