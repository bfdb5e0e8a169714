//! Texts that the pool, the validation and the test share: equal ones, character by character.

use std::collections::HashMap;

use goldpan_artifact::Texts;
use goldpan_report::grouped;

/// The loop's tables, as far as they are there.
pub(super) struct Shared<'a> {
    pub pool: (&'a str, &'a Texts),
    pub validation: (&'a str, &'a Texts),
    pub test: Option<(&'a str, &'a Texts)>,
}

impl Shared<'_> {
    /// What is shared and what is there twice, a sentence each. `left_out`: the pool is used without what
    /// it shares.
    pub(super) fn told(&self, left_out: bool) -> Vec<String> {
        let (pool, validation) = (self.pool, self.validation);
        let mut told = Vec::new();
        let of_pool = match left_out {
            true => "they are left out of the pool",
            false => {
                "what is labelled of them is trained on (`exclude_shared: true` in `loop` leaves them out \
                 of the pool)"
            }
        };
        told.extend(both(validation, pool, of_pool));
        if let Some(test) = self.test {
            told.extend(both(test, pool, of_pool));
            let chosen = "epochs are chosen by them, so the test accuracy is none of unseen texts";
            told.extend(both(test, validation, chosen));
        }
        for (name, texts) in [Some(validation), self.test].into_iter().flatten() {
            told.extend(contradictions((name, texts), pool));
        }
        for (name, texts) in [Some(validation), self.test].into_iter().flatten() {
            let copies = texts.len() - texts.distinct().len();
            if copies > 0 {
                told.push(format!(
                    "{} of {} texts of `{name}` are copies of others of it, and count as often",
                    grouped(copies as u64),
                    grouped(texts.len() as u64),
                ));
            }
        }
        told
    }
}

/// What two tables share, told of the first.
fn both(
    (name, texts): (&str, &Texts),
    (other, others): (&str, &Texts),
    so: &str,
) -> Option<String> {
    let known = others.distinct();
    let rows = 0..texts.len();
    let shared = rows.filter(|&row| known.contains(texts.text(row))).count();
    let (all, of) = (grouped(texts.len() as u64), grouped(shared as u64));
    match shared {
        0 => None,
        _ if shared == texts.len() && same(texts, others) => Some(format!(
            "`{name}` and `{other}` have the same {all} texts: {so}"
        )),
        _ if shared == texts.len() => Some(format!(
            "all {all} texts of `{name}` are in `{other}` too: {so}"
        )),
        _ => Some(format!(
            "{of} of {all} texts of `{name}` are in `{other}` too: {so}"
        )),
    }
}

/// What two tables with the same classes label differently, told of the first.
fn contradictions(
    (name, texts): (&str, &Texts),
    (other, others): (&str, &Texts),
) -> Option<String> {
    if texts.classes() != others.classes() {
        return None;
    }
    let known: HashMap<&str, i32> = labels(others).collect();
    let differ = labels(texts)
        .filter(|(text, label)| known.get(text).is_some_and(|known| known != label))
        .count();
    (differ > 0).then(|| {
        let texts = match differ {
            1 => format!("1 text of `{name}` has"),
            differ => format!("{} texts of `{name}` have", grouped(differ as u64)),
        };
        format!("{texts} another label there than in `{other}`")
    })
}

/// The texts that have labels, with these.
fn labels(texts: &Texts) -> impl Iterator<Item = (&str, i32)> {
    (0..texts.len()).filter_map(|row| Some((texts.text(row), texts.label(row)?)))
}

/// Whether two tables have the same texts as often.
fn same(a: &Texts, b: &Texts) -> bool {
    let counts = |texts: &Texts| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for row in 0..texts.len() {
            *counts.entry(texts.text(row).to_owned()).or_default() += 1;
        }
        counts
    };
    a.len() == b.len() && counts(a) == counts(b)
}

#[cfg(test)]
mod tests {
    use goldpan_artifact::{Producer, TextsWriter};

    use super::*;

    fn table(folder: &tempfile::TempDir, name: &str, texts: &[&str]) -> Texts {
        let path = folder.path().join(name);
        let mut writer = TextsWriter::create(&path, &[], Producer::new("test", 1)).unwrap();
        for (id, text) in (0..).zip(texts) {
            writer.push(id, text, None, None).unwrap();
        }
        writer.finish().unwrap();
        Texts::open(path).unwrap()
    }

    #[test]
    fn labels_that_contradict_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let table = |name: &str, classes: &[&str], rows: &[(&str, Option<i32>)]| {
            let path = folder.path().join(name);
            let classes: Vec<String> = classes.iter().map(|&name| name.to_owned()).collect();
            let mut writer =
                TextsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
            for (id, (text, label)) in (0..).zip(rows) {
                writer.push(id, text, *label, None).unwrap();
            }
            writer.finish().unwrap();
            Texts::open(path).unwrap()
        };
        let (a, b) = (Some(0), Some(1));
        let pool = table(
            "pool",
            &["x", "y"],
            &[("one", a), ("two", b), ("three", None)],
        );
        let dev = [("one", b), ("two", b), ("three", a), ("four", a)];
        let other = table("other", &["y", "x"], &dev);
        let dev = table("dev", &["x", "y"], &dev);
        let told = |dev| contradictions(("dev", dev), ("pool", &pool));
        assert_eq!(
            told(&dev).as_deref(),
            Some("1 text of `dev` has another label there than in `pool`")
        );
        assert_eq!(told(&other), None);
    }

    #[test]
    fn shared_texts_and_copies_are_told_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let pool = table(&folder, "pool", &["a", "b", "c", "d", "a"]);
        let dev = table(&folder, "dev", &["b", "a", "a", "x"]);
        let held = table(&folder, "held", &["a", "x", "b", "a"]);
        let clean = table(&folder, "clean", &["A", "b ", ""]);
        let shared = |validation, test: Option<&Texts>, left_out| {
            let shared = Shared {
                pool: ("pool", &pool),
                validation: ("dev", validation),
                test: test.map(|test| ("held", test)),
            };
            shared.told(left_out)
        };
        insta::assert_snapshot!(shared(&dev, Some(&held), false).join("\n"), @r"
        3 of 4 texts of `dev` are in `pool` too: what is labelled of them is trained on (`exclude_shared: true` in `loop` leaves them out of the pool)
        3 of 4 texts of `held` are in `pool` too: what is labelled of them is trained on (`exclude_shared: true` in `loop` leaves them out of the pool)
        `held` and `dev` have the same 4 texts: epochs are chosen by them, so the test accuracy is none of unseen texts
        1 of 4 texts of `dev` are copies of others of it, and count as often
        1 of 4 texts of `held` are copies of others of it, and count as often
        ");
        assert_eq!(
            shared(&dev, None, true)[0],
            "3 of 4 texts of `dev` are in `pool` too: they are left out of the pool"
        );
        let part = table(&folder, "part", &["b", "a"]);
        assert_eq!(
            shared(&part, None, true),
            ["all 2 texts of `dev` are in `pool` too: they are left out of the pool"]
        );
        assert!(shared(&clean, None, false).is_empty());
        assert_eq!(pool.unshared(&[part, clean]), [2, 3]);
    }
}
