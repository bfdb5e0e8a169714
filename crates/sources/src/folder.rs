//! Which files of a model's folder are used, and the digest of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use goldpan_artifact::{Digest, digest_file};
use serde::Deserialize;

use crate::error::{Error, Miss};
use crate::failure::Failure;

/// The configuration that every model needs, and its tokenizer, which some have as [`VOCABULARIES`].
pub(crate) const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];

/// The files that tokenizers without a `tokenizer.json` have: one of these sets.
pub(crate) const VOCABULARIES: [&[&str]; 2] = [&["vocab.txt"], &["vocab.json", "merges.txt"]];

/// Files that a model may have besides, where its configuration is.
pub(crate) const OPTIONAL: [&str; 10] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

/// The list of a sentence encoder's modules.
pub(crate) const MODULES: &str = "modules.json";

/// Files of a sentence encoder as a whole.
pub(crate) const OF_SENTENCES: [&str; 2] = [MODULES, "config_sentence_transformers.json"];

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

/// Where the parts of a model are in its folder, by its list of modules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What goes before the names of the encoder's own files: nothing, or a folder and `/`.
    pub encoder: String,
    /// The folders of other modules.
    pub modules: Vec<String>,
}

impl Layout {
    /// Reads the list. One that cannot be read is an error of those who use the model.
    pub fn of(modules: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Module {
            path: String,
            #[serde(rename = "type")]
            kind: String,
        }
        let Ok(modules) = serde_json::from_slice::<Vec<Module>>(modules) else {
            return Self::default();
        };
        let mut layout = Self::default();
        for Module { path, kind } in modules {
            let plain = |part: &str| {
                !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '?', '#'])
            };
            if !path.split('/').all(plain) {
                continue;
            }
            match kind.rsplit('.').next() {
                Some("Transformer") => layout.encoder = format!("{path}/"),
                _ => layout.modules.push(path),
            }
        }
        layout
    }

    fn read(folder: &Path) -> Self {
        fs::read(folder.join(MODULES)).map_or_else(|_| Self::default(), |list| Self::of(&list))
    }
}

/// The files in `folder` that a model uses.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>, Miss> {
    if !folder.is_dir() {
        return Err(Failure::NotThere.into());
    }
    let has = |name: &str| folder.join(name).is_file();
    let layout = Layout::read(folder);
    let own = |name: &str| format!("{}{name}", layout.encoder);
    let sets = VOCABULARIES.iter();
    let vocabulary = match has(&own(REQUIRED[1])) {
        true => None,
        false => sets
            .copied()
            .find(|set| set.iter().all(|name| has(&own(name)))),
    };
    let mut used = vec![own(REQUIRED[0])];
    match vocabulary {
        Some(set) => used.extend(set.iter().map(|name| own(name))),
        None => used.push(own(REQUIRED[1])),
    }
    match weights(folder, &layout.encoder)? {
        Some(weights) => used.extend(weights),
        None if has("adapter_config.json") => return Err(Failure::Adapter.into()),
        None => {
            let missing = used.iter().filter(|name| !has(name));
            return Err(Failure::LacksWeights {
                files: missing.cloned().collect(),
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
    let optional = OPTIONAL.map(own).into_iter();
    let of_sentences = OF_SENTENCES.map(str::to_owned);
    used.extend(optional.chain(of_sentences).filter(|name| has(name)));
    for module in &layout.modules {
        let config = format!("{module}/config.json");
        used.extend(Some(config).filter(|name| has(name)));
        used.extend(weights(folder, &format!("{module}/"))?.unwrap_or_default());
    }
    Ok(used)
}

/// The files of the weights whose names begin with `before`, where there are any.
fn weights(folder: &Path, before: &str) -> Result<Option<Vec<String>>, Miss> {
    let own = |name: &str| format!("{before}{name}");
    let has = |name: &str| folder.join(own(name)).is_file();
    let Some((single, list)) = CHOICES
        .iter()
        .find(|(single, list)| has(single) || has(list))
    else {
        return Ok(None);
    };
    if has(single) {
        return Ok(Some(vec![own(single)]));
    }
    let path = folder.join(own(list));
    let index = fs::read(&path).map_err(Error::read(path))?;
    let shards = shards(list, &index)?;
    let names = std::iter::once(own(list)).chain(shards.iter().map(|shard| own(shard)));
    Ok(Some(names.collect()))
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
        write(path, &[("special_tokens_map.json", "{}")]);
        assert!(digests(path).is_ok_and(|other| digest_of(&other) != digest_of(&first)));
    }

    #[test]
    fn every_file_that_changes_vectors_is_in_the_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(
            path,
            &[
                ("config.json", "{}"),
                ("tokenizer.json", "{}"),
                (WEIGHTS, "1"),
            ],
        );
        let modules = r#"[
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"path": "2_Dense", "type": "sentence_transformers.models.Dense"},
            {"path": "../outside", "type": "sentence_transformers.models.Dense"}
        ]"#;
        write(path, &[(MODULES, modules)]);
        let mut names = vec![
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
        ];
        names.extend(OPTIONAL);
        names.push("config_sentence_transformers.json");
        let Ok(mut before) = digests(path) else {
            panic!()
        };
        for name in names {
            write(path, &[(name, "{}")]);
            let Ok(after) = digests(path) else {
                panic!("{}", failure(path))
            };
            assert_ne!(digest_of(&before), digest_of(&after), "{name}");
            before = after;
        }
    }

    #[test]
    fn an_old_folder_and_a_bare_vocabulary_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path, &[("config.json", "{}"), (WEIGHTS, "1")]);
        assert_eq!(failure(path), "the folder lacks tokenizer.json");
        write(path, &[("vocab.json", "{}")]);
        assert_eq!(failure(path), "the folder lacks tokenizer.json");
        write(path, &[("merges.txt", "")]);
        assert!(digests(path).is_ok_and(|files| files.contains_key("merges.txt")));
        write(path, &[("vocab.txt", "")]);
        assert!(digests(path).is_ok_and(|files| files.contains_key("vocab.txt")));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let modules =
            r#"[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]"#;
        let own = |name: &str| format!("0_Transformer/{name}");
        write(
            path,
            &[
                (MODULES, modules),
                (&own("config.json"), "{}"),
                (&own(WEIGHTS), "1"),
            ],
        );
        assert_eq!(
            failure(path),
            "the folder lacks 0_Transformer/tokenizer.json"
        );
        write(path, &[(&own("tokenizer.json"), "{}")]);
        assert!(digests(path).is_ok_and(|files| files.len() == 4));
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
