//! Classes that no labelled text has.

use std::collections::HashMap;

use goldpan_artifact::{Labelled, Texts};

/// How many classes a sentence names.
const NAMED: usize = 8;

/// A sentence where the labelled texts are all of one class, or lack some; `None` otherwise.
pub fn lacking(labelled: &Labelled, texts: &Texts, classes: &[String]) -> Option<String> {
    let counts = match &labelled.labels {
        Some(labels) => counts(labels.iter().copied(), classes.len()),
        None => {
            let rows: HashMap<u64, usize> = texts.ids().zip(0..).collect();
            let label = |id| texts.label(*rows.get(id)?);
            counts(labelled.ids.iter().filter_map(label), classes.len())
        }
    };
    sentence(&counts, classes)
}

/// How many labels each class has.
fn counts(labels: impl Iterator<Item = i32>, classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    for label in labels {
        let class = usize::try_from(label).ok();
        if let Some(count) = class.and_then(|class| counts.get_mut(class)) {
            *count += 1;
        }
    }
    counts
}

fn sentence(counts: &[u64], classes: &[String]) -> Option<String> {
    let some = || counts.iter().zip(classes).filter(|(count, _)| **count > 0);
    let none: Vec<&String> = counts
        .iter()
        .zip(classes)
        .filter(|(count, _)| **count == 0)
        .map(|(_, name)| name)
        .collect();
    let texts: u64 = counts.iter().sum();
    if none.is_empty() || texts == 0 {
        return None;
    }
    let names = names(&none);
    let verb = if none.len() == 1 { "has" } else { "have" };
    Some(match some().count() {
        1 => format!(
            "all {texts} labelled texts are `{}`, and {names} {verb} none, so the model can learn one \
             answer only: label texts of other classes, such as those that `goldpan select --strategy \
             k-center` or a model without training finds",
            some().map(|(_, name)| name.as_str()).collect::<String>()
        ),
        _ => format!("no labelled text is of the class {names}: the model cannot learn it"),
    })
}

fn names(names: &[&String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_labels_are_named() {
        let classes = ["arrival", "rate", "limit"].map(str::to_owned);
        assert_eq!(sentence(&[2, 1, 1], &classes), None);
        assert_eq!(sentence(&[0, 0, 0], &classes), None);
        let two = sentence(&[2, 1, 0], &classes).unwrap();
        assert!(
            two.starts_with("no labelled text is of the class `limit`"),
            "{two}"
        );
        let one = sentence(&[4, 0], &classes[..2]).unwrap();
        assert!(
            one.starts_with("all 4 labelled texts are `arrival`, and `rate` has none"),
            "{one}"
        );
        let one = sentence(&[0, 4, 0], &classes).unwrap();
        assert!(one.contains("`arrival`, `limit` have none"), "{one}");
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let counts: Vec<u64> = (0..12).map(|number| u64::from(number < 2)).collect();
        let text = sentence(&counts, &many).unwrap();
        assert!(text.contains("`9` and 2 more"), "{text}");
    }
}
