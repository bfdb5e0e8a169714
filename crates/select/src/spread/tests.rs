//! Draws and greedy picks against plain ones.

use std::collections::{BTreeMap, BTreeSet};

use goldpan_artifact::{Silent, rng};
use proptest::prelude::*;

use super::*;
use crate::table::{Table, tables};

fn cuts() -> impl Strategy<Value = Cut> {
    let arch = prop_oneof![Just(Arch::Scalar), Just(Arch::new())];
    (arch, 1_usize..50, 1_usize..50).prop_map(|(arch, drawn, front)| Cut { arch, drawn, front })
}

/// The squared distance of a row to the nearest of some.
fn nearest_of(table: &Table, row: u32, centres: &[u32]) -> f32 {
    let distances = centres
        .iter()
        .map(|centre| table.squared_distance(row, *centre));
    distances.fold(f32::INFINITY, f32::min)
}

/// Every third row is a centre; the others may be picked.
fn part(table: &Table) -> (Vec<u32>, Vec<u32>) {
    (0..table.rows()).partition(|row| row % 3 == 0)
}

fn bits(found: &[Taken]) -> Vec<(u32, u32)> {
    found
        .iter()
        .map(|(slot, distance)| (*slot, distance.to_bits()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn farthest_is_the_plain_algorithm(table in tables(true, 1..80), cut in cuts(), share in 0.0_f64..1.0) {
        let (mut centres, rows) = part(&table);
        let space = table.space();
        let mut nearest = Nearest::new(&space, &rows, &centres, cut.arch);
        let count = (rows.len() as f64 * share).ceil() as usize;
        let found = farthest(&mut nearest, count, &Silent, cut).unwrap();
        let mut expected: Vec<Taken> = Vec::new();
        for _ in 0..count {
            let left = (0..rows.len() as u32).filter(|slot| expected.iter().all(|e| e.0 != *slot));
            let distances = left.map(|slot| (slot, nearest_of(&table, rows[slot as usize], &centres)));
            let best = distances.reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap();
            centres.push(rows[best.0 as usize]);
            expected.push(best);
        }
        prop_assert_eq!(bits(&found), bits(&expected));
    }

    #[test]
    fn draws_have_true_distances_and_zeros_come_last(
        table in tables(true, 1..80), cut in cuts(), seed: u64, share in 0.0_f64..=1.0
    ) {
        let (mut centres, rows) = part(&table);
        let space = table.space();
        let mut nearest = Nearest::new(&space, &rows, &centres, cut.arch);
        let count = (rows.len() as f64 * share).ceil() as usize;
        let found = draw(&mut nearest, None, count, &mut rng(seed, "test"), &Silent, cut).unwrap();
        prop_assert_eq!(found.len(), count);
        let mut left: BTreeSet<u32> = (0..rows.len() as u32).collect();
        for (slot, distance) in found {
            let expected = nearest_of(&table, rows[slot as usize], &centres);
            prop_assert_eq!(distance.to_bits(), expected.to_bits());
            if distance == 0.0 {
                let more = left.iter().any(|s| nearest_of(&table, rows[*s as usize], &centres) > 0.0);
                prop_assert!(!more && left.first() == Some(&slot));
            }
            prop_assert!(left.remove(&slot), "picked twice");
            centres.push(rows[slot as usize]);
        }
        let lanes = Cut { arch: Arch::Scalar, ..cut };
        let mut again = Nearest::new(&space, &rows, &part(&table).0, lanes.arch);
        let scalar = draw(&mut again, None, count, &mut rng(seed, "test"), &Silent, lanes).unwrap();
        prop_assert_eq!(scalar.len(), count);
        prop_assert!(scalar.iter().map(|(slot, _)| rows[*slot as usize]).eq(centres.split_off(centres.len() - count)));
    }

    #[test]
    fn gradients_are_apart_as_if_they_were_made(table in tables(true, 1..80)) {
        prop_assume!(table.left.is_some());
        let made = |row: u32| -> Vec<f64> {
            let left = table.left.as_ref().unwrap()[2 * row as usize..][..2].iter();
            let row = table.row(row);
            left.flat_map(|q| row.iter().map(|h| f64::from(*q) * f64::from(*h))).collect()
        };
        let rows: Vec<u32> = (0..table.rows()).collect();
        let space = table.space();
        let mut nearest = Nearest::new(&space, &rows, &[0], Arch::new());
        nearest.refresh_all();
        for row in rows.iter().copied() {
            let pairs = made(row).into_iter().zip(made(0));
            let expected: f64 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
            prop_assert!((f64::from(nearest.bound(row)) - expected).abs() < 1e-5);
        }
    }
}

/// Every ordered choice of three of the rows of `table` after row 0, with its probability when each
/// is drawn in proportion to weight and squared distance.
fn choices(table: &Table, weights: &[f32]) -> BTreeMap<[u32; 3], f64> {
    let rows: Vec<u32> = (1..table.rows()).collect();
    let chances = |centres: &[u32]| -> Vec<f64> {
        let weight = |row: &u32| {
            f64::from(nearest_of(table, *row, centres)) * f64::from(weights[*row as usize - 1])
        };
        let all: Vec<f64> = rows.iter().map(weight).collect();
        let total: f64 = all.iter().sum();
        all.iter().map(|weight| weight / total).collect()
    };
    let mut found = BTreeMap::new();
    for (a, p) in rows.iter().zip(chances(&[0])) {
        for (b, q) in rows.iter().zip(chances(&[0, *a])) {
            for (c, r) in rows.iter().zip(chances(&[0, *a, *b])) {
                if p * q * r > 0.0 {
                    found.insert([*a, *b, *c], p * q * r);
                }
            }
        }
    }
    found
}

#[test]
fn draws_have_the_probabilities_they_should_have() {
    const DRAWS: u64 = 40_000;
    let table = Table {
        dimension: 2,
        values: vec![
            0.0, 0.0, 1.0, 0.0, 1.5, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 2.5, -1.0, 0.0,
        ],
        left: None,
    };
    let weights = [1.0, 0.5, 2.0, 1.0, 0.25, 3.0];
    let expected = choices(&table, &weights);
    let (rows, space): (Vec<u32>, _) = ((1..table.rows()).collect(), table.space());
    for drawn in [1, 3, 192] {
        let cut = Cut {
            drawn,
            ..Cut::usual(Arch::new())
        };
        let mut counts: BTreeMap<[u32; 3], u64> = BTreeMap::new();
        for seed in 0..DRAWS {
            let mut nearest = Nearest::new(&space, &rows, &[0], cut.arch);
            let mut random = rng(seed, "test");
            let found = draw(&mut nearest, Some(&weights), 3, &mut random, &Silent, cut).unwrap();
            *counts
                .entry([0, 1, 2].map(|i| rows[found[i].0 as usize]))
                .or_default() += 1;
        }
        assert!(counts.keys().all(|choice| expected.contains_key(choice)));
        let square = |(choice, chance): (&[u32; 3], &f64)| {
            let mean = chance * DRAWS as f64;
            (counts.get(choice).map_or(0.0, |count| *count as f64) - mean).powi(2) / mean
        };
        let (sum, free): (f64, f64) = (
            expected.iter().map(square).sum(),
            expected.len() as f64 - 1.0,
        );
        assert!(
            sum < free + 5.0 * (2.0 * free).sqrt(),
            "{drawn}: {sum} of {free}"
        );
    }
}
