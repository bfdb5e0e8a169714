//! Whole experiments, small enough to follow by hand, and what holds of all.

use goldpan_evidence::{
    Error, Evidence, Measure, Metric, Question, Trained, Verdict, holm, paired_t,
};
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
        loss: None,
        only: None,
        chosen: None,
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
    Evidence::of(rows, &Question::against("random")).unwrap()
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
    assert!(
        sentence.contains("saves about 50 labels at 0.6000"),
        "{sentence}"
    );
}

/// The arm that ends below once "saved 61% of the labels" on the way to what it never reached.
#[test]
fn an_arm_that_ends_below_and_is_not_better_saves_nothing() {
    let evidence = weigh(&one_round(&[(0.70, 0.60), (0.71, 0.62), (0.70, 0.61)]));
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::Worse);
    assert_eq!(
        margin.labels_to_target.as_ref().unwrap().value,
        f64::INFINITY
    );
    assert!(margin.ends_below);
    assert_eq!(margin.saved, None);
    // Not shown to be worse, but below all the same.
    let evidence = weigh(&one_round(&[(0.60, 0.61), (0.70, 0.61), (0.61, 0.60)]));
    let margin = &evidence.arms[1];
    assert!(matches!(margin.verdict, Verdict::NotShown { .. }));
    assert_eq!((margin.ends_below, &margin.saved), (true, &None));
}

/// One good round that the next takes back is luck, and no label is saved by it.
#[test]
fn labels_are_saved_where_an_accuracy_is_kept() {
    let mut rows = Vec::new();
    for seed in 0..2 {
        rows.push(model(None, seed, 0, 100, 0.5));
        for (round, random, margin) in [(1, 0.60, 0.80), (2, 0.70, 0.60), (3, 0.70, 0.75)] {
            let noise = 0.01 * seed as f64;
            let labelled = 100 + 100 * u64::from(round);
            rows.push(model(Some("random"), seed, round, labelled, random + noise));
            rows.push(model(Some("margin"), seed, round, labelled, margin));
        }
    }
    let evidence = weigh(&rows);
    let margin = &evidence.arms[1];
    let saved = margin.saved.as_ref().unwrap();
    close(saved.accuracy, 0.705);
    // Random is there for good with 300 labels; margin after 70% of the way from 300 to 400.
    close(saved.labels.value, 300.0 - 370.0);
    let sentence = evidence.sentence(margin);
    assert!(!sentence.contains("saves"), "{sentence}");
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
fn without_a_spread_there_is_no_test_and_no_verdict() {
    let evidence = weigh(&one_round(&[(0.60, 0.65), (0.70, 0.75)]));
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::NoSpread);
    let difference = margin.difference.as_ref().unwrap();
    assert_eq!((difference.p, difference.corrected_p), (None, None));
    assert_eq!((difference.interval, difference.seeds_needed), (None, None));
    close(difference.mean, 0.05);
    assert_eq!(
        evidence.headline(),
        "At the end, margin differed from random by the same in every seed, which no test can judge."
    );
    assert!(
        evidence
            .sentence(margin)
            .ends_with("(+5.00 points): without a spread there is no test")
    );

    let same = weigh(&one_round(&[(0.60, 0.60), (0.70, 0.70)]));
    let margin = &same.arms[1];
    assert_eq!(margin.verdict, Verdict::NoSpread);
    assert_eq!(margin.difference.as_ref().unwrap().p, None);
    assert_eq!(
        same.headline(),
        "At the end, margin did as well as random in every seed, to the same number."
    );
}

