//! The readers: for each its real files, its words, and how it reads an input.

mod arrow;
mod csv;
mod json;
mod jsonl;
mod labels;
mod parquet;
mod pickle;
mod rows;
mod safetensors;
mod tokenizer;
mod tsv;
mod yaml;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;

use crate::input::Input;

/// A reader under test.
pub struct Reader {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// The real files that inputs are made of. What reading needs besides is put into the folder.
    pub samples: fn(&Path) -> Vec<Input>,
    /// What the format has a meaning for.
    pub words: &'static [&'static [u8]],
    /// The last change of an input: compression, or a checksum that holds.
    pub finish: fn(&mut Input, &mut ChaCha8Rng),
    /// Reads an input, with a folder for files. Must return, whatever the input is.
    pub read: fn(&Path, &Input),
}

/// All readers.
pub const READERS: [Reader; 11] = [
    csv::READER,
    tsv::READER,
    jsonl::READER,
    json::READER,
    parquet::READER,
    arrow::READER,
    safetensors::READER,
    pickle::READER,
    tokenizer::READER,
    yaml::READER,
    labels::READER,
];

/// Leaves the input as it is.
fn as_it_is(_: &mut Input, _: &mut ChaCha8Rng) {}

/// What was read, or nothing after the error's message was made as people see it.
fn told<T, E: Error>(result: Result<T, E>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let mut message = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                message += &format!(": {cause}");
                source = cause.source();
            }
            assert!(!message.is_empty());
            None
        }
    }
}

/// Writes an input into the folder under its own name.
fn written(folder: &Path, input: &Input) -> PathBuf {
    let path = folder.join(&input.name);
    put(&path, &input.bytes);
    path
}

/// Writes a file of the fuzzer's own. Nothing can be tested where that fails.
fn put(path: &Path, bytes: &[u8]) {
    if let Err(error) = fs::write(path, bytes) {
        panic!("cannot write {}: {error}", path.display());
    }
}

/// The files in a folder of the workspace whose names end so, sorted by name.
fn files(folder: &str, ends: &[&str]) -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let entries = fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut files: Vec<Input> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| ends.iter().any(|end| name.ends_with(end)))
        .filter_map(|name| Some(Input::new(&name, fs::read(root.join(&name)).ok()?)))
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!files.is_empty(), "{} has none of {ends:?}", root.display());
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::broken;

    /// Every reader reads its samples as they are, and a few damaged ones.
    #[test]
    fn every_reader_stands_its_samples_and_some_damage() {
        for reader in &READERS {
            let folder = tempfile::tempdir().unwrap();
            let samples = (reader.samples)(folder.path());
            for sample in &samples {
                let mut sealed = sample.clone();
                for variant in 0..64 {
                    sealed.variant = variant;
                    let found =
                        broken(sealed.bytes.len(), || (reader.read)(folder.path(), &sealed));
                    assert_eq!(found, None, "{}: {}", reader.name, sample.name);
                }
            }
            for number in 0..300 {
                let input = Input::make(reader, &samples, 1, number);
                assert_eq!(input, Input::make(reader, &samples, 1, number));
                let found = broken(input.bytes.len(), || (reader.read)(folder.path(), &input));
                assert_eq!(
                    found, None,
                    "{}: input {number}, {}",
                    reader.name, input.name
                );
            }
        }
    }
}
