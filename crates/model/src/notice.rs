//! Words about a model's folder: each is said once, however often the folder is opened.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Warns of something, if it was not said before.
pub(crate) fn warn_once(message: String) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(message.clone()) {
        drop(said);
        tracing::warn!("{message}");
    }
}

/// Warns of the keys of a file that nobody here knows: they may mean something to the library that wrote
/// them, and nothing is done about them.
pub(crate) fn warn_of_unknown<'a>(
    path: &std::path::Path,
    keys: impl IntoIterator<Item = &'a str>,
    known: impl Fn(&str) -> bool,
) {
    let unknown: Vec<&str> = keys.into_iter().filter(|key| !known(key)).collect();
    if !unknown.is_empty() {
        warn_once(format!(
            "{}: {} {} not known to goldpan and without effect: check that the model does not need {}",
            path.display(),
            unknown.join(", "),
            if unknown.len() == 1 { "is" } else { "are" },
            if unknown.len() == 1 { "it" } else { "them" },
        ));
    }
}
