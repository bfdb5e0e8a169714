//! Whole experiments, small enough to follow by hand, and what holds of all.

use goldpan_evidence::{Error, Evidence, Measure, Question, Trained, Verdict, holm, paired_t};
use proptest::prelude::*;

fn model(arm: Option<&str>, seed: u64, round: u32, labelled: u64, peak: f64) -> Trained {
    Trained {
        arm: arm.map(str::to_owned),
        seed,
        round,
        labelled,
        peak,
        last: peak - 0.01,
        test: None,
        stopped: false,
    }
}

/// A start at 0.5 with 100 labels; `random` and `margin` after one round with 200.
fn one_round(pairs: &[(f64, f64)]) -> Vec<Trained> {
    let mut rows = Vec::new();
    for (seed, &(random, margin)) in (0..).zip(pairs) {
        rows.push(model(None, seed, 0, 100, 0.5));
        rows.push(model(Some("random"), seed, 1, 200, random));
        rows.push(model(Some("margin"), seed, 1, 200, margin));
    }
    rows
}

fn weigh(rows: &[Trained]) -> Evidence {
    Evidence::of(rows, &Question::default()).unwrap()
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn a_better_arm_is_told_in_the_published_terms() {
    let evidence = weigh(&one_round(&[(0.60, 0.70), (0.61, 0.72), (0.59, 0.68)]));
    let random = &evidence.arms[0];
    assert_eq!(random.verdict, Verdict::Baseline);
    assert_eq!((&random.factor, &random.saved), (&None, &None));
    close(evidence.target.unwrap(), 0.6);
    close(random.labels_to_target.as_ref().unwrap().value, 200.0);

    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::Better);
    close(margin.gain.value, 0.2);
    close(margin.factor.as_ref().unwrap().value, 2.0);
    // Half of the way from 0.5 to 0.7 takes half of the 100 labels.
    close(margin.labels_to_target.as_ref().unwrap().value, 150.0);
    let saved = margin.saved.as_ref().unwrap();
    close(saved.labels.value, 50.0);
    close(saved.share.as_ref().unwrap().value, 0.5);
    close(margin.area.as_ref().unwrap().value, 0.6);
    close(margin.area_difference.as_ref().unwrap().mean, 0.05);
    // Of three seeds the interval is that of all resamples, at the level it can have.
    let interval = saved.labels.interval.unwrap();
    assert_eq!(interval.level, 0.75);
    assert!(interval.low < 50.0 && interval.high > 50.0);
    assert_eq!(evidence.headline(), "At the end, margin beat random.");
    let sentence = evidence.sentence(margin);
    assert!(sentence.contains("saves about 50 labels"), "{sentence}");
}

#[test]
fn a_worse_arm_needs_more_labels() {
    let evidence = weigh(&one_round(&[(0.70, 0.60), (0.71, 0.62), (0.70, 0.61)]));
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::Worse);
    assert_eq!(
        margin.labels_to_target.as_ref().unwrap().value,
        f64::INFINITY
    );
    // Random is at 0.61 after 100 * 0.11 / 0.2033 labels.
    close(
        margin.saved.as_ref().unwrap().labels.value,
        100.0 * 0.11 / (2.11 / 3.0 - 0.5) - 100.0,
    );
}

#[test]
fn what_is_within_noise_is_not_shown_and_seeds_are_asked_for() {
    let evidence = weigh(&one_round(&[(0.60, 0.62), (0.61, 0.60), (0.59, 0.60)]));
    let margin = &evidence.arms[1];
    let difference = margin.difference.as_ref().unwrap();
    assert!(difference.interval.unwrap().contains_zero());
    let Verdict::NotShown { more_seeds } = margin.verdict else {
        panic!("{:?}", margin.verdict);
    };
    // (z(0.975) + z(0.8))² · (0.0152752 / 0.0066667)² + z(0.975)² / 2 = 43.1, of which there are 3.
    close(more_seeds.unwrap(), 41.0);
    let sentence = evidence.sentence(margin);
    assert!(sentence.contains("no difference shown"), "{sentence}");
    assert!(sentence.contains("41 more seeds"), "{sentence}");
}

#[test]
fn one_seed_has_no_interval() {
    let evidence = weigh(&one_round(&[(0.60, 0.70)]));
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::OneSeed);
    let difference = margin.difference.as_ref().unwrap();
    assert_eq!((difference.p, difference.interval), (None, None));
    assert_eq!(margin.gain.interval, None);
    assert_eq!(margin.saved.as_ref().unwrap().labels.interval, None);
    assert!(evidence.headline().contains("one seed has no interval"));
}

