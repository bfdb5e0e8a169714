//! What conditions are read, and what is said of those that are not.

use super::*;

fn parsed(text: &str) -> Condition {
    Filter::parse(text).unwrap().condition
}

fn message(text: &str) -> String {
    Filter::parse(text).unwrap_err().to_string()
}

#[test]
fn not_binds_closer_than_and_and_that_closer_than_or() {
    let number = |name: &str, order, value| Condition::Number(Name::new(name), order, value);
    assert_eq!(
        parsed("margin < 0.3 and length > 3 or not words >= 10"),
        Condition::Any(vec![
            Condition::All(vec![
                number("margin", Order::Less, 0.3),
                number("length", Order::Greater, 3.0)
            ]),
            Condition::Not(Box::new(number("words", Order::GreaterOrEqual, 10.0))),
        ])
    );
    assert_eq!(
        parsed("margin<.3 AND (length>3 OR words==10)"),
        Condition::All(vec![
            number("margin", Order::Less, 0.3),
            Condition::Any(vec![
                number("length", Order::Greater, 3.0),
                number("words", Order::Equal, 10.0)
            ]),
        ])
    );
}

#[test]
fn words_are_compared_and_listed() {
    let words = |list: &[&str]| {
        Condition::Words(
            Name::Column("source".to_owned()),
            list.iter().map(|&word| word.to_owned()).collect(),
        )
    };
    assert_eq!(parsed("source = web"), words(&["web"]));
    assert_eq!(
        parsed("source in ['a shop', web, 7.0]"),
        words(&["a shop", "web", "7.0"])
    );
    let other = Condition::All(vec![
        Condition::Not(Box::new(words(&["web"]))),
        Condition::Not(Box::new(Condition::Missing(Name::Column(
            "source".to_owned(),
        )))),
    ]);
    assert_eq!(parsed("source != web"), other);
    assert_eq!(parsed("source not in [web]"), other);
    assert_eq!(
        parsed("stars is not missing"),
        Condition::Not(Box::new(Condition::Missing(Name::Column(
            "stars".to_owned()
        ))))
    );
}

#[test]
fn what_is_needed_is_known() {
    let needs = |text: &str| {
        let filter = Filter::parse(text).unwrap();
        (filter.needs_predictions(), filter.needs_texts())
    };
    assert_eq!(needs("margin > 0.1"), (true, false));
    assert_eq!(needs("least_confidence > 0.1"), (true, false));
    assert_eq!(needs("length > 3"), (false, true));
    assert_eq!(needs("predicted = a or stars < 3"), (true, true));
}

#[test]
fn mistakes_have_their_place_and_what_is_expected() {
    for (text, expected) in [
        ("", "character 1: expected a name"),
        ("margin", "character 7: expected a comparison such as"),
        ("margin > ", "the condition ends"),
        (
            "margin >> 3",
            "character 9: expected a number or a word, found `>`",
        ),
        ("margin ! 3", "`!` is no comparison"),
        (
            "margin > high",
            "character 10: expected a number, as `margin` is one, found `high`",
        ),
        ("predicted = 3", "expected a word, as `predicted` is one"),
        ("margin in [a]", "`margin` is a number, use < or >"),
        (
            "source > web",
            "words are compared by `=`, `!=` or `in` alone, found `web`",
        ),
        (
            "(margin > 1",
            "expected `)`, `and` or `or`, the condition ends",
        ),
        (
            "margin > 1 length > 2",
            "character 12: expected `and`, `or` or the end",
        ),
        ("source in [a", "expected `,` or `]`"),
        ("source in web", "expected `[`"),
        ("source = 'web", "the quote ' is not closed"),
        ("margin is missing", "`margin` is never missing"),
        ("größe >= ü", "words are compared"),
        (
            "3 < margin",
            "character 1: expected a name such as `margin`",
        ),
    ] {
        let message = message(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert!(message(&"(".repeat(5000)).contains("fewer conditions"));
}
