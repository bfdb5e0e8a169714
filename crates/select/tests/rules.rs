//! What comes before a strategy: filters, duplicates, balance; strengths and budgets.

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent,
    Texts, TextsWriter,
};
use goldpan_select::{Budget, Error, Filter, Inputs, Picks, Rule, Strategy, Until, choose};
use proptest::prelude::*;

/// Texts with their vectors, their first class' probability, and how many stars they have.
struct Tables {
    _folder: tempfile::TempDir,
    texts: Texts,
    embeddings: Embeddings,
    predictions: Predictions,
}

struct Row {
    text: &'static str,
    vector: [f32; 2],
    positive: f32,
    source: Option<&'static str>,
    stars: Option<&'static str>,
}

fn tables(rows: &[Row]) -> Tables {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let producer = || Producer::new("test", 1);
    let metadata = ["source".to_owned(), "stars".to_owned()];
    let mut texts = TextsWriter::create_with(at("t.arrow"), &[], &metadata, producer()).unwrap();
    let mut embeddings =
        EmbeddingsWriter::create(at("e.arrow"), 2, Precision::F32, producer()).unwrap();
    let classes = ["negative".to_owned(), "positive".to_owned()];
    let mut predictions = PredictionsWriter::create(at("p.arrow"), &classes, producer()).unwrap();
    for (id, row) in (0..).zip(rows) {
        let known = [row.source, row.stars];
        texts.push_with(id, row.text, None, None, &known).unwrap();
        embeddings.push(id, &row.vector).unwrap();
        let probabilities = [1.0 - row.positive, row.positive];
        predictions.push(id, &[0.0, 0.0], &probabilities).unwrap();
    }
    texts.finish().unwrap();
    embeddings.finish().unwrap();
    predictions.finish().unwrap();
    Tables {
        texts: Texts::open(at("t.arrow")).unwrap(),
        embeddings: Embeddings::open(at("e.arrow")).unwrap(),
        predictions: Predictions::open(at("p.arrow")).unwrap(),
        _folder: folder,
    }
}

fn line() -> Tables {
    let row = |text, x, positive, source, stars| Row {
        text,
        vector: [x, 0.0],
        positive,
        source,
        stars,
    };
    tables(&[
        row("labelled", 0.0, 0.5, Some("web"), Some("1")),
        row("no good at all", 1.0, 0.25, Some("web"), Some("4")),
        row("fine", 2.0, 0.75, Some("a shop"), Some("9")),
        row("fine again", 2.25, 0.875, None, Some("0")),
        row("so very good, really", 8.0, 1.0, Some("web"), None),
        row("fine", 2.0, 0.625, Some("mail"), Some("2.5")),
    ])
}

impl Tables {
    fn choose(&self, rule: &str, budget: impl Into<Budget>) -> Result<Picks, Error> {
        let rule: Rule = serde_json::from_str(rule).unwrap();
        let inputs = Inputs {
            texts: Some(&self.texts),
            embeddings: Some(&self.embeddings),
            predictions: Some(&self.predictions),
            labelled: &[0],
            ..Inputs::default()
        };
        choose(&rule, &inputs, budget.into(), 0, &Silent)
    }

    fn ids(&self, rule: &str, budget: impl Into<Budget>) -> Vec<u64> {
        let picks = self.choose(rule, budget).unwrap().picks;
        picks.iter().map(|pick| pick.id).collect()
    }

    fn message(&self, rule: &str, budget: impl Into<Budget>) -> String {
        self.choose(rule, budget).unwrap_err().to_string()
    }
}

