//! Equality with transformers, PEFT and sentence-transformers.
//!
//! The fixtures come from the script that made the project's golden values and from
//! `python/make_full_gradients.py`. The device is that of the environment variable
//! `GOLDPAN_TEST_DEVICE` (default: cpu). Each comparison prints a row of the table that
//! `cargo xtask parity` shows.

use burn::tensor::{Gradients, Int, Tensor, TensorData, activation::log_softmax};
use goldpan_artifact::Silent;
use goldpan_model::Weights;
use goldpan_model::{Adapter, Batch, Classifier, Device, DeviceChoice, Encoder, EncoderConfig};
use goldpan_model::{
    Head, HeadSource, Parameters, Precision, SentenceEncoder, SentenceOptions, Start,
    TextTokenizer, Tokens, Tuning,
};
use goldpan_sources::Places;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Of several shapes: hidden size, heads, layers, classes.
const MODELS: [&str; 4] = [
    "tiny-bert",
    "tiny-roberta",
    "tiny-bert-5-classes",
    "tiny-roberta-3-classes",
];

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

/// Compares with the largest expected value as the measure: errors of small components count as
/// much as those of large ones.
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: number of values");
    let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
    let worst = got
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
        / largest;
    println!("| {what} | {tolerance:.0e} | {worst:.1e} |");
    assert!(worst <= tolerance, "{what}: off by {worst}");
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

fn check_forward(model: &str) {
    let folder = fixtures(model);
    let expected_path = folder.join("expected_forward.safetensors");
    let (config, tokens) = token_ids(&folder, &expected_path, 64);
    let expected = Weights::open_file(&expected_path).unwrap();
    let mask = integers(&expected_path, "attention_mask");
    let device = device();

    let weights = Weights::open(&folder).unwrap();
    let encoder = Encoder::load(&weights, config.clone(), &device).unwrap();
    let pack = |tokens: &[Tokens]| Batch::new(tokens, &config);
    let embedded = encoder.embed(&pack(&tokens));
    let at = |name: &str| packed(&floats(&expected, name), &mask, config.hidden);
    assert_close(
        &format!("{model}: embedding output"),
        &values(embedded.states),
        &at("embedding_output"),
        1e-5,
    );
    let last = encoder.forward(&pack(&tokens)).states;
    assert_close(
        &format!("{model}: last hidden state"),
        &values(last),
        &at("last_hidden_state"),
        1e-5,
    );

    let (classifier, head) = Classifier::with_own_head(&folder, &device).unwrap();
    let logits = |tokens: &[Tokens]| values(classifier.logits(Start::Tokens(pack(tokens)), &head));
    let together = logits(&tokens);
    let expected = floats(&expected, "logits");
    assert_close(&format!("{model}: logits"), &together, &expected, 1e-5);

    let alone: Vec<f32> = tokens.chunks(1).flat_map(logits).collect();
    let what = format!("{model}: logits of each text alone");
    assert_close(&what, &alone, &together, 1e-6);
}

/// The mean cross-entropy over the batch of a fixture.
fn mean_loss(logits: Tensor<2>, folder: &Path, device: &Device) -> Tensor<1> {
    let labels = integers(&folder.join("expected_forward.safetensors"), "labels").concat();
    let count = labels.len();
    let labels = TensorData::new(labels, [count, 1]);
    let labels = Tensor::<2, Int>::from_data(labels, device.tensors());
    log_softmax(logits, 1).gather(1, labels).mean().neg()
}

/// The worst of all gradients, each relative to its own largest component.
fn check_gradients(
    what: &str,
    parameters: &Parameters,
    gradients: &Gradients,
    expected: &Weights,
    their_name: impl Fn(&str) -> String,
) {
    let (mut got, mut wanted) = (Vec::new(), Vec::new());
    for (name, parameter) in parameters.iter() {
        let expected = floats(expected, &format!("grad.{}", their_name(name)));
        let gradient = parameter.grad(gradients);
        let gradient = values(gradient.unwrap_or_else(|| panic!("{name} has no gradient")));
        assert_eq!(gradient.len(), expected.len(), "{name}");
        let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
        got.extend(gradient.iter().map(|x| x / largest));
        wanted.extend(expected.iter().map(|x| x / largest));
    }
    assert_close(what, &got, &wanted, 1e-4);
}

