//! Strategies that cluster or draw by squared distance, against their definitions, through the
//! public interface.

use std::collections::{BTreeMap, BTreeSet};

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent,
};
use goldpan_select::{
    Badge, BadgeMode, ClusterMargin, Error, Inputs, KMeans, KMeansPlusPlus, Picks, Strategy,
    Typiclust, WeightedKMeans, pick,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use tempfile::TempDir;

/// A vector, and the probability of the second of two classes.
type Row = (Vec<f32>, f32);

struct Tables {
    embeddings: Embeddings,
    predictions: Predictions,
    _folder: TempDir,
}

/// Tables of rows whose ids count from 0.
fn tables(rows: &[Row]) -> Tables {
    let folder = TempDir::new().unwrap();
    let paths = ["embeddings", "predictions"].map(|name| folder.path().join(name));
    let dimension = rows[0].0.len();
    let maker = Producer::new("test", 1);
    let mut vectors =
        EmbeddingsWriter::create(&paths[0], dimension, Precision::F32, maker.clone()).unwrap();
    let classes = ["a".to_owned(), "b".to_owned()];
    let mut beliefs = PredictionsWriter::create(&paths[1], &classes, maker).unwrap();
    for (id, (vector, p)) in (0..).zip(rows) {
        vectors.push(id, vector).unwrap();
        beliefs.push(id, &[0.0; 2], &[1.0 - p, *p]).unwrap();
    }
    vectors.finish().unwrap();
    beliefs.finish().unwrap();
    Tables {
        embeddings: Embeddings::open(&paths[0]).unwrap(),
        predictions: Predictions::open(&paths[1]).unwrap(),
        _folder: folder,
    }
}

impl Tables {
    fn pick(&self, strategy: &Strategy, labelled: &[u64], count: usize, seed: u64) -> Picks {
        let inputs = Inputs {
            embeddings: Some(&self.embeddings),
            predictions: Some(&self.predictions),
            labelled,
            ..Inputs::default()
        };
        pick(strategy, &inputs, count, seed, &Silent).unwrap()
    }
}

fn rows_of(picks: &Picks) -> Vec<usize> {
    picks.picks.iter().map(|pick| pick.row).collect()
}

fn all() -> Vec<Strategy> {
    vec![
        Strategy::KMeansPlusPlus(KMeansPlusPlus::default()),
        Strategy::KMeans(KMeans::default()),
        Strategy::WeightedKMeans(WeightedKMeans {
            beta: 2,
            ..WeightedKMeans::default()
        }),
        Strategy::Typiclust(Typiclust::default()),
        Strategy::Badge(Badge::default()),
        Strategy::Badge(Badge {
            mode: BadgeMode::Greedy,
        }),
        Strategy::ClusterMargin(ClusterMargin {
            candidates: 2,
            ..ClusterMargin::default()
        }),
    ]
}

/// Numbers from 0 to 1 by a multiplicative generator.
fn numbers() -> impl FnMut() -> f32 {
    let mut state = 7_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    }
}

/// Groups of these sizes, 40 out along their own axes, spread by about 1.
fn groups(sizes: &[usize]) -> (Vec<Row>, Vec<Vec<usize>>) {
    let mut next = numbers();
    let (mut rows, mut groups) = (Vec::new(), Vec::new());
    for (group, &size) in sizes.iter().enumerate() {
        groups.push((rows.len()..rows.len() + size).collect());
        for _ in 0..size {
            let mut vector: Vec<f32> = sizes.iter().map(|_| next()).collect();
            vector[group] += 40.0;
            rows.push((vector, next()));
        }
    }
    (rows, groups)
}

