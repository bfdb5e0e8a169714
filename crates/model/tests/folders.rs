//! Settings of model folders: the vectors are those that sentence-transformers gives for the same folder.
//!
//! The cases come from `python/make_folders.py`; `GOLDPAN_TABLE=FILE` writes the table of
//! `docs/model-folder.md`.

use goldpan_model::{DeviceChoice, SentenceEncoder, SentenceOptions};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How far two components may be apart.
const CLOSE: f32 = 1e-5;

#[derive(Deserialize)]
struct Fixture {
    made_with: Map<String, Value>,
    texts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    folders: Vec<String>,
    files: Map<String, Value>,
    encode: Encode,
    vectors: Vec<Vec<f32>>,
}

/// What `encode` was asked for.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encode {
    prompt: Option<String>,
    prompt_name: Option<String>,
    normalize_embeddings: Option<bool>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/folders")
}

fn fixture() -> Fixture {
    let bytes = fs::read(fixtures().join("cases.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &place),
            false => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// The folder of a case.
fn folder(folders: &[String], files: &Map<String, Value>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for layer in folders {
        copy(&fixtures().join(layer), folder.path());
    }
    for (name, content) in files {
        let path = folder.path().join(name);
        match content {
            Value::Null => fs::remove_file(path).unwrap(),
            content => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let text = match content {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                fs::write(path, text).unwrap();
            }
        }
    }
    folder
}

impl Case {
    fn folder(&self) -> TempDir {
        let folder = folder(&self.folders, &self.files);
        if self.name.contains("0_Transformer") {
            let inner = folder.path().join("0_Transformer");
            fs::create_dir(&inner).unwrap();
            for entry in fs::read_dir(folder.path()).unwrap() {
                let entry = entry.unwrap();
                if entry.path().is_file() && entry.file_name() != "modules.json" {
                    fs::rename(entry.path(), inner.join(entry.file_name())).unwrap();
                }
            }
        }
        folder
    }

    /// The largest difference between a component and sentence-transformers'.
    fn difference(&self, texts: &[String]) -> Result<f32, String> {
        let folder = self.folder();
        let options = SentenceOptions {
            prompt: self
                .encode
                .prompt
                .as_deref()
                .or(self.encode.prompt_name.as_deref()),
            normalize: self.encode.normalize_embeddings,
            max_length: None,
        };
        let device = DeviceChoice::Cpu.open().unwrap();
        let encoder = SentenceEncoder::open(folder.path(), options, &device)
            .map_err(|error| error.to_string())?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let tokens = encoder
            .tokenize(&texts)
            .map_err(|error| error.to_string())?;
        let vectors = encoder.embed(&tokens);
        let expected: Vec<f32> = self.vectors.concat();
        if vectors.len() != expected.len() {
            return Err(format!(
                "{} components, not {}",
                vectors.len(),
                expected.len()
            ));
        }
        let differences = vectors.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        Ok(differences.fold(0.0, f32::max))
    }
}

#[test]
fn every_setting_gives_the_vectors_of_sentence_transformers() {
    let Fixture {
        made_with,
        texts,
        cases,
    } = fixture();
    let versions: Vec<String> = made_with
        .iter()
        .map(|(library, version)| format!("{library} {}", version.as_str().unwrap()))
        .collect();
    let mut table = format!("Made with {}.\n\n", versions.join(", "));
    table += "| setting | largest difference |\n|---|---:|\n";
    let mut wrong = Vec::new();
    for case in &cases {
        let difference = case.difference(&texts);
        match &difference {
            Ok(difference) if *difference <= CLOSE => {
                writeln!(table, "| {} | {difference:.1e} |", case.name).unwrap();
            }
            other => wrong.push(format!("{}: {other:?}", case.name)),
        }
    }
    if let Some(path) = std::env::var_os("GOLDPAN_TABLE") {
        fs::write(path, table).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(cases.len() > 100);
}

/// The cases would pass whatever a setting does if all vectors were the same.
#[test]
fn settings_change_vectors() {
    let cases = fixture().cases;
    let vectors = |name: &str| {
        let case = cases.iter().find(|case| case.name == name);
        &case.unwrap_or_else(|| panic!("no case {name}")).vectors
    };
    let plain = vectors("no modules.json: mean of the tokens");
    for name in [
        "do_lower_case true",
        "strip_accents true",
        "tokenize_chinese_chars false",
        "model_max_length 6",
        "truncation_side left",
        "added_tokens_decoder",
        "special_tokens_map.json",
        "added_tokens.json",
        "split_special_tokens",
        "unk_token",
        "layer_norm_eps",
        "sentence_xlnet_config.json",
        "default_prompt_name",
        "pooling_mode weightedmean",
        "pooling_mode lasttoken",
        "Dense, GELU",
        "LayerNorm",
    ] {
        assert_ne!(plain, vectors(name), "{name}");
    }
    assert_ne!(
        vectors("pooling_mode mean"),
        vectors("include_prompt false, mean")
    );
    assert_ne!(
        vectors("default_prompt_name"),
        vectors("include_prompt false, mean")
    );
    assert_ne!(
        vectors("RoBERTa, white space around a text"),
        vectors("add_prefix_space true")
    );
}

#[test]
fn the_published_table_has_every_case() {
    let table = include_str!("../../../docs/model-folder.md");
    for case in fixture().cases {
        assert!(
            table.contains(&format!("| {} |", case.name)),
            "{} is not in the table",
            case.name
        );
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let refused: &[(&str, &str, &str)] = &[
        ("config.json", r#"{"hidden_act": "relu"}"#, "hidden_act"),
        (
            "config.json",
            r#"{"position_embedding_type": "relative_key"}"#,
            "position_embedding_type",
        ),
        ("config.json", r#"{"is_decoder": true}"#, "is_decoder"),
        (
            "config.json",
            r#"{"add_cross_attention": true}"#,
            "add_cross_attention",
        ),
        (
            "config.json",
            r#"{"quantization_config": {"quant_method": "bitsandbytes"}}"#,
            "quantization_config",
        ),
        (
            "config.json",
            r#"{"auto_map": {"AutoModel": "modeling.JinaBert"}}"#,
            "auto_map",
        ),
        (
            "config.json",
            r#"{"pruned_heads": {"0": [1]}}"#,
            "pruned_heads",
        ),
        ("config.json", r#"{"model_type": "mpnet"}"#, "mpnet"),
        ("config.json", r#"{"vocab_size": 99}"#, "99"),
        ("config.json", r#"{"hidden_size": 16}"#, "16"),
        (
            "config.json",
            r#"{"num_hidden_layers": 3}"#,
            "num_hidden_layers is 3",
        ),
        (
            "config.json",
            r#"{"max_position_embeddings": 512}"#,
            "max_position_embeddings is 512",
        ),
        (
            "config.json",
            r#"{"type_vocab_size": 1}"#,
            "type_vocab_size is 1",
        ),
        (
            "config.json",
            r#"{"intermediate_size": 24}"#,
            "intermediate_size is 24",
        ),
        (
            "tokenizer_config.json",
            r#"{"tokenizer_class": "BertJapaneseTokenizer"}"#,
            "BertJapaneseTokenizer",
        ),
        (
            "tokenizer_config.json",
            r#"{"tokenizer_class": "XLMRobertaTokenizer"}"#,
            "WordPiece",
        ),
        (
            "tokenizer_config.json",
            r#"{"auto_map": {"AutoTokenizer": ["a.B", null]}}"#,
            "auto_map",
        ),
        (
            "tokenizer_config.json",
            r#"{"truncation_side": "middle"}"#,
            "truncation_side",
        ),
        (
            "tokenizer_config.json",
            r#"{"do_lower_case": "yes"}"#,
            "do_lower_case",
        ),
        (
            "tokenizer_config.json",
            r#"{"model_max_length": 2}"#,
            "tokenizer_config.json",
        ),
        (
            "sentence_bert_config.json",
            r#"{"max_seq_length": 1}"#,
            "sentence_bert_config.json",
        ),
        (
            "sentence_bert_config.json",
            r#"{"max_seq_len": 10}"#,
            "max_seq_len",
        ),
        (
            "sentence_bert_config.json",
            r#"{"transformer_task": "fill-mask"}"#,
            "transformer_task",
        ),
        (
            "sentence_bert_config.json",
            r#"{"model_args": {"torch_dtype": "auto", "hidden_act": "relu"}}"#,
            "model_args",
        ),
        (
            "config_sentence_transformers.json",
            r#"{"model_type": "SparseEncoder"}"#,
            "SparseEncoder",
        ),
        (
            "config_sentence_transformers.json",
            r#"{"model_type": "CrossEncoder"}"#,
            "CrossEncoder",
        ),
        (
            "config_sentence_transformers.json",
            r#"{"default_prompt_name": "passage"}"#,
            "passage",
        ),
        (
            "config_sentence_transformers.json",
            r#"{"prompts": {"a": 1}}"#,
            "prompts",
        ),
        (
            "pool/config.json",
            r#"{"pooling_mode": "attention"}"#,
            "attention",
        ),
        ("pool/config.json", r#"{"embedding_dimension": 16}"#, "16"),
        (
            "pool/config.json",
            r#"{"pooling_mode_rest": true}"#,
            "pooling_mode_rest",
        ),
    ];
    let modules = r#"[
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "pool", "type": "sentence_transformers.models.Pooling"}
    ]"#;
    for (file, change, word) in refused {
        let mut files = Map::new();
        files.insert("modules.json".to_owned(), modules.into());
        files.insert("pool/config.json".to_owned(), "{}".into());
        let folder = folder(&["bert".to_owned()], &files);
        let path = folder.path().join(file);
        let mut values: Map<String, Value> = match path.is_file() {
            true => serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
            false => Map::new(),
        };
        let device = DeviceChoice::Cpu.open().unwrap();
        let open = || SentenceEncoder::open(folder.path(), SentenceOptions::default(), &device);
        assert!(open().is_ok(), "{:?}", open().err());
        values.extend(serde_json::from_str::<Map<String, Value>>(change).unwrap());
        fs::write(&path, Value::Object(values).to_string()).unwrap();
        match open() {
            Ok(_) => panic!("{file} with {change} is taken"),
            Err(error) => assert!(error.to_string().contains(word), "{change}: {error}"),
        }
    }
}

#[test]
fn modules_that_are_not_supported_are_refused_by_name() {
    for (kind, path) in [
        ("sentence_transformers.models.CNN", "2"),
        ("sentence_transformers.models.WeightedLayerPooling", "2"),
        ("custom_st.Pooling", "2"),
        ("sentence_transformers.models.Pooling", "pool"),
        ("sentence_transformers.models.Normalize", "../2"),
    ] {
        let modules = format!(
            r#"[{{"path": "", "type": "sentence_transformers.models.Transformer"}},
                {{"path": "pool", "type": "sentence_transformers.models.Pooling"}},
                {{"path": "{path}", "type": "{kind}"}}]"#
        );
        let files = [
            ("modules.json", modules),
            ("pool/config.json", "{}".to_owned()),
        ];
        let files = files
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        let folder = folder(&["bert".to_owned()], &files);
        let device = DeviceChoice::Cpu.open().unwrap();
        match SentenceEncoder::open(folder.path(), SentenceOptions::default(), &device) {
            Ok(_) => panic!("{kind} is taken"),
            Err(error) => assert!(
                error.to_string().contains(kind) || path.contains(".."),
                "{error}"
            ),
        }
    }
}

#[test]
fn a_prompt_that_leaves_no_room_is_refused() {
    let folder = folder(&["bert".to_owned()], &Map::new());
    let device = DeviceChoice::Cpu.open().unwrap();
    let options = SentenceOptions {
        prompt: Some("the film was good and the film was bad and the film was good and so on: "),
        max_length: std::num::NonZeroUsize::new(8),
        ..SentenceOptions::default()
    };
    let error = SentenceEncoder::open(folder.path(), options, &device)
        .err()
        .unwrap();
    assert!(error.to_string().contains("8"), "{error}");
}
