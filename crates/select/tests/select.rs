//! Selections from small tables, through the public interface alone.

use std::path::Path;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Selection,
    Silent,
};
use goldpan_select::{
    Budget, Error, Inputs, Picks, Rule, Start, Strategy, Term, Uncertainty, VERSION, pick, select,
};
use tempfile::TempDir;

/// A folder with tables in it.
struct Tables {
    folder: TempDir,
    embeddings: Option<Embeddings>,
    predictions: Option<Predictions>,
}

impl Tables {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            embeddings: None,
            predictions: None,
        }
    }

    fn embeddings(self, rows: &[(u64, &[f32])]) -> Self {
        self.stored(Precision::F32, rows)
    }

    fn stored(mut self, precision: Precision, rows: &[(u64, &[f32])]) -> Self {
        let path = self.folder.path().join("embeddings.arrow");
        let dimension = rows.first().map_or(2, |(_, vector)| vector.len());
        let mut writer =
            EmbeddingsWriter::create(&path, dimension, precision, Producer::new("embed", 1))
                .unwrap();
        for (id, vector) in rows {
            writer.push(*id, vector).unwrap();
        }
        writer.finish().unwrap();
        self.embeddings = Some(Embeddings::open(&path).unwrap());
        self
    }

    fn predictions(mut self, rows: &[(u64, &[f32])]) -> Self {
        let path = self.folder.path().join("predictions.arrow");
        let width = rows
            .first()
            .map_or(2, |(_, probabilities)| probabilities.len());
        let classes: Vec<String> = (0..width).map(|class| class.to_string()).collect();
        let mut writer =
            PredictionsWriter::create(&path, &classes, Producer::new("predict", 1)).unwrap();
        for (id, probabilities) in rows {
            writer.push(*id, &vec![0.0; width], probabilities).unwrap();
        }
        writer.finish().unwrap();
        self.predictions = Some(Predictions::open(&path).unwrap());
        self
    }

    fn inputs<'a>(&'a self, labelled: &'a [u64]) -> Inputs<'a> {
        Inputs {
            ids: None,
            embeddings: self.embeddings.as_ref(),
            predictions: self.predictions.as_ref(),
            labelled,
            ..Inputs::default()
        }
    }

    fn pick(&self, name: &str, labelled: &[u64], count: usize) -> Result<Picks, Error> {
        let strategy = Strategy::from_name(name).unwrap();
        pick(&strategy, &self.inputs(labelled), count, 0, &Silent)
    }
}

fn ids(picks: &Picks) -> Vec<u64> {
    picks.picks.iter().map(|pick| pick.id).collect()
}

/// Four texts on a line, and how sure a model is of them.
fn line() -> Tables {
    Tables::new()
        .embeddings(&[
            (10, &[0.0, 0.0]),
            (11, &[3.0, 4.0]),
            (12, &[6.0, 8.0]),
            (13, &[0.6, 0.8]),
        ])
        .predictions(&[
            (10, &[0.5, 0.5]),
            (11, &[0.75, 0.25]),
            (12, &[1.0, 0.0]),
            (13, &[0.25, 0.75]),
        ])
}

#[test]
fn diversity_takes_the_farthest_first() {
    let picks = line().pick("diversity", &[10], 3).unwrap();
    assert_eq!(ids(&picks), [12, 11, 13]);
    assert_eq!(picks.objectives, ["diversity"]);
    let values: Vec<_> = picks
        .picks
        .iter()
        .map(|pick| (pick.row, pick.score))
        .collect();
    assert_eq!(values, [(2, 10.0), (1, 5.0), (3, 1.0)]);
}

#[test]
fn uncertainty_takes_the_least_sure_and_then_the_lowest_row() {
    let tables = line();
    for (name, scores) in [
        ("margin", [1.0, 0.5, 0.5, 0.0]),
        ("least-confidence", [0.5, 0.25, 0.25, 0.0]),
    ] {
        let picks = tables.pick(name, &[], 4).unwrap();
        assert_eq!(ids(&picks), [10, 11, 13, 12], "{name}");
        assert_eq!(picks.objectives, [name]);
        for (pick, score) in picks.picks.iter().zip(scores) {
            assert_eq!(
                (pick.score, &*pick.objectives),
                (score, &[score][..]),
                "{name}"
            );
        }
    }
    assert_eq!(ids(&tables.pick("entropy", &[10], 2).unwrap()), [11, 13]);
}

