//! Which heads are used, and by which class names.

use goldpan_model::{
    Classifier, DeviceChoice, Error, Head, HeadSource, NewHead, TextClassifier, Tuning,
};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A fixture's model with some keys of its config.json replaced; null removes one.
fn model(name: &str, change: Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        fs::copy(fixture(name).join(file), folder.path().join(file)).unwrap();
    }
    let path = folder.path().join("config.json");
    let mut config: Map<String, Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (key, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(config.remove(key)),
            value => drop(config.insert(key.clone(), value.clone())),
        }
    }
    fs::write(&path, Value::Object(config).to_string()).unwrap();
    folder
}

fn open(folder: &Path) -> Result<Vec<String>, Error> {
    let device = DeviceChoice::Cpu.open().unwrap();
    TextClassifier::open(folder, None, None, &device).map(|model| model.classes().to_vec())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_classifier_of_single_labels_is_taken() {
    let folder = model(
        "tiny-bert",
        json!({"id2label": {"0": "no", "1": "yes"}, "label2id": null}),
    );
    assert_eq!(open(folder.path()).unwrap(), ["no", "yes"]);
    let numbers = model(
        "tiny-bert",
        json!({"id2label": {"0": 0, "1": 1}, "label2id": null}),
    );
    assert_eq!(open(numbers.path()).unwrap(), ["0", "1"]);
    let unnamed = model("tiny-bert", json!({"id2label": null, "label2id": null}));
    assert_eq!(open(unnamed.path()).unwrap(), ["LABEL_0", "LABEL_1"]);
}

#[test]
fn every_other_head_is_refused_by_name() {
    for (change, word) in [
        (
            json!({"problem_type": "multi_label_classification"}),
            "multi-label",
        ),
        (json!({"problem_type": "regression"}), "regression"),
        (
            json!({"architectures": ["BertForTokenClassification"]}),
            "BertForTokenClassification",
        ),
        (
            json!({"architectures": ["BertForMultipleChoice"]}),
            "BertForMultipleChoice",
        ),
        (
            json!({"architectures": ["BertForQuestionAnswering"]}),
            "BertForQuestionAnswering",
        ),
        (
            json!({"architectures": ["BertForNextSentencePrediction"]}),
            "BertForNextSentencePrediction",
        ),
        (
            json!({"architectures": ["BertForMaskedLM"]}),
            "BertForMaskedLM",
        ),
        (
            json!({"architectures": ["BertLMHeadModel"]}),
            "BertLMHeadModel",
        ),
        (
            json!({"architectures": ["BertForSomethingElse"]}),
            "BertForSomethingElse",
        ),
        (
            json!({"sentence_transformers": {"activation_fn": "torch.nn.Sigmoid"}}),
            "cross-encoder",
        ),
        (
            json!({"sbert_ce_default_activation_function": "torch.nn.Identity"}),
            "cross-encoder",
        ),
        (
            json!({"id2label": {"0": "score"}, "label2id": null}),
            "1 output",
        ),
    ] {
        for base in ["tiny-bert", "tiny-roberta"] {
            let folder = model(base, change.clone());
            let error = open(folder.path()).unwrap_err();
            assert!(
                matches!(error, Error::OtherHead { .. }),
                "{change}: {error}"
            );
            assert!(error.to_string().contains(word), "{change}: {error}");
        }
    }
    let folder = model("tiny-bert", json!({}));
    let settings = r#"{"model_type": "CrossEncoder"}"#;
    fs::write(
        folder.path().join("config_sentence_transformers.json"),
        settings,
    )
    .unwrap();
    assert!(
        open(folder.path())
            .unwrap_err()
            .to_string()
            .contains("cross-encoder")
    );
}

#[test]
fn class_names_that_contradict_each_other_are_errors() {
    for (change, word) in [
        (
            json!({"id2label": {"0": "a", "1": "a"}, "label2id": null}),
            "same name",
        ),
        (
            json!({"id2label": {"0": "a", "2": "b"}, "label2id": null}),
            "none for class 1",
        ),
        (
            json!({"id2label": {"1": "a", "2": "b"}, "label2id": null}),
            "none for class 0",
        ),
        (
            json!({"id2label": {"zero": "a", "1": "b"}, "label2id": null}),
            "zero",
        ),
        (
            json!({"id2label": ["a", "b"], "label2id": null}),
            "no table",
        ),
        (
            json!({"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}}),
            "label2id",
        ),
        (
            json!({"id2label": {"0": "a", "1": "b"}, "label2id": null, "num_labels": 3}),
            "num_labels is 3",
        ),
    ] {
        let folder = model("tiny-bert", change.clone());
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(error, Error::ClassNames { .. }),
            "{change}: {error}"
        );
        assert!(error.to_string().contains(word), "{change}: {error}");
    }
}

#[test]
fn a_head_of_another_width_is_an_error_with_both_numbers() {
    let three = json!({"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": null});
    for base in ["tiny-bert", "tiny-roberta"] {
        let folder = model(base, three.clone());
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Contradiction {
                    said: 3,
                    found: 2,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_head_without_architectures_is_taken_with_its_names() {
    let folder = model(
        "tiny-bert",
        json!({"architectures": null, "id2label": {"0": "a", "1": "b"}, "label2id": null}),
    );
    assert_eq!(open(folder.path()).unwrap(), ["a", "b"]);
}

#[test]
fn folders_that_are_no_models_are_told_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("adapter_config.json"), "{}").unwrap();
    assert!(matches!(
        open(folder.path()).unwrap_err(),
        Error::AdapterAlone { .. }
    ));

    let folder = model("tiny-bert", json!({"architectures": ["BertModel"]}));
    let bytes = fs::read(folder.path().join("model.safetensors")).unwrap();
    let whole = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let rest = whole
        .tensors()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("classifier"));
    let bytes = safetensors::serialize(rest.collect::<Vec<_>>(), None).unwrap();
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    assert!(matches!(
        open(folder.path()).unwrap_err(),
        Error::NoHead { .. }
    ));
    fs::write(folder.path().join("model_head.pkl"), "").unwrap();
    assert!(matches!(
        open(folder.path()).unwrap_err(),
        Error::PickledHead { .. }
    ));
}

#[test]
fn tensors_behind_another_prefix_are_refused_by_it() {
    let folder = model("tiny-bert", json!({}));
    let bytes = fs::read(folder.path().join("model.safetensors")).unwrap();
    let whole = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = whole
        .tensors()
        .into_iter()
        .map(|(name, view)| (format!("module.{name}"), view));
    let bytes = safetensors::serialize(tensors.collect::<Vec<_>>(), None).unwrap();
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    let device = DeviceChoice::Cpu.open().unwrap();
    let error = goldpan_model::SentenceEncoder::open(
        folder.path(),
        goldpan_model::SentenceOptions::default(),
        &device,
    );
    let error = error.err().unwrap().to_string();
    assert!(error.contains("module.bert."), "{error}");
}

/// What a training of these classes starts from: where the head is from, and its rows.
fn start(folder: &Path, classes: &[&str]) -> (HeadSource, Vec<Vec<f32>>) {
    let device = DeviceChoice::Cpu.open().unwrap();
    let (_, parameters, source) =
        Classifier::to_train(folder, &names(classes), &Tuning::Head, 7, &device).unwrap();
    let name = ["classifier.weight", "classifier.out_proj.weight"]
        .into_iter()
        .find(|name| parameters.get(name).is_some())
        .unwrap();
    let bias = parameters
        .get(&name.replace("weight", "bias"))
        .unwrap()
        .clone();
    let bias: Vec<f32> = bias.into_data().iter::<f32>().collect();
    let weight = parameters.get(name).unwrap().clone();
    let width = weight.dims()[1];
    let weight: Vec<f32> = weight.into_data().iter::<f32>().collect();
    let rows = weight.chunks_exact(width).zip(bias);
    let rows = rows.map(|(row, bias)| row.iter().copied().chain([bias]).collect());
    (source, rows.collect())
}

#[test]
fn a_training_starts_from_the_base_head_by_class_names() {
    for base in ["tiny-bert", "tiny-roberta"] {
        let folder = model(
            base,
            json!({"id2label": {"0": "pos", "1": "neg"}, "label2id": null}),
        );
        let (source, same) = start(folder.path(), &["pos", "neg"]);
        assert_eq!(source, HeadSource::Base);
        let (source, swapped) = start(folder.path(), &["neg", "pos"]);
        assert_eq!(source, HeadSource::Base);
        assert_ne!(same[0], same[1]);
        assert_eq!([&same[0], &same[1]], [&swapped[1], &swapped[0]]);
    }
}

#[test]
fn a_training_starts_anew_where_class_names_differ() {
    let folder = model(
        "tiny-bert",
        json!({"id2label": {"0": "pos", "1": "neg"}, "label2id": null}),
    );
    let (_, own) = start(folder.path(), &["pos", "neg"]);
    for classes in [
        &["ham", "spam"][..],
        &["pos", "neg", "neutral"],
        &["Pos", "Neg"],
    ] {
        let (source, rows) = start(folder.path(), classes);
        let other = NewHead::OtherClasses(names(&["pos", "neg"]));
        assert_eq!(source, HeadSource::New(other));
        assert_eq!(rows.len(), classes.len());
        assert!(rows.iter().all(|row| !own.contains(row)));
    }
    let folder = model(
        "tiny-bert",
        json!({"problem_type": "multi_label_classification",
        "id2label": {"0": "pos", "1": "neg"}, "label2id": null}),
    );
    let (source, _) = start(folder.path(), &["pos", "neg"]);
    assert!(
        matches!(source, HeadSource::New(NewHead::OtherHead(head)) if head.contains("multi-label"))
    );
}

#[test]
fn a_folder_says_which_head_it_has() {
    let folder = model("tiny-bert", json!({"architectures": ["BertModel"]}));
    assert_eq!(Head::read(folder.path()).unwrap(), Head::Unnamed(None));
}