#[test]
fn the_same_difference_for_every_seed_is_no_proof() {
    let evidence = weigh(&one_round(&[(0.60, 0.65), (0.70, 0.75)]));
    let verdict = &evidence.arms[1].verdict;
    assert_eq!(*verdict, Verdict::NotShown { more_seeds: None });
    let same = weigh(&one_round(&[(0.60, 0.60), (0.70, 0.70)]));
    assert_eq!(same.arms[1].difference.as_ref().unwrap().p, Some(1.0));
}

#[test]
fn p_values_are_corrected_for_the_arms_of_a_round() {
    let mut rows = one_round(&[(0.60, 0.62), (0.61, 0.64), (0.59, 0.60)]);
    let alone = weigh(&rows).arms[1].difference.clone().unwrap();
    assert_eq!(alone.corrected_p, alone.p);
    for seed in 0..3 {
        let accuracy = 0.5 + 0.1 * seed as f64;
        rows.push(model(Some("noise"), seed, 1, 200, accuracy));
    }
    let evidence = weigh(&rows);
    let both = evidence.arms[1].difference.clone().unwrap();
    assert_eq!(both.p, alone.p);
    close(both.corrected_p.unwrap(), 2.0 * alone.p.unwrap());
    assert!(both.seeds_needed > alone.seeds_needed);
    let point = evidence
        .points
        .iter()
        .find(|point| point.arm.as_deref() == Some("margin"));
    assert_eq!(point.unwrap().difference.as_ref(), Some(&both));
}

#[test]
fn the_last_epoch_and_the_test_texts_have_their_own_evidence() {
    let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72)]);
    let of = |rows: &[Trained], measure| {
        let question = Question {
            measure,
            ..Question::default()
        };
        Evidence::of(rows, &question).unwrap()
    };
    close(of(&rows, Measure::Last).points[0].accuracy.value, 0.49);
    assert!(of(&rows, Measure::Test).points.is_empty());
    for row in &mut rows {
        row.test = Some(row.peak - 0.1);
    }
    close(of(&rows, Measure::Test).points[0].accuracy.value, 0.4);
}

#[test]
fn seeds_that_only_one_arm_has_are_not_paired() {
    let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.10, 0.90)]);
    rows.retain(|row| row.seed < 2 || row.arm.as_deref() != Some("random"));
    let evidence = weigh(&rows);
    let margin = evidence
        .points
        .iter()
        .find(|point| point.arm.as_deref() == Some("margin"));
    let margin = margin.unwrap();
    assert_eq!(
        (margin.seeds, margin.difference.as_ref().unwrap().seeds),
        (3, 2)
    );
    close(margin.difference.as_ref().unwrap().mean, 0.105);
}

/// Three seeds with random at 0.6, 0.7 and 0.8 with 200, 300 and 400 labels, and margin at 0.8 with 200,
/// where it was stopped; in the last seed it goes on.
fn stopped_early() -> Vec<Trained> {
    let mut rows = Vec::new();
    for seed in 0..3 {
        let noise = 0.001 * seed as f64;
        rows.push(model(None, seed, 0, 100, 0.5));
        for (round, accuracy) in [(1, 0.6), (2, 0.7), (3, 0.8)] {
            let labelled = 100 + 100 * u64::from(round);
            rows.push(model(Some("random"), seed, round, labelled, accuracy));
            let margin = match round {
                1 => 0.8 + noise,
                _ => 0.5,
            };
            if seed == 2 || round == 1 {
                rows.push(Trained {
                    stopped: seed < 2,
                    ..model(Some("margin"), seed, round, labelled, margin)
                });
            }
        }
    }
    rows
}

#[test]
fn an_arm_that_was_stopped_is_compared_where_both_are_and_no_seed_is_dropped() {
    let evidence = weigh(&stopped_early());
    let margin = &evidence.arms[1];
    // At the end of each seed: 0.8 - 0.6, 0.801 - 0.6, and 0.5 - 0.8 where none stopped.
    let difference = margin.difference.as_ref().unwrap();
    assert_eq!(difference.seeds, 3);
    close(difference.mean, (0.2 + 0.201 - 0.3) / 3.0);
    close(margin.compared_at.unwrap(), 800.0 / 3.0);
    assert!(margin.is_cut);
    close(margin.labelled, 800.0 / 3.0);
    close(margin.accuracy.value, (0.8 + 0.801 + 0.5) / 3.0);
    let headline = evidence.headline();
    assert!(
        headline.starts_with("At the last round that both did, "),
        "{headline}"
    );
    assert!(evidence.sentence(margin).contains("with 267 labels"));
    // By round, only the seeds that are there.
    let later = evidence
        .points
        .iter()
        .filter(|point| point.arm.as_deref() == Some("margin"));
    let seeds: Vec<usize> = later.map(|point| point.seeds).collect();
    assert_eq!(seeds, [3, 1, 1]);
}

