//! The lazy search against the plain one.

use std::sync::atomic::{AtomicUsize, Ordering};

use goldpan_artifact::Silent;
use proptest::prelude::*;

use super::*;
use crate::table::{Table, tables};
use crate::testing::on_threads;

/// The plain algorithm, by the definitions alone.
fn naive(problem: &Problem<'_, Table>, count: usize) -> Vec<Found> {
    let squared = |a: u32, b: u32| problem.points.squared_distance(a, b);
    let mut centres = problem.centres.to_vec();
    let mut left = problem.free.to_vec();
    let mut found: Vec<Found> = Vec::new();
    while found.len() < count && !left.is_empty() {
        let mut best: Option<Found> = None;
        for &row in &left {
            let all = (0..).zip(centres.iter().map(|&centre| squared(row, centre)));
            let (centre, squared) = all.reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap();
            let distance = squared.sqrt();
            let score = distance * problem.weights.map_or(1.0, |weights| weights[row as usize]);
            if best.is_none_or(|best| score > best.score) {
                best = Some(Found {
                    row,
                    distance,
                    centre,
                    score,
                });
            }
        }
        let best = best.expect("rows are left");
        left.retain(|row| *row != best.row);
        centres.push(best.row);
        found.push(best);
    }
    found
}

#[derive(Debug, Clone)]
struct Case {
    table: Table,
    weights: Option<Vec<f32>>,
    centre: Vec<bool>,
    count: usize,
}

fn weight() -> BoxedStrategy<f32> {
    prop_oneof![
        (0_u8..4).prop_map(|value| f32::from(value) / 4.0),
        0.0_f32..1.0
    ]
    .boxed()
}

fn case() -> impl Strategy<Value = Case> {
    tables(false, 1..90).prop_flat_map(|table| {
        let rows = table.rows() as usize;
        (
            Just(table),
            prop::option::of(prop::collection::vec(weight(), rows)),
            prop::collection::vec(prop::bool::weighted(0.2), rows),
            0..rows + 3,
        )
            .prop_map(|(table, weights, mut centre, count)| {
                centre[0] = true;
                Case {
                    table,
                    weights,
                    centre,
                    count,
                }
            })
    })
}

fn tuning() -> impl Strategy<Value = Tuning> {
    let sizes = (1_usize..9, 1_usize..9, 1_usize..6, 1_usize..40, 1_usize..20);
    (sizes, 0_usize..40).prop_map(
        |((front_share, least_front, candidates, block, chunk), least_cells)| Tuning {
            front_share,
            least_front,
            candidates,
            block,
            chunk,
            least_cells,
        },
    )
}

fn same(a: &[Found], b: &[Found]) -> bool {
    let bits = |found: &Found| {
        (
            found.row,
            found.centre,
            found.distance.to_bits(),
            found.score.to_bits(),
        )
    };
    a.iter().map(bits).eq(b.iter().map(bits))
}

