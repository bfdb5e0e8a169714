//! A tokenizer's files, copied from one model's folder to another.

use super::write_json;
use crate::error::{Error, read_json};
use goldpan_artifact::atomic;
use serde_json::{Map, Value, json};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// The files that are copied as they are, where they are there.
const FILES: [&str; 7] = [
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
];
const SETTINGS: &str = "tokenizer_config.json";

/// Copies the tokenizer in `base` into `folder`. `max_length`, in tokens, becomes its limit.
pub fn copy(base: &Path, folder: &Path, max_length: Option<NonZeroUsize>) -> Result<(), Error> {
    for name in FILES {
        copy_file(base, folder, name)?;
    }
    let source = base.join(SETTINGS);
    let mut settings: Map<String, Value> = if source.is_file() {
        read_json(source)?
    } else {
        Map::new()
    };
    let mut changed = false;
    if let Some(length) = max_length {
        settings.insert("model_max_length".to_owned(), json!(length));
        changed = true;
    }
    // A folder of an adapter has no config.json to tell the class.
    if !settings.contains_key("tokenizer_class")
        && let Some(class) = class_of(base)?
    {
        settings.insert("tokenizer_class".to_owned(), json!(class));
        changed = true;
    }
    match changed {
        true => write_json(&folder.join(SETTINGS), &settings),
        false => copy_file(base, folder, SETTINGS),
    }
}

/// The class in transformers of a model's tokenizer.
fn class_of(base: &Path) -> Result<Option<&'static str>, Error> {
    let config: Map<String, Value> = read_json(base.join("config.json"))?;
    Ok(match config.get("model_type").and_then(Value::as_str) {
        Some("bert") => Some("BertTokenizer"),
        Some("roberta") => Some("RobertaTokenizer"),
        Some("xlm-roberta") => Some("XLMRobertaTokenizer"),
        Some("camembert") => Some("CamembertTokenizer"),
        _ => None,
    })
}

/// Copies a file from one folder to another, where it is there.
pub fn copy_file(base: &Path, folder: &Path, name: &str) -> Result<(), Error> {
    let path = base.join(name);
    match fs::read(&path) {
        Ok(bytes) => atomic::write_bytes(folder.join(name), &bytes).map_err(Error::Save),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_change_only_where_they_must() {
        let folder = tempfile::tempdir().unwrap();
        let (base, out) = (folder.path().join("base"), folder.path().join("out"));
        for folder in [&base, &out] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(base.join("config.json"), r#"{"model_type": "roberta"}"#).unwrap();
        fs::write(base.join("tokenizer.json"), "{}").unwrap();
        fs::write(base.join("model.safetensors"), "").unwrap();
        copy(&base, &out, None).unwrap();
        let settings = || -> Value { read_json(out.join(SETTINGS)).unwrap() };
        assert_eq!(settings(), json!({"tokenizer_class": "RobertaTokenizer"}));
        let names = fs::read_dir(&out).unwrap().count();
        assert_eq!(names, 2, "only the tokenizer is copied");

        let kept =
            r#"{"model_max_length": 1000000000000000019884624838656, "tokenizer_class": "X"}"#;
        fs::write(base.join(SETTINGS), kept).unwrap();
        copy(&base, &out, None).unwrap();
        assert_eq!(fs::read_to_string(out.join(SETTINGS)).unwrap(), kept);
        copy(&base, &out, NonZeroUsize::new(64)).unwrap();
        let expected = json!({"model_max_length": 64, "tokenizer_class": "X"});
        assert_eq!(settings(), expected);
    }
}
