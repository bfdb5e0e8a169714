//! Columns in conditions: which one a name means, what their values are, and what is warned of.

use goldpan_artifact::{Predictions, PredictionsWriter, Producer, Silent, Texts, TextsWriter};
use goldpan_select::{Budget, Error, Inputs, Rule, choose};
use goldpan_tests::warned;
use proptest::prelude::*;

/// Texts with one column of metadata, and predictions of the classes `1` and `no`.
struct World {
    _folder: tempfile::TempDir,
    texts: Texts,
    predictions: Predictions,
}

fn world(column: &str, values: &[Option<&str>]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let producer = || Producer::new("test", 1);
    let columns = [column.to_owned()];
    let mut texts = TextsWriter::create_with(at("t.arrow"), &[], &columns, producer()).unwrap();
    let classes = ["1".to_owned(), "no".to_owned()];
    let mut predictions = PredictionsWriter::create(at("p.arrow"), &classes, producer()).unwrap();
    for (id, value) in (0..).zip(values) {
        texts.push_with(id, "four", None, None, &[*value]).unwrap();
        predictions.push(id, &[0.0, 0.0], &[0.9, 0.1]).unwrap();
    }
    texts.finish().unwrap();
    predictions.finish().unwrap();
    World {
        texts: Texts::open(at("t.arrow")).unwrap(),
        predictions: Predictions::open(at("p.arrow")).unwrap(),
        _folder: folder,
    }
}

