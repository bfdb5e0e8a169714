//! Which files of a model's folder are used, and the digest of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use goldpan_artifact::{Digest, digest_file};
use serde::Deserialize;

use crate::error::{Error, Miss};
use crate::failure::Failure;

/// The configuration that every model needs.
pub(crate) const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];

/// Files that a model may have besides.
pub(crate) const OPTIONAL: [&str; 5] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
];

/// The weights in one file.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// The list of files that hold the weights, where there are several.
pub(crate) const SHARDS: &str = "model.safetensors.index.json";

/// Where a model may have its weights, the best first: a file, or else a list of shards. Pickles are
/// used only where there are no safetensors, and are never run.
pub(crate) const CHOICES: [(&str, &str); 2] = [
    (WEIGHTS, SHARDS),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
];

/// Digests of files by their path inside a folder, with `/` between parts.
pub(crate) type Digests = BTreeMap<String, Digest>;

/// The files in `folder` that a model uses.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>, Miss> {
    if !folder.is_dir() {
        return Err(Failure::NotThere.into());
    }
    let has = |name: &str| folder.join(name).is_file();
    let mut used: Vec<String> = REQUIRED.map(str::to_owned).to_vec();
    match CHOICES
        .iter()
        .find(|(single, list)| has(single) || has(list))
    {
        Some((single, _)) if has(single) => used.push((*single).to_owned()),
        Some((_, list)) => {
            let path = folder.join(list);
            let index = fs::read(&path).map_err(Error::read(path))?;
            used.push((*list).to_owned());
            used.extend(shards(list, &index)?);
        }
        None if has("adapter_config.json") => return Err(Failure::Adapter.into()),
        None => {
            let missing = REQUIRED.iter().filter(|name| !has(name));
            return Err(Failure::LacksWeights {
                files: missing.map(|&name| name.to_owned()).collect(),
                sought: sought(),
            }
            .into());
        }
    }
    let missing: Vec<String> = used.iter().filter(|name| !has(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(match has("adapter_config.json") {
            true => Failure::Adapter.into(),
            false => Failure::Lacks { files: missing }.into(),
        });
    }
    let optional = OPTIONAL.iter().filter(|name| has(name));
    used.extend(optional.map(|&name| name.to_owned()));
    Ok(used)
}

/// Every file that may hold or list weights, the best first.
pub(crate) fn sought() -> Vec<&'static str> {
    CHOICES.into_iter().flat_map(<[&str; 2]>::from).collect()
}

/// Digests of the files in `folder` that a model uses.
pub(crate) fn digests(folder: &Path) -> Result<Digests, Miss> {
    let mut digests = Digests::new();
    for name in files(folder)? {
        let digest = digest_file(folder.join(&name))?;
        digests.insert(name, digest);
    }
    Ok(digests)
}

/// The files that the list of shards called `list` names, each once, sorted.
pub(crate) fn shards(list: &str, index: &[u8]) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|source| Failure::BadWeightIndex {
        file: list.to_owned(),
        source,
    })?;
    let mut files: Vec<String> = index.weight_map.into_values().collect();
    files.sort();
    files.dedup();
    let plain = |file: &str| !file.starts_with('.') && !file.contains(['/', '\\', ':', '?', '#']);
    match files.iter().find(|file| file.is_empty() || !plain(file)) {
        Some(file) => Err(Failure::BadShardName {
            list: list.to_owned(),
            file: file.clone(),
        }),
        None => Ok(files),
    }
}

/// One digest of all files: blake3 over each path, a zero byte and the file's digest, by path.
pub(crate) fn digest_of(files: &Digests) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for (path, digest) in files {
        hasher.update(path.as_bytes());
        hasher.update(&[0]);
        hasher.update(digest.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(folder: &Path) -> String {
        match digests(folder) {
            Err(Miss::Failure(failure)) => failure.to_string(),
            Err(Miss::Fatal(error)) => panic!("{error}"),
            Ok(_) => panic!("the folder passes"),
        }
    }

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    #[test]
    fn the_digest_covers_used_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path, &[("config.json", "{}"), ("tokenizer.json", "{}")]);
        assert_eq!(
            failure(path),
            "the folder lacks weights, in any of model.safetensors, model.safetensors.index.json, \
             pytorch_model.bin, pytorch_model.bin.index.json"
        );
        write(path, &[(WEIGHTS, "weights"), ("README.md", "one")]);
        let Ok(first) = digests(path) else { panic!() };
        assert_eq!(first.len(), 3);
        write(path, &[("README.md", "two")]);
        assert!(digests(path).is_ok_and(|again| digest_of(&again) == digest_of(&first)));
        write(path, &[("1_Pooling/config.json", "{}")]);
        assert!(digests(path).is_ok_and(|other| digest_of(&other) != digest_of(&first)));
    }

    #[test]
    fn shards_are_used_where_there_is_no_single_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let index = r#"{"metadata": {}, "weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}}"#;
        write(
            path,
            &[
                ("config.json", "{}"),
                ("tokenizer.json", "{}"),
                (SHARDS, index),
            ],
        );
        write(path, &[("m-1.safetensors", "1")]);
        assert_eq!(failure(path), "the folder lacks m-2.safetensors");
        write(path, &[("m-2.safetensors", "2")]);
        assert!(digests(path).is_ok_and(|files| files.len() == 5));
    }

    #[test]
    fn shards_outside_the_folder_are_refused() {
        for name in ["../x", "/etc/passwd", "a/b", "", ".hidden"] {
            let index = format!(r#"{{"weight_map": {{"a": "{name}"}}}}"#);
            assert!(matches!(
                shards(SHARDS, index.as_bytes()),
                Err(Failure::BadShardName { .. })
            ));
        }
        assert!(matches!(
            shards(SHARDS, b"[]"),
            Err(Failure::BadWeightIndex { .. })
        ));
    }

    #[test]
    fn pickles_are_used_where_there_are_no_safetensors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let names = || match files(path) {
            Ok(mut names) => names.split_off(REQUIRED.len()),
            Err(_) => panic!("{}", failure(path)),
        };
        write(path, &[("config.json", "{}"), ("tokenizer.json", "{}")]);
        let list = "pytorch_model.bin.index.json";
        write(path, &[(list, r#"{"weight_map": {"a": "m-1.bin"}}"#)]);
        assert_eq!(failure(path), "the folder lacks m-1.bin");
        write(path, &[("m-1.bin", "1")]);
        assert_eq!(names(), [list, "m-1.bin"]);
        write(path, &[("pytorch_model.bin", "2")]);
        assert_eq!(names(), ["pytorch_model.bin"]);
        write(path, &[(SHARDS, r#"{"weight_map": {"a": "m-1.st"}}"#)]);
        assert_eq!(failure(path), "the folder lacks m-1.st");
        write(path, &[(WEIGHTS, "3")]);
        assert_eq!(names(), [WEIGHTS]);
    }

    #[test]
    fn an_adapter_is_told_from_a_model() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("adapter_config.json", "{}")]);
        assert!(failure(folder.path()).contains("adapter"));
        assert_eq!(failure(&folder.path().join("none")), "not there");
    }
}
