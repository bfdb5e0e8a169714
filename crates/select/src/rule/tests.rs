//! How rules are written.

use super::*;
use crate::term::Term;
use crate::uncertainty::Uncertainty;

fn read(text: &str) -> Result<Rule, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn a_strategy_alone_is_a_rule() {
    let diversity = Rule::from(Strategy::from_name("diversity").unwrap());
    assert_eq!(read(r#"{"diversity":{}}"#).unwrap(), diversity);
    assert_eq!(read(r#""k-center""#).unwrap(), diversity);
    assert_eq!(
        serde_json::to_string(&diversity).unwrap(),
        r#"{"diversity":{}}"#
    );
}

#[test]
fn what_comes_before_stands_beside_the_strategy() {
    let text = r#"{"product":[{"diversity":{"strength":2.0}},{"uncertainty":{"score":"margin"}}],"where":"margin > 0.3","skip_outliers":0.02,"skip_duplicates":0.0,"balance":{"a":1.0,"b":3.0}}"#;
    let rule = read(text).unwrap();
    assert_eq!(
        rule.strategy,
        Strategy::Product(vec![
            Term::Diversity { strength: 2.0 },
            Term::uncertainty(Uncertainty::Margin)
        ])
    );
    assert_eq!(serde_json::to_string(&rule).unwrap(), text);
    rule.check().unwrap();
    assert_eq!(
        rule.to_string(),
        "diversity^2-margin where margin > 0.3, without the 0.02 least typical, without duplicates \
         within 0, classes weighted"
    );
    let rule = read(r#"{"balance":"uniform","random":{}}"#).unwrap();
    assert_eq!(rule.balance, Some(Balance::Uniform));
    assert!(rule.needs_predictions() && !rule.needs_embeddings());
}

#[test]
fn mistakes_are_told() {
    for (text, expected) in [
        ("{}", "a strategy is missing"),
        (r#"{"where":"length > 3"}"#, "a strategy is missing"),
        (r#"{"random":{},"diversity":{}}"#, "not two"),
        (
            r#"{"divers":{}}"#,
            "unknown variant `divers`, expected one of `random`",
        ),
        (r#""divers""#, "unknown variant `divers`"),
        (r#"{"diversity":{"strenth":1}}"#, "unknown field"),
        (r#"{"random":{},"where":"length >"}"#, "the condition ends"),
        (
            r#"{"random":{},"balance":"even"}"#,
            "`uniform`, or a mapping",
        ),
        ("3", "a strategy: one of"),
    ] {
        let message = read(text).unwrap_err();
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn numbers_out_of_range_are_told() {
    for (text, expected) in [
        (
            r#"{"random":{},"skip_outliers":1.0}"#,
            "skip_outliers = 1 is not from 0 to below 1",
        ),
        (
            r#"{"random":{},"skip_duplicates":-0.5}"#,
            "skip_duplicates = -0.5 is not",
        ),
        (
            r#"{"random":{},"balance":{"a":-1.0}}"#,
            "balance = -1 is not a weight",
        ),
        (
            r#"{"random":{},"balance":{"a":0.0}}"#,
            "weights of which one is above 0",
        ),
    ] {
        let message = read(text).unwrap().check().unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
    }
}
