//! Classes that the user calls otherwise than the file does.

use std::collections::{BTreeMap, HashMap};

use crate::error::Error;
use crate::numeral::Numeral;

/// Old names of classes, and the new ones. All are renamed at once, so two may be swapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Renames {
    pairs: Vec<(String, String)>,
    texts: HashMap<String, usize>,
    numbers: HashMap<Numeral, usize>,
}

impl Renames {
    /// Takes pairs of old and new names; an error where one old name has two new ones.
    pub fn new(pairs: &[(String, String)]) -> Result<Self, Error> {
        let mut renames = Self::default();
        for (old, new) in pairs {
            let (old, new) = (old.trim(), new.trim());
            if old.is_empty() || new.is_empty() {
                return Err(Error::ClassName {
                    name: if old.is_empty() { old } else { new }.to_owned(),
                });
            }
            let place = renames.pairs.len();
            let repeated = renames.texts.insert(old.to_owned(), place).is_some();
            let number = Numeral::parse(old);
            let equal =
                number.is_some_and(|number| renames.numbers.insert(number, place).is_some());
            if repeated || equal {
                return Err(Error::RenamedTwice {
                    name: old.to_owned(),
                });
            }
            renames.pairs.push((old.to_owned(), new.to_owned()));
        }
        Ok(renames)
    }

    /// The new name of a label, and the place of its pair.
    pub fn of(&self, label: &str) -> Option<(usize, &str)> {
        if self.pairs.is_empty() {
            return None;
        }
        let place = self.texts.get(label).or_else(|| {
            let number = Numeral::parse(label)?;
            self.numbers.get(&number)
        })?;
        Some((*place, &self.pairs[*place].1))
    }

    /// The new names of `names`, each once.
    pub fn all(&self, names: Vec<String>) -> Vec<String> {
        let mut renamed: Vec<String> = Vec::with_capacity(names.len());
        for name in names {
            let name = self.of(&name).map_or(name.as_str(), |(_, new)| new);
            if !renamed.iter().any(|known| known == name) {
                renamed.push(name.to_owned());
            }
        }
        renamed
    }

    /// The pairs of old and new names.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The new names that several of the old ones in `used` got, or that labels have of themselves,
    /// each with what became it.
    pub fn merged(
        &self,
        used: &[u64],
        own: impl Fn(&str) -> bool,
    ) -> BTreeMap<String, Vec<String>> {
        let mut merged: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((old, new), count) in self.pairs.iter().zip(used) {
            if *count > 0 {
                merged.entry(new.clone()).or_default().push(old.clone());
            }
        }
        merged.retain(|new, old| old.len() > 1 || own(new));
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(old: &str, new: &str) -> (String, String) {
        (old.to_owned(), new.to_owned())
    }

    #[test]
    fn labels_get_their_new_names_at_once() {
        let renames = Renames::new(&[pair("a", "b"), pair("b", "a"), pair("0", "no")]).unwrap();
        assert_eq!(renames.of("a"), Some((0, "b")));
        assert_eq!(renames.of("b"), Some((1, "a")));
        assert_eq!(renames.of("0.0"), Some((2, "no")));
        assert_eq!(renames.of("c"), None);
        let names = ["a", "no", "0", "c"].map(str::to_owned).to_vec();
        assert_eq!(renames.all(names), ["b", "no", "c"]);
    }

    #[test]
    fn one_name_has_one_new_name() {
        for (one, two) in [("a", "a"), ("1", "1.0"), ("a", " a ")] {
            let error = Renames::new(&[pair(one, "x"), pair(two, "y")]).unwrap_err();
            assert!(matches!(error, Error::RenamedTwice { .. }), "{error}");
        }
        assert!(Renames::new(&[pair("a", " ")]).is_err());
    }

    #[test]
    fn merged_classes_are_known() {
        let renames = Renames::new(&[pair("a", "x"), pair("b", "x"), pair("c", "y")]).unwrap();
        let merged = renames.merged(&[1, 2, 1], |_| false);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged["x"], ["a", "b"]);
        assert_eq!(renames.merged(&[1, 0, 1], |name| name == "y")["y"], ["c"]);
    }
}
