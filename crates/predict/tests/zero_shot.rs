//! Zero-shot predictions: an ordinary table, classes in the order given, and what is refused.

use goldpan_artifact::{Predictions, Producer, Silent, Texts, TextsWriter};
use goldpan_model::{ClassTexts, Device, DeviceChoice, SentenceEncoder, SentenceOptions};
use goldpan_predict::{Error, Model, ZeroShotConfig, zero_shot};
use std::fs;
use std::path::{Path, PathBuf};

const TEXTS: [&str; 4] = ["great fun", "so dull", "great", "just a film about love"];

fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap()
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../model/tests/fixtures")
        .join(name)
}

/// A table of [`TEXTS`] with ids from 10.
fn texts(folder: &Path, classes: &[&str]) -> Texts {
    let path = folder.join("texts.arrow");
    let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
    let mut writer = TextsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
    for (id, text) in (10..).zip(TEXTS) {
        writer.push(id, text, None, None).unwrap();
    }
    writer.finish().unwrap();
    Texts::open(path).unwrap()
}

fn config(classes: &[(&str, &[&str])], prompt: Option<&str>) -> ZeroShotConfig {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    ZeroShotConfig {
        classes: classes
            .iter()
            .map(|(name, texts)| ClassTexts {
                name: (*name).to_owned(),
                texts: owned(texts),
            })
            .collect(),
        prompt: prompt.map(|prompt| prompt.parse().unwrap()),
        temperature: ZeroShotConfig::usual_temperature(prompt.is_some()),
        max_length: None,
    }
}

fn predictions(config: &ZeroShotConfig, model: &Path) -> Vec<Vec<f32>> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("predictions.arrow");
    let texts = texts(folder.path(), &[]);
    let summary = zero_shot(config, &texts, of(model), &device(), &out, &Silent).unwrap();
    assert_eq!(summary.rows, 4);
    let table = Predictions::open(&out).unwrap();
    let names: Vec<&str> = config.classes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(table.classes(), names);
    assert_eq!(summary.classes, names);
    assert_eq!(table.ids().collect::<Vec<_>>(), [10, 11, 12, 13]);
    for row in 0..4 {
        let sum: f32 = table.probabilities(row).iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
    (0..4).map(|row| table.logits(row).to_vec()).collect()
}

/// A base model that was asked nothing before.
fn of(folder: &Path) -> Model<'_> {
    Model {
        name: "stand-in",
        known: &[],
        base: folder,
        adapter: None,
    }
}

#[test]
fn similarity_is_the_cosine_to_the_mean_description() {
    let model = fixtures("tiny-bert");
    let (bad, good) = (["so dull", "a bad film"], ["great"]);
    let classes: [(&str, &[&str]); 2] = [("bad", &bad), ("good", &good)];
    let mut config = config(&classes, None);
    let logits = predictions(&config, &model);

    let options = SentenceOptions {
        normalize: Some(true),
        ..SentenceOptions::default()
    };
    let encoder = SentenceEncoder::open(&model, options, &device()).unwrap();
    let vectors = |texts: &[&str]| -> Vec<Vec<f32>> {
        let tokens = encoder.tokenize(texts).unwrap();
        let vectors = encoder.embed(&tokens);
        let rows = vectors.chunks_exact(encoder.dimension());
        rows.map(<[f32]>::to_vec).collect()
    };
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let of_bad = vectors(&bad);
    let mean: Vec<f32> = of_bad[0]
        .iter()
        .zip(&of_bad[1])
        .map(|(a, b)| a + b)
        .collect();
    let length = dot(&mean, &mean).sqrt();
    for (text, logits) in vectors(&TEXTS).iter().zip(&logits) {
        let expected = [
            dot(text, &mean) / length / 0.05,
            dot(text, &vectors(&good)[0]) / 0.05,
        ];
        for (got, expected) in logits.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-3, "{got} and {expected}");
        }
    }
    assert!(
        (logits[2][1] - 20.0).abs() < 1e-3,
        "the text is the description"
    );

    config.temperature = 0.1;
    let halved = predictions(&config, &model).concat();
    assert!(
        logits
            .concat()
            .iter()
            .zip(halved)
            .all(|(a, b)| (a - 2.0 * b).abs() < 1e-4)
    );
}

#[test]
fn classes_keep_the_order_in_which_they_are_given() {
    let model = fixtures("tiny-bert");
    let (bad, good): (&[&str], &[&str]) = (&["dull"], &["great"]);
    let one = predictions(&config(&[("bad", bad), ("good", good)], None), &model);
    let other = predictions(&config(&[("good", good), ("bad", bad)], None), &model);
    for (one, other) in one.iter().zip(&other) {
        assert_eq!([one[1], one[0]], other[..]);
    }
}

#[test]
fn a_prompt_needs_a_head_and_fills_its_gap() {
    let classes: [(&str, &[&str]); 2] = [("good", &["great", "good"]), ("other", &["just"])];
    let config = config(&classes, Some("{text} It was {mask}."));
    let folder = tempfile::tempdir().unwrap();
    let roberta = fixtures("tiny-roberta");
    for file in [
        "tokenizer.json",
        "tokenizer_config.json",
        "mlm/config.json",
        "mlm/model.safetensors",
    ] {
        let name = Path::new(file).file_name().unwrap();
        fs::copy(roberta.join(file), folder.path().join(name)).unwrap();
    }
    let logits = predictions(&config, folder.path());
    assert_eq!(predictions(&config, folder.path()), logits, "a second time");
    assert_ne!(logits[0], logits[1]);

    let out = folder.path().join("predictions.arrow");
    let texts = texts(folder.path(), &[]);
    let error = zero_shot(&config, &texts, of(&roberta), &device(), &out, &Silent).unwrap_err();
    assert!(matches!(
        error,
        Error::Model(goldpan_model::Error::NoMaskedHead { .. })
    ));
    assert!(!out.exists());
}

#[test]
fn what_makes_no_sense_is_refused_before_the_model_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("model");
    let out = folder.path().join("predictions.arrow");
    let told = |config: &ZeroShotConfig, classes: &[&str]| {
        let texts = texts(folder.path(), classes);
        let error = zero_shot(config, &texts, of(&nowhere), &device(), &out, &Silent);
        error.unwrap_err().to_string()
    };
    let good: (&str, &[&str]) = ("good", &["great"]);
    let bad: (&str, &[&str]) = ("bad", &["dull"]);
    assert!(told(&config(&[good], None), &[]).starts_with("1 classes are too few"));
    assert!(told(&config(&[good, bad, good], None), &[]).contains("`good` is there twice"));
    let blank = config(&[good, ("bad", &["dull", " "])], None);
    assert!(told(&blank, &[]).contains("the class `bad` has no text, or an empty one"));
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
        let mut config = config(&[good, bad], None);
        config.temperature = temperature;
        assert!(
            told(&config, &[]).contains("is not a number from"),
            "{temperature}"
        );
    }
    let message = told(&config(&[good, bad], None), &["bad", "god"]);
    assert!(
        message.ends_with(
            "has a class `god`, which is not given (given are good, bad): name the classes as the \
             texts do"
        ),
        "{message}"
    );
    let fine = told(&config(&[good, bad], None), &["bad"]);
    assert_eq!(fine, "the model cannot classify these texts");
}
