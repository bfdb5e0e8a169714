//! Contrasts against their definition.

use proptest::prelude::*;

use super::*;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, same_on_any_threads, tables};

fn naive(tables: &Tables, k: usize, labelled: usize) -> Vec<(usize, f32)> {
    let square = |a: usize, b: usize| -> f32 {
        let pairs = tables.vectors[a].iter().zip(&tables.vectors[b]);
        pairs.map(|(a, b)| (a - b).powi(2)).sum()
    };
    let contrast = |row: usize| {
        let mut near: Vec<usize> = (0..labelled).collect();
        near.sort_by(|&a, &b| square(row, a).total_cmp(&square(row, b)).then(a.cmp(&b)));
        near.truncate(k);
        let mut sum = 0.0;
        for &other in &near {
            for (p, q) in tables.probabilities[other]
                .iter()
                .zip(&tables.probabilities[row])
            {
                if *p > 0.0 {
                    sum += f64::from(*p) * (f64::from(*p).ln() - f64::from(*q).max(1e-12).ln());
                }
            }
        }
        (sum / near.len() as f64) as f32
    };
    (labelled..tables.vectors.len())
        .map(|row| (row, contrast(row)))
        .collect()
}

proptest! {
    #[test]
    fn picks_have_the_largest_contrast(
        tables in tables(2..30), neighbours in 1_usize..6, labelled in 1_usize..12
    ) {
        let labelled = labelled.min(tables.vectors.len() - 1);
        let mut left = naive(&tables, neighbours, labelled);
        let strategy = Strategy::Contrastive(Contrastive { neighbours });
        for pick in tables.pick(&strategy, labelled, left.len(), 0).unwrap() {
            let slot = left.iter().position(|(row, _)| *row == pick.row).unwrap();
            let best = left.iter().map(|(_, contrast)| *contrast).fold(0.0, f32::max);
            prop_assert!((pick.score - left[slot].1).abs() < 1e-4);
            prop_assert!((pick.score - best).abs() < 1e-4);
            prop_assert_eq!(pick.score, pick.objectives[0]);
            let twin = |&(row, _): &(usize, f32)| {
                tables.vectors[row] == tables.vectors[pick.row]
                    && tables.probabilities[row] == tables.probabilities[pick.row]
            };
            prop_assert_eq!(left.iter().position(twin), Some(slot), "ties to the lowest");
            left.remove(slot);
        }
    }
}

#[test]
fn contradiction_comes_first() {
    let tables = Tables::new(
        vec![vec![0.0], vec![10.0], vec![1.0], vec![9.0]],
        vec![
            vec![1.0, 0.0],
            vec![0.0, 1.0],
            vec![0.75, 0.25],
            vec![0.75, 0.25],
        ],
    );
    let strategy = Strategy::Contrastive(Contrastive { neighbours: 1 });
    let picks = tables.pick(&strategy, 2, 2, 0).unwrap();
    assert_eq!((picks[0].row, picks[1].row), (3, 2));
    assert_eq!(picks[0].score, 4.0_f64.ln() as f32);
    assert_eq!(picks[1].score, (4.0_f64 / 3.0).ln() as f32);
}

#[test]
fn threads_do_not_matter() {
    let strategy = Strategy::from_name("contrastive").unwrap();
    same_on_any_threads(&clusters(700, 9, 1), &strategy, 60, 100);
}

#[test]
fn without_labels_another_strategy_is_named() {
    let strategy = Strategy::from_name("contrastive").unwrap();
    let error = clusters(9, 2, 1).pick(&strategy, 0, 1, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "strategy `contrastive` needs labelled texts, there are none: start with `diversity-margin`"
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    for neighbours in [0, 1001] {
        let error = Strategy::Contrastive(Contrastive { neighbours })
            .check()
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Setting {
                    key: "neighbours",
                    ..
                }
            ),
            "{error}"
        );
    }
}