#[test]
fn a_product_weighs_distance_by_uncertainty() {
    let picks = line().pick("diversity-margin", &[10], 3).unwrap();
    assert_eq!(picks.objectives, ["diversity", "margin"]);
    let values: Vec<_> = picks
        .picks
        .iter()
        .map(|pick| (pick.id, pick.score, pick.objectives.clone()))
        .collect();
    assert_eq!(
        values,
        [
            (11, 2.5, vec![5.0, 0.5]),
            (13, 0.5, vec![1.0, 0.5]),
            (12, 0.0, vec![5.0, 0.0])
        ]
    );
}

#[test]
fn a_product_of_uncertainties_needs_no_embeddings() {
    let tables = line();
    let terms = [Uncertainty::Margin, Uncertainty::LeastConfidence].map(Term::uncertainty);
    let strategy = Strategy::Product(terms.to_vec());
    let picks = pick(&strategy, &tables.inputs(&[10]), 2, 0, &Silent).unwrap();
    assert_eq!(ids(&picks), [11, 13]);
    assert_eq!(picks.picks[0].score, 0.125);
    assert_eq!(picks.objectives, ["margin", "least-confidence"]);
}

#[test]
fn without_labels_the_seed_starts_diversity_and_uncertainty_a_product() {
    let tables = line();
    let diversity = Strategy::Diversity {
        start: Start::Random,
    };
    let firsts: Vec<u64> = (0..20)
        .map(|seed| {
            let picks = pick(&diversity, &tables.inputs(&[]), 4, seed, &Silent).unwrap();
            assert_eq!(picks.picks[0].objectives, [f32::INFINITY]);
            let mut all = ids(&picks);
            all.sort_unstable();
            assert_eq!(all, [10, 11, 12, 13]);
            picks.picks[0].id
        })
        .collect();
    assert!(firsts.iter().any(|id| *id != firsts[0]), "{firsts:?}");

    let picks = tables.pick("diversity-margin", &[], 2).unwrap();
    assert_eq!(ids(&picks), [10, 11]);
    assert_eq!(picks.picks[0].objectives, [f32::INFINITY, 1.0]);
}

#[test]
fn half_precision_and_threads_change_no_pick() {
    let value = |i: usize| ((i * i * 7 + i / 5) % 9) as f32 / 4.0 - 1.0;
    let vectors: Vec<Vec<f32>> = (0..150)
        .map(|row| (0..4).map(|k| value(row % 120 * 4 + k)).collect())
        .collect();
    let rows: Vec<(u64, &[f32])> = (1000..).zip(vectors.iter().map(Vec::as_slice)).collect();
    let single = Tables::new().stored(Precision::F32, &rows);
    let half = Tables::new().stored(Precision::F16, &rows);
    let expected = single.pick("diversity", &[1000], 149).unwrap();
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for tables in [&single, &half] {
            let found = pool.install(|| tables.pick("diversity", &[1000], 149));
            assert_eq!(found.unwrap(), expected, "{threads} threads");
        }
    }
    let nothing = half.pick("diversity", &[1000], 0).unwrap();
    assert_eq!(nothing.picks, []);
    let too_many = half.pick("diversity", &[1000], 150);
    assert!(matches!(too_many, Err(Error::TooFew { left: 149, .. })));
}

#[test]
fn random_is_a_shuffle_by_the_seed() {
    let all: Vec<u64> = (0..100).rev().collect();
    let labelled = [7, 93];
    let inputs = Inputs {
        ids: Some(&all),
        labelled: &labelled,
        ..Inputs::default()
    };
    let random = |count, seed| {
        let picks = pick(&Strategy::Random {}, &inputs, count, seed, &Silent).unwrap();
        assert!(
            picks
                .picks
                .iter()
                .all(|pick| all[pick.row] == pick.id && pick.score == 0.0)
        );
        ids(&picks)
    };
    let whole = random(98, 1);
    assert_eq!(random(98, 1), whole);
    assert_ne!(random(98, 2), whole);
    assert_eq!(random(10, 1), whole[..10]);
    let mut sorted = whole;
    sorted.sort_unstable();
    let left: Vec<u64> = (0..100).filter(|id| !labelled.contains(id)).collect();
    assert_eq!(sorted, left);
    assert_eq!(
        random(5, 0),
        [21, 18, 27, 83, 9],
        "the generator's stream has changed"
    );
}