/// "beat random, p < 0.001", from the last digits of 0.1 + 0.2 or of accuracies that were f32.
#[test]
fn a_rounding_error_is_no_spread() {
    let third = |n: f64| (n / 3.0, n / 3.0 + 0.1);
    let in_f32 = |accuracy: f64| f64::from(accuracy as f32);
    let cases = [
        vec![(0.3, 0.4), (0.1 + 0.2, 0.4), (0.5, 0.6), (0.7, 0.8)],
        vec![third(0.3), third(0.7), third(1.1), third(2.0)],
        vec![
            (in_f32(0.3), in_f32(0.4)),
            (in_f32(0.7), in_f32(0.8)),
            (in_f32(0.1), in_f32(0.2)),
        ],
    ];
    for pairs in cases {
        let evidence = weigh(&one_round(&pairs));
        let margin = &evidence.arms[1];
        assert_eq!(margin.verdict, Verdict::NoSpread, "{pairs:?}");
        assert_eq!(margin.difference.as_ref().unwrap().p, None);
        // The same ways to nothing.
        let noise: Vec<_> = pairs
            .iter()
            .map(|&(random, _)| (random, random * 3.0 / 3.0))
            .collect();
        let margin = &weigh(&one_round(&noise)).arms[1];
        assert!(margin.difference.as_ref().unwrap().is_zero());
        assert_eq!(margin.verdict, Verdict::NoSpread);
    }
}

/// `share` and `where` gave one arm 67 labels and random 170: "worse than random, p = 0.040".
#[test]
fn arms_with_other_numbers_of_labels_are_not_compared() {
    let mut rows = one_round(&[(0.70, 0.60), (0.71, 0.62), (0.70, 0.61)]);
    for row in rows
        .iter_mut()
        .filter(|row| row.arm.as_deref() == Some("margin"))
    {
        row.labelled = 130;
    }
    let evidence = weigh(&rows);
    let margin = &evidence.arms[1];
    let unequal = Verdict::UnequalLabels {
        labelled: 130.0,
        baseline: 200.0,
    };
    assert_eq!(margin.verdict, unequal);
    assert_eq!(
        (&margin.difference, &margin.area_difference),
        (&None, &None)
    );
    assert_eq!(
        evidence.headline(),
        "margin cannot be compared with random: the numbers of labels differ."
    );
    assert_eq!(
        evidence.sentence(margin),
        "not compared: it has 130 labels at the end and random has 200"
    );
    assert_eq!(
        evidence.notes(),
        [
            "margin ended with 130 labels and random with 200, and they never had the same number after the \
          start: they are not compared."
        ]
    );
    let points = evidence.points.iter();
    let of_margin = |point: &&goldpan_evidence::Point| point.arm.as_deref() == Some("margin");
    let point = points.clone().find(of_margin).unwrap();
    assert_eq!(
        (&point.difference, point.baseline_labelled),
        (&None, Some(200.0))
    );

    // More labels are no better than fewer, and one seed that differs is enough.
    let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.60, 0.71)]);
    rows[2].labelled = 201;
    assert!(matches!(
        weigh(&rows).arms[1].verdict,
        Verdict::UnequalLabels { .. }
    ));
}

#[test]
fn arms_are_compared_with_the_most_labels_that_both_had() {
    let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.59, 0.68)]);
    for seed in 0..3 {
        rows.push(model(Some("random"), seed, 2, 400, 0.9));
        rows.push(model(Some("margin"), seed, 2, 250, 0.6));
    }
    let evidence = weigh(&rows);
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::Better);
    assert_eq!(margin.compared_at, Some(200.0));
    close(margin.difference.as_ref().unwrap().mean, 0.1);
    assert_eq!(
        evidence.headline(),
        "With the most labels that both had, margin beat random."
    );
}

