//! Noise against its definition.

use proptest::prelude::*;
use proptest::strategy::Strategy as _;

use super::*;
use crate::pick::of_round;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, id, same_on_any_threads, tables};

fn settings() -> impl proptest::strategy::Strategy<Value = Stochastic> {
    let scores = prop::sample::select(Uncertainty::ALL.to_vec());
    let forms = prop::sample::select(vec![Form::Softmax, Form::Power, Form::SoftRank]);
    (scores, forms, 0.1_f64..10.0).prop_map(|(score, form, coldness)| Stochastic {
        score,
        form,
        coldness,
    })
}

/// The noise of one text, drawn by itself.
fn noise(seed: u64, row: usize) -> f64 {
    gumbel(seed, [id(row)].into_par_iter())[0]
}

fn naive(tables: &Tables, settings: &Stochastic, labelled: usize, seed: u64) -> Vec<(usize, f64)> {
    let score = |row: usize| settings.score.of(&tables.probabilities[row]);
    let free = labelled..tables.vectors.len();
    let mut values: Vec<(f64, f64, usize)> = free
        .clone()
        .map(|row| {
            let before = |other: &usize| {
                score(*other) > score(row) || (score(*other) == score(row) && *other < row)
            };
            let bare = match settings.form {
                Form::Softmax => f64::from(score(row)),
                Form::Power => f64::from(score(row)).ln(),
                Form::SoftRank => -((free.clone().filter(before).count() + 1) as f64).ln(),
            };
            let noise = noise(seed, row);
            (bare + noise / settings.coldness, noise, row)
        })
        .collect();
    values.sort_by(|a, b| b.partial_cmp(a).unwrap());
    values.iter().map(|&(value, _, row)| (row, value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn picks_are_the_largest_after_noise(
        tables in tables(1..30), settings in settings(), labelled in 0_usize..5, seed in 0_u64..99
    ) {
        let labelled = labelled.min(tables.vectors.len() - 1);
        let left = tables.vectors.len() - labelled;
        let drawn = of_round(seed, labelled);
        let expected = naive(&tables, &settings, labelled, drawn);
        let strategy = Strategy::Stochastic(settings);
        let picks = tables.pick(&strategy, labelled, left, seed).unwrap();
        let found: Vec<_> = picks.iter().map(|pick| (pick.row, pick.score)).collect();
        let expected: Vec<_> = expected.iter().map(|&(row, value)| (row, value as f32)).collect();
        prop_assert_eq!(&found, &expected);
        let fewer = tables.pick(&strategy, labelled, left / 2, seed).unwrap();
        prop_assert_eq!(&fewer[..], &picks[..left / 2]);
    }
}

#[test]
fn noise_is_gumbels() {
    let ids: Vec<u64> = (0..100_000).collect();
    let draws = gumbel(1, ids.into_par_iter());
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    assert!((mean - 0.577_215_66).abs() < 0.02, "{mean}");
    assert!(
        (variance - std::f64::consts::PI.powi(2) / 6.0).abs() < 0.05,
        "{variance}"
    );
}

/// Chances of two texts are in proportion to what the form says.
#[test]
fn first_picks_have_the_chances_of_their_form() {
    let tables = Tables::new(
        vec![vec![0.0]; 2],
        vec![vec![0.625, 0.375], vec![0.875, 0.125]],
    );
    let share = |form, coldness| {
        let strategy = Strategy::Stochastic(Stochastic {
            score: Uncertainty::Margin,
            form,
            coldness,
        });
        let firsts =
            (0..4000).filter(|&seed| tables.pick(&strategy, 0, 1, seed).unwrap()[0].row == 0);
        firsts.count() as f64 / 4000.0
    };
    for (form, coldness, expected) in [
        (Form::Power, 1.0, 0.75 / (0.75 + 0.25)),
        (Form::Power, 2.0, 0.9),
        (Form::Softmax, 1.0, 1.0 / (1.0 + (-0.5_f64).exp())),
        (Form::SoftRank, 1.0, 2.0 / 3.0),
    ] {
        let found = share(form, coldness);
        assert!(
            (found - expected).abs() < 0.03,
            "{form:?} {coldness}: {found}"
        );
    }
}

#[test]
fn threads_do_not_matter() {
    for name in [
        "softmax-entropy",
        "power-margin",
        "soft-rank-least-confidence",
    ] {
        let strategy = Strategy::from_name(name).unwrap();
        same_on_any_threads(&clusters(500, 2, 1), &strategy, 10, 100);
    }
}

#[test]
fn coldness_is_a_number_above_zero() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let strategy = Strategy::Stochastic(Stochastic {
            coldness: bad,
            ..Stochastic::default()
        });
        let error = strategy.check().unwrap_err();
        assert!(
            matches!(
                error,
                Error::Setting {
                    strategy: "power-margin",
                    key: "coldness",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn reads_the_pipeline_files_form() {
    let text = r#"{"stochastic":{"form":"soft-rank"}}"#;
    let strategy: Strategy = serde_json::from_str(text).unwrap();
    assert_eq!(strategy.to_string(), "soft-rank-margin");
    assert!(serde_json::from_str::<Strategy>(r#"{"stochastic":{"beta":1}}"#).is_err());
}
