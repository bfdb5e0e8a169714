//! Exported models give the logits of the adapters that they were made of.

use goldpan_artifact::{Digest, Silent};
use goldpan_model::write_full_model;
use goldpan_model::{
    BaseModel, Device, DeviceChoice, Error, ModelCard, NamedTensor, PrefixCache, TuningKind,
};
use goldpan_model::{TextClassifier, Tokens, Weights, export_adapter, export_merged};
use serde_json::{Value, json};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn texts() -> Vec<String> {
    let case = json_of(&fixture("tiny-bert/case.json"));
    let texts = case["texts"].as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// The logits of the case's texts, and the names of the classes.
fn logits(base: &Path, adapter: Option<&Path>) -> (Vec<f32>, Vec<String>) {
    let model = TextClassifier::open(base, adapter, None, &device()).unwrap();
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens = model.tokenize(&texts).unwrap();
    let tokens: Vec<&Tokens> = tokens.iter().collect();
    let logits = model.logits(&tokens, &PrefixCache::new(0));
    (logits, model.classes().to_vec())
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

/// A copy of a fixture's adapter with a card: other class names, texts cut at 16 tokens.
fn trained(name: &str, folder: &Path) -> PathBuf {
    let adapter = folder.join("adapter");
    fs::create_dir(&adapter).unwrap();
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        let source = fixture(name).join("adapter").join(file);
        fs::copy(source, adapter.join(file)).unwrap();
    }
    let base = BaseModel {
        name: name.to_owned(),
        digest: Digest::of(name),
    };
    let classes = vec!["bad".to_owned(), "good".to_owned()];
    let card = ModelCard::new(classes, base, NonZeroUsize::new(16), TuningKind::Lora);
    card.write(&adapter).unwrap();
    adapter
}

fn check(name: &str, architecture: &str) {
    let folder = tempfile::tempdir().unwrap();
    let base = fixture(name);
    let adapter = trained(name, folder.path());
    let out = folder.path().join("merged");
    let classes = export_merged(&base, &adapter, &out, &Silent).unwrap();
    assert_eq!(classes, ["bad", "good"]);

    let (expected, _) = logits(&base, Some(&adapter));
    let (got, classes) = logits(&out, None);
    assert_eq!(classes, ["bad", "good"]);
    let difference = worst(&got, &expected);
    println!("{name}: merged off by {difference:.1e}");
    assert!(difference <= 1e-5, "merged off by {difference}");
    let (of_base, _) = logits(&base, None);
    assert!(
        worst(&of_base, &expected) > 1e-2,
        "the adapter does nothing"
    );

    let config = json_of(&out.join("config.json"));
    assert_eq!(config["architectures"], json!([architecture]));
    assert_eq!(config["id2label"], json!({"0": "bad", "1": "good"}));
    let kept = json_of(&base.join("config.json"));
    for (key, value) in kept.as_object().unwrap() {
        assert_eq!(&config[key], value, "{key}");
    }
    let settings = json_of(&out.join("tokenizer_config.json"));
    assert_eq!(settings["model_max_length"], json!(16));

    let again = folder.path().join("again");
    export_merged(&base, &adapter, &again, &Silent).unwrap();
    let bytes = |folder: &Path| fs::read(folder.join("model.safetensors")).unwrap();
    assert!(bytes(&again) == bytes(&out), "two exports differ");
    let taken = export_merged(&base, &adapter, &out, &Silent);
    assert!(matches!(taken, Err(Error::OutputExists { .. })));

    let shared = folder.path().join("shared");
    export_adapter(&base, &adapter, &shared).unwrap();
    assert!(shared.join("tokenizer.json").is_file());
    assert_eq!(logits(&base, Some(&shared)).0, expected);
}

#[test]
fn a_merged_bert_gives_the_adapters_logits() {
    check("tiny-bert", "BertForSequenceClassification");
}

#[test]
fn a_merged_roberta_gives_the_adapters_logits() {
    check("tiny-roberta", "RobertaForSequenceClassification");
}

/// Sentence encoders are saved without the family's prefix and without a head.
#[test]
fn a_base_model_without_a_head_can_be_merged() {
    let folder = tempfile::tempdir().unwrap();
    let (source, bare) = (fixture("tiny-bert"), folder.path().join("bare"));
    fs::create_dir(&bare).unwrap();
    let weights = Weights::open(&source).unwrap();
    let tensors = weights.names().filter_map(|name| {
        let short = name.strip_prefix("bert.")?;
        let shape = weights.shape(name)?.to_vec();
        let values = weights.values(name, &shape);
        Some(values.map(|values| NamedTensor {
            name: short.to_owned(),
            shape,
            values,
        }))
    });
    write_full_model(&bare, &source, tensors, &[], None).unwrap();
    fs::copy(source.join("config.json"), bare.join("config.json")).unwrap();
    assert!(TextClassifier::open(&bare, None, None, &device()).is_err());

    let adapter = source.join("adapter");
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    export_merged(&source, &adapter, &whole, &Silent).unwrap();
    export_merged(&bare, &adapter, &out, &Silent).unwrap();
    let bytes = |folder: &Path| fs::read(folder.join("model.safetensors")).unwrap();
    assert!(bytes(&out) == bytes(&whole));
}

#[test]
fn what_does_not_fit_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let adapter = fixture("tiny-roberta/adapter");
    let base = fixture("tiny-bert");
    assert!(export_merged(&base, &adapter, &out, &Silent).is_err());
    assert!(export_adapter(&base, &adapter, &out).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
