//! Rounds against a plain fit.

use proptest::prelude::*;

use super::*;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, same_on_any_threads, tables};

/// Plain gradient descent until it stands still; the probabilities of not being labelled.
fn naive(vectors: &[Vec<f32>], labelled: &[bool], l2: f64) -> Vec<f64> {
    let (count, dimension) = (vectors.len(), vectors[0].len());
    let mean: Vec<f64> = (0..dimension)
        .map(|k| vectors.iter().map(|v| f64::from(v[k])).sum::<f64>() / count as f64)
        .collect();
    let mut rows: Vec<Vec<f64>> = vectors
        .iter()
        .map(|v| {
            v.iter()
                .zip(&mean)
                .map(|(v, m)| f64::from(*v) - m)
                .collect()
        })
        .collect();
    let square: f64 = rows.iter().flatten().map(|v| v * v).sum::<f64>() / count as f64;
    let scale = if square > 0.0 { square.sqrt() } else { 1.0 };
    rows.iter_mut().flatten().for_each(|value| *value /= scale);
    let taken = labelled.iter().filter(|l| **l).count();
    let mut coefficients = vec![0.0; dimension + 1];
    let probability = |row: &[f64], coefficients: &[f64]| {
        let sum: f64 = row.iter().zip(coefficients).map(|(a, b)| a * b).sum();
        1.0 / (1.0 + (-sum - coefficients[dimension]).exp())
    };
    for _ in 0..4000 {
        let mut slope: Vec<f64> = coefficients.iter().map(|c| l2 * c).collect();
        slope[dimension] = 0.0;
        for (row, &labelled) in rows.iter().zip(labelled) {
            let side = if labelled { taken } else { count - taken };
            let target = if labelled { 0.0 } else { 1.0 };
            let residual = (probability(row, &coefficients) - target) * 0.5 / side as f64;
            for (slope, value) in slope.iter_mut().zip(row.iter().chain([&1.0])) {
                *slope += residual * value;
            }
        }
        let widest = rows
            .iter()
            .map(|r| r.iter().map(|v| v * v).sum::<f64>())
            .fold(1.0, f64::max);
        for (value, slope) in coefficients.iter_mut().zip(&slope) {
            *value -= slope / (0.25 * (widest + 1.0) + l2);
        }
    }
    rows.iter()
        .map(|row| probability(row, &coefficients))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_round_takes_the_most_surely_unlabelled(
        tables in tables(2..20), rounds in 1_usize..5, labelled in 1_usize..6, count in 1_usize..9
    ) {
        let rows = tables.vectors.len();
        let labelled = labelled.min(rows - 1);
        let count = count.min(rows - labelled);
        let settings = Discriminative { rounds, iterations: 5000, l2: 0.05 };
        let picks = tables.pick(&Strategy::Discriminative(settings), labelled, count, 0).unwrap();
        let mut taken: Vec<bool> = (0..rows).map(|row| row < labelled).collect();
        let rounds = rounds.min(count);
        let mut start = 0;
        for round in 0..rounds {
            let end = count * (round + 1) / rounds;
            let expected = naive(&tables.vectors, &taken, 0.05);
            let mut left: Vec<usize> = (0..rows).filter(|&row| !taken[row]).collect();
            for pick in &picks[start..end] {
                let best = left.iter().map(|&row| expected[row]).fold(0.0, f64::max);
                prop_assert!((f64::from(pick.score) - best).abs() < 1e-3, "{} {best}", pick.score);
                prop_assert!((expected[pick.row] - best).abs() < 1e-3);
                let twin = |&row: &usize| tables.vectors[row] == tables.vectors[pick.row];
                prop_assert_eq!(left.iter().copied().find(twin), Some(pick.row), "the lowest");
                left.retain(|&row| row != pick.row);
                taken[pick.row] = true;
            }
            start = end;
        }
        prop_assert_eq!(start, picks.len());
    }
}

#[test]
fn texts_unlike_the_labelled_come_first() {
    let near = |i: usize| vec![1.0, i as f32 * 0.01];
    let far = |i: usize| vec![-1.0, i as f32 * 0.01];
    let vectors: Vec<Vec<f32>> = (0..10).map(near).chain((0..5).map(far)).collect();
    let tables = Tables::new(vectors, vec![vec![1.0]; 15]);
    let strategy = Strategy::from_name("discriminative").unwrap();
    let picks = tables.pick(&strategy, 3, 5, 0).unwrap();
    assert!(picks[0].row >= 10 && picks[0].score > 0.5, "{picks:?}");
}

#[test]
fn equal_texts_go_by_row() {
    let tables = Tables::new(vec![vec![0.1, 0.0]; 6], vec![vec![1.0]; 6]);
    let strategy = Strategy::from_name("discriminative").unwrap();
    let picks = tables.pick(&strategy, 2, 4, 0).unwrap();
    let rows: Vec<usize> = picks.iter().map(|pick| pick.row).collect();
    assert_eq!(rows, [2, 3, 4, 5]);
}

#[test]
fn threads_do_not_matter() {
    let strategy = Strategy::from_name("discriminative").unwrap();
    same_on_any_threads(&clusters(3000, 9, 1), &strategy, 60, 100);
}

#[test]
fn without_labels_another_strategy_is_named() {
    let strategy = Strategy::from_name("discriminative").unwrap();
    let error = clusters(9, 2, 1).pick(&strategy, 0, 1, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "strategy `discriminative` needs labelled texts, there are none: start with `diversity`"
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    let usual = Discriminative::default;
    for (settings, name) in [
        (
            Discriminative {
                rounds: 0,
                ..usual()
            },
            "rounds",
        ),
        (
            Discriminative {
                iterations: 0,
                ..usual()
            },
            "iterations",
        ),
        (Discriminative { l2: 0.0, ..usual() }, "l2"),
        (
            Discriminative {
                l2: f64::NAN,
                ..usual()
            },
            "l2",
        ),
    ] {
        let error = Strategy::Discriminative(settings).check().unwrap_err();
        assert!(
            matches!(error, Error::Setting { key, .. } if key == name),
            "{error}"
        );
    }
}
