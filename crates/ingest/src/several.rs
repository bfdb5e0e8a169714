//! Classes that look like several labels of one text.

use std::collections::HashSet;

use crate::alike::shown;

/// What tools write between labels.
const BETWEEN: [char; 5] = ['#', ';', '|', ',', '/'];

/// How many classes a sentence names.
const NAMED: usize = 3;

/// A sentence where classes are lists, or other classes with a sign between.
pub(crate) fn warning(classes: &[String]) -> Option<String> {
    let known: HashSet<&str> = classes.iter().map(String::as_str).collect();
    let joined = |name: &str, between: char| {
        let mut parts = name.split(between).map(str::trim);
        name.contains(between) && parts.all(|part| part != name && known.contains(part))
    };
    let enclosed = |name: &str, open: char, close: char| {
        name.len() > 2 && name.starts_with(open) && name.ends_with(close)
    };
    let several: Vec<String> = classes
        .iter()
        .filter(|name| {
            enclosed(name, '[', ']')
                || enclosed(name, '{', '}')
                || BETWEEN.into_iter().any(|between| joined(name, between))
        })
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    let more = several.len().saturating_sub(NAMED);
    let told = several.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!told.is_empty()).then(|| {
        format!(
            "{}{more} look like lists of labels, and are read as classes of their own: a text has one \
             class",
            told.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_labels_are_told() {
        let told = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            warning(&names)
        };
        for name in [
            "a#b",
            "a; b",
            "a|b|a",
            "a,b",
            "['a']",
            "[\"a\", \"b\"]",
            "{\"choices\": [\"a\"]}",
        ] {
            let text = told(&["a", "b", name]).unwrap();
            assert!(text.starts_with(&format!("`{name}` look")), "{text}");
        }
        assert_eq!(
            told(&["a", "b", "a#c", "w/o", "rock, pop", "[]", "#"]),
            None
        );
        assert!(
            told(&["a", "b", "a#b", "b#a", "a|b", "b|a"])
                .unwrap()
                .contains("and 1 more")
        );
    }
}
