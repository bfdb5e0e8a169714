//! Equality with transformers, PEFT and sentence-transformers.
//!
//! The fixtures come from `shared/golden/make_golden.py`. The device is that of the environment
//! variable `GOLDPAN_TEST_DEVICE` (default: cpu).

use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax};
use goldpan_artifact::Silent;
use goldpan_model::{Adapter, Batch, Classifier, Device, DeviceChoice, Encoder, EncoderConfig};
use goldpan_model::{SentenceEncoder, TextTokenizer, Tokens, Weights};
use goldpan_sources::Places;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

fn device() -> Device {
    let choice: DeviceChoice = match std::env::var("GOLDPAN_TEST_DEVICE") {
        Ok(name) => name.parse().expect("GOLDPAN_TEST_DEVICE names a device"),
        Err(_) => DeviceChoice::Cpu,
    };
    choice.open().expect("the test device opens")
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[derive(serde::Deserialize)]
struct Case {
    texts: Vec<String>,
}

fn texts(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("case.json")).unwrap();
    serde_json::from_str::<Case>(&text).unwrap().texts
}

/// The integers of an i64 tensor, `[rows, columns]`.
fn integers(path: &Path, name: &str) -> Vec<Vec<i64>> {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    let values: Vec<i64> = tensor
        .data()
        .chunks_exact(8)
        .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let columns = tensor.shape().get(1).copied().unwrap_or(1);
    values.chunks_exact(columns).map(<[i64]>::to_vec).collect()
}

fn floats(weights: &Weights, name: &str) -> Vec<f32> {
    let shape = weights.shape(name).unwrap().to_vec();
    weights.values(name, &shape).unwrap()
}

fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: number of values");
    let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
    let worst = got
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    println!("{what}: off by {:.1e} of {largest:.1e}", worst);
    assert!(
        worst <= tolerance * largest,
        "{what}: off by {worst}, largest value {largest}"
    );
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

/// The rows of the tokens that are not padding, from a padded `[texts, longest, width]` tensor.
fn packed(padded: &[f32], mask: &[Vec<i64>], width: usize) -> Vec<f32> {
    let longest = mask[0].len();
    let mut rows = Vec::new();
    for (text, mask) in mask.iter().enumerate() {
        for position in (0..longest).filter(|&position| mask[position] == 1) {
            let start = (text * longest + position) * width;
            rows.extend_from_slice(&padded[start..start + width]);
        }
    }
    rows
}

fn token_ids(folder: &Path, expected: &Path, max_length: usize) -> (EncoderConfig, Vec<Tokens>) {
    let config = EncoderConfig::read(folder).unwrap();
    let limit = NonZeroUsize::new(max_length);
    let tokenizer = TextTokenizer::open(folder, &config, limit).unwrap();
    let texts = texts(folder);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens = tokenizer.encode(&texts).unwrap();
    let ids = integers(expected, "input_ids");
    let mask = integers(expected, "attention_mask");
    for ((got, ids), mask) in tokens.iter().zip(&ids).zip(&mask) {
        let length = mask.iter().sum::<i64>() as usize;
        let ids: Vec<u32> = ids[..length].iter().map(|&id| id as u32).collect();
        assert_eq!(got, &ids);
    }
    (config, tokens)
}

