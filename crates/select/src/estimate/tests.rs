//! Estimates and refusals.

use super::*;

const SHAPE: Shape = Shape {
    rows: 67_349,
    labelled: 100,
    picks: 10_000,
    dimension: 384,
    value_bytes: 4,
    classes: 2,
    threads: 2,
};

const RATES: Rates = Rates {
    products: 1e11,
    steps: 1e8,
    read: 1e9,
};

fn named(name: &str) -> Rule {
    Rule::from(Strategy::from_name(name).unwrap())
}

fn memory(rule: &Rule) -> u64 {
    RATES.estimate(rule, &SHAPE).memory
}

#[test]
fn every_strategy_has_an_estimate() {
    for about in STRATEGIES {
        let found = RATES.estimate(&named(about.name), &SHAPE);
        assert!(
            found.seconds.is_finite() && found.seconds > 0.0,
            "{}",
            about.name
        );
        assert!(found.memory > 0, "{}", about.name);
    }
}

#[test]
fn more_picks_take_longer_and_never_more_than_all_products() {
    let mut before = 0.0;
    for picks in [0, 1, 100, 10_000, 67_249] {
        let shape = Shape { picks, ..SHAPE };
        let rule = named("diversity");
        let seconds = RATES.estimate(&rule, &shape).seconds;
        assert!(seconds >= before, "{picks}");
        before = seconds;
        let work = most(&rule, &shape);
        let all =
            work.products / RATES.products + work.steps / RATES.steps + work.read / RATES.read;
        assert!(seconds <= all, "{picks}");
    }
}

#[test]
fn nothing_to_pick_from_is_no_trouble() {
    let shape = Shape {
        rows: 0,
        labelled: 0,
        picks: 0,
        ..SHAPE
    };
    for about in STRATEGIES {
        let found = RATES.estimate(&named(about.name), &shape);
        assert!(found.seconds.is_finite(), "{}", about.name);
    }
}

#[test]
fn the_machine_is_faster_than_nothing() {
    let rates = Rates::measure(24);
    assert!(rates.products > 0.0 && rates.products.is_finite());
    assert!(rates.steps > 0.0 && rates.steps.is_finite());
}

#[test]
fn what_needs_too_much_memory_is_refused_for_what_fits() {
    let diversity = named("diversity");
    check_memory(&diversity, &SHAPE, memory(&diversity)).unwrap();

    let refusal = |name: &str, limit| match check_memory(&named(name), &SHAPE, limit) {
        Err(Error::OverMemory {
            needed,
            alternative,
            ..
        }) => (needed, alternative),
        other => panic!("{name}: {other:?}"),
    };
    for about in STRATEGIES {
        let rule = named(about.name);
        let all = memory(&rule);
        let (needed, alternative) = refusal(about.name, all - 1);
        assert_eq!(needed, all);
        if let Some(alternative) = alternative {
            let other = named(alternative);
            check_memory(&other, &SHAPE, all - 1).unwrap();
            assert!(rule.needs_embeddings() || !other.needs_embeddings());
            assert!(rule.needs_predictions() || !other.needs_predictions());
        }
        assert_eq!(refusal(about.name, 0), (all, None));
    }
}

/// Every part of a selection counts: what comes before the strategy, and where the picks lie.
#[test]
fn what_comes_before_and_after_the_strategy_counts() {
    let random = named("random");
    let vectors = (4 * SHAPE.rows * SHAPE.dimension) as u64;
    let without = |rule: Rule| (RATES.estimate(&rule, &SHAPE).seconds, memory(&rule));
    let plain = without(random.clone());
    let rules = [
        (
            Rule {
                skip_outliers: Some(0.1),
                ..random.clone()
            },
            480 * SHAPE.free() as u64,
        ),
        (
            Rule {
                skip_duplicates: Some(0.1),
                ..random.clone()
            },
            vectors,
        ),
    ];
    for (rule, least) in rules {
        let (seconds, memory) = without(rule.clone());
        assert!(seconds > 2.0 * plain.0 && memory >= least, "{rule}");
        assert!(check_memory(&rule, &SHAPE, least - 1).is_err(), "{rule}");
    }
    let nowhere = Shape {
        dimension: 0,
        ..SHAPE
    };
    assert!(RATES.estimate(&random, &nowhere).seconds < plain.0 / 2.0);
    let balanced = Rule {
        balance: Some(crate::Balance::Uniform),
        ..named("margin")
    };
    let memory = |rule: &Rule| RATES.estimate(rule, &nowhere).memory;
    assert!(memory(&balanced) > memory(&named("margin")));
}

#[test]
fn a_refusal_says_what_to_do() {
    let error = |alternative| Error::OverMemory {
        strategy: "diversity".to_owned(),
        needed: 3 << 30,
        limit: 1 << 30,
        alternative,
    };
    assert_eq!(
        error(Some("random")).to_string(),
        "strategy `diversity` needs 3072 MiB of memory, more than the limit of 1024 MiB: \
         use `random`, which fits, or raise the limit"
    );
    assert_eq!(
        error(None).to_string(),
        "strategy `diversity` needs 3072 MiB of memory, more than the limit of 1024 MiB: \
         raise the limit"
    );
}