fn check_adapter(model: &str) {
    let folder = fixtures(model);
    let expected_path = folder.join("expected_forward.safetensors");
    let (config, tokens) = token_ids(&folder, &expected_path, 64);
    let expected = Weights::open_file(&folder.join("expected_lora.safetensors")).unwrap();
    let device = device();

    let adapter = Adapter::read(&folder.join("adapter"), &device).unwrap();
    let classifier = Classifier::with_adapter(&folder, &adapter, &device).unwrap();
    let batch = Batch::new(&tokens, &config);
    let parameters = adapter.parameters().tracked();
    let logits = classifier.logits(Start::Tokens(batch), &parameters);
    assert_close(
        &format!("{model} and adapter: logits"),
        &values(logits.clone()),
        &floats(&expected, "logits"),
        1e-5,
    );
    let loss = mean_loss(logits, &folder, &device);
    assert_close(
        &format!("{model} and adapter: loss"),
        &[loss.clone().into_scalar::<f32>()],
        &floats(&expected, "loss"),
        1e-5,
    );
    let their_name = |name: &str| {
        name.replace("lora_A.weight", "lora_A.default.weight")
            .replace("lora_B.weight", "lora_B.default.weight")
            .replace("classifier.", "classifier.modules_to_save.default.")
    };
    let what = format!("{model} and adapter: gradients of LoRA and head");
    check_gradients(&what, &parameters, &loss.backward(), &expected, their_name);
}

/// Full fine-tuning: nothing is frozen.
fn check_full(model: &str) {
    let folder = fixtures(model);
    let expected_path = folder.join("expected_forward.safetensors");
    let (config, tokens) = token_ids(&folder, &expected_path, 64);
    let expected = Weights::open_file(&folder.join("expected_full.safetensors")).unwrap();
    let device = device();

    let Head::Classes(classes) = Head::read(&folder).unwrap() else {
        panic!("{model} is no classifier");
    };
    let (classifier, parameters, source) =
        Classifier::to_train(&folder, &classes, &Tuning::Full, 0, &device).unwrap();
    assert_eq!(source, HeadSource::Base);
    let parameters = parameters.tracked();
    let batch = Batch::new(&tokens, &config);
    let logits = classifier.logits(Start::Tokens(batch), &parameters);
    let loss = mean_loss(logits, &folder, &device);
    assert_close(
        &format!("{model}, everything trained: loss"),
        &[loss.clone().into_scalar::<f32>()],
        &floats(&expected, "loss"),
        1e-5,
    );
    let what = format!("{model}, everything trained: gradients of all tensors");
    check_gradients(
        &what,
        &parameters,
        &loss.backward(),
        &expected,
        str::to_owned,
    );
}

#[test]
fn models_equal_transformers() {
    for model in MODELS {
        check_forward(model);
    }
}

#[test]
fn adapted_models_equal_peft() {
    for model in MODELS {
        check_adapter(model);
    }
}

#[test]
fn full_fine_tuning_equals_transformers() {
    for model in ["tiny-bert", "tiny-roberta"] {
        check_full(model);
    }
}

#[test]
fn sentence_embeddings_equal_sentence_transformers() {
    let name = "sentence-transformers/all-MiniLM-L6-v2";
    let model = goldpan_sources::model(name, &Places::from_env().unwrap(), &Silent).unwrap();
    let folder = fixtures("minilm");
    let expected = Weights::open_file(&folder.join("expected_embeddings.safetensors")).unwrap();
    let encoder =
        SentenceEncoder::open(&model.path, SentenceOptions::default(), &device()).unwrap();
    let texts = texts(&folder);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens = encoder.tokenize(&texts).unwrap();
    let ids = integers(&folder.join("expected_embeddings.safetensors"), "input_ids");
    for (got, expected) in tokens.iter().zip(&ids) {
        assert!(expected.starts_with(&got.iter().map(|&id| i64::from(id)).collect::<Vec<_>>()));
    }
    assert_close(
        "all-MiniLM-L6-v2: embeddings",
        &encoder.embed(&tokens),
        &floats(&expected, "embeddings"),
        1e-5,
    );
}

#[test]
fn bf16_embeddings_have_the_same_directions() {
    let name = "sentence-transformers/all-MiniLM-L6-v2";
    let model = goldpan_sources::model(name, &Places::from_env().unwrap(), &Silent).unwrap();
    let folder = fixtures("minilm");
    let expected = Weights::open_file(&folder.join("expected_embeddings.safetensors")).unwrap();
    let device = device().with_precision(Precision::Bf16);
    let encoder = SentenceEncoder::open(&model.path, SentenceOptions::default(), &device).unwrap();
    let texts = texts(&folder);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let got = encoder.embed(&encoder.tokenize(&texts).unwrap());
    let expected = floats(&expected, "embeddings");
    assert_ne!(got, expected);
    let width = encoder.dimension();
    for (got, expected) in got.chunks_exact(width).zip(expected.chunks_exact(width)) {
        let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let cosine =
            product(got, expected) / (product(got, got) * product(expected, expected)).sqrt();
        assert!(cosine >= 0.9999, "{cosine}");
    }
}
