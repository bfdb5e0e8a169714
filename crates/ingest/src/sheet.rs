//! A file in which people label the texts that were picked.

use std::collections::HashMap;
use std::path::Path;

use goldpan_artifact::{Texts, atomic};

use crate::error::Error;
use crate::labelled::content_key;

/// Writes a CSV file with the columns `key`, `text` and `label`, the last one empty, for the texts
/// with these ids, in their order. [`read_labelled`](crate::read_labelled) reads it back.
///
/// The key is the user's. Texts that have none, or share it, get one that is made of their content
/// and so stays theirs when rows come before them.
pub fn write_sheet(
    path: &Path,
    texts: &Texts,
    ids: impl IntoIterator<Item = u64>,
) -> Result<(), Error> {
    let rows: HashMap<u64, usize> = texts.ids().zip(0..).collect();
    let mut keys: HashMap<&str, u64> = HashMap::new();
    for key in (0..texts.len()).filter_map(|row| texts.key(row)) {
        *keys.entry(key).or_default() += 1;
    }
    let mut csv = String::from("key,text,label\n");
    for row in ids.into_iter().filter_map(|id| rows.get(&id)) {
        let (key, text) = (texts.key(*row), texts.text(*row));
        let own = key.filter(|key| keys.get(key) == Some(&1));
        let key = own.map_or_else(|| content_key(text), str::to_owned);
        csv += &format!("{},{},\n", quoted(&key), quoted(text));
    }
    Ok(atomic::write_bytes(path, csv.as_bytes())?)
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}
