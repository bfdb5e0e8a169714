//! Where picks lie, by all pairs.

use goldpan_artifact::{Embeddings, EmbeddingsWriter, Precision, Producer, Silent};
use proptest::prelude::*;

use crate::near::Near;
use crate::pick;
use crate::pick::{Pick, Picks};
use crate::pool::Inputs;
use crate::start::Start;
use crate::strategy::Strategy;
use crate::testing::{Tables, clusters, id, tables};

/// The nearest of `others`, the first on ties.
fn naive(tables: &Tables, row: usize, others: impl Iterator<Item = usize>) -> Option<Near> {
    let square = |a: usize, b: usize| -> f32 {
        let pairs = tables.vectors[a].iter().zip(&tables.vectors[b]);
        pairs.map(|(a, b)| (a - b).powi(2)).sum()
    };
    let near = others.map(|other| Near {
        id: id(other),
        distance: square(row, other).sqrt(),
    });
    near.reduce(|a, b| if b.distance < a.distance { b } else { a })
}

fn check(tables: &Tables, labelled: usize, picks: &[Pick]) {
    let mut earlier: Vec<usize> = Vec::new();
    for pick in picks {
        assert_eq!(pick.nearest_labelled, naive(tables, pick.row, 0..labelled));
        let before = earlier.iter().copied();
        assert_eq!(pick.nearest_earlier, naive(tables, pick.row, before));
        earlier.push(pick.row);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_strategys_picks_are_located(tables in tables(1..40), labelled in 0_usize..20) {
        let labelled = labelled.min(tables.vectors.len() - 1);
        let left = tables.vectors.len() - labelled;
        for name in ["random", "margin", "diversity", "diversity-margin", "dpp", "power-margin"] {
            let strategy = Strategy::from_name(name).unwrap();
            check(&tables, labelled, &tables.pick(&strategy, labelled, left, 1).unwrap());
        }
    }

    #[test]
    fn many_picks_and_labels_on_a_line(step in 1_usize..40, labelled in 100_usize..200) {
        let value = |row: usize| vec![(row * step % 401) as f32];
        let tables = Tables::new((0..400).map(value).collect(), vec![vec![1.0]; 400]);
        let picks = tables.pick(&Strategy::Random {}, labelled, 200, 5).unwrap();
        check(&tables, labelled, &picks);
    }
}

#[test]
fn more_picks_than_a_piece_are_compared_with_all_before() {
    let value = |row: usize| vec![(row * 7919 % 2503) as f32];
    let tables = Tables::new((0..2600).map(value).collect(), vec![vec![1.0]; 2600]);
    let count = super::PIECE + 300;
    let picks = tables.pick(&Strategy::Random {}, 100, count, 5).unwrap();
    check(&tables, 100, &picks);
}

#[test]
fn diversity_is_the_distance_to_the_nearer_of_both() {
    let tables = clusters(400, 7, 2);
    let strategy = Strategy::Diversity {
        start: Start::Random,
    };
    for (number, pick) in tables
        .pick(&strategy, 30, 200, 0)
        .unwrap()
        .iter()
        .enumerate()
    {
        let labelled = pick.nearest_labelled.unwrap().distance;
        let earlier = pick
            .nearest_earlier
            .map_or(f32::INFINITY, |near| near.distance);
        assert_eq!(pick.score.to_bits(), labelled.min(earlier).to_bits());
        assert_eq!(number == 0, earlier.is_infinite());
    }
}

#[test]
fn tables_of_other_texts_locate_no_pick_unless_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embeddings.arrow");
    let write = |values: &[(u64, f32)]| {
        let producer = Producer::new("test", 1);
        let mut writer = EmbeddingsWriter::create(&path, 1, Precision::F32, producer).unwrap();
        for (id, value) in values {
            writer.push(*id, &[*value]).unwrap();
        }
        writer.finish().unwrap();
        Embeddings::open(&path).unwrap()
    };
    let random = |embeddings: Option<&Embeddings>| -> Picks {
        let inputs = Inputs {
            ids: Some(&[1, 2, 3]),
            embeddings,
            predictions: None,
            labelled: &[1],
            ..Inputs::default()
        };
        let picks = pick(&Strategy::Random {}, &inputs, 2, 0, &Silent).unwrap();
        assert_eq!(picks.located, picks.picks[0].nearest_labelled.is_some());
        assert_eq!(picks.located, picks.picks[1].nearest_earlier.is_some());
        picks
    };
    assert!(!random(None).located);
    assert!(!random(Some(&write(&[(1, 0.0), (2, 1.0)]))).located);
    assert!(!random(Some(&write(&[(1, 0.0), (2, f32::NAN), (3, 1.0)]))).located);
    assert!(random(Some(&write(&[(9, f32::NAN), (3, 0.0), (2, 1.0), (1, 2.0)]))).located);
}
