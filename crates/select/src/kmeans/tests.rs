//! k-means against a plain one.

use goldpan_artifact::{Silent, rng};
use proptest::prelude::*;

use super::*;
use crate::table::{Table, chain, tables};

/// The nearest of the centres, the lowest on ties, and the squared distance to it.
fn nearest(row: &[f32], centres: &[Vec<f32>]) -> (u32, f32) {
    let distance = |centre: &[f32]| {
        ((chain(row, row) + chain(centre, centre)) - 2.0 * chain(row, centre)).max(0.0)
    };
    let all = centres.iter().map(|centre| distance(centre));
    let all = (0..).zip(all);
    all.reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap()
}

/// Lloyd's algorithm by its definition, from given centres.
fn plain(
    table: &Table,
    weights: Option<&[f32]>,
    mut centres: Vec<Vec<f32>>,
    iterations: usize,
) -> Vec<(u32, f32)> {
    let assign = |centres: &[Vec<f32>]| -> Vec<(u32, f32)> {
        (0..table.rows())
            .map(|row| nearest(table.row(row), centres))
            .collect()
    };
    let mut found = assign(&centres);
    for _ in 0..iterations {
        let mut far: Vec<u32> = (0..table.rows())
            .filter(|row| found[*row as usize].1 > 0.0)
            .collect();
        far.sort_by(|a, b| found[*b as usize].1.total_cmp(&found[*a as usize].1));
        let mut far = far.into_iter();
        for (cluster, centre) in (0..).zip(&mut centres) {
            let members = (0..table.rows()).filter(|row| found[*row as usize].0 == cluster);
            let members: Vec<u32> = members.collect();
            if members.is_empty() {
                if let Some(row) = far.next() {
                    *centre = table.row(row).to_vec();
                }
                continue;
            }
            let weight =
                |row: &u32| weights.map_or(1.0, |weights| f64::from(weights[*row as usize]));
            let total: f64 = members.iter().map(weight).sum();
            if total > 0.0 {
                for (k, value) in centre.iter_mut().enumerate() {
                    let sum: f64 = members
                        .iter()
                        .map(|row| weight(row) * f64::from(table.row(*row)[k]))
                        .sum();
                    *value = (sum / total) as f32;
                }
            }
        }
        let before = std::mem::replace(&mut found, assign(&centres));
        if before.iter().map(|b| b.0).eq(found.iter().map(|f| f.0)) {
            break;
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn equals_the_plain_algorithm(
        table in tables(false, 1..80), weigh: bool, clusters in 1_usize..30, iterations in 0_usize..5, seed: u64
    ) {
        let rows: Vec<u32> = (0..table.rows()).collect();
        let weights: Vec<f32> = rows.iter().map(|row| (row % 4) as f32 / 2.0).collect();
        let (space, arch) = (table.space(), Arch::new());
        let problem = KMeans {
            space: &space,
            rows: &rows,
            weights: weigh.then_some(&weights[..]),
            clusters,
            iterations,
        };
        let count = clusters.min(rows.len());
        let seeds = problem.seeds(count, &mut rng(seed, "test"), &Silent, arch).unwrap();
        let seeds: Vec<Vec<f32>> = seeds.chunks(table.dimension).map(<[f32]>::to_vec).collect();
        let distinct = |vectors: &[Vec<f32>]| {
            let mut bits: Vec<Vec<u32>> =
                vectors.iter().map(|v| v.iter().map(|v| (v + 0.0).to_bits()).collect()).collect();
            bits.sort();
            bits.dedup();
            bits.len()
        };
        if !weigh && distinct(&seeds) < count {
            prop_assert!(rows.iter().all(|row| nearest(table.row(*row), &seeds).1 == 0.0));
        }
        let expected = plain(&table, problem.weights, seeds, iterations);
        for arch in [arch, Arch::Scalar] {
            let found = problem.run(&mut rng(seed, "test"), &Silent, arch).unwrap();
            prop_assert_eq!(found.count, count);
            let found: Vec<(u32, u32)> =
                found.of.iter().zip(&found.distances).map(|(of, d)| (*of, d.to_bits())).collect();
            let expected: Vec<(u32, u32)> =
                expected.iter().map(|(of, d)| (*of, d.to_bits())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn no_rows_make_no_clusters() {
    let table = Table {
        dimension: 1,
        values: vec![1.0],
        left: None,
    };
    let problem = KMeans {
        space: &table.space(),
        rows: &[],
        weights: None,
        clusters: 3,
        iterations: 1,
    };
    let clusters = problem
        .run(&mut rng(0, "test"), &Silent, Arch::new())
        .unwrap();
    assert_eq!((clusters.count, clusters.members().len()), (0, 0));
}

#[test]
fn a_moved_centre_as_near_as_an_unmoved_one_wins_if_it_is_lower() {
    let table = Table {
        dimension: 1,
        values: vec![1.0, 3.0],
        left: None,
    };
    let problem = KMeans {
        space: &table.space(),
        rows: &[0, 1],
        weights: None,
        clusters: 3,
        iterations: 1,
    };
    let mut clusters = Clusters {
        count: 3,
        of: vec![1, 1],
        distances: vec![1.0, 1.0],
    };
    let moved = [true, false, true];
    assert!(problem.assign(&[0.0, 2.0, 4.0], &moved, &mut clusters, Arch::new()));
    assert_eq!(
        (clusters.of, clusters.distances),
        (vec![0, 1], vec![1.0, 1.0])
    );
}