#[test]
fn half_precision_is_used_as_stored() {
    let vectors: &[(u64, &[f32])] = &[
        (1, &[0.0, 0.5]),
        (2, &[1.0, 0.1]),
        (3, &[0.3, -0.7]),
        (4, &[0.25, 0.5]),
    ];
    let rounded: Vec<(u64, Vec<f32>)> = vectors
        .iter()
        .map(|(id, vector)| {
            (
                *id,
                vector
                    .iter()
                    .map(|value| half::f16::from_f32(*value).to_f32())
                    .collect(),
            )
        })
        .collect();
    let rounded: Vec<(u64, &[f32])> = rounded.iter().map(|(id, v)| (*id, &v[..])).collect();
    let half = Tables::new()
        .stored(Precision::F16, vectors)
        .pick("k-center", &[1], 3)
        .unwrap();
    let single = Tables::new()
        .embeddings(&rounded)
        .pick("k-center", &[1], 3)
        .unwrap();
    assert_eq!(half, single);
}

#[test]
fn tables_are_joined_by_id() {
    let in_order = line();
    let shuffled = Tables::new()
        .embeddings(&[
            (10, &[0.0, 0.0]),
            (11, &[3.0, 4.0]),
            (12, &[6.0, 8.0]),
            (13, &[0.6, 0.8]),
        ])
        .predictions(&[
            (13, &[0.25, 0.75]),
            (12, &[1.0, 0.0]),
            (11, &[0.75, 0.25]),
            (10, &[0.5, 0.5]),
        ]);
    for name in ["margin", "diversity", "diversity-entropy"] {
        let expected = in_order.pick(name, &[13], 2).unwrap();
        let strategy = Strategy::from_name(name).unwrap();
        let inputs = Inputs {
            ids: Some(&[10, 11, 12, 13]),
            ..shuffled.inputs(&[13])
        };
        assert_eq!(
            pick(&strategy, &inputs, 2, 0, &Silent).unwrap(),
            expected,
            "{name}"
        );
    }
    let part = Inputs {
        ids: Some(&[13, 11]),
        ..shuffled.inputs(&[11])
    };
    assert_eq!(
        ids(&pick(
            &Strategy::Diversity {
                start: Start::Random
            },
            &part,
            1,
            0,
            &Silent
        )
        .unwrap()),
        [13]
    );
}

#[test]
fn tables_of_other_texts_are_refused() {
    let product = |tables: &Tables| tables.pick("diversity-margin", &[], 1);
    let one_missing = Tables::new()
        .embeddings(&[(1, &[0.0]), (2, &[1.0]), (3, &[2.0])])
        .predictions(&[(1, &[0.5, 0.5]), (3, &[0.5, 0.5])]);
    let error = product(&one_missing).unwrap_err();
    assert!(
        matches!(error, Error::NoPrediction { id: 2, .. }),
        "{error:?}"
    );

    let one_more = Tables::new()
        .embeddings(&[(1, &[0.0])])
        .predictions(&[(1, &[0.5, 0.5]), (3, &[0.5, 0.5])]);
    let error = product(&one_more).unwrap_err();
    assert!(
        matches!(error, Error::NoEmbedding { id: 3, .. }),
        "{error:?}"
    );

    let given = Inputs {
        ids: Some(&[1, 9]),
        ..one_more.inputs(&[])
    };
    let error = pick(
        &Strategy::Diversity {
            start: Start::Random,
        },
        &given,
        1,
        0,
        &Silent,
    )
    .unwrap_err();
    assert!(
        error.to_string().starts_with("text 9 has no embedding in "),
        "{error}"
    );
}

