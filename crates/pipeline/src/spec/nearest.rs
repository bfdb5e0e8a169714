//! The nearest valid name for one that is not valid.

use strsim::damerau_levenshtein;

/// The name most like `found`, if one is like it at all.
pub(crate) fn nearest<'a>(found: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let found = plain(found);
    let distance = |name: &str| damerau_levenshtein(&found, &plain(name));
    let best = known
        .iter()
        .map(AsRef::as_ref)
        .min_by_key(|name| distance(name))?;
    // A third of the letters may differ.
    let length = found.chars().count().max(best.chars().count());
    (distance(best) <= length.div_ceil(3)).then_some(best)
}

/// Case and separators are what people get wrong most.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

/// Names that are listed; of more the number is told.
const LISTED: usize = 60;

/// "`a`, `b` or `c`"
pub(crate) fn list(names: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    let more = names.len().saturating_sub(LISTED);
    if more > 0 {
        let some: Vec<String> = names[..LISTED]
            .iter()
            .map(|name| format!("`{}`", name.as_ref()))
            .collect();
        return format!("{} and {more} more", some.join(", "));
    }
    for (i, name) in names.iter().enumerate() {
        let separator = match i {
            0 => "",
            _ if i + 1 == names.len() => " or ",
            _ => ", ",
        };
        text.push_str(separator);
        text.push('`');
        text.push_str(name.as_ref());
        text.push('`');
    }
    text
}

/// "did you mean `x`? possible: a, b, c"
pub(crate) fn suggest(found: &str, known: &[impl AsRef<str>]) -> String {
    match (nearest(found, known), known) {
        (_, []) => "there is none that would do: add one".to_owned(),
        (Some(near), [_]) => format!("did you mean `{near}`?"),
        (Some(near), _) => format!("did you mean `{near}`? possible are {}", list(known)),
        (None, _) => format!("possible: {}", list(known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["learning_rate", "epochs", "batch_size", "id"];
        assert_eq!(nearest("learning-rate", &known), Some("learning_rate"));
        assert_eq!(nearest("Epoch", &known), Some("epochs"));
        assert_eq!(nearest("lr", &known), None);
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("x", &[""; 0]), None);
        assert_eq!(
            list(&known),
            "`learning_rate`, `epochs`, `batch_size` or `id`"
        );
    }
}
