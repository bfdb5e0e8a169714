//! Which head a model's folder has, by its own words, and its class names.

use crate::error::{Error, read_json};
use crate::notice::warn_once;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The head of a model's folder, as its files describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A classifier that gives a text one of two or more classes, by their names in order.
    Classes(Vec<String>),
    /// Another head, in words.
    Other(String),
    /// None that `config.json` names. Where it has class names all the same, they are here.
    Unnamed(Option<Vec<String>>),
}

/// What the ends of architectures' names stand for.
const KINDS: [(&str, &str); 9] = [
    ("ForTokenClassification", "a head that classifies tokens"),
    ("ForQuestionAnswering", "a head that answers questions"),
    ("ForMultipleChoice", "a head that chooses between answers"),
    (
        "ForNextSentencePrediction",
        "a head that compares two sentences",
    ),
    ("ForMaskedLM", "a masked-language head"),
    ("ForPreTraining", "the heads of pretraining"),
    ("ForCausalLM", "a head that writes text"),
    ("LMHeadModel", "a head that writes text"),
    ("ForMultiLabelSequenceClassification", "a multi-label head"),
];

const CLASSIFIES: &str = "ForSequenceClassification";

impl Head {
    /// Reads what `config.json` and the files beside it say of the head.
    ///
    /// # Errors
    ///
    /// When `config.json` cannot be read, or names classes that contradict each other.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        let config: Map<String, Value> = read_json(path.clone())?;
        let given = |key: &str| config.get(key).filter(|value| !value.is_null());
        let architectures: Vec<&str> = given("architectures")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let Some(name) = architectures.iter().find(|name| !is_bare(name)) else {
            let named = given("id2label").is_some();
            let names = named.then(|| class_names(&path, &config)).transpose()?;
            return Ok(match architectures.is_empty() {
                true => Self::Unnamed(names),
                false => Self::Unnamed(None),
            });
        };
        if !name.ends_with(CLASSIFIES) {
            let kind = KINDS.iter().find(|(end, _)| name.ends_with(end));
            let kind = kind.map_or("a head that is not known here", |(_, kind)| kind);
            return Ok(Self::Other(format!("{kind} (architectures is {name})")));
        }
        if let Some(kind) = given("problem_type").and_then(Value::as_str)
            && kind != "single_label_classification"
        {
            let head = match kind {
                "multi_label_classification" => "a multi-label head",
                "regression" => "a regression head",
                _ => "a head that is not known here",
            };
            return Ok(Self::Other(format!("{head} (problem_type is {kind})")));
        }
        if is_cross_encoder(folder, &config)? {
            let words = "a cross-encoder's head, which reads pairs of texts";
            return Ok(Self::Other(words.to_owned()));
        }
        let names = class_names(&path, &config)?;
        if names.len() < 2 {
            return Ok(Self::Other(format!(
                "a regression or cross-encoder head of {} output (num_labels)",
                names.len()
            )));
        }
        Ok(Self::Classes(names))
    }

    /// The class names of a head in `folder` that is to be used as a classifier and has `outputs`.
    ///
    /// # Errors
    ///
    /// When the folder has another head, or a number of classes that is not that of the outputs.
    pub(crate) fn classes_of(folder: &Path, outputs: usize) -> Result<Vec<String>, Error> {
        let names = match Self::read(folder)? {
            Self::Classes(names) => names,
            Self::Other(head) => {
                return Err(Error::OtherHead {
                    path: folder.to_owned(),
                    head,
                });
            }
            Self::Unnamed(_) if outputs < 2 => {
                return Err(Error::OtherHead {
                    path: folder.to_owned(),
                    head: format!("a regression or cross-encoder head of {outputs} output"),
                });
            }
            Self::Unnamed(names) => {
                let names = names.unwrap_or_else(|| (0..outputs).map(default_name).collect());
                warn_once(format!(
                    "{}: architectures names no classification head, and the weights have one with \
                     {outputs} outputs: it is taken for a single-label classifier of {}",
                    folder.join("config.json").display(),
                    names.join(", "),
                ));
                names
            }
        };
        match names.len() == outputs {
            true => Ok(names),
            false => Err(Error::Contradiction {
                path: folder.join("config.json"),
                key: "num_labels (or id2label)",
                said: names.len(),
                weights: folder.to_owned(),
                tensor: "the head's last weight".to_owned(),
                found: outputs,
            }),
        }
    }
}