#[test]
fn a_table_that_is_needed_and_missing_is_named() {
    let message = |name| Tables::new().pick(name, &[], 1).unwrap_err().to_string();
    assert_eq!(
        message("diversity-margin"),
        "strategy `diversity-margin` needs embeddings of the texts: make them with `goldpan embed`"
    );
    assert!(message("margin").starts_with("strategy `margin` needs a model's predictions"));
    assert!(message("random").starts_with("nothing says which texts there are"));
}

#[test]
fn asking_for_too_many_names_both_numbers() {
    let tables = line();
    for name in Strategy::names() {
        let message = tables.pick(name, &[10, 12], 3).unwrap_err().to_string();
        assert_eq!(
            message,
            "3 texts are asked for, but 2 of 4 are left to label: ask for at most 2"
        );
        assert_eq!(
            tables.pick(name, &[10, 12], 2).unwrap().picks.len(),
            2,
            "{name}"
        );
        assert_eq!(
            tables.pick(name, &[10, 12, 11, 13], 0).unwrap().picks,
            [],
            "{name}"
        );
        let error = tables.pick(name, &[10, 12, 11, 13], 1).unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooFew {
                    asked: 1,
                    left: 0,
                    pool: 4
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn labels_of_other_texts_are_refused() {
    for name in Strategy::names() {
        let error = line().pick(name, &[10, 99, 98], 1).unwrap_err();
        assert!(
            matches!(error, Error::UnknownLabelled { id: 99 }),
            "{error:?}"
        );
    }
    assert_eq!(
        ids(&line().pick("diversity", &[10, 10, 10], 1).unwrap()),
        [12]
    );
}

#[test]
fn repeated_ids_are_refused() {
    let inputs = Inputs {
        ids: Some(&[4, 5, 4]),
        ..Inputs::default()
    };
    let error = pick(&Strategy::Random {}, &inputs, 1, 0, &Silent).unwrap_err();
    assert!(matches!(error, Error::RepeatedId { id: 4 }), "{error:?}");
}

#[test]
fn values_that_are_not_finite_are_refused_with_row_and_id() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let tables = Tables::new()
            .embeddings(&[(5, &[0.0, 0.0]), (6, &[1.0, bad]), (7, &[bad, bad])])
            .predictions(&[(5, &[1.0, 0.0]), (6, &[0.5, 0.5]), (7, &[0.5, bad])]);
        match tables.pick("diversity", &[5], 1).unwrap_err() {
            Error::Embedding {
                row: 1,
                id: 6,
                position: 1,
                value,
                ..
            } => {
                assert_eq!(value.to_bits(), bad.to_bits());
            }
            other => panic!("{other:?}"),
        }
        let error = tables.pick("entropy", &[5], 1).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Probability {
                    row: 2,
                    id: 7,
                    class: 1,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            error.to_string().starts_with("row 2 (text 7) of "),
            "{error}"
        );
    }
    let negative = Tables::new()
        .predictions(&[(5, &[-0.5, 1.5])])
        .pick("margin", &[], 1);
    assert!(
        matches!(negative, Err(Error::Probability { class: 0, .. })),
        "{negative:?}"
    );
}

#[test]
fn vectors_too_long_to_measure_are_refused() {
    let tables = Tables::new().embeddings(&[(5, &[1.0, 0.0]), (6, &[1e19, 1e19])]);
    let error = tables.pick("diversity", &[5], 1).unwrap_err();
    assert!(
        matches!(error, Error::TooLong { row: 1, id: 6, .. }),
        "{error:?}"
    );
}

#[test]
fn vectors_too_short_to_measure_are_refused() {
    let tables = Tables::new().embeddings(&[(5, &[1e-30, 0.0]), (6, &[0.0, 1e-31])]);
    let error = tables.pick("diversity", &[5], 1).unwrap_err();
    let Error::TooShort { longest, .. } = error else {
        panic!("{error:?}");
    };
    assert!((longest / 1e-30 - 1.0).abs() < 1e-6);
    // One long vector is enough to measure by.
    let tables = Tables::new().embeddings(&[(5, &[1e-30, 0.0]), (6, &[0.0, 1e-3])]);
    assert!(tables.pick("diversity", &[5], 1).is_ok());
}

#[test]
fn picks_that_only_the_order_of_rows_chose_are_told() {
    let warned = |tables: &Tables, strategy: &str, labelled: &[u64], count| {
        let (picks, warnings) =
            goldpan_tests::warned(|| tables.pick(strategy, labelled, count).unwrap());
        let told: Vec<String> = warnings.into_iter().map(|it| it.message).collect();
        (ids(&picks), told)
    };
    let one: &[f32] = &[1.0, 0.0];
    let same = Tables::new().embeddings(&[(9, one), (8, one), (7, one)]);
    let (picks, told) = warned(&same, "diversity", &[9], 2);
    assert_eq!(picks, [8, 7]);
    assert!(
        told[0].starts_with("2 of 2 picks have the score 0 (they lie where a labelled text"),
        "{told:?}"
    );
    let sure = Tables::new().predictions(&[(5, one), (6, one)]);
    let (_, told) = warned(&sure, "entropy", &[], 2);
    assert!(
        told[0].contains("the model is wholly sure of them"),
        "{told:?}"
    );
    let unsure = Tables::new().predictions(&[(5, &[0.6, 0.4]), (6, one)]);
    assert_eq!(warned(&unsure, "entropy", &[], 2).1, [""; 0]);
    assert_eq!(warned(&same, "random", &[], 3).1, [""; 0]);
}

#[test]
fn zero_vectors_and_duplicates_go_by_row() {
    let zero: &[f32] = &[0.0; 3];
    let tables =
        Tables::new().embeddings(&[(9, zero), (8, zero), (7, &[1.0, 1.0, 1.0]), (6, zero)]);
    let picks = tables.pick("diversity", &[9], 3).unwrap();
    assert_eq!(ids(&picks), [7, 8, 6]);
    assert_eq!(picks.picks[2].score, 0.0);
}

#[test]
fn a_model_of_one_class_is_never_unsure() {
    let tables = Tables::new().predictions(&[(1, &[1.0]), (2, &[1.0])]);
    for name in ["least-confidence", "margin", "entropy"] {
        let picks = tables.pick(name, &[], 2).unwrap();
        assert_eq!(ids(&picks), [1, 2]);
        assert!(picks.picks.iter().all(|pick| pick.score == 0.0));
    }
}

#[test]
fn writes_a_selection_with_a_column_for_each_objective() {
    let tables = line();
    let out = tables.folder.path().join("selection.arrow");
    let rule = Rule::from(Strategy::from_name("diversity-margin").unwrap());
    let write = |out: &Path, count| {
        let inputs = tables.inputs(&[10]);
        select(&rule, &inputs, Budget::Count(count), 0, out, &Silent)
    };
    let summary = write(&out, 2).unwrap();
    assert_eq!(
        (
            summary.pool,
            summary.labelled,
            summary.selected,
            summary.left
        ),
        (4, 1, 2, 1)
    );
    let selection = Selection::open(&out).unwrap();
    assert_eq!(selection.objectives(), ["diversity", "margin"]);
    let row = |i| (selection.rank(i), selection.id(i), selection.score(i));
    assert_eq!([row(0), row(1)], [(0, 11, 2.5), (1, 13, 0.5)]);
    assert_eq!(
        [selection.objective(0, 0), selection.objective(1, 1)],
        [5.0, 0.5]
    );
    let header = goldpan_artifact::peek(&out).unwrap();
    assert_eq!(
        (&*header.producer.stage, header.producer.version),
        ("select", VERSION)
    );

    assert!(selection.has_nearest());
    let nearest = |i| (selection.nearest(i).labelled, selection.nearest(i).earlier);
    assert_eq!(nearest(0), (Some((10, 5.0)), None));
    assert_eq!(nearest(1), (Some((10, 1.0)), Some((11, 4.0))));

    let before = std::fs::read(&out).unwrap();
    assert!(matches!(write(&out, 9), Err(Error::TooFew { .. })));
    assert_eq!(std::fs::read(&out).unwrap(), before);
    assert!(matches!(
        write(&out.join("none"), 1),
        Err(Error::Artifact(_))
    ));
}

#[test]
fn without_embeddings_no_column_says_where_picks_lie() {
    let tables = Tables::new().predictions(&[(1, &[0.5, 0.5]), (2, &[1.0, 0.0])]);
    let out = tables.folder.path().join("selection.arrow");
    let rule = Rule::from(Strategy::from_name("margin").unwrap());
    let inputs = tables.inputs(&[2]);
    select(&rule, &inputs, Budget::Count(1), 0, &out, &Silent).unwrap();
    assert!(!Selection::open(&out).unwrap().has_nearest());
}

#[test]
fn empty_selections_are_written() {
    let tables = line();
    let out = tables.folder.path().join("selection.arrow");
    let labelled = [10, 11, 12, 13];
    for name in Strategy::names() {
        let rule = Rule::from(Strategy::from_name(name).unwrap());
        let inputs = tables.inputs(&labelled);
        select(&rule, &inputs, Budget::Count(0), 0, &out, &Silent).unwrap();
        assert_eq!(Selection::open(&out).unwrap().len(), 0);
    }
}

/// A file in which alike texts are neighbours is drawn from at random in every round.
#[test]
fn later_rounds_do_not_pick_beside_earlier_ones() {
    const ROWS: u64 = 3000;
    const PICKS: usize = 10;
    let vectors: Vec<[f32; 2]> = (0..ROWS)
        .map(|row| [row as f32, (row * 7919 % ROWS) as f32])
        .collect();
    let rows: Vec<(u64, &[f32])> = (0..ROWS).zip(vectors.iter().map(|v| &v[..])).collect();
    let even: Vec<(u64, &[f32])> = (0..ROWS).map(|row| (row, &[0.5, 0.5][..])).collect();
    let tables = Tables::new().embeddings(&rows).predictions(&even);
    for name in [
        "random",
        "stratified",
        "softmax-margin",
        "k-means-plus-plus",
    ] {
        let strategy = Strategy::from_name(name).unwrap();
        let mut beside = 0;
        for seed in 0..5 {
            let pick = |labelled: &[u64]| {
                ids(&pick(&strategy, &tables.inputs(labelled), PICKS, seed, &Silent).unwrap())
            };
            let mut labelled = pick(&[]);
            let next = pick(&labelled);
            beside += next
                .iter()
                .filter(|id| labelled.iter().any(|other| id.abs_diff(*other) <= 10))
                .count();
            labelled.extend(next);
        }
        // By chance, 5 seeds of 10 picks have 50 · (1 - (1 - 21 / 3000)^10) = 3.4 of them.
        assert!(beside < 12, "{name}: {beside}");
    }
}

/// What it recommends is that strategy, to the pick.
#[test]
fn recommended_picks_are_those_of_the_strategy_for_the_number_of_labels() {
    const ROWS: u64 = 1100;
    let vectors: Vec<[f32; 2]> = (0..ROWS)
        .map(|row| [(row as f32 * 0.7).sin(), (row as f32 * 1.3).cos()])
        .collect();
    // Many are tied.
    let sure: Vec<[f32; 2]> = (0..ROWS)
        .map(|row| {
            let first = 0.5 + (row * 7919 % 40) as f32 / 100.0;
            [first, 1.0 - first]
        })
        .collect();
    let rows: Vec<(u64, &[f32])> = (0..ROWS).zip(vectors.iter().map(|v| &v[..])).collect();
    let beliefs: Vec<(u64, &[f32])> = (0..ROWS).zip(sure.iter().map(|v| &v[..])).collect();
    let tables = Tables::new().embeddings(&rows).predictions(&beliefs);
    for (count, name) in [
        (0, "facility-location"),
        (199, "facility-location"),
        (200, "uherding"),
        (1000, "margin"),
    ] {
        let labelled: Vec<u64> = (0..count).map(|row| row * 3 % ROWS).collect();
        let recommended = tables.pick("recommended", &labelled, 50).unwrap();
        let own = tables.pick(name, &labelled, 50).unwrap();
        assert_eq!(ids(&recommended), ids(&own), "{count}");
        let score =
            |picks: &Picks| -> Vec<f32> { picks.picks.iter().map(|pick| pick.score).collect() };
        assert_eq!(score(&recommended), score(&own), "{count}");
    }
}
