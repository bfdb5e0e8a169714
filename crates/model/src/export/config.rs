//! The `config.json` of a model that classifies.

use crate::error::{Error, read_json};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The configuration of the model in `base`, as that of a classifier in f32 with these classes. All
/// other keys stay, but those that make a cross-encoder of it.
pub fn of_classifier(base: &Path, classes: &[String]) -> Result<Map<String, Value>, Error> {
    let path = base.join("config.json");
    let mut config: Map<String, Value> = read_json(path.clone())?;
    let architecture = match config.get("model_type").and_then(Value::as_str) {
        Some("bert") => "BertForSequenceClassification",
        Some("roberta") => "RobertaForSequenceClassification",
        Some("xlm-roberta") => "XLMRobertaForSequenceClassification",
        Some("camembert") => "CamembertForSequenceClassification",
        other => {
            return Err(Error::Architecture {
                path,
                found: other.unwrap_or("missing").to_owned(),
            });
        }
    };
    let numbers = classes.iter().enumerate();
    let names: Map<String, Value> = numbers
        .clone()
        .map(|(number, class)| (number.to_string(), json!(class)))
        .collect();
    let labels: Map<String, Value> = numbers
        .map(|(number, class)| (class.clone(), json!(number)))
        .collect();
    config.insert("architectures".to_owned(), json!([architecture]));
    config.insert("id2label".to_owned(), names.into());
    config.insert("label2id".to_owned(), labels.into());
    for cross_encoder in [
        "sentence_transformers",
        "sbert_ce_default_activation_function",
    ] {
        config.remove(cross_encoder);
    }
    let where_given = [
        ("num_labels", json!(classes.len())),
        ("_num_labels", json!(classes.len())),
        ("problem_type", json!("single_label_classification")),
        ("dtype", json!("float32")),
        ("torch_dtype", json!("float32")),
    ];
    for (key, value) in where_given {
        if let Some(old) = config.get_mut(key).filter(|old| !old.is_null()) {
            *old = value;
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(config: &Value) -> Result<Map<String, Value>, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        of_classifier(folder.path(), &["no".to_owned(), "yes".to_owned()])
    }

    #[test]
    fn labels_and_type_are_replaced_and_the_rest_is_kept() {
        let config = written(&json!({
            "model_type": "xlm-roberta",
            "architectures": ["XLMRobertaForMaskedLM"],
            "id2label": {"0": "a", "1": "b", "2": "c"},
            "num_labels": 3,
            "torch_dtype": "float16",
            "problem_type": null,
            "hidden_dropout_prob": 0.1,
            "layer_norm_eps": 1e-5,
            "adapters": {"x": [1, 2.5, null]},
            "sentence_transformers": {"activation_fn": "torch.nn.Sigmoid"},
        }));
        let expected = json!({
            "model_type": "xlm-roberta",
            "architectures": ["XLMRobertaForSequenceClassification"],
            "id2label": {"0": "no", "1": "yes"},
            "label2id": {"no": 0, "yes": 1},
            "num_labels": 2,
            "torch_dtype": "float32",
            "problem_type": null,
            "hidden_dropout_prob": 0.1,
            "layer_norm_eps": 1e-5,
            "adapters": {"x": [1, 2.5, null]},
        });
        assert_eq!(Value::from(config.unwrap()), expected);
    }

    #[test]
    fn another_architecture_is_refused() {
        let error = written(&json!({"model_type": "gpt2"})).unwrap_err();
        assert!(matches!(error, Error::Architecture { found, .. } if found == "gpt2"));
    }
}
