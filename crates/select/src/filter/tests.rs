//! What conditions are read, and what is said of those that are not.

use super::*;

fn parsed(text: &str) -> Condition {
    Filter::parse(text).unwrap().condition
}

fn message(text: &str) -> String {
    Filter::parse(text).unwrap_err().to_string()
}

fn column(name: &str) -> Name {
    Name::Column(name.to_owned())
}

fn compare(name: Name, order: Order, value: &str) -> Condition {
    Condition::Compare(name, order, Value::bare(value))
}

fn word(text: &str) -> Value {
    Value::Word(text.to_owned())
}

#[test]
fn not_binds_closer_than_and_and_that_closer_than_or() {
    let number = |name: &str, order, value| compare(Name::new(name), order, value);
    assert_eq!(
        parsed("margin < 0.3 and length > 3 or not words >= 10"),
        Condition::Any(vec![
            Condition::All(vec![
                number("margin", Order::Less, "0.3"),
                number("length", Order::Greater, "3")
            ]),
            Condition::Not(Box::new(number("words", Order::GreaterOrEqual, "10"))),
        ])
    );
    assert_eq!(
        parsed("margin<.3 AND (length>3 OR words==10)"),
        Condition::All(vec![
            number("margin", Order::Less, ".3"),
            Condition::Any(vec![
                number("length", Order::Greater, "3"),
                number("words", Order::Equal, "10")
            ]),
        ])
    );
}

#[test]
fn a_name_in_quotes_is_a_column() {
    for name in [
        "length",
        "margin",
        "predicted",
        "confidence",
        "words",
        "not",
        "7",
        "a b",
    ] {
        for quote in ['"', '\''] {
            let text = format!("{quote}{name}{quote} = x");
            let expected = Condition::Compare(column(name), Order::Equal, word("x"));
            assert_eq!(parsed(&text), expected, "{text}");
        }
        assert_eq!(
            parsed(&format!("\"{name}\" is missing")),
            Condition::Missing(column(name))
        );
    }
    assert_eq!(
        parsed("length = 3"),
        compare(Name::Length, Order::Equal, "3")
    );
    assert_eq!(
        parsed(r#""say ""so""" = 'it''s'"#),
        Condition::Compare(column(r#"say "so""#), Order::Equal, word("it's"))
    );
    assert_eq!(
        parsed("größe <> ü"),
        Condition::Compare(column("größe"), Order::NotEqual, word("ü"))
    );
}

#[test]
fn values_are_words_numbers_or_dates() {
    let source = |values: Vec<Value>| Condition::In(column("source"), values);
    assert_eq!(
        parsed("source in ['a shop', web, 7.0, '7.0', 2024-01-31]"),
        source(vec![
            word("a shop"),
            word("web"),
            Value::bare("7.0"),
            word("7.0"),
            Value::bare("2024-01-31")
        ])
    );
    assert!(matches!(Value::bare("7.0"), Value::Number(..)));
    assert!(matches!(Value::bare("2024-01-31T08:30Z"), Value::Date(..)));
    assert!(matches!(Value::bare("nan"), Value::Word(..)));
    assert_eq!(
        parsed("source not in [web]"),
        Condition::Not(Box::new(source(vec![word("web")])))
    );
    assert_eq!(
        parsed("stars is not missing"),
        Condition::Not(Box::new(Condition::Missing(column("stars"))))
    );
    // A date with a space needs quotes, and has an order all the same.
    let Condition::Compare(_, _, value) = parsed("date > '2024-01-31 08:30'") else {
        panic!();
    };
    assert!(matches!(value, Value::Date(..)), "{value:?}");
    let Condition::Compare(_, _, value) = parsed("date = '2024-01-31'") else {
        panic!();
    };
    assert_eq!(value, word("2024-01-31"));
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
    assert_eq!(needs("\"margin\" > 0.1"), (false, true));
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
        ("predicted > 3", "`predicted` is the name of a class"),
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
        ("source = ''", "`is missing` finds texts without one"),
        ("'' = web", "expected a name"),
        (
            "source = \u{201c}web\u{201d}",
            "character 10: \u{201c} is no quote here: use ' or \"",
        ),
        ("`my column` = web", "` is no quote here"),
        ("'length > 3", "character 1: the quote ' is not closed"),
        ("2020 > 3", "or a column in quotes"),
        ("date > 31.01.2024", "a date such as 2024-01-31"),
        ("0.2 < margin < 0.8", "character 1: expected a name"),
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

proptest::proptest! {
    /// Whatever a column is called, it can be named.
    #[test]
    fn every_column_can_be_named(name in "\\PC{1,12}|[a-z'\"\\[ =!-]{1,6}|length|not|[0-9.]{1,4}") {
        let written = written(&name);
        proptest::prop_assert_eq!(
            parsed(&format!("{written} > 3")),
            compare(Name::Column(name), Order::Greater, "3")
        );
    }

    #[test]
    fn no_condition_is_a_panic(text in "(?s).{0,40}|[ a-z0-9'\"<>=!,()\\[\\]-]{0,40}") {
        let _ = Filter::parse(&text);
    }
}
