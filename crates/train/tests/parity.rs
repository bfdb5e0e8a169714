//! Ten steps of AdamW equal PEFT's under PyTorch, by the train stage itself.
//!
//! The fixtures are those of the model crate. The device is that of the environment variable
//! `GOLDPAN_TEST_DEVICE` (default: cpu). Each comparison prints a row of the table that
//! `cargo xtask parity` shows.

use goldpan_artifact::{Digest, History, Labelled, Producer, Silent, Texts, TextsWriter};
use goldpan_model::{Adapter, BaseModel, DeviceChoice, LoraConfig, ModelCard, PrefixCache};
use goldpan_model::{Tuning, TuningKind, Weights};
use goldpan_train::{Inputs, TrainConfig, ValidationMetric, WeightDecay, train};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

const STEPS: usize = 10;

#[derive(serde::Deserialize)]
struct Case {
    texts: Vec<String>,
}

fn floats(weights: &Weights, name: &str) -> Vec<f32> {
    let shape = weights.shape(name).unwrap().to_vec();
    weights.values(name, &shape).unwrap()
}

fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: number of values");
    let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
    let differences = got.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max) / largest;
    println!("| {what} | {tolerance:.0e} | {worst:.1e} |");
    assert!(worst <= tolerance, "{what}: off by {worst}");
}

/// The texts of a fixture, the label of each its number modulo the number of classes.
fn write_texts(path: &Path, texts: &[String], classes: &[String]) {
    let mut writer = TextsWriter::create(path, classes, Producer::new("test", 1)).unwrap();
    for (index, text) in texts.iter().enumerate() {
        let label = (index % classes.len()) as i32;
        writer.push(index as u64, text, Some(label), None).unwrap();
    }
    writer.finish().unwrap();
}

fn check(model: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures");
    let base = fixtures.join(model);
    let expected = Weights::open_file(&base.join("expected_training.safetensors")).unwrap();
    let case: Case = serde_json::from_slice(&fs::read(base.join("case.json")).unwrap()).unwrap();
    let device = match std::env::var("GOLDPAN_TEST_DEVICE") {
        Ok(name) => name.parse().expect("GOLDPAN_TEST_DEVICE names a device"),
        Err(_) => DeviceChoice::Cpu,
    };
    let device = device.open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    // The adapter that PEFT saved is the model of an earlier round.
    let previous = path("previous");
    fs::create_dir(&previous).unwrap();
    for name in ["adapter_model.safetensors", "adapter_config.json"] {
        fs::copy(base.join("adapter").join(name), previous.join(name)).unwrap();
    }
    let adapter = Adapter::read(&previous, &device).unwrap();
    let family = goldpan_model::EncoderConfig::read(&base).unwrap().family;
    let classes = adapter.classes(family).unwrap();
    let classes: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
    let base_model = BaseModel {
        name: model.to_owned(),
        digest: Digest::of(model),
    };
    let card = ModelCard::new(classes.clone(), base_model.clone(), None, TuningKind::Lora);
    card.write(&previous).unwrap();

    write_texts(&path("texts.arrow"), &case.texts, &classes);
    let texts = Texts::open(path("texts.arrow")).unwrap();
    let config = TrainConfig {
        epochs: NonZeroUsize::new(STEPS).unwrap(),
        batch_size: NonZeroUsize::new(texts.len()).unwrap(),
        learning_rate: 1e-2,
        warmup_ratio: 0.2,
        weight_decay: WeightDecay::of_all(0.1),
        validation_metric: ValidationMetric::Loss,
        max_length: NonZeroUsize::new(64),
        tuning: Tuning::Lora(LoraConfig {
            rank: 4,
            ..TrainConfig::default_lora()
        }),
        ..TrainConfig::published()
    };
    let inputs = Inputs {
        texts: &texts,
        labelled: &Labelled {
            ids: texts.ids().collect(),
            labels: None,
        },
        validation: &texts,
        base: &base,
        base_model: &base_model,
        previous: Some(&previous),
    };
    let (cache, out) = (PrefixCache::new(1 << 20), path("out"));
    let checkpoints = path("checkpoints");
    let summary = train(
        &config,
        &inputs,
        &cache,
        &device,
        &out,
        &checkpoints,
        &Silent,
    )
    .unwrap();
    assert_eq!(summary.epoch, STEPS, "the last epoch is the best, and kept");

    let history = History::open(out.join("history.arrow")).unwrap();
    let steps = (0..history.len()).map(|row| history.row(row));
    let steps: Vec<_> = steps.filter(|row| row.learning_rate.is_some()).collect();
    let losses: Vec<f32> = steps.iter().map(|row| row.loss.unwrap()).collect();
    let rates: Vec<f32> = steps.iter().map(|row| row.learning_rate.unwrap()).collect();
    let named = |what: &str| format!("{model}, ten steps: {what}");
    assert_close(
        &named("learning rates"),
        &rates,
        &floats(&expected, "lrs"),
        1e-6,
    );
    assert_close(
        &named("loss of each step"),
        &losses,
        &floats(&expected, "losses"),
        1e-4,
    );

    let trained = Adapter::read(&out, &device).unwrap();
    let (mut got, mut wanted) = (Vec::new(), Vec::new());
    for (name, tensor) in trained.parameters().iter() {
        let name = name
            .replace("lora_A.weight", "lora_A.default.weight")
            .replace("lora_B.weight", "lora_B.default.weight")
            .replace("classifier.", "classifier.modules_to_save.default.");
        let expected = floats(&expected, &format!("param.{name}"));
        let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
        let values = tensor.clone().into_data();
        got.extend(values.iter::<f32>().map(|x| x / largest));
        wanted.extend(expected.iter().map(|x| x / largest));
    }
    assert_close(&named("trained tensors"), &got, &wanted, 1e-3);

    let classifier = goldpan_model::TextClassifier::open(&base, Some(&out), None, &device).unwrap();
    let texts: Vec<&str> = case.texts.iter().map(String::as_str).collect();
    let tokens = classifier.tokenize(&texts).unwrap();
    let logits = classifier.logits(&tokens.iter().collect::<Vec<_>>(), &cache);
    assert_close(
        &named("final logits"),
        &logits,
        &floats(&expected, "final_logits"),
        1e-3,
    );
}

#[test]
fn ten_steps_equal_peft() {
    for model in [
        "tiny-bert",
        "tiny-roberta",
        "tiny-bert-5-classes",
        "tiny-roberta-3-classes",
    ] {
        check(model);
    }
}