/// Runs `test` on the case's problem.
fn with_problem<T>(case: &Case, test: impl FnOnce(&Problem<'_, Table>) -> T) -> T {
    let squares = case.table.squares();
    let (centres, free): (Vec<u32>, Vec<u32>) =
        (0..case.table.rows()).partition(|row| case.centre[*row as usize]);
    test(&Problem {
        points: &case.table,
        squares: &squares,
        weights: case.weights.as_deref(),
        free: &free,
        centres: &centres,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn equals_the_plain_algorithm(case in case(), tuning in tuning()) {
        with_problem(&case, |problem| {
            let expected = naive(problem, case.count);
            for arch in [Arch::new(), Arch::Scalar] {
                for tuning in [tuning, Tuning::USUAL] {
                    let (found, _) = farthest(problem, case.count, 0.0, &Silent, arch, tuning).unwrap();
                    prop_assert!(same(&found, &expected), "{found:?}\n{expected:?}");
                }
            }
            Ok(())
        })?;
    }
}

/// Rows scattered around a few points, by a multiplicative generator.
fn scattered(rows: usize, dimension: usize) -> Case {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let around: Vec<f32> = (0..9 * dimension).map(|_| 3.0 * next()).collect();
    let mut values = Vec::with_capacity(rows * dimension);
    for row in 0..rows {
        let around = &around[row % 9 * dimension..][..dimension];
        values.extend(around.iter().map(|value| value + next()));
    }
    let weights = Some((0..rows).map(|_| next() + 0.5).collect());
    let centre = (0..rows).map(|row| row % 7 == 0).collect();
    Case {
        table: Table::new(dimension, values),
        weights,
        centre,
        count: rows / 3,
    }
}

#[test]
fn threads_do_not_matter() {
    let case = scattered(400, 24);
    let tuning = Tuning {
        least_front: 50,
        candidates: 20,
        block: 16,
        chunk: 8,
        least_cells: 0,
        ..Tuning::USUAL
    };
    with_problem(&case, |problem| {
        let expected = naive(problem, case.count);
        let mut works = Vec::new();
        for threads in [1, 2, 3] {
            let (found, work) = on_threads(threads, || {
                farthest(problem, case.count, 0.0, &Silent, Arch::new(), tuning).unwrap()
            });
            assert!(same(&found, &expected), "{threads} threads");
            works.push(work);
        }
        assert!(works.iter().all(|work| *work == works[0]), "{works:?}");
    });
}

#[test]
fn most_distances_are_never_computed() {
    let case = Case {
        count: 100,
        ..scattered(3000, 3)
    };
    let tuning = Tuning {
        least_front: 100,
        candidates: 40,
        block: 32,
        ..Tuning::USUAL
    };
    with_problem(&case, |problem| {
        let (found, work) =
            farthest(problem, case.count, 0.0, &Silent, Arch::new(), tuning).unwrap();
        let all = (problem.free.len() * (problem.centres.len() + found.len())) as u64;
        assert!(work.pairs < all / 2, "{work:?} of {all}");
    });
}

#[test]
fn cells_save_distances() {
    let case = Case {
        count: 900,
        ..scattered(5000, 3)
    };
    let tuning = Tuning {
        least_front: 100,
        candidates: 40,
        ..Tuning::USUAL
    };
    with_problem(&case, |problem| {
        let pairs = |least_cells| {
            let tuning = Tuning {
                least_cells,
                ..tuning
            };
            let found = farthest(problem, case.count, 0.0, &Silent, Arch::new(), tuning);
            found.unwrap().1.pairs
        };
        let (with, without) = (pairs(0), pairs(usize::MAX));
        assert!(with < without, "{with} of {without}");
    });
}

#[test]
fn equal_and_zero_vectors_are_picked_lowest_first() {
    for value in [0.0, 0.7] {
        let case = Case {
            table: Table::new(3, vec![value; 3 * 40]),
            weights: None,
            centre: (0..40).map(|row| row == 5).collect(),
            count: 50,
        };
        with_problem(&case, |problem| {
            for least_cells in [0, usize::MAX] {
                let tuning = Tuning {
                    least_cells,
                    ..Tuning::USUAL
                };
                let arch = Arch::new();
                let (found, _) = farthest(problem, case.count, 0.0, &Silent, arch, tuning).unwrap();
                let rows: Vec<u32> = found.iter().map(|found| found.row).collect();
                let expected: Vec<u32> = (0..40).filter(|row| *row != 5).collect();
                assert_eq!(rows, expected);
                assert!(found.iter().all(|found| found.distance == 0.0));
                let none = farthest(problem, 0, 0.0, &Silent, arch, tuning).unwrap();
                assert_eq!(none, (Vec::new(), Work::default()));
            }
        });
    }
}

/// Cancels after some number of questions.
struct Impatient(AtomicUsize);

impl Progress for Impatient {
    fn begin(&self, _what: &str, _unit: &str, _total: Option<u64>) {}

    fn advance(&self, _units: u64) {}

    fn note(&self, _text: &str) {}

    fn end(&self) {}

    fn cancelled(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 1
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

#[test]
fn stops_when_cancelled() {
    let case = scattered(600, 3);
    let tuning = Tuning {
        least_front: 10,
        candidates: 4,
        ..Tuning::USUAL
    };
    with_problem(&case, |problem| {
        let impatient = Impatient(AtomicUsize::new(5));
        assert_eq!(
            farthest(problem, case.count, 0.0, &impatient, Arch::new(), tuning),
            Err(Cancelled)
        );
    });
}
