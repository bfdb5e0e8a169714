//! Coverage against all gains, summed anew for every pick.

use goldpan_artifact::{Silent, rng};
use proptest::prelude::*;

use super::*;
use crate::table::{Table, tables};
use crate::testing::on_threads;

#[derive(Debug, Clone)]
struct Case {
    table: Table,
    weights: Option<Vec<f32>>,
    labelled: Vec<bool>,
    similarity: Similarity,
    count: usize,
}

fn case() -> impl Strategy<Value = Case> {
    tables(false, 1..60).prop_flat_map(|table| {
        let rows = table.rows() as usize;
        let weight = prop_oneof![
            (0_u8..3).prop_map(|weight| f32::from(weight) / 2.0),
            0.0_f32..=1.0
        ];
        let similarity = prop_oneof![
            (0_u8..5).prop_map(|rate| Similarity::Slope {
                rate: f64::from(rate) / 4.0
            }),
            (0.0_f64..3.0).prop_map(|rate| Similarity::Gaussian { rate }),
            (0_u8..4).prop_map(|squared| Similarity::Ball {
                squared: f32::from(squared)
            }),
        ];
        (
            Just(table),
            prop::option::of(prop::collection::vec(weight, rows)),
            prop::collection::vec(prop::bool::weighted(0.2), rows),
            similarity,
            0..rows + 2,
        )
            .prop_map(|(table, weights, labelled, similarity, count)| Case {
                table,
                weights,
                labelled,
                similarity,
                count,
            })
    })
}

/// The plain algorithm, by the definitions alone: the picks that gain, then the farthest.
fn naive(case: &Case) -> Vec<Gain> {
    let rows = case.table.rows();
    let free: Vec<u32> = (0..rows)
        .filter(|&row| !case.labelled[row as usize])
        .collect();
    let mut chosen: Vec<u32> = (0..rows)
        .filter(|&row| case.labelled[row as usize])
        .collect();
    let value = |i: u32, s: u32| {
        let weight = case
            .weights
            .as_ref()
            .map_or(1.0, |weights| weights[i as usize]);
        let similarity = case.similarity.of(case.table.squared_distance(i, s));
        (weight * similarity * ONE as f32).round_ties_even() as u64
    };
    let mut picks = Vec::new();
    while picks.len() < case.count.min(free.len()) {
        let best = |i: u32| chosen.iter().map(|&s| value(i, s)).max().unwrap_or(0);
        let gain = |s: u32| -> u64 {
            let more = free.iter().map(|&i| value(i, s).saturating_sub(best(i)));
            more.sum()
        };
        let distance = |row: u32| {
            let distances = chosen
                .iter()
                .map(|&centre| case.table.squared_distance(row, centre).sqrt());
            distances.fold(f32::INFINITY, f32::min)
        };
        let left: Vec<u32> = free
            .iter()
            .copied()
            .filter(|row| !chosen.contains(row))
            .collect();
        let mut found = (left[0], gain(left[0]));
        for &row in &left[1..] {
            if gain(row) > found.1 {
                found = (row, gain(row));
            }
        }
        if found.1 == 0 {
            for &row in &left[1..] {
                if distance(row) > distance(found.0) {
                    found = (row, 0);
                }
            }
        }
        chosen.push(found.0);
        picks.push(Gain {
            row: found.0,
            gain: found.1 as f64 / f64::from(ONE),
        });
    }
    picks
}

fn cover(case: &Case, greedy: Greedy, tuning: Tuning, threads: usize) -> Vec<Gain> {
    let rows = case.table.rows();
    let (labelled, free): (Vec<u32>, Vec<u32>) =
        (0..rows).partition(|row| case.labelled[*row as usize]);
    let squares = case.table.squares();
    let coverage = Coverage {
        space: Space {
            points: &case.table,
            squares: &squares,
        },
        similarity: case.similarity,
        weights: case.weights.as_deref(),
        free: &free,
        labelled: &labelled,
        greedy,
    };
    let pick = || coverage.cover(case.count, &mut rng(0, "test"), tuning, &Silent);
    on_threads(threads, pick).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn equals_the_plain_algorithm(case in case(), most in 0_usize..2000) {
        let expected = naive(&case);
        for most in [0, most, Tuning::USUAL.most] {
            let tuning = Tuning { most, ..Tuning::USUAL };
            for threads in [1, 2] {
                prop_assert_eq!(&cover(&case, Greedy::Lazy, tuning, threads), &expected, "{}", most);
            }
        }
    }

    #[test]
    fn stochastic_picks_are_distinct_and_the_seeds(case in case(), most in 0_usize..2000) {
        let greedy = Greedy::Stochastic { epsilon: 0.3 };
        let tuning = Tuning { most, ..Tuning::USUAL };
        let picks = cover(&case, greedy, tuning, 2);
        prop_assert_eq!(&cover(&case, greedy, tuning, 1), &picks);
        let free = case.labelled.iter().filter(|labelled| !**labelled).count();
        let mut rows: Vec<u32> = picks.iter().map(|pick| pick.row).collect();
        rows.sort_unstable();
        rows.dedup();
        prop_assert_eq!(rows.len(), case.count.min(free));
        prop_assert!(rows.iter().all(|row| !case.labelled[*row as usize]));
    }

    #[test]
    fn drawing_all_rows_is_the_plain_algorithm(case in case(), most in 0_usize..2000) {
        let greedy = Greedy::Stochastic { epsilon: f64::MIN_POSITIVE };
        let all = Case { count: case.count.min(9), ..case };
        prop_assert_eq!(cover(&all, greedy, Tuning { most, ..Tuning::USUAL }, 2), naive(&all));
    }
}

/// A sample of rows is enough to find what stands for many.
#[test]
fn a_sample_finds_the_crowds() {
    let around = [0.0, 10.0, 20.0, 30.0];
    let values = (0..400).map(|row| around[row % 4] + (row / 4) as f32 * 0.001);
    let case = Case {
        table: Table::new(1, values.collect()),
        weights: None,
        labelled: vec![false; 400],
        similarity: Similarity::Gaussian { rate: 1.0 },
        count: 4,
    };
    let tuning = Tuning {
        most: 0,
        sample: 40,
    };
    let picks = cover(&case, Greedy::Lazy, tuning, 2);
    let mut crowds: Vec<u32> = picks.iter().map(|pick| pick.row % 4).collect();
    crowds.sort_unstable();
    assert_eq!(crowds, [0, 1, 2, 3]);
    for pick in picks {
        assert!((60.0..140.0).contains(&pick.gain), "{pick:?}");
    }
}
