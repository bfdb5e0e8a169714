//! The lazy search against determinants.

use proptest::prelude::*;
use proptest::strategy::Strategy as _;

use super::*;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, same_on_any_threads, tables};

fn settings() -> impl proptest::strategy::Strategy<Value = Dpp> {
    let scores = prop::option::of(prop::sample::select(Uncertainty::ALL.to_vec()));
    let kinds = prop::sample::select(vec![Similarity::Cosine, Similarity::Gaussian]);
    let bandwidths = prop::option::of(0.5_f64..3.0);
    (scores, 0.0_f64..3.0, kinds, bandwidths).prop_map(
        |(score, strength, similarity, bandwidth)| Dpp {
            score,
            strength,
            similarity,
            bandwidth,
        },
    )
}

fn alike(tables: &Tables, settings: &Dpp, a: usize, b: usize) -> f64 {
    let product = |a: usize, b: usize| -> f64 {
        let pairs = tables.vectors[a].iter().zip(&tables.vectors[b]);
        pairs.map(|(a, b)| f64::from(a * b)).sum()
    };
    let square = |a, b| product(a, a) + product(b, b) - 2.0 * product(a, b);
    let rows = 0..tables.vectors.len();
    let mean_square = || {
        let pairs = rows.clone().flat_map(|a| rows.clone().map(move |b| (a, b)));
        let sum: f64 = pairs.map(|(a, b)| square(a, b)).sum();
        let mean = sum / (rows.len() * rows.len()) as f64;
        if mean > 0.0 { mean } else { 1.0 }
    };
    match settings.similarity {
        Similarity::Cosine if product(a, a) == 0.0 || product(b, b) == 0.0 => {
            f64::from(u8::from(product(a, a) == product(b, b)))
        }
        Similarity::Cosine => product(a, b) / (product(a, a) * product(b, b)).sqrt(),
        Similarity::Gaussian => {
            let scale = settings
                .bandwidth
                .map_or_else(mean_square, |width| width * width);
            (-square(a, b) / (2.0 * scale)).exp()
        }
    }
}

/// By Gaussian elimination with the largest pivots.
fn determinant(mut matrix: Vec<Vec<f64>>) -> f64 {
    let size = matrix.len();
    let mut determinant = 1.0;
    for k in 0..size {
        let pivot = (k..size)
            .max_by(|&a, &b| matrix[a][k].abs().total_cmp(&matrix[b][k].abs()))
            .unwrap();
        if matrix[pivot][k] == 0.0 {
            return 0.0;
        }
        if pivot != k {
            matrix.swap(pivot, k);
            determinant = -determinant;
        }
        determinant *= matrix[k][k];
        for row in k + 1..size {
            let factor = matrix[row][k] / matrix[k][k];
            let pivot = matrix[k].clone();
            for (value, pivot) in matrix[row].iter_mut().zip(&pivot).skip(k) {
                *value -= factor * pivot;
            }
        }
    }
    determinant
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_pick_makes_the_determinant_largest(
        tables in tables(1..14), settings in settings(), labelled in 0_usize..3
    ) {
        let labelled = labelled.min(tables.vectors.len() - 1);
        let mut left: Vec<usize> = (labelled..tables.vectors.len()).collect();
        let strategy = Strategy::Dpp(settings.clone());
        let picks = tables.pick(&strategy, labelled, left.len(), 0).unwrap();
        let of = |rows: &[usize]| {
            let row = |a: &usize| rows.iter().map(|b| alike(&tables, &settings, *a, *b)).collect();
            determinant(rows.iter().map(row).collect())
        };
        let quality = |row: usize| settings.score.map_or(0.0, |score| {
            2.0 * settings.strength * f64::from(score.of(&tables.probabilities[row]))
        });
        let mut taken: Vec<usize> = Vec::new();
        for pick in &picks {
            let base = of(&taken);
            let novelty = |row: usize| {
                let with: Vec<usize> = taken.iter().copied().chain([row]).collect();
                of(&with) / base
            };
            let mut novelties: Vec<f64> = left.iter().map(|&row| novelty(row)).collect();
            if novelties.iter().all(|&novelty| novelty <= 1e-6) {
                taken.clear();
                novelties.fill(1.0);
            }
            let gains: Vec<f64> =
                left.iter().zip(&novelties).map(|(&row, n)| n * quality(row).exp()).collect();
            let slot = left.iter().position(|&row| row == pick.row).unwrap();
            let best = gains.iter().copied().fold(0.0, f64::max);
            prop_assert!(gains[slot] >= best * (1.0 - 1e-6), "{gains:?} {slot}");
            prop_assert!((f64::from(pick.objectives[0]) - novelties[slot]).abs() < 1e-5);
            let score = novelties[slot].ln() + quality(pick.row);
            prop_assert!((f64::from(pick.score) - score).abs() < 1e-3);
            let twin = |&row: &usize| {
                tables.vectors[row] == tables.vectors[pick.row] && quality(row) == quality(pick.row)
            };
            prop_assert_eq!(left.iter().copied().find(twin), Some(pick.row), "ties to the lowest");
            taken.push(pick.row);
            left.remove(slot);
        }
    }
}

