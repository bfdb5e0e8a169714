//! Tensors that belong to a model, to its companions, or to neither.

use crate::folders::{fixtures, micro_bert};
use goldpan_model::{Classifier, DeviceChoice, Error};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// `micro-bert` with its tensors changed by `change`, each with its shape.
fn changed(change: impl FnOnce(&mut BTreeMap<String, (Vec<usize>, Vec<u8>)>)) -> TempDir {
    let folder = micro_bert(&[]);
    let bytes = fs::read(fixtures("micro-bert/model.safetensors")).unwrap();
    let whole = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = whole
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, (view.shape().to_vec(), view.data().to_vec())))
        .collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (shape, data))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data).unwrap();
        (name.as_str(), view)
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    folder
}

fn load(folder: &Path) -> Result<(), Error> {
    let device = DeviceChoice::Cpu.open().unwrap();
    Classifier::with_own_head(folder, &device).map(drop)
}

/// Adds a tensor of one value.
fn add(tensors: &mut BTreeMap<String, (Vec<usize>, Vec<u8>)>, name: &str) {
    tensors.insert(name.to_owned(), (vec![1], vec![0; 4]));
}

#[test]
fn a_deeper_model_than_the_configuration_says_is_refused() {
    let folder = changed(|_| {});
    load(folder.path()).unwrap();
    let config = folder.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    let shallow = text.replace(r#""num_hidden_layers": 2"#, r#""num_hidden_layers": 1"#);
    assert_ne!(text, shallow);
    fs::write(&config, shallow).unwrap();
    let error = load(folder.path()).unwrap_err();
    let Error::Contradiction {
        path,
        key,
        said,
        found,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(path, &config);
    assert_eq!((*key, *said, *found), ("num_hidden_layers", 1, 2));
    let message = error.to_string();
    assert!(
        message.contains("num_hidden_layers is 1") && message.contains("it is 2"),
        "{message}"
    );
}

#[test]
fn tensors_of_other_models_are_refused_by_name() {
    for name in [
        "bert.encoder.layer.2.output.dense.bias",
        "bert.encoder.layer.01.output.dense.bias",
        "bert.encoder.layer.0.output.dense.weight_v",
        "bert.encoder.layer.0.crossattention.self.query.weight",
        "bert.embeddings.word_embeddings.weight.extra",
        "bert.embeddings.relative_embeddings.weight",
        "encoder.layer.0.output.dense.bias",
        "roberta.encoder.layer.0.output.dense.bias",
        "classifiers.weight",
        "bert",
        "",
    ] {
        let folder = changed(|tensors| add(tensors, name));
        let error = load(folder.path()).unwrap_err();
        let Error::UnknownTensors { names, more: 0, .. } = &error else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(names, &[name]);
    }
}

#[test]
fn companions_of_real_models_are_left_alone() {
    let companions = [
        "pooler.dense.extra",
        "bert.pooler.dense.extra",
        "cls.predictions.bias",
        "cls.predictions.transform.LayerNorm.gamma",
        "bert.cls.seq_relationship.weight",
        "lm_head.decoder.weight",
        "qa_outputs.weight",
        "score.weight",
        "classifier.dense.weight",
        "embeddings.position_ids",
        "bert.embeddings.position_ids",
        "roberta.embeddings.token_type_ids",
    ];
    let folder = changed(|tensors| companions.iter().for_each(|name| add(tensors, name)));
    load(folder.path()).unwrap();
}

#[test]
fn a_model_without_a_prefix_is_known_too() {
    let folder = changed(|tensors| {
        let bare = |name: &str| name.strip_prefix("bert.").unwrap_or(name).to_owned();
        *tensors = std::mem::take(tensors)
            .into_iter()
            .map(|(name, tensor)| (bare(&name), tensor))
            .collect();
    });
    load(folder.path()).unwrap();
}

#[test]
fn a_missing_tensor_and_a_wrong_shape_are_named() {
    let missing = "bert.encoder.layer.1.output.dense.bias";
    let folder = changed(|tensors| drop(tensors.remove(missing)));
    let error = load(folder.path()).unwrap_err();
    assert!(matches!(&error, Error::MissingTensor { name, .. } if name == missing));
    assert!(error.to_string().contains(folder.path().to_str().unwrap()));

    let folder = changed(|tensors| add(tensors, missing));
    let error = load(folder.path()).unwrap_err();
    let Error::Shape {
        path,
        name,
        found,
        expected,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (name.as_str(), found, expected),
        (missing, vec![1], vec![8])
    );
    assert_eq!(path, folder.path().join("model.safetensors"));
}
