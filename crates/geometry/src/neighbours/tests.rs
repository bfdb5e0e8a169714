//! Neighbours against all pairs, sorted.

use goldpan_artifact::Silent;
use proptest::prelude::*;

use super::*;
use crate::points::squared_lengths;

/// Rows in memory.
#[derive(Debug, Clone)]
struct Table {
    dimension: usize,
    values: Vec<f32>,
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
    fn new(dimension: usize, values: Vec<f32>) -> Self {
        Self { dimension, values }
    }

    fn row(&self, row: u32) -> &[f32] {
        &self.values[row as usize * self.dimension..][..self.dimension]
    }

    fn rows(&self) -> u32 {
        (self.values.len() / self.dimension) as u32
    }

    fn squares(&self) -> Vec<f32> {
        squared_lengths(self, self.rows() as usize).expect("values are finite")
    }

    /// By the definition alone.
    fn squared_distance(&self, a: u32, b: u32) -> f32 {
        let product = |a: u32, b: u32| {
            let pairs = self.row(a).iter().zip(self.row(b));
            pairs.fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
        };
        ((product(a, a) + product(b, b)) - 2.0 * product(a, b)).max(0.0)
    }
}

/// Tables with many ties, duplicates and zeros.
fn tables() -> impl Strategy<Value = Table> {
    let value = prop_oneof![
        3 => (-1_i8..=1).prop_map(f32::from),
        1 => -1.0_f32..1.0,
    ];
    (1_usize..5, 1_usize..230).prop_flat_map(move |(dimension, rows)| {
        let values = prop::collection::vec(value.clone(), dimension * rows);
        values.prop_map(move |values| Table::new(dimension, values))
    })
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().expect("a pool is built").install(work)
}

/// A table, and which of its rows are queries and in the set.
fn case() -> impl Strategy<Value = (Table, Vec<u32>, Vec<u32>)> {
    tables().prop_flat_map(|table| {
        let rows: Vec<u32> = (0..table.rows()).collect();
        let some = || prop::sample::subsequence(rows.clone(), 0..=rows.len()).prop_shuffle();
        (Just(table), some(), some())
    })
}

/// All of `set` but the query, nearest first.
fn sorted(table: &Table, query: u32, set: &[u32]) -> Vec<(f32, u32)> {
    let others = set.iter().filter(|row| **row != query);
    let mut all: Vec<_> = others
        .map(|&row| (table.squared_distance(query, row), row))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

proptest! {
    #[test]
    fn are_the_first_of_all_in_order((table, queries, set) in case(), k in 0_usize..20) {
        let squares = table.squares();
        let space = Space { points: &table, squares: &squares };
        let found = on_threads(2, || nearest(&space, &queries, &set, k, &Silent)).unwrap();
        for (i, &query) in queries.iter().enumerate() {
            let mut expected = sorted(&table, query, &set);
            expected.truncate(k);
            let (rows, squared) = found.of(i);
            let pairs: Vec<_> = squared.iter().copied().zip(rows.iter().copied()).collect();
            prop_assert_eq!(&pairs, &expected);
            let sum: f64 = expected.iter().map(|(squared, _)| f64::from(*squared).sqrt()).sum();
            let mean = sum / expected.len() as f64;
            let typical = if expected.is_empty() { 0.0 } else { 1.0 / (mean + 1e-5) };
            prop_assert_eq!(found.typicality(i), typical as f32);
        }
        let alone = on_threads(1, || nearest(&space, &queries, &set, k, &Silent)).unwrap();
        prop_assert_eq!(alone, found);
    }
}

#[test]
fn sets_of_many_blocks_are_swept_to_the_end() {
    let rows = 2 * BLOCK as u32 + 17;
    let values = (0..rows)
        .map(|row| (row.wrapping_mul(7919) % rows) as f32)
        .collect();
    let table = Table::new(1, values);
    let squares = table.squares();
    let space = Space {
        points: &table,
        squares: &squares,
    };
    let set: Vec<u32> = (0..rows).collect();
    let queries = [0, BLOCK as u32, rows - 1];
    let found = nearest(&space, &queries, &set, 5, &Silent).unwrap();
    for (i, &query) in queries.iter().enumerate() {
        let expected: Vec<u32> = sorted(&table, query, &set)[..5]
            .iter()
            .map(|e| e.1)
            .collect();
        assert_eq!(found.of(i).0, expected);
    }
}

#[test]
fn stops_when_cancelled() {
    struct Stop;
    impl Progress for Stop {
        fn begin(&self, _what: &str, _unit: &str, _total: Option<u64>) {}
        fn advance(&self, _units: u64) {}
        fn note(&self, _text: &str) {}
        fn end(&self) {}
        fn cancelled(&self) -> bool {
            true
        }
        fn beside(&self) -> Box<dyn Progress + '_> {
            Box::new(self)
        }
    }
    let table = Table::new(1, vec![0.0, 1.0]);
    let squares = table.squares();
    let space = Space {
        points: &table,
        squares: &squares,
    };
    assert_eq!(nearest(&space, &[0], &[0, 1], 1, &Stop), Err(Cancelled));
}