/// Whether an architecture is an encoder alone.
fn is_bare(name: &str) -> bool {
    name.ends_with("Model") && !name.ends_with("LMHeadModel")
}

/// Whether sentence-transformers saved the folder as a cross-encoder.
fn is_cross_encoder(folder: &Path, config: &Map<String, Value>) -> Result<bool, Error> {
    let keys = [
        "sentence_transformers",
        "sbert_ce_default_activation_function",
    ];
    if keys
        .iter()
        .any(|key| config.get(*key).is_some_and(|value| !value.is_null()))
    {
        return Ok(true);
    }
    let path = folder.join("config_sentence_transformers.json");
    if !path.is_file() {
        return Ok(false);
    }
    let settings: Map<String, Value> = read_json(path)?;
    let kind = settings.get("model_type").and_then(Value::as_str);
    Ok(kind == Some("CrossEncoder"))
}

fn default_name(class: usize) -> String {
    format!("LABEL_{class}")
}

/// The names of the classes in the order of their numbers. As in transformers, two classes where
/// nothing is said, and `LABEL_0` and so on where only their number is.
fn class_names(path: &Path, config: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let fault = |fault: String| Error::ClassNames {
        path: PathBuf::from(path),
        fault,
    };
    let given = |key: &str| config.get(key).filter(|value| !value.is_null());
    let count = match given("num_labels") {
        None => None,
        Some(value) => match value.as_u64() {
            Some(count) => Some(count as usize),
            None => return Err(fault(format!("num_labels is {value}, which is no number"))),
        },
    };
    let table = match given("id2label") {
        None => return Ok((0..count.unwrap_or(2)).map(default_name).collect()),
        Some(Value::Object(table)) => table,
        Some(_) => {
            return Err(fault(
                "id2label is no table from numbers to names".to_owned(),
            ));
        }
    };
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    for (key, value) in table {
        let Ok(number) = key.trim().parse::<usize>() else {
            return Err(fault(format!(
                "id2label has the key {key:?}, which is no number"
            )));
        };
        let name = match value {
            Value::String(name) => name.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(fault(format!("id2label gives class {number} no name"))),
        };
        if names.insert(number, name).is_some() {
            return Err(fault(format!("id2label names class {number} twice")));
        }
    }
    if let Some((place, (number, _))) = names.iter().enumerate().find(|(i, (n, _))| i != *n) {
        return Err(fault(format!(
            "id2label has {} names, and none for class {place} (the next is for {number}): classes are \
             numbered from 0 without gaps",
            names.len()
        )));
    }
    let names: Vec<String> = names.into_values().collect();
    for (second, name) in names.iter().enumerate() {
        if let Some(first) = names[..second].iter().position(|other| other == name) {
            return Err(fault(format!(
                "id2label gives classes {first} and {second} the same name, {name:?}"
            )));
        }
    }
    if let Some(count) = count.filter(|count| *count != names.len()) {
        return Err(fault(format!(
            "num_labels is {count}, and id2label has {} names",
            names.len()
        )));
    }
    if let Some(Value::Object(numbers)) = given("label2id") {
        let numbered = |name: &str| numbers.get(name).and_then(Value::as_u64);
        let wrong = names.iter().enumerate().find_map(|(class, name)| {
            let other = numbered(name)?;
            (other != class as u64).then_some((name, class, other))
        });
        if let Some((name, class, other)) = wrong {
            return Err(fault(format!(
                "id2label says that class {class} is {name:?}, and label2id that it is {other}"
            )));
        }
    }
    Ok(names)
}