impl World {
    fn choose(&self, rule: &str, budget: Budget) -> Result<Vec<u64>, Error> {
        let rule: Rule = serde_json::from_str(rule).unwrap();
        let inputs = Inputs {
            texts: Some(&self.texts),
            predictions: Some(&self.predictions),
            ..Inputs::default()
        };
        let picks = choose(&rule, &inputs, budget, 0, &Silent)?.picks;
        let mut ids: Vec<u64> = picks.iter().map(|pick| pick.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The texts for which a condition is true, and the warnings of it.
    fn kept(&self, condition: &str) -> (Result<Vec<u64>, String>, Vec<String>) {
        let rule = serde_json::json!({ "random": {}, "where": condition }).to_string();
        let (kept, warnings) = warned(|| self.choose(&rule, Budget::Share(1.0)));
        let warnings = warnings.into_iter().map(|warning| warning.message);
        let kept = match kept {
            Err(Error::TooFewLeft { left: 0, .. }) => Ok(Vec::new()),
            kept => kept,
        };
        (kept.map_err(|error| error.to_string()), warnings.collect())
    }

    fn ids(&self, condition: &str) -> Vec<u64> {
        self.kept(condition).0.unwrap()
    }

    fn refused(&self, condition: &str) -> String {
        self.kept(condition).0.unwrap_err()
    }
}

#[test]
fn a_quoted_name_is_the_column_and_an_unquoted_one_the_measure_with_a_warning() {
    let texts = world("length", &[Some("900"), Some("3")]);
    assert_eq!(texts.kept("\"length\" > 100"), (Ok(vec![0]), vec![]));
    assert_eq!(texts.kept("'length' <= 3"), (Ok(vec![1]), vec![]));
    let (kept, warnings) = texts.kept("length = 4");
    assert_eq!(kept, Ok(vec![0, 1]));
    assert_eq!(
        warnings,
        [
            "`length` without quotes is the number of characters in the text, not the metadata column \
             \"length\"; for the column write \"length\""
        ]
    );
    for (column, condition) in [
        ("margin", "margin > 0.1"),
        ("Margin", "margin > 0.1"),
        ("least_confidence", "least-confidence < 0.5"),
        ("least-confidence", "least_confidence < 0.5"),
        (" Words", "words = 1"),
        ("predicted", "predicted = 1"),
        ("confidence", "confidence > 0.5"),
        ("entropy", "entropy > 0"),
    ] {
        let texts = world(column, &[Some("0")]);
        let (kept, warnings) = texts.kept(condition);
        assert_eq!(kept, Ok(vec![0]), "{condition}");
        let [warning] = &warnings[..] else {
            panic!("{column}: {warnings:?}");
        };
        assert!(
            warning.contains(&format!("for the column write \"{column}\"")),
            "{warning}"
        );
    }
}

#[test]
fn an_objective_is_named_by_the_same_rule() {
    let texts = world("length", &[Some("3"), Some("900")]);
    let first = |column: &str| {
        let rule = serde_json::json!({ "product": [{ "metadata": { "column": column } }] });
        texts.choose(&rule.to_string(), Budget::Count(1)).unwrap()
    };
    assert_eq!(first("\"length\""), [1], "the column");
    assert_eq!(
        first("length"),
        [0],
        "all texts are as long, and ties go to the first"
    );
}

#[test]
fn numbers_are_compared_exactly() {
    let values = [
        "9007199254740993",
        "9007199254740992",
        "1e3",
        " 7 ",
        "-0.10",
    ];
    let texts = world("n", &values.map(Some));
    assert_eq!(texts.ids("n = 9007199254740993"), [0]);
    assert_eq!(texts.ids("n > 9007199254740992"), [0]);
    assert_eq!(texts.ids("n = 1000"), [2]);
    assert_eq!(texts.ids("n in [7.0, -.1]"), [3, 4]);
    assert_eq!(texts.ids("n = '7.0'"), [0; 0], "a word is a word");
    // The probability is 0.9 in f32.
    assert_eq!(texts.ids("confidence >= 0.9").len(), 5);
    assert_eq!(texts.ids("confidence > 0.9"), [0; 0]);
}

#[test]
fn values_that_are_no_numbers_or_dates_are_refused_unless_left_out_first() {
    let texts = world("n", &[Some("3"), Some("3,5"), None]);
    let refused = texts.refused("n > 2");
    assert!(
        refused.contains("row 1 (text 1)") && refused.contains("the n \"3,5\", which is no number"),
        "{refused}"
    );
    assert!(refused.contains("`not n in ['...'] and ...`"), "{refused}");
    assert_eq!(texts.ids("not n in ['3,5'] and n > 2"), [0]);
    assert!(texts.refused("n > 2 and n != '3,5'").contains("no number"));
    assert!(texts.refused("n in [2, 3]").contains("no number"));
    assert_eq!(
        texts.ids("n in [3, other]"),
        [0],
        "a mixed list compares what it can"
    );
    let refused = texts.refused("n < 2024-01-31");
    assert!(
        refused.contains("which is no date such as 2024-01-31"),
        "{refused}"
    );
}

#[test]
fn dates_are_compared_by_day_or_by_time() {
    let values = ["2023-12-31", "2024-01-31T23:30", "2024-02-01 00:00:00"];
    let texts = world("date", &values.map(Some));
    assert_eq!(texts.ids("date <= 2024-01-31"), [0, 1]);
    assert_eq!(texts.ids("date = 2024-01-31"), [1]);
    assert_eq!(texts.ids("date != 2024-01-31"), [0, 2]);
    assert_eq!(texts.ids("date in [2024-01-31, 2023-12-31]"), [0, 1]);
    assert_eq!(texts.ids("date > '2024-01-31 23:30'"), [2]);
    assert_eq!(texts.ids("date >= 2024-01-31T23:30"), [1, 2]);
    let refused = texts.refused("date > 2024-01-31T23:30Z");
    assert!(
        refused.contains("one has a time zone, the other has none"),
        "{refused}"
    );
}

#[test]
fn a_missing_value_makes_a_comparison_neither_true_nor_false() {
    let texts = world("n", &[Some("1"), None, Some("2")]);
    for (condition, expected) in [
        ("n = 1", &[0][..]),
        ("n != 1", &[2]),
        ("not n = 1", &[2]),
        ("not n in [1]", &[2]),
        ("n not in [1]", &[2]),
        ("n = 1 or n is missing", &[0, 1]),
        ("n = 1 or length > 0", &[0, 1, 2]),
        ("not (n = 1 and length > 9)", &[0, 1, 2]),
        ("n is not missing", &[0, 2]),
    ] {
        let (kept, warnings) = texts.kept(condition);
        assert_eq!(kept.as_deref(), Ok(expected), "{condition}");
        let left_out = expected.len() < 3 && !condition.contains("missing");
        assert_eq!(!warnings.is_empty(), left_out, "{condition}: {warnings:?}");
    }
    assert_eq!(
        texts.kept("n = 1").1,
        [
            "1 of 3 texts have no n, by which `n = 1` is neither true nor false for them: they are not \
          picked (`or n is missing` would keep them)"
        ]
    );
}

#[test]
fn words_that_no_text_has_are_warned_of_and_unknown_classes_refused() {
    let texts = world("my source", &[Some("bot"), Some("web")]);
    assert_eq!(texts.kept("'my source' != bot"), (Ok(vec![1]), vec![]));
    let (kept, warnings) = texts.kept("'my source' != Bot");
    assert_eq!(kept, Ok(vec![0, 1]));
    assert_eq!(
        warnings,
        ["no text has the \"my source\" \"Bot\": is \"bot\" meant?"]
    );
    assert_eq!(
        texts.kept("'my source' in [web, zebra]").1,
        ["no text has the \"my source\" \"zebra\""]
    );
    let refused = texts.refused("predicted = No");
    assert!(
        refused.contains("no text can be predicted to be `No`") && refused.contains("1, no"),
        "{refused}"
    );
    assert_eq!(texts.ids("predicted = 1"), [0, 1]);
    assert_eq!(texts.ids("predicted in [1.0, no]"), [0, 1]);
    assert_eq!(texts.ids("predicted != no"), [0, 1]);
}

#[test]
fn unknown_columns_are_refused_with_those_that_there_are() {
    let texts = world("my \"source\"", &[Some("bot")]);
    let refused = texts.refused("sorce = bot");
    assert!(
        refused.contains("it has \"my \"\"source\"\"\""),
        "{refused}"
    );
    assert_eq!(texts.ids("\"my \"\"source\"\"\" = bot"), [0]);
    assert!(
        texts
            .refused("Length > 3")
            .contains("(is `length` without quotes meant?)")
    );
    // Whatever stands before: a name is checked even where nothing is left to compare.
    assert!(
        texts
            .refused("length > 100 and sorce = bot")
            .contains("no metadata column `sorce`")
    );
    let refused = world("Stars", &[Some("1")]).refused("stars > 0");
    assert!(refused.contains("(is `Stars` meant?)"), "{refused}");
}

proptest! {
    /// A column of any name and with any value is reached by its name in quotes and its value in quotes.
    #[test]
    fn any_column_and_value_can_be_named(
        name in "\\PC{1,8}|length|margin|[\"' a]{1,4}",
        value in "\\PC{1,8}|[\"' a]{1,4}|[0-9.]{1,3}",
    ) {
        prop_assume!(!["id", "text", "label", "key"].contains(&name.as_str()));
        let texts = world(&name, &[Some(&value), Some("another one"), None]);
        let quoted = |text: &str, quote: &str| {
            format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)))
        };
        for (a, b) in [("\"", "'"), ("'", "\"")] {
            let condition = format!("{} = {}", quoted(&name, a), quoted(&value, b));
            prop_assert_eq!(texts.ids(&condition), vec![0]);
        }
    }
}