fn distance(a: &[f64], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs
        .map(|(a, b)| (a - f64::from(*b)).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// The one of `group` nearest to its weighted mean.
fn central(rows: &[Row], group: &[usize], weight: impl Fn(usize) -> f64) -> usize {
    let total: f64 = group.iter().map(|row| weight(*row)).sum();
    let mean: Vec<f64> = (0..rows[0].0.len())
        .map(|k| {
            let values = group
                .iter()
                .map(|row| weight(*row) * f64::from(rows[*row].0[k]));
            values.sum::<f64>() / total
        })
        .collect();
    let far = |row: &usize| distance(&mean, &rows[*row].0);
    *group
        .iter()
        .min_by(|a, b| far(a).total_cmp(&far(b)))
        .unwrap()
}

fn margin(p: f32) -> f32 {
    1.0 - ((1.0 - p).max(p) - (1.0 - p).min(p))
}

#[test]
fn k_means_takes_the_centre_of_each_group_the_largest_first() {
    let (rows, groups) = groups(&[7, 12, 5, 9]);
    let tables = tables(&rows);
    let picks = tables.pick(&Strategy::KMeans(KMeans::default()), &[0, 1], 4, 3);
    let free = [&groups[0][2..], &groups[1], &groups[2], &groups[3]];
    let expected = [1, 3, 0, 2].map(|group| central(&rows, free[group], |_| 1.0));
    let sizes: Vec<f32> = picks.picks.iter().map(|pick| pick.score).collect();
    assert_eq!(sizes, [12.0, 9.0, 5.0, 5.0]);
    assert_eq!(rows_of(&picks), expected);
    assert_eq!(picks.objectives, ["cluster-size", "centre-distance"]);
}

#[test]
fn weighted_k_means_weighs_the_least_sure() {
    let (rows, groups) = groups(&[20, 30, 25]);
    let tables = tables(&rows);
    let strategy = Strategy::WeightedKMeans(WeightedKMeans {
        beta: 15,
        iterations: 10,
    });
    let picks = tables.pick(&strategy, &[], 3, 0);
    let mut unsure: Vec<usize> = (0..rows.len()).collect();
    unsure.sort_by(|a, b| margin(rows[*b].1).total_cmp(&margin(rows[*a].1)));
    let unsure: BTreeSet<usize> = unsure[..45].iter().copied().collect();
    let weight = |row: usize| f64::from(margin(rows[row].1));
    let mut expected: Vec<(f64, usize)> = groups
        .iter()
        .map(|group| {
            let group: Vec<usize> = group
                .iter()
                .copied()
                .filter(|row| unsure.contains(row))
                .collect();
            let sum = group.iter().map(|row| weight(*row)).sum();
            (sum, central(&rows, &group, weight))
        })
        .collect();
    expected.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (pick, (sum, row)) in picks.picks.iter().zip(&expected) {
        assert_eq!((pick.row, pick.score), (*row, *sum as f32));
        assert_eq!(pick.objectives[2], margin(rows[*row].1));
    }
}

#[test]
fn typiclust_takes_the_densest_rows_of_clusters_without_labels() {
    let (rows, groups) = groups(&[12, 9, 5, 30, 20]);
    let tables = tables(&rows);
    let strategy = Strategy::Typiclust(Typiclust {
        max_clusters: 5,
        neighbours: 4,
        ..Typiclust::default()
    });
    let labelled = [groups[3][2], groups[3][4], groups[4][0]].map(|row| row as u64);
    let picks = tables.pick(&strategy, &labelled, 7, 1);
    let typical = |group: usize, rank: usize| {
        let group = &groups[group];
        let typicality = |row: usize| {
            let row: Vec<f64> = rows[row].0.iter().map(|value| f64::from(*value)).collect();
            let mut all: Vec<f64> = group
                .iter()
                .map(|other| distance(&row, &rows[*other].0))
                .collect();
            all.sort_by(f64::total_cmp);
            let kept = (group.len() / 2).min(4);
            kept as f64 / all[1..=kept].iter().sum::<f64>()
        };
        let mut free: Vec<usize> = group
            .iter()
            .copied()
            .filter(|row| !labelled.contains(&(*row as u64)))
            .collect();
        free.sort_by(|a, b| typicality(*b).total_cmp(&typicality(*a)));
        (free[rank], typicality(free[rank]))
    };
    let order = [(0, 0), (1, 0), (4, 0), (3, 0), (2, 0), (0, 1), (1, 1)];
    for (pick, (group, rank)) in picks.picks.iter().zip(order) {
        let (row, typicality) = typical(group, rank);
        assert_eq!(pick.row, row);
        assert!(
            (f64::from(pick.score) / typicality - 1.0).abs() < 0.05,
            "{pick:?} {typicality}"
        );
    }
    assert_eq!(picks.picks[3].objectives[1..], [30.0, 2.0]);
}

#[test]
fn cluster_margin_goes_round_the_smallest_cluster_first() {
    let (rows, groups) = groups(&[20, 30, 25]);
    let tables = tables(&rows);
    let strategy = Strategy::ClusterMargin(ClusterMargin {
        candidates: 3,
        clusters: Some(3),
        ..ClusterMargin::default()
    });
    let mut unsure: Vec<usize> = (1..rows.len()).collect();
    unsure.sort_by(|a, b| margin(rows[*b].1).total_cmp(&margin(rows[*a].1)));
    unsure.truncate(36);
    let mut lists: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| {
            group
                .iter()
                .copied()
                .filter(|row| unsure.contains(row))
                .collect()
        })
        .collect();
    lists.sort_by_key(|list: &Vec<usize>| (list.len(), list[0]));
    let mut orders = BTreeSet::new();
    for seed in 0..5 {
        let picks = tables.pick(&strategy, &[0], 12, seed);
        let mut taken = [0; 3];
        let mut turn = 0;
        for pick in &picks.picks {
            while taken[turn % 3] == lists[turn % 3].len() {
                turn += 1;
            }
            let list = &lists[turn % 3];
            assert!(list.contains(&pick.row), "{pick:?} of {lists:?}");
            assert_eq!(
                pick.objectives,
                [list.len() as f32, margin(rows[pick.row].1)]
            );
            taken[turn % 3] += 1;
            turn += 1;
        }
        orders.insert(rows_of(&picks));
    }
    assert!(orders.len() > 1, "the seed decides in a cluster");
}

/// Values whose products are exact in f32.
fn exact_rows() -> impl proptest::strategy::Strategy<Value = Vec<Row>> {
    (1_usize..4).prop_flat_map(|dimension| {
        let vector = prop::collection::vec((-2_i8..=2).prop_map(f32::from), dimension);
        prop::collection::vec((vector, (0_u8..=8).prop_map(|p| f32::from(p) / 8.0)), 1..40)
    })
}

/// The gradient of a row, made.
fn gradient((vector, p): &Row) -> Vec<f32> {
    let right = f32::from(u8::from(*p > 0.5));
    let parts = [1.0 - p - (1.0 - right), p - right];
    parts
        .iter()
        .flat_map(|q| vector.iter().map(move |h| q * h))
        .collect()
}

fn square(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn badge_is_k_means_plus_plus_on_gradients(rows in exact_rows(), share in 0.0_f64..=1.0, seed: u64) {
        let labelled: Vec<u64> = (0..rows.len() as u64).filter(|id| id % 5 == 3).collect();
        let free: Vec<usize> = (0..rows.len()).filter(|row| row % 5 != 3).collect();
        let count = (free.len() as f64 * share).ceil() as usize;
        let tables = tables(&rows);
        let gradients: Vec<Vec<f32>> = rows.iter().map(gradient).collect();
        let zero = vec![0.0; gradients[0].len()];
        for mode in [BadgeMode::Sample, BadgeMode::Greedy] {
            let found = tables.pick(&Strategy::Badge(Badge { mode }), &labelled, count, seed);
            prop_assert_eq!(found.picks.len(), count);
            let mut left = free.clone();
            let mut taken: Vec<usize> = Vec::new();
            for pick in &found.picks {
                let nearest = |row: usize| match taken.is_empty() {
                    true => square(&gradients[row], &zero),
                    false => {
                        let all = taken.iter().map(|other| square(&gradients[row], &gradients[*other]));
                        all.fold(f32::INFINITY, f32::min)
                    }
                };
                let farthest = left.iter().copied().reduce(|a, b| if nearest(b) > nearest(a) { b } else { a });
                if mode == BadgeMode::Greedy || taken.is_empty() || nearest(farthest.unwrap()) == 0.0 {
                    prop_assert_eq!(Some(pick.row), farthest);
                } else {
                    prop_assert!(nearest(pick.row) > 0.0);
                }
                if !taken.is_empty() {
                    prop_assert_eq!(pick.score, nearest(pick.row).sqrt());
                }
                let length = square(&gradients[pick.row], &zero).sqrt();
                prop_assert_eq!(&pick.objectives, &[pick.score, length]);
                prop_assert!(left.contains(&pick.row));
                left.retain(|row| *row != pick.row);
                taken.push(pick.row);
            }
        }
    }

    #[test]
    fn any_rows_can_be_picked_once_each(rows in exact_rows(), share in 0.0_f64..=1.0, seed: u64) {
        let labelled: Vec<u64> = (0..rows.len() as u64).filter(|id| id % 4 == 1).collect();
        let free = rows.len() - labelled.len();
        let tables = tables(&rows);
        for strategy in all() {
            for (labelled, free) in [(&labelled[..], free), (&[], rows.len())] {
                let count = (free as f64 * share).ceil() as usize;
                let picks = tables.pick(&strategy, labelled, count, seed);
                let distinct: BTreeSet<u64> = picks.picks.iter().map(|pick| pick.id).collect();
                prop_assert_eq!(distinct.len(), count, "{}", strategy);
                prop_assert!(labelled.iter().all(|id| !distinct.contains(id)), "{}", strategy);
                prop_assert!(picks.picks.iter().all(|pick| pick.objectives.len() == picks.objectives.len()));
            }
        }
    }
}

#[test]
fn equal_rows_and_zeros_and_sure_models_go_through() {
    for row in [
        (vec![0.0, 0.0], 0.5),
        (vec![0.3, 0.1], 1.0),
        (vec![0.6, 0.8], 0.25),
    ] {
        for count in [1, 2, 9] {
            let tables = tables(&vec![row.clone(); count]);
            for strategy in all() {
                let mut found = rows_of(&tables.pick(&strategy, &[], count, 5));
                found.sort_unstable();
                assert!(found.into_iter().eq(0..count), "{strategy}");
            }
        }
    }
}

#[test]
fn k_means_plus_plus_starts_from_the_labelled() {
    let rows = [0.0, 0.0, 5.0, 0.0, 5.0].map(|x| (vec![x], 0.5));
    let tables = tables(&rows);
    let strategy = Strategy::KMeansPlusPlus(KMeansPlusPlus::default());
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    for seed in 0..200 {
        let picks = tables.pick(&strategy, &[0], 4, seed);
        let found = rows_of(&picks);
        *firsts.entry(found[0]).or_default() += 1;
        let rest = [1, 2, 3, 4].into_iter().filter(|row| *row != found[0]);
        assert!(found[1..].iter().copied().eq(rest), "{found:?}");
        assert_eq!((picks.picks[0].score, picks.picks[1].score), (5.0, 0.0));
    }
    assert_eq!(firsts.len(), 2);
    assert!(
        firsts[&2].abs_diff(100) < 40 && firsts.contains_key(&4),
        "{firsts:?}"
    );
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let mut next = numbers();
    let rows: Vec<Row> = (0..700)
        .map(|row| {
            (
                (0..6).map(|k| next() + f32::from(row % 9 == k)).collect(),
                next(),
            )
        })
        .collect();
    let tables = tables(&rows);
    let labelled: Vec<u64> = (0..40).collect();
    for strategy in all() {
        let on = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| tables.pick(&strategy, &labelled, 60, seed))
        };
        let one = on(1, 0);
        assert_eq!(one, on(2, 0), "{strategy}");
        let greedy = matches!(&strategy, Strategy::Badge(badge) if badge.mode == BadgeMode::Greedy);
        assert_eq!(one == on(1, 1), greedy, "{strategy}");
    }
}