/// Every row brought up to date after every pick.
#[test]
fn putting_work_off_changes_no_pick() {
    let tables = clusters(300, 5, 4);
    let strategy = Strategy::Dpp(Dpp::default());
    let picks = tables.pick(&strategy, 0, 60, 0).unwrap();
    let mut novelty = vec![1.0; 300];
    let mut factors = vec![Vec::new(); 300];
    let scale = {
        let dimension = tables.vectors[0].len();
        let mean: Vec<f64> = (0..dimension)
            .map(|k| tables.vectors.iter().map(|v| f64::from(v[k])).sum::<f64>() / 300.0)
            .collect();
        let squares = tables.vectors.iter().flat_map(|v| {
            v.iter()
                .zip(&mean)
                .map(|(v, m)| (f64::from(*v) - m).powi(2))
        });
        4.0 * squares.sum::<f64>() / 300.0
    };
    let wide: Vec<Vec<f64>> = tables
        .vectors
        .iter()
        .map(|v| v.iter().map(|&v| f64::from(v)).collect())
        .collect();
    for pick in &picks {
        let best = (0..300).fold(0, |a, b| if novelty[b] > novelty[a] { b } else { a });
        assert_eq!(best, pick.row);
        assert!((pick.objectives[0] - novelty[best] as f32).abs() < 1e-6);
        let (base, factor): (f64, Vec<f64>) = (novelty[best], factors[best].clone());
        for row in 0..300 {
            let square: f64 = wide[row]
                .iter()
                .zip(&wide[best])
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            let explained: f64 = factor
                .iter()
                .zip(&factors[row])
                .map(|(a, b): (&f64, &f64)| a * b)
                .sum();
            let value = ((-square / scale).exp() - explained) / base.sqrt();
            factors[row].push(value);
            novelty[row] -= value * value;
        }
        novelty[best] = 0.0;
    }
}

#[test]
fn equal_texts_go_by_row() {
    let tables = Tables::new(vec![vec![1.0, 2.0]; 6], vec![vec![0.5, 0.5]; 6]);
    for name in ["dpp", "dpp-margin"] {
        let picks = tables
            .pick(&Strategy::from_name(name).unwrap(), 2, 4, 0)
            .unwrap();
        let rows: Vec<usize> = picks.iter().map(|pick| pick.row).collect();
        assert_eq!(rows, [2, 3, 4, 5]);
        assert!(picks.iter().all(|pick| pick.objectives[0] == 1.0));
    }
}

#[test]
fn quality_decides_where_it_is_strong() {
    let tables = clusters(100, 4, 7);
    let strategy = Strategy::Dpp(Dpp {
        score: Some(Uncertainty::Margin),
        strength: 100.0,
        ..Dpp::default()
    });
    let strong = tables.pick(&strategy, 0, 1, 0).unwrap();
    let least_sure = tables
        .pick(&Strategy::from_name("margin").unwrap(), 0, 1, 0)
        .unwrap();
    assert_eq!(strong[0].id, least_sure[0].id);
}

#[test]
fn threads_do_not_matter() {
    for similarity in [Similarity::Cosine, Similarity::Gaussian] {
        let strategy = Strategy::Dpp(Dpp {
            score: Some(Uncertainty::Entropy),
            similarity,
            ..Dpp::default()
        });
        same_on_any_threads(&clusters(700, 19, 1), &strategy, 10, 100);
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let usual = Dpp::default;
    for (settings, name) in [
        (
            Dpp {
                strength: -1.0,
                ..usual()
            },
            "strength",
        ),
        (
            Dpp {
                strength: f64::NAN,
                ..usual()
            },
            "strength",
        ),
        (
            Dpp {
                strength: 101.0,
                ..usual()
            },
            "strength",
        ),
        (
            Dpp {
                bandwidth: Some(0.0),
                ..usual()
            },
            "bandwidth",
        ),
        (
            Dpp {
                bandwidth: Some(f64::INFINITY),
                ..usual()
            },
            "bandwidth",
        ),
    ] {
        let error = Strategy::Dpp(settings).check().unwrap_err();
        assert!(
            matches!(error, Error::Setting { strategy: "dpp", key, .. } if key == name),
            "{error}"
        );
    }
}

#[test]
fn too_many_picks_are_refused() {
    let tables = clusters(MOST + 1, 2, 1);
    let error = tables
        .pick(&Strategy::Dpp(Dpp::default()), 0, MOST + 1, 0)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "strategy `dpp` picks at most 2048 texts at a time, 2049 are asked for: \
         ask for fewer or use `diversity`"
    );
}
