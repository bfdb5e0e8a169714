//! Means, medoids and sums against plain ones.

use proptest::prelude::*;

use super::*;
use crate::start::Start;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, same_on_any_threads, tables};

fn naive(vectors: &[Vec<f32>]) -> usize {
    let dimension = vectors[0].len();
    let mean: Vec<f64> = (0..dimension)
        .map(|k| vectors.iter().map(|v| f64::from(v[k])).sum::<f64>() / vectors.len() as f64)
        .collect();
    let distance = |vector: &Vec<f32>| -> f64 {
        let pairs = vector.iter().zip(&mean);
        pairs
            .map(|(value, mean)| (f64::from(*value) - mean).powi(2))
            .sum()
    };
    (0..vectors.len())
        .reduce(|a, b| {
            if distance(&vectors[b]) < distance(&vectors[a]) {
                b
            } else {
                a
            }
        })
        .unwrap()
}

const MEDOID: Strategy = Strategy::Diversity {
    start: Start::Medoid,
};
const RANDOM: Strategy = Strategy::Diversity {
    start: Start::Random,
};

proptest! {
    #[test]
    fn diversity_starts_at_the_medoid(tables in tables(1..25), seed in 0_u64..9) {
        let count = tables.vectors.len();
        let picks = tables.pick(&MEDOID, 0, count, seed).unwrap();
        prop_assert_eq!(picks[0].row, naive(&tables.vectors));
        prop_assert_eq!(picks[0].score, f32::INFINITY);
    }

    #[test]
    fn a_start_is_of_no_account_with_labels(tables in tables(2..25)) {
        let count = tables.vectors.len() - 1;
        prop_assert_eq!(
            tables.pick(&MEDOID, 1, count, 0).unwrap(),
            tables.pick(&RANDOM, 1, count, 0).unwrap()
        );
    }

    #[test]
    fn products_are_sums_of_products(pairs in prop::collection::vec((-9_i8..10, -9_i8..10), 0..40)) {
        let (a, b): (Vec<f64>, Vec<f64>) =
            pairs.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
        let plain: i32 = pairs.iter().map(|&(a, b)| i32::from(a) * i32::from(b)).sum();
        prop_assert_eq!(product(&a, &b), f64::from(plain));
        prop_assert_eq!(Arch::new().dispatch(|| product(&a, &b)), f64::from(plain));
    }
}

#[test]
fn processors_do_not_matter() {
    let values: Vec<f64> = (1..500).map(|i| 1.0 / f64::from(i)).collect();
    let scalar = Arch::Scalar.dispatch(|| product(&values, &values));
    let wide = Arch::new().dispatch(|| product(&values, &values));
    assert_eq!(scalar.to_bits(), wide.to_bits());
}

#[test]
fn threads_do_not_matter() {
    same_on_any_threads(&clusters(3 * CHUNK + 7, 9, 2), &MEDOID, 0, 3);
}

#[test]
fn all_equal_texts_start_at_the_lowest_row() {
    let tables = Tables::new(vec![vec![0.1, 0.2]; 5], vec![vec![1.0]; 5]);
    assert_eq!(tables.pick(&MEDOID, 0, 1, 7).unwrap()[0].row, 0);
}