#[test]
fn filters_say_what_may_be_picked() {
    let line = line();
    let kept = |condition: &str| {
        let rule = format!(r#"{{"diversity":{{}},"where":"{condition}"}}"#);
        let mut ids = line.ids(&rule, Budget::Share(1.0));
        ids.sort_unstable();
        ids
    };
    for (condition, expected) in [
        ("margin > 0.4", &[1, 2, 5][..]),
        ("margin > 0.5", &[5]),
        ("margin < 0.5", &[3, 4]),
        ("margin <= 0.5", &[1, 2, 3, 4]),
        ("margin > 0.4 and margin < 0.6", &[1, 2]),
        ("predicted = positive and confidence >= 0.75", &[2, 3, 4]),
        ("least-confidence = 0 or entropy > 0.6", &[4, 5]),
        ("length > 4", &[1, 3, 4]),
        ("words = 2", &[3]),
        ("source = web", &[1, 4]),
        ("source != web", &[2, 5]),
        ("not source = web", &[2, 5]),
        ("not source = web or source is missing", &[2, 3, 5]),
        ("not (source = web and stars > 3)", &[2, 3, 5]),
        ("source in [mail, 'a shop']", &[2, 5]),
        ("source is missing", &[3]),
        ("stars >= 2.5", &[1, 2, 5]),
        ("stars != 9", &[1, 3, 5]),
        ("stars = 9.0", &[2]),
        ("stars in [9.00, 2.5]", &[2, 5]),
        ("stars not in [9.00, 2.5]", &[1, 3]),
        ("source in [web, 9]", &[1, 4]),
        ("'stars' > 3", &[1, 2]),
    ] {
        assert_eq!(kept(condition), expected, "{condition}");
    }
}

#[test]
fn impossible_filters_are_refused() {
    let line = line();
    let rule = |condition: &str| format!(r#"{{"random":{{}},"where":"{condition}"}}"#);
    let message = line.message(&rule("star > 3"), 1);
    assert!(
        message.contains("has no metadata column `star` (is `stars` meant?): it has source, stars"),
        "{message}"
    );
    let message = line.message(&rule("source > 3"), 1);
    assert!(
        message.contains("(text 1)") && message.contains("the source \"web\", which is no number"),
        "{message}"
    );
    assert_eq!(
        line.message(&rule("source = web"), 3),
        "3 texts are asked for, but 2 of the 5 that are not labelled are left after random where \
         source = web: ask for at most 2, or pass over fewer"
    );
    let rule: Rule = serde_json::from_str(&rule("length > 3")).unwrap();
    let inputs = Inputs {
        ids: Some(&[1]),
        ..Inputs::default()
    };
    let error = choose(&rule, &inputs, Budget::Count(1), 0, &Silent).unwrap_err();
    assert!(matches!(error, Error::NoTexts { .. }), "{error:?}");
}

#[test]
fn duplicates_are_passed_over() {
    let line = line();
    let kept = |distance: f64| {
        let rule = format!(r#"{{"random":{{}},"skip_duplicates":{distance}}}"#);
        let mut ids = line.ids(&rule, Budget::Share(1.0));
        ids.sort_unstable();
        ids
    };
    assert_eq!(kept(0.0), [1, 2, 3, 4]);
    assert_eq!(kept(0.25), [1, 2, 4]);
    assert_eq!(kept(1.0), [2, 4], "1 is near the labelled text");
}

#[test]
fn outliers_are_passed_over() {
    let line = line();
    let rule = |share: f64| format!(r#"{{"diversity":{{}},"skip_outliers":{share}}}"#);
    assert_eq!(line.ids(&rule(0.0), 2), [4, 3]);
    assert_eq!(line.ids(&rule(0.2), 2), [3, 1], "text 4 is far from all");
    let message = line.message(&rule(0.8), 2);
    assert!(
        message.contains("1 of the 5 that are not labelled"),
        "{message}"
    );
}

/// Every strategy keeps to what a filter leaves, whether something is labelled or not.
#[test]
fn every_strategy_keeps_to_the_filter() {
    let line = line();
    for name in Strategy::names() {
        for labelled in [&[0][..], &[]] {
            let mut rule = Rule::from(Strategy::from_name(name).unwrap());
            rule.filter = Some(Filter::parse("length > 4 and length < 15").unwrap());
            let inputs = Inputs {
                texts: Some(&line.texts),
                embeddings: Some(&line.embeddings),
                predictions: Some(&line.predictions),
                labelled,
                ..Inputs::default()
            };
            let budget = Budget::Count(2);
            match choose(&rule, &inputs, budget, 0, &Silent) {
                Ok(picks) => {
                    let mut ids: Vec<u64> = picks.picks.iter().map(|pick| pick.id).collect();
                    ids.sort_unstable();
                    ids.dedup();
                    assert_eq!(ids.len(), 2, "{name}");
                    assert!(
                        ids.iter().all(|id| [0, 1, 3].contains(id)),
                        "{name}: {ids:?}"
                    );
                }
                Err(error) => assert!(labelled.is_empty(), "{name}: {error}"),
            }
        }
    }
}

#[test]
fn strengths_are_exponents() {
    let line = line();
    let first = |terms: &str| {
        let picks = line.choose(&format!(r#"{{"product":[{terms}]}}"#), 1);
        let pick = picks.unwrap().picks.remove(0);
        (pick.id, pick.score, pick.objectives)
    };
    let (distance, margin) = (
        r#"{"diversity":{"strength":2}}"#,
        r#"{"uncertainty":{"score":"margin"}}"#,
    );
    // Margins are 0.5, 0.5, 0.25, 0 and 0.75 at distances 1, 2, 2.25, 8 and 2.
    assert_eq!(first(margin).0, 5);
    let (id, score, objectives) = first(&format!("{distance},{margin}"));
    assert_eq!((id, objectives), (5, vec![2.0, 0.75]));
    assert!((score - 4.0 * 0.75).abs() < 1e-5, "{score}");
    let weak = r#"{"uncertainty":{"score":"margin","strength":0.01}},{"diversity":{}}"#;
    let (id, score, objectives) = first(weak);
    assert_eq!((id, objectives), (3, vec![0.25, 2.25]));
    assert!((score - 2.25 * 0.25_f32.powf(0.01)).abs() < 1e-5, "{score}");
}

#[test]
fn a_huge_factor_times_nothing_is_nothing() {
    let row = |x, positive, stars| Row {
        text: "text",
        vector: [x, 0.0],
        positive,
        source: None,
        stars,
    };
    let rows = [
        row(0.0, 0.5, Some("1")),
        row(1.0, 1.0, Some("1e30")),
        row(2.0, 0.5, Some("1")),
    ];
    let stars = r#"{"metadata":{"column":"stars","strength":3}}"#;
    let margin = r#"{"uncertainty":{"score":"margin"}}"#;
    let rule = format!(r#"{{"product":[{stars},{margin}]}}"#);
    let picks = tables(&rows).choose(&rule, 2).unwrap().picks;
    let told: Vec<_> = picks.iter().map(|pick| (pick.id, pick.score)).collect();
    assert_eq!(told, [(2, 1.0), (1, 0.0)]);
}

#[test]
fn metadata_is_an_objective() {
    let line = line();
    let stars = r#"{"product":[{"metadata":{"column":"stars"}}],"where":"stars is not missing"}"#;
    let picks = line.choose(stars, 4).unwrap();
    assert_eq!(picks.objectives, ["stars"]);
    let told: Vec<_> = picks
        .picks
        .iter()
        .map(|pick| (pick.id, pick.score))
        .collect();
    assert_eq!(told, [(2, 9.0), (1, 4.0), (5, 2.5), (3, 0.0)]);
    let length = r#"{"product":[{"metadata":{"column":"length"}}]}"#;
    assert_eq!(line.ids(length, 2), [4, 1]);
    let message = line.message(r#"{"product":[{"metadata":{"column":"stars"}}]}"#, 1);
    assert!(
        message.contains("has no stars: pass over such texts with `where: stars is not missing`"),
        "{message}"
    );
    let message = line.message(r#"{"product":[{"metadata":{"column":"margin"}}]}"#, 1);
    assert!(
        message.contains("has no metadata column `margin`"),
        "{message}"
    );
}

#[test]
fn a_random_objective_is_of_the_seed() {
    let rule: Rule = serde_json::from_str(r#"{"product":[{"random":{}}]}"#).unwrap();
    let ids: Vec<u64> = (0..50).collect();
    let order = |seed| {
        let inputs = Inputs {
            ids: Some(&ids),
            ..Inputs::default()
        };
        let picks = choose(&rule, &inputs, Budget::Count(50), seed, &Silent).unwrap();
        assert!(
            picks
                .picks
                .iter()
                .all(|pick| pick.score > 0.0 && pick.score <= 1.0)
        );
        picks.picks.iter().map(|pick| pick.id).collect::<Vec<_>>()
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn a_budget_is_a_count_a_share_or_a_distance() {
    let line = line();
    let diversity = r#"{"diversity":{}}"#;
    assert_eq!(line.ids(diversity, 2), [4, 3]);
    assert_eq!(line.ids(diversity, Budget::Share(0.4)), [4, 3]);
    assert_eq!(line.ids(diversity, Budget::Share(0.01)), [4]);
    let until = |min_distance, at_most| {
        Budget::Until(Until {
            min_distance,
            at_most,
        })
    };
    assert_eq!(line.ids(diversity, until(1.0, None)), [4, 3, 1]);
    assert_eq!(line.ids(diversity, until(1.5, None)), [4, 3]);
    assert_eq!(line.ids(diversity, until(1.0, Some(1))), [4]);
    assert_eq!(line.ids(diversity, until(9.0, None)), [0; 0]);
    for budget in [Budget::Count(1), Budget::Share(0.5), until(1.0, None)] {
        let message = line.message(r#"{"diversity":{},"where":"length > 999"}"#, budget);
        assert!(
            message.contains("0 of the 5 that are not labelled are left")
                && message.ends_with(": pass over fewer"),
            "{message}"
        );
    }
    assert_eq!(
        line.message(r#"{"random":{}}"#, until(1.0, None)),
        "strategy `random` measures no distance to stop at: use `diversity` or a product with it, or \
         say how many to pick"
    );
    assert_eq!(
        line.message(diversity, Budget::Share(1.5)),
        "share = 1.5 is not above 0 and at most 1"
    );
    assert!(
        line.message(diversity, until(0.0, None))
            .contains("min_distance = 0")
    );
}

#[test]
fn classes_are_balanced() {
    let line = line();
    // Of the free texts, 1 is negative and the other four are positive.
    assert_eq!(
        line.ids(r#"{"diversity":{},"balance":"uniform"}"#, 2),
        [1, 4]
    );
    assert_eq!(
        line.ids(
            r#"{"diversity":{},"balance":{"positive":2,"negative":1}}"#,
            3
        ),
        [4, 1, 3]
    );
    let only = r#"{"diversity":{},"balance":{"positive":1}}"#;
    assert_eq!(line.ids(only, 3), [4, 3, 2]);
    assert_eq!(
        line.ids(only, 5),
        [4, 3, 2, 1, 5],
        "as far as there are any"
    );
    let message = line.message(r#"{"diversity":{},"balance":{"postive":1}}"#, 1);
    assert!(
        message.contains("balance names the class `postive`")
            && message.contains("negative, positive"),
        "{message}"
    );
}

proptest! {
    /// Whatever comes before it, a strategy picks no row twice, no labelled row, as many as asked, and
    /// no more of a class than balance lets it; and where picks lie is told of all classes together.
    #[test]
    fn picks_are_distinct_and_balanced(
        rows in prop::collection::vec((0_u8..4, 0_u8..4, 0_u8..=8), 2..40),
        share in 0.05_f64..1.0,
    ) {
        let rows: Vec<Row> = rows.iter().map(|&(x, y, positive)| Row {
            text: "a text",
            vector: [f32::from(x), f32::from(y)],
            positive: f32::from(positive) / 8.0,
            source: None,
            stars: None,
        }).collect();
        let tables = tables(&rows);
        let picks = tables.choose(
            r#"{"product":[{"diversity":{}},{"uncertainty":{"score":"margin"}}],"balance":"uniform"}"#,
            Budget::Share(share),
        ).unwrap().picks;
        let free = rows.len() - 1;
        prop_assert_eq!(picks.len(), ((free as f64 * share).round() as usize).clamp(1, free));
        let mut ids: Vec<u64> = picks.iter().map(|pick| pick.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), picks.len());
        prop_assert!(!ids.contains(&0));
        let distance = |a: u64, b: u64| {
            let ([x, y], [u, v]) = (rows[a as usize].vector, rows[b as usize].vector);
            ((x - u).powi(2) + (y - v).powi(2)).sqrt()
        };
        for (i, pick) in picks.iter().enumerate() {
            let earlier = picks[..i].iter().map(|earlier| (distance(pick.id, earlier.id), earlier.id));
            let nearest = earlier.reduce(|a, b| if b.0 < a.0 { b } else { a });
            prop_assert_eq!(pick.nearest_earlier.map(|near| (near.distance, near.id)), nearest);
            let labelled = pick.nearest_labelled.map(|near| (near.distance, near.id));
            prop_assert_eq!(labelled, Some((distance(pick.id, 0), 0)));
        }
        let positive = |id: u64| rows[id as usize].positive > 0.5;
        let room = (1..rows.len() as u64).filter(|&id| positive(id)).count();
        let taken = ids.iter().filter(|&&id| positive(id)).count();
        let others = picks.len() - taken;
        prop_assert!(taken.abs_diff(others) <= 1 || taken == room || others == free - room);
    }
}