#[test]
fn seeds_that_gave_the_same_models_count_once() {
    let with_loss = |seeds: u64, same: &str| {
        let mut rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.59, 0.68)]);
        rows.retain(|row| row.seed < seeds);
        for row in &mut rows {
            row.loss = Some(0.5 + 0.01 * row.seed as f64);
            if row.arm.as_deref() == Some(same) {
                (row.peak, row.loss) = (0.7, Some(0.5));
            }
        }
        rows
    };
    let evidence = weigh(&with_loss(3, "margin"));
    let margin = &evidence.arms[1];
    assert_eq!(margin.verdict, Verdict::OneSeed);
    assert_eq!(
        evidence.notes(),
        [
            "margin: the seeds 0, 1 and 2 gave the same models, so the seed had no effect there and they \
          count once in comparisons."
        ]
    );
    assert_eq!(
        weigh(&with_loss(3, "random")).arms[1].verdict,
        Verdict::OneSeed
    );
    let none = weigh(&with_loss(3, "nobody"));
    assert_eq!(none.arms[1].verdict, Verdict::Better);
    assert_eq!(none.notes(), [""; 0]);
    // Equal accuracies alone are a coincidence.
    let mut rows = with_loss(3, "margin");
    rows.iter_mut()
        .for_each(|row| row.loss = row.loss.map(|loss| loss + 0.001 * row.seed as f64));
    assert_eq!(weigh(&rows).arms[1].difference.as_ref().unwrap().seeds, 3);
}

#[test]
fn models_that_answer_one_class_are_called_so() {
    let mut rows = one_round(&[(0.98, 0.98), (0.98, 0.98)]);
    rows.iter_mut().for_each(|row| {
        row.peak = 0.98;
        row.only = Some("neg".to_owned());
    });
    let told = |who: &str| {
        format!(
            "{who} answers one class, neg, to all validation texts: accuracy is that of always answering \
             neg (0.98)."
        )
    };
    assert_eq!(weigh(&rows).notes(), [told("Every model")]);
    rows[4].only = None;
    let some = ["Every model of the start", "Every model of margin"].map(told);
    assert_eq!(weigh(&rows).notes(), some);
    rows.iter_mut().for_each(|row| row.only = None);
    assert_eq!(weigh(&rows).notes(), [""; 0]);
}

#[test]
fn the_baseline_is_the_arm_that_is_named() {
    let rows = one_round(&[(0.60, 0.70), (0.61, 0.72), (0.59, 0.68)]);
    let of = |question: &Question| Evidence::of(&rows, question).unwrap().headline();
    assert_eq!(
        of(&Question::against("margin")),
        "At the end, random fell behind margin."
    );
    let none = of(&Question::default());
    assert!(
        none.contains("loop.report.baseline") && none.ends_with("nothing is compared."),
        "{none}"
    );
    assert_eq!(
        of(&Question::against("k-center")),
        "There is no result of k-center, so nothing is compared."
    );
}

#[test]
fn what_is_compared_is_told_by_its_name() {
    let rows = one_round(&[(0.60, 1.70)]);
    let question = Question {
        metric: Metric::F1("spam".to_owned()),
        ..Question::against("random")
    };
    let error = Evidence::of(&rows, &question).unwrap_err().to_string();
    assert!(
        error.starts_with("the F1 of spam of arm margin, seed 0"),
        "{error}"
    );
    assert_eq!(
        Measure::Last.name(&Metric::MacroF1),
        "validation macro-F1 of the last epoch"
    );
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
            ..Question::against("random")
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
        // Of the two, one ends below the other: it saves nothing.
        let saved = |evidence: &Evidence| evidence.arms[1].saved.is_some();
        prop_assert!(saved(&there) != saved(&back) || there_.mean.abs() < 1e-6);
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

#[test]
fn what_was_chosen_for_each_model_is_told() {
    let mut rows = one_round(&[(0.6, 0.7), (0.6, 0.7)]);
    let question = Question::against("random");
    assert!(
        Evidence::of(&rows, &question)
            .unwrap()
            .notes()
            .iter()
            .all(|note| !note.contains("chosen"))
    );
    for (place, row) in rows.iter_mut().enumerate() {
        row.chosen = Some(if place == 0 { "adapters" } else { "probe" }.to_owned());
    }
    let notes = Evidence::of(&rows, &question).unwrap().notes();
    let told = notes.iter().find(|note| note.contains("chosen")).unwrap();
    let probes = rows.len() - 1;
    assert!(
        told.ends_with(&format!("held out: probe ({probes}), adapters (1).")),
        "{told}"
    );
}
