//! Copies: texts that are equal, character by character.

use std::collections::{HashMap, HashSet};

use goldpan_artifact::Texts;

use crate::pick::Pick;
use crate::pool::Pool;

/// Those of the pool's free rows whose text is neither that of a labelled row nor of an earlier free one.
pub(crate) fn without_copies(pool: &Pool<'_>) -> Vec<u32> {
    let labelled = pool.labelled.iter();
    let mut seen: HashSet<&str> = labelled.filter_map(|&row| pool.text(row)).collect();
    let is_new = |row: &u32| pool.text(*row).is_none_or(|text| seen.insert(text));
    pool.free.iter().copied().filter(is_new).collect()
}

/// How many picks have the text of a labelled text or of an earlier pick.
pub(crate) fn copies(texts: &Texts, labelled: &[u64], picks: &[Pick]) -> usize {
    let known = labelled.iter().copied();
    let wanted: HashSet<u64> = known.chain(picks.iter().map(|pick| pick.id)).collect();
    let rows = texts.ids().enumerate();
    let row_of: HashMap<u64, usize> = rows
        .filter(|(_, id)| wanted.contains(id))
        .map(|(row, id)| (id, row))
        .collect();
    let text = |id: &u64| row_of.get(id).map(|&row| texts.text(row));
    let mut seen: HashSet<&str> = labelled.iter().filter_map(text).collect();
    let is_copy = |pick: &&Pick| text(&pick.id).is_some_and(|text| !seen.insert(text));
    picks.iter().filter(is_copy).count()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use goldpan_artifact::{Producer, Silent, TextsWriter};

    use super::*;
    use crate::budget::Budget;
    use crate::error::Error;
    use crate::pick::{Picks, choose};
    use crate::pool::Inputs;
    use crate::rule::Rule;
    use crate::strategy::Strategy;

    const TEXTS: [&str; 7] = ["a", "b", "a", "c", "B", "c", "b"];

    fn table(folder: &Path) -> Texts {
        let path = folder.join("texts.arrow");
        let mut writer = TextsWriter::create(&path, &[], Producer::new("test", 1)).unwrap();
        for (id, text) in (10..).zip(TEXTS) {
            writer.push(id, text, None, None).unwrap();
        }
        writer.finish().unwrap();
        Texts::open(path).unwrap()
    }

    fn picked(texts: &Texts, skip_copies: bool, budget: Budget) -> Result<Picks, Error> {
        let rule = Rule {
            skip_copies,
            ..Rule::from(Strategy::Random {})
        };
        let labelled = [11];
        let inputs = Inputs {
            texts: Some(texts),
            labelled: &labelled,
            ..Inputs::default()
        };
        choose(&rule, &inputs, budget, 3, &Silent)
    }

    #[test]
    fn copies_are_counted_and_can_be_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let texts = table(folder.path());
        let all = picked(&texts, false, Budget::Rest).unwrap();
        // The second `a`, the second `c`, and `b`, which is labelled.
        assert_eq!((all.picks.len(), all.copies), (6, Some(3)));
        let distinct = picked(&texts, true, Budget::Rest).unwrap();
        let mut ids: Vec<u64> = distinct.picks.iter().map(|pick| pick.id).collect();
        ids.sort_unstable();
        assert_eq!((ids, distinct.copies), (vec![10, 13, 14], Some(0)));
        let error = picked(&texts, true, Budget::Count(4))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "4 texts are asked for, but 3 of the 6 that are not labelled are left after random, without \
             copies: ask for at most 3, or pass over fewer"
        );
    }

    #[test]
    fn nothing_left_is_an_error_for_any_number_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let texts = table(folder.path());
        let rule = Rule {
            filter: Some(crate::Filter::parse("length > 5").unwrap()),
            ..Rule::from(Strategy::Random {})
        };
        let inputs = Inputs {
            texts: Some(&texts),
            ..Inputs::default()
        };
        for budget in [Budget::Rest, Budget::Share(0.5), Budget::Count(2)] {
            let error = choose(&rule, &inputs, budget, 0, &Silent).unwrap_err();
            assert!(
                matches!(error, Error::TooFewLeft { left: 0, .. }),
                "{error}"
            );
        }
    }
}
