//! Classes that look like several labels of one text.

use std::collections::{HashMap, HashSet};

use crate::alike::shown;

/// What tools write between labels.
const BETWEEN: [char; 5] = ['#', ';', '|', ',', '/'];

/// How many classes a sentence names.
const NAMED: usize = 3;

/// A sentence where classes are lists, or other classes with a sign between.
pub(crate) fn warning(classes: &[String]) -> Option<String> {
    let known: HashSet<&str> = classes.iter().map(String::as_str).collect();
    // Labels that occur in lists only are known by their occurring in several.
    let in_lists = |between: char| {
        let lists = classes.iter().filter(|name| name.contains(between));
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for part in
            lists.flat_map(|name| name.split(between).map(str::trim).collect::<HashSet<_>>())
        {
            *seen.entry(part).or_default() += 1;
        }
        seen
    };
    let counts: Vec<(char, HashMap<&str, usize>)> = BETWEEN
        .into_iter()
        .map(|between| (between, in_lists(between)))
        .collect();
    let repeated = |name: &str| {
        counts.iter().any(|(between, counts)| {
            let often = |part: &str| {
                known.contains(part) || counts.get(part).is_some_and(|count| *count > 1)
            };
            let mut parts = name.split(*between).map(str::trim);
            let list = parts.clone().all(|part| !part.is_empty() && part != name);
            // Names with commas and slashes are common: there, all of the list must occur again.
            let again = match between {
                ',' | '/' => parts.all(often),
                _ => parts.any(often),
            };
            name.contains(*between) && list && again
        })
    };
    let enclosed = |name: &str, open: char, close: char| {
        name.len() > 2 && name.starts_with(open) && name.ends_with(close)
    };
    let several: Vec<String> = classes
        .iter()
        .filter(|name| enclosed(name, '[', ']') || enclosed(name, '{', '}') || repeated(name))
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
            told(&["a", "b", "w/o", "rock, pop", "[]", "#", "C#", "1/2", "3/4"]),
            None
        );
        for name in ["a#c", "red|green"] {
            let text = told(&["a", "blue", "red|yellow", name]).unwrap();
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
        assert!(
            told(&["a", "b", "a#b", "b#a", "a|b", "b|a"])
                .unwrap()
                .contains("and 1 more")
        );
    }
}
