//! The texts that rows are joined with, found by id, key or text.

use std::cell::OnceCell;
use std::collections::HashMap;

use goldpan_artifact::Texts;

use crate::numeral::Numeral;

/// What keys made of a text's content begin with.
const CONTENT: &str = "b3:";

/// The key that is made of a text's content, for texts without a key of the user's.
pub(crate) fn content_key(text: &str) -> String {
    let digest = blake3::hash(text.as_bytes()).to_hex();
    format!("{CONTENT}{}", &digest.as_str()[..16])
}

/// Whether a value is a key that is made of a text's content.
pub(super) fn is_content_key(value: &str) -> bool {
    value.trim().starts_with(CONTENT)
}

/// How many texts there are for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    None,
    /// One, in this row.
    One(usize),
    Several,
}

type Index<K> = OnceCell<HashMap<K, Hit>>;

/// The texts, and what finds them, made when it is first asked for.
pub(super) struct Pool<'a> {
    pub texts: &'a Texts,
    rows: OnceCell<HashMap<u64, usize>>,
    keys: Index<&'a str>,
    contents: Index<String>,
    exact: Index<&'a str>,
    lenient: Index<String>,
}

fn index<K: Eq + std::hash::Hash>(pairs: impl Iterator<Item = (K, usize)>) -> HashMap<K, Hit> {
    let mut index = HashMap::new();
    for (key, row) in pairs {
        index
            .entry(key)
            .and_modify(|hit| *hit = Hit::Several)
            .or_insert(Hit::One(row));
    }
    index
}

/// The text as it is after a spreadsheet or an editor: without margins, lines ended one way.
pub(super) fn lenient(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n")
}

/// The whole number that a value is, also where a program has written it with a point.
pub(super) fn row_number(value: &str) -> Option<u64> {
    let value = value.trim();
    let plain = !value.contains(['e', 'E', '+']);
    let number = plain.then(|| Numeral::parse(value)).flatten()?;
    number.index().and_then(|number| number.try_into().ok())
}

impl<'a> Pool<'a> {
    pub fn new(texts: &'a Texts) -> Self {
        Self {
            texts,
            rows: OnceCell::new(),
            keys: OnceCell::new(),
            contents: OnceCell::new(),
            exact: OnceCell::new(),
            lenient: OnceCell::new(),
        }
    }

    fn all(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.texts.len()
    }

    /// Whether any text has a key of the user's.
    pub fn has_keys(&self) -> bool {
        !self.keys().is_empty()
    }

    fn keys(&self) -> &HashMap<&'a str, Hit> {
        let texts = self.texts;
        let key = move |row| Some((texts.key(row)?, row));
        self.keys.get_or_init(|| index(self.all().filter_map(key)))
    }

    /// The row of the text with this id.
    pub fn by_id(&self, id: u64) -> Option<usize> {
        let rows = || self.texts.ids().zip(0..).collect();
        self.rows.get_or_init(rows).get(&id).copied()
    }

    /// The text with this key: the user's, as it is, without margins, or without the `.0` that
    /// programs add to whole numbers; or that of its content.
    pub fn by_key(&self, value: &str) -> Hit {
        let keys = self.keys();
        let trimmed = value.trim();
        let whole = trimmed.trim_end_matches('0').strip_suffix('.');
        let whole = whole.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let ways = [Some(value), Some(trimmed), whole];
        let hit = ways.iter().flatten().find_map(|way| keys.get(way).copied());
        match hit {
            Some(hit) => hit,
            None if is_content_key(trimmed) => {
                let texts = self.texts;
                let key = move |row| (content_key(texts.text(row)), row);
                let contents = self.contents.get_or_init(|| index(self.all().map(key)));
                contents.get(trimmed).copied().unwrap_or(Hit::None)
            }
            None => Hit::None,
        }
    }

    /// The text that is this one, or this one but for margins and the ends of lines.
    pub fn by_text(&self, value: &str) -> Hit {
        let texts = self.texts;
        let exact = move |row| (texts.text(row), row);
        let exact = self.exact.get_or_init(|| index(self.all().map(exact)));
        match exact.get(value) {
            Some(hit) => *hit,
            None => {
                let key = move |row| (lenient(texts.text(row)), row);
                let lenient_index = self.lenient.get_or_init(|| index(self.all().map(key)));
                lenient_index
                    .get(&lenient(value))
                    .copied()
                    .unwrap_or(Hit::None)
            }
        }
    }

    /// The ids of all texts that are this one, but for margins and the ends of lines.
    pub fn copies(&self, value: &str) -> Vec<u64> {
        let value = lenient(value);
        let same = |row: &usize| lenient(self.texts.text(*row)) == value;
        let rows = self.all().filter(same);
        rows.map(|row| self.texts.id(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_row_numbers() {
        for seventeen in ["17", " 17 ", "17.0", "17.00", "017"] {
            assert_eq!(row_number(seventeen), Some(17), "{seventeen}");
        }
        for wrong in ["17.5", "-1", "1E+05", "1e3", "", "x", "1,7"] {
            assert_eq!(row_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn content_keys_are_of_the_text_alone() {
        assert_eq!(content_key("a film"), content_key("a film"));
        assert_ne!(content_key("a film"), content_key("a film "));
        assert_eq!(content_key("").len(), 19);
        assert!(is_content_key(" b3:0123") && !is_content_key("17"));
    }
}