#[test]
fn labels_saved_by_an_early_stop_are_those_that_random_still_needs() {
    let mut rows = stopped_early();
    rows.retain(|row| row.seed < 2);
    let evidence = weigh(&rows);
    let margin = &evidence.arms[1];
    // Margin is at 0.8 with 200 labels and random with 400.
    let saved = margin.saved.as_ref().unwrap();
    close(saved.accuracy, 0.8);
    assert!((saved.labels.value - 200.0).abs() < 0.5);
    assert_eq!(
        margin.labels_to_target.as_ref().unwrap().value.round(),
        200.0
    );
    // Without the mark, a seed that lacks rounds is not done.
    rows.iter_mut().for_each(|row| row.stopped = false);
    rows.push(model(Some("margin"), 1, 2, 300, 0.8));
    assert_eq!(weigh(&rows).arms[1].difference.as_ref().unwrap().seeds, 1);
}

#[test]
fn seeds_whose_start_is_enough_compare_nothing() {
    let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.60, 0.71)]);
    rows.retain(|row| row.seed < 2 || row.arm.is_none());
    assert_eq!(weigh(&rows).arms[1].difference.as_ref().unwrap().seeds, 2);
    rows.retain(|row| row.arm.is_none());
    let headline = weigh(&rows).headline();
    assert_eq!(headline, "No arm did its rounds, so nothing is compared.");
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let mut rows = one_round(&[(0.60, 0.70)]);
    rows.push(rows[2].clone());
    let twice = Evidence::of(&rows, &Question::default()).unwrap_err();
    assert_eq!(
        twice,
        Error::Twice {
            arm: "margin".to_owned(),
            seed: 0,
            round: 1
        }
    );
    rows[3].peak = f64::NAN;
    let none = Evidence::of(&rows, &Question::default()).unwrap_err();
    assert!(matches!(none, Error::Accuracy { .. }), "{none}");
}

fn accuracies() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_the_rows_does_not_matter(pairs in accuracies(), by in 0..24_usize) {
        let mut rows = one_round(&pairs);
        let evidence = weigh(&rows);
        let count = rows.len();
        // Arms stand in the order of the rows, so the first seed's stay in front.
        rows[3..].rotate_left(by % (count - 2).max(1) % (count - 3).max(1));
        prop_assert_eq!(weigh(&rows), evidence);
    }

    #[test]
    fn an_exchange_of_the_arms_turns_the_difference_round(pairs in accuracies()) {
        let exchanged: Vec<_> = pairs.iter().map(|&(random, margin)| (margin, random)).collect();
        let (there, back) = (weigh(&one_round(&pairs)), weigh(&one_round(&exchanged)));
        let difference = |evidence: &Evidence| evidence.arms[1].difference.clone().unwrap();
        let (there_, back_) = (difference(&there), difference(&back));
        prop_assert!((there_.mean + back_.mean).abs() < 1e-12);
        prop_assert!((there_.p.unwrap_or(1.0) - back_.p.unwrap_or(1.0)).abs() < 1e-9);
        let saved = |evidence: &Evidence| evidence.arms[1].saved.as_ref().unwrap().labels.value;
        prop_assert!((saved(&there) + saved(&back)).abs() < 1e-9);
        prop_assert_eq!(saved(&there) > 1e-9, there_.mean > 0.0 && saved(&there) > 1e-9);
    }

    #[test]
    fn bootstrap_intervals_hold_their_estimate(pairs in accuracies()) {
        for arm in weigh(&one_round(&pairs)).arms {
            for estimate in [&arm.accuracy, &arm.gain] {
                if let Some(interval) = estimate.interval {
                    prop_assert!(interval.low <= estimate.value + 1e-12);
                    prop_assert!(interval.high >= estimate.value - 1e-12);
                }
            }
        }
    }

    #[test]
    fn corrected_p_values_are_no_smaller_and_keep_their_order(
        p in prop::collection::vec(0.0..=1.0_f64, 1..9),
    ) {
        let corrected = holm(&p);
        for (i, &mine) in corrected.iter().enumerate() {
            prop_assert!(mine >= p[i] && mine <= 1.0);
            for (j, &other) in corrected.iter().enumerate() {
                prop_assert!(p[i] > p[j] || mine <= other);
            }
        }
    }

    #[test]
    fn a_p_value_does_not_depend_on_the_unit(
        differences in prop::collection::vec(-1.0..1.0_f64, 2..9),
        unit in 0.01..100.0_f64,
    ) {
        let scaled: Vec<f64> = differences.iter().map(|value| value * unit).collect();
        if let (Some(one), Some(other)) = (paired_t(&differences), paired_t(&scaled)) {
            prop_assert!((one - other).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&one));
        }
    }
}
