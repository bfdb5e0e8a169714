//! Adapters that do not fit their configuration or the base model, and heads from the base model.

use goldpan_model::{Adapter, Classifier, Device, DeviceChoice, Error, Weights};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const QUERY: &str = "base_model.model.bert.encoder.layer.0.attention.self.query";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap()
}

/// Tensors by name: shape and values.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A changed copy of tiny-bert's adapter: rank 4, query and value, with a head.
struct Changed {
    config: Value,
    tensors: Tensors,
}

impl Changed {
    fn new() -> Self {
        let folder = fixture("tiny-bert/adapter");
        let config = std::fs::read(folder.join("adapter_config.json")).unwrap();
        let weights = Weights::open_file(&folder.join("adapter_model.safetensors")).unwrap();
        let tensors = weights.names().map(|name| {
            let shape = weights.shape(name).unwrap().to_vec();
            let values = weights.values(name, &shape).unwrap();
            (name.to_owned(), (shape, values))
        });
        Self {
            config: serde_json::from_slice(&config).unwrap(),
            tensors: tensors.collect(),
        }
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    fn without(mut self, name: &str) -> Self {
        assert!(self.tensors.remove(name).is_some());
        self
    }

    fn and(mut self, name: &str, shape: &[usize]) -> Self {
        let count = shape.iter().product();
        let values = vec![0.5; count];
        self.tensors
            .insert(name.to_owned(), (shape.to_vec(), values));
        self
    }

    fn written(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, (shape, values))| {
                (
                    name,
                    shape,
                    values.iter().flat_map(|x| x.to_le_bytes()).collect(),
                )
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (
                name,
                TensorView::new(Dtype::F32, (*shape).clone(), bytes).unwrap(),
            )
        });
        let file = serialize(views, None).unwrap();
        std::fs::write(folder.path().join("adapter_model.safetensors"), file).unwrap();
        let config = self.config.to_string();
        std::fs::write(folder.path().join("adapter_config.json"), config).unwrap();
        folder
    }

    fn on(&self, base: &Path) -> Result<Adapter, Error> {
        let folder = self.written();
        let adapter = Adapter::read(folder.path(), &device())?.with_head_of(base, &device())?;
        Classifier::with_adapter(base, &adapter, &device())?;
        Ok(adapter)
    }

    /// Asserts that it is refused on tiny-bert with an error that holds all of `parts`.
    fn refused(&self, parts: &[&str]) {
        let error = match self.on(&fixture("tiny-bert")) {
            Ok(_) => panic!("the adapter is read: {parts:?}"),
            Err(error) => error.to_string(),
        };
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}

#[test]
fn the_ranks_of_tensors_agree_with_the_configuration() {
    Changed::new().on(&fixture("tiny-bert")).unwrap();
    let key = "bert.encoder.layer.0.attention.self.query.lora_A.weight";
    Changed::new()
        .with("r", json!(2))
        .refused(&[key, "[4, 32]", "[2, 32]"]);
    let pattern = json!({"layer.0.attention.self.query": 2});
    let changed = Changed::new().with("rank_pattern", pattern);
    changed.refused(&[key, "[2, 32]"]);
    let changed = changed
        .and(&format!("{QUERY}.lora_A.weight"), &[2, 32])
        .and(&format!("{QUERY}.lora_B.weight"), &[32, 2]);
    changed.on(&fixture("tiny-bert")).unwrap();
    let one = Changed::new().and(&format!("{QUERY}.lora_B.weight"), &[32, 3]);
    one.refused(&["self.query.lora_B.weight", "[32, 3]", "[32, 4]"]);
}

#[test]
fn tensors_are_those_that_the_configuration_names() {
    let name = "layer.0.attention.self.query.lora_A.weight";
    let changed = Changed::new().with("target_modules", json!(["value"]));
    changed.refused(&[name, "target_modules"]);
    let changed = Changed::new().with("layers_to_transform", json!([1]));
    changed.refused(&[name, "target_modules"]);
    let changed = Changed::new().with("target_modules", json!(["query", "key", "value"]));
    changed.refused(&["layer.0.attention.self.key.lora_A.weight"]);
    let changed = Changed::new().without(&format!("{QUERY}.lora_B.weight"));
    changed.refused(&["layer.0.attention.self.query.lora_B.weight"]);
    let far = "base_model.model.bert.encoder.layer.2.attention.self.query";
    let changed = Changed::new()
        .and(&format!("{far}.lora_A.weight"), &[4, 32])
        .and(&format!("{far}.lora_B.weight"), &[32, 4]);
    changed.refused(&["bert.encoder.layer.2.attention.self.query.lora_A.weight"]);
    let other = Changed::new().on(&fixture("tiny-roberta"));
    assert!(other.is_err(), "an adapter of BERT fits RoBERTa");
}

#[test]
fn other_tensors_are_refused_by_what_they_are() {
    let root = "base_model.model.bert";
    for (name, feature) in [
        (
            "embeddings.word_embeddings.lora_embedding_A",
            "LoRA on embeddings",
        ),
        (
            "encoder.layer.0.attention.self.query.lora_magnitude_vector",
            "DoRA",
        ),
        (
            "encoder.layer.0.attention.self.query.lora_B.bias",
            "lora_B.bias",
        ),
        (
            "embeddings.word_embeddings.weight",
            "embeddings.word_embeddings.weight",
        ),
        ("pooler.dense.bias", "pooler.dense.bias"),
        ("encoder.layer.0.attention.self.query.bias", "query.bias"),
    ] {
        let name = format!("{root}.{name}");
        let short = name.strip_prefix("base_model.model.").unwrap();
        Changed::new().and(&name, &[32]).refused(&[feature, short]);
    }
    let name = "base_model.model.classifier.lora_A.weight";
    Changed::new()
        .and(name, &[4, 32])
        .refused(&["classifier.lora_A.weight"]);
}

#[test]
fn an_adapter_without_a_head_takes_the_base_models() {
    let base = fixture("tiny-bert");
    let (weight, bias) = (
        "base_model.model.classifier.weight",
        "base_model.model.classifier.bias",
    );
    let headless = || Changed::new().without(weight).without(bias);
    headless().refused(&["classifier.bias"]);

    let adapter = headless()
        .with("modules_to_save", json!(null))
        .on(&base)
        .unwrap();
    let (_, head) = Classifier::with_own_head(&base, &device()).unwrap();
    for (name, tensor) in head.iter() {
        let taken = adapter.parameters().get(name).unwrap().clone();
        let values: Vec<f32> = taken.into_data().iter::<f32>().collect();
        let expected: Vec<f32> = tensor.clone().into_data().iter::<f32>().collect();
        assert_eq!(values, expected, "{name}");
    }
}

#[test]
fn a_pickle_is_refused() {
    let folder = Changed::new().written();
    let file = |name: &str| folder.path().join(name);
    std::fs::rename(file("adapter_model.safetensors"), file("adapter_model.bin")).unwrap();
    let error = Adapter::read(folder.path(), &device()).err().unwrap();
    assert!(error.to_string().contains("adapter_model.bin"), "{error}");
}