fn check_forward(family: &str) {
    let folder = fixtures(family);
    let expected_path = folder.join("expected_forward.safetensors");
    let (config, tokens) = token_ids(&folder, &expected_path, 64);
    let expected = Weights::open_file(&expected_path).unwrap();
    let mask = integers(&expected_path, "attention_mask");
    let device = device();

    let encoder = Encoder::load(
        &Weights::open(&folder).unwrap(),
        config.clone(),
        device.tensors(),
    )
    .unwrap();
    let batch = Batch::new(&tokens, &config, device.tensors());
    let embedded = encoder.embed(&batch);
    let at = |name: &str| packed(&floats(&expected, name), &mask, config.hidden);
    assert_close(
        "embedding output",
        &values(embedded.states),
        &at("embedding_output"),
        1e-5,
    );
    let last = encoder.forward(&batch).states;
    assert_close(
        "last hidden state",
        &values(last),
        &at("last_hidden_state"),
        1e-5,
    );

    let (classifier, head) = Classifier::with_own_head(&folder, &device).unwrap();
    let logits = values(classifier.logits(&batch, &head));
    assert_close("logits", &logits, &floats(&expected, "logits"), 1e-5);

    let alone: Vec<f32> = tokens
        .iter()
        .flat_map(|tokens| {
            let batch = Batch::new([tokens], &config, device.tensors());
            values(classifier.logits(&batch, &head))
        })
        .collect();
    assert_close("logits of each text alone", &alone, &logits, 1e-6);
}

fn check_adapter(family: &str) {
    let folder = fixtures(family);
    let expected_path = folder.join("expected_forward.safetensors");
    let (config, tokens) = token_ids(&folder, &expected_path, 64);
    let labels: Vec<i64> = integers(&expected_path, "labels").concat();
    let expected = Weights::open_file(&folder.join("expected_lora.safetensors")).unwrap();
    let device = device();

    let adapter = Adapter::read(&folder.join("adapter"), &device).unwrap();
    let classifier = Classifier::with_adapter(&folder, &adapter, &device).unwrap();
    let batch = Batch::new(&tokens, &config, device.tensors());
    let parameters = adapter.parameters().tracked();
    let logits = classifier.logits(&batch, &parameters);
    assert_close(
        "logits",
        &values(logits.clone()),
        &floats(&expected, "logits"),
        1e-5,
    );

    let count = labels.len();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), device.tensors());
    let chosen = log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1));
    let loss = chosen.mean().neg();
    assert_close(
        "loss",
        &[loss.clone().into_scalar::<f32>()],
        &floats(&expected, "loss"),
        1e-5,
    );
    let gradients = loss.backward();
    for (name, parameter) in parameters.iter() {
        let key = name
            .replace("lora_A.weight", "lora_A.default.weight")
            .replace("lora_B.weight", "lora_B.default.weight")
            .replace("classifier.", "classifier.modules_to_save.default.");
        let got = parameter
            .grad(&gradients)
            .expect("every parameter takes part");
        assert_close(
            name,
            &values(got),
            &floats(&expected, &format!("grad.{key}")),
            1e-4,
        );
    }
}

#[test]
fn bert_equals_transformers() {
    check_forward("tiny-bert");
}

#[test]
fn roberta_equals_transformers() {
    check_forward("tiny-roberta");
}

#[test]
fn adapted_bert_equals_peft() {
    check_adapter("tiny-bert");
}

#[test]
fn adapted_roberta_equals_peft() {
    check_adapter("tiny-roberta");
}

#[test]
fn sentence_embeddings_equal_sentence_transformers() {
    let name = "sentence-transformers/all-MiniLM-L6-v2";
    let model = goldpan_sources::model(name, &Places::from_env().unwrap(), &Silent).unwrap();
    let folder = fixtures("minilm");
    let expected = Weights::open_file(&folder.join("expected_embeddings.safetensors")).unwrap();
    let encoder = SentenceEncoder::open(&model.path, None, None, &device()).unwrap();
    let texts = texts(&folder);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens = encoder.tokenize(&texts).unwrap();
    let ids = integers(&folder.join("expected_embeddings.safetensors"), "input_ids");
    for (got, expected) in tokens.iter().zip(&ids) {
        assert!(expected.starts_with(&got.iter().map(|&id| i64::from(id)).collect::<Vec<_>>()));
    }
    assert_close(
        "embeddings",
        &encoder.embed(&tokens),
        &floats(&expected, "embeddings"),
        1e-5,
    );
}