#[test]
fn settings_are_checked_and_have_usual_values() {
    let read = |text: &str| serde_json::from_str::<Strategy>(text);
    for (text, name) in [
        (r#"{"k-means-plus-plus":{}}"#, "k-means-plus-plus"),
        (r#"{"k-means":{}}"#, "k-means"),
        (
            r#"{"weighted-k-means":{"iterations":10}}"#,
            "weighted-k-means",
        ),
        (r#"{"typiclust":{"neighbours":20}}"#, "typiclust"),
        (r#"{"badge":{"mode":"sample"}}"#, "badge"),
        (r#"{"cluster-margin":{"clusters":null}}"#, "cluster-margin"),
    ] {
        assert_eq!(
            read(text).unwrap(),
            Strategy::from_name(name).unwrap(),
            "{text}"
        );
    }
    for text in [
        r#"{"k-means-plus-plus":{"power":2}}"#,
        r#"{"k-means":{"clusters":2}}"#,
        r#"{"weighted-k-means":{"beta":-1}}"#,
        r#"{"typiclust":{"k":20}}"#,
        r#"{"badge":{"mode":"random"}}"#,
        r#"{"cluster-margin":{"linkage":"average"}}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    for (text, message) in [
        (
            r#"{"k-means":{"iterations":1001}}"#,
            "strategy `k-means`: iterations = 1001 is not from 0 to 1000",
        ),
        (
            r#"{"weighted-k-means":{"beta":0}}"#,
            "strategy `weighted-k-means`: beta = 0 is not at least 1",
        ),
        (
            r#"{"weighted-k-means":{"iterations":2000}}"#,
            "strategy `weighted-k-means`: iterations = 2000 is not from 0 to 1000",
        ),
        (
            r#"{"typiclust":{"max_clusters":0}}"#,
            "strategy `typiclust`: max_clusters = 0 is not at least 1",
        ),
        (
            r#"{"typiclust":{"neighbours":0}}"#,
            "strategy `typiclust`: neighbours = 0 is not from 1 to 1000",
        ),
        (
            r#"{"cluster-margin":{"clusters":0}}"#,
            "strategy `cluster-margin`: clusters = 0 is not at least 1",
        ),
        (
            r#"{"cluster-margin":{"candidates":0}}"#,
            "strategy `cluster-margin`: candidates = 0 is not at least 1",
        ),
    ] {
        let error = read(text).unwrap().check().unwrap_err();
        assert!(matches!(error, Error::Setting { .. }));
        assert_eq!(error.to_string(), message);
    }
}
