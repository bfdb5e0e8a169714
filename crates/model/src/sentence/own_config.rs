//! `sentence_bert_config.json`, by all the names that it was ever given.

use crate::error::Error;
use crate::json_file::JsonFile;
use crate::notice::warn_once;
use crate::tokenizer::OwnSettings;
use serde_json::Value;
use std::path::Path;

/// The names, in the order in which sentence-transformers looks for them.
const NAMES: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

/// The keys that are read.
const READ: &[&str] = &[
    "config_args",
    "config_kwargs",
    "do_lower_case",
    "max_seq_length",
    "modality_config",
    "model_args",
    "model_kwargs",
    "module_output_name",
    "processing_kwargs",
    "processor_kwargs",
    "tokenizer_args",
    "tokenizer_name_or_path",
    "transformer_task",
];

/// The keys without effect: how work is laid out, and lengths for queries and documents that `encode`
/// is not asked for.
const WITHOUT_EFFECT: &[&str] = &[
    "document_length",
    "query_expansion",
    "query_length",
    "unpad_inputs",
];

/// Options of loading that change where and how a model is computed, and not what.
const OF_LOADING: [&str; 9] = [
    "attn_implementation",
    "cache_dir",
    "device_map",
    "local_files_only",
    "low_cpu_mem_usage",
    "revision",
    "token",
    "trust_remote_code",
    "use_safetensors",
];

/// Reads the file that sentence-transformers would take in the transformer's folder.
pub(super) fn read(folder: &Path) -> Result<OwnSettings, Error> {
    let mut taken: Option<JsonFile> = None;
    for path in NAMES.map(|name| folder.join(name)) {
        if !path.is_file() {
            continue;
        }
        let file = JsonFile::read(path)?;
        match &taken {
            None if file.values.is_empty() => {}
            None => taken = Some(file),
            Some(first) if first.values != file.values => warn_once(format!(
                "{} is not used: {} comes first, as in sentence-transformers",
                file.path.display(),
                first.path.display()
            )),
            Some(_) => {}
        }
    }
    match taken {
        Some(file) => settings(&file),
        None => Ok(OwnSettings::default()),
    }
}

fn settings(file: &JsonFile) -> Result<OwnSettings, Error> {
    file.check_keys(|key| READ.contains(&key) || WITHOUT_EFFECT.contains(&key))?;
    let mut own = OwnSettings::default();
    if let Some(value) = file.given("max_seq_length") {
        let length = value.as_u64().filter(|length| *length > 0);
        let length = length
            .ok_or_else(|| file.unsupported("max_seq_length", value, "a number of tokens there"))?;
        own.length = Some((length as usize, file.path.clone()));
    }
    own.lowercase = file.flag("do_lower_case", own.lowercase)?;
    if let Some(value) = file
        .given("transformer_task")
        .filter(|task| *task != "feature-extraction")
    {
        return Err(file.unsupported("transformer_task", value, "the task feature-extraction"));
    }
    if let Some(value) = file
        .given("module_output_name")
        .filter(|name| *name != "token_embeddings")
    {
        return Err(file.unsupported("module_output_name", value, "token_embeddings there"));
    }
    if let Some(value) = file.given("tokenizer_name_or_path") {
        return Err(file.unsupported(
            "tokenizer_name_or_path",
            value,
            "its tokenizer in its folder",
        ));
    }
    if let Some(value) = file.given("modality_config") {
        let text = value.get("text");
        let usual = text.is_none_or(|text| {
            let named = |key: &str, name: &str| text.get(key).is_none_or(|value| value == name);
            named("method", "forward") && named("method_output_name", "last_hidden_state")
        });
        if text.is_none() || !usual {
            let supported = "texts that go forward to the last hidden state";
            return Err(file.unsupported("modality_config", value, supported));
        }
    }
    let filled = |value: &Value| match value {
        Value::Object(table) => table
            .iter()
            .any(|(key, value)| !OF_LOADING.contains(&key.as_str()) && !value.is_null()),
        _ => true,
    };
    for key in [
        "processing_kwargs",
        "model_args",
        "model_kwargs",
        "config_args",
        "config_kwargs",
    ] {
        if let Some(value) = file.given(key).filter(|value| filled(value)) {
            return Err(file.unsupported(
                key,
                value,
                "nothing there: save the model with it applied",
            ));
        }
    }
    for key in ["tokenizer_args", "processor_kwargs"] {
        match file.given(key) {
            None => {}
            Some(Value::Object(table)) => own.values.extend(
                table
                    .iter()
                    .filter(|(key, _)| !OF_LOADING.contains(&key.as_str()))
                    .map(|(key, value)| (key.clone(), value.clone())),
            ),
            Some(other) => return Err(file.unsupported(key, other, "a table there")),
        }
    }
    if own.values.contains_key("model_max_length") {
        // What is given to the tokenizer itself wins.
        own.length = None;
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(READ.iter().chain(WITHOUT_EFFECT).chain(&NAMES));
    }
}
