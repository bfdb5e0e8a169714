//! A probe as sentence-transformers loads it.
//!
//! No head of transformers centres vectors and scales them to length 1. Modules of sentence-transformers do: a
//! `Dense` that takes the mean away, `Normalize`, and a `Dense` with the classes' weights. What `encode` gives
//! then are the logits.

use super::merge::adapted;
use super::{write_json, write_tensors};
use crate::adapter::Adapter;
use crate::card::ModelCard;
use crate::config::EncoderConfig;
use crate::device::DeviceChoice;
use crate::error::{Error, read_json};
use crate::export::NamedTensor;
use crate::output_folder::write_folder;
use crate::probe::Probe;
use crate::sentence::transformer_of;
use crate::tuning::TuningKind;
use crate::weights::Weights;
use goldpan_artifact::atomic;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

const MODULES: &str = "modules.json";
/// Where the names of the classes stand, in the order of the logits.
const CLASSES: &str = "classes.json";

/// Writes the probe in `folder` and the sentence encoder `base` that its vectors are of to `out`, as one model of
/// sentence-transformers whose vectors are the logits. Returns the names of the classes.
///
/// # Errors
///
/// When either cannot be read, the vectors were made otherwise than the base model's folder says, or `out` holds
/// something; then nothing is at `out`.
pub fn export_probe(base: &Path, folder: &Path, out: &Path) -> Result<Vec<String>, Error> {
    let card = ModelCard::read(folder)?;
    let probe = Probe::of_classes(folder, &card.classes)?;
    let encoding = card.encoding.unwrap_or_default();
    let refused = |what| Error::ProbeExport {
        path: folder.to_owned(),
        what,
    };
    if encoding.prompt.is_some() {
        return Err(refused("a prompt of its own"));
    }
    if encoding.normalize.is_some() {
        return Err(refused("lengths of its own (normalize)"));
    }
    let settings = base.join("config_sentence_transformers.json");
    if settings.is_file() {
        let settings: Map<String, Value> = read_json(settings)?;
        if settings
            .get("truncate_dim")
            .is_some_and(|value| !value.is_null())
        {
            return Err(refused("fewer components than it has (truncate_dim)"));
        }
    }
    if probe.voters().is_some() {
        return Err(refused(
            "texts that vote, which sentence-transformers has no module for (train with --tune probe for one)",
        ));
    }
    write_folder(out, |out| {
        copy(base, out)?;
        if card.tuning == TuningKind::Adapted {
            merge(base, folder, out)?;
        }
        let mut modules = modules(out, probe.dimension())?;
        if let Some(length) = encoding.max_length {
            let place = modules[0].get("path").and_then(Value::as_str);
            let path = out
                .join(place.unwrap_or_default())
                .join("sentence_bert_config.json");
            let mut settings: Map<String, Value> = match path.is_file() {
                true => read_json(path.clone())?,
                false => Map::new(),
            };
            settings.insert("max_seq_length".to_owned(), json!(length));
            write_json(&path, &settings)?;
        }
        let dimension = probe.dimension();
        let unit = |index: usize| f32::from(u8::from(index / dimension == index % dimension));
        let unit = (0..dimension * dimension).map(unit).collect();
        let mean = probe.mean().iter().map(|value| -value).collect();
        let (weights, bias) = (probe.weights().to_vec(), probe.bias().to_vec());
        add(out, &mut modules, "Dense", Some((unit, mean)))?;
        add(out, &mut modules, "Normalize", None)?;
        add(out, &mut modules, "Dense", Some((weights, bias)))?;
        write_list(&out.join(MODULES), &modules)?;
        write_list(&out.join(CLASSES), &card.classes)
    })?;
    Ok(card.classes)
}

/// Puts the encoder that a folder's adapters make of a base model's in the place of its weights.
fn merge(base: &Path, folder: &Path, out: &Path) -> Result<(), Error> {
    let transformer = transformer_of(base)?;
    let config = EncoderConfig::read(&transformer)?;
    let adapter = Adapter::read(folder, &DeviceChoice::Cpu.open()?)?;
    adapter.check_fits_encoder(&config)?;
    let weights = Weights::open(&transformer)?;
    let tensors = adapted(&weights, &config, &adapter)?;
    let place = transformer.strip_prefix(base).unwrap_or(Path::new(""));
    let out = out.join(place);
    for entry in fs::read_dir(&out).map_err(saved(&out))? {
        let path = entry.map_err(saved(&out))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let weights = [".safetensors", ".safetensors.index.json", ".bin"];
        if path.is_file() && weights.iter().any(|end| name.ends_with(end)) {
            fs::remove_file(&path).map_err(saved(&path))?;
        }
    }
    write_tensors(&out, &tensors)
}

/// Copies what a sentence encoder's folder has for torch: settings, tokenizer, weights.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let read = |source| Error::Read {
        path: from.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(from).map_err(read)? {
        names.push(entry.map_err(read)?.file_name());
    }
    names.sort();
    let is = |name: &std::ffi::OsString, end: &str| {
        Path::new(name).extension().is_some_and(|it| it == end)
    };
    let safe = names.iter().any(|name| is(name, "safetensors"));
    for name in &names {
        let path = from.join(name);
        let hidden = name.to_string_lossy().starts_with('.');
        // What Goldpan notes of where a folder came from is no part of the model.
        if hidden || name == "source.json" {
            continue;
        }
        if path.is_dir() {
            if path.join("config.json").is_file() {
                fs::create_dir_all(to.join(name)).map_err(saved(&to.join(name)))?;
                copy(&path, &to.join(name))?;
            }
            continue;
        }
        let pickled = name == "pytorch_model.bin" && !safe;
        let wanted = ["json", "txt", "model", "safetensors"];
        if pickled || wanted.iter().any(|end| is(name, end)) {
            fs::copy(&path, to.join(name)).map_err(saved(&to.join(name)))?;
        }
    }
    Ok(())
}

/// The folder's modules; those of a plain model are what sentence-transformers makes of it.
fn modules(folder: &Path, dimension: usize) -> Result<Vec<Map<String, Value>>, Error> {
    let path = folder.join(MODULES);
    if path.is_file() {
        return read_json(path);
    }
    let pooling = folder.join("1_Pooling");
    fs::create_dir_all(&pooling).map_err(saved(&pooling))?;
    let settings = json!({
        "word_embedding_dimension": dimension,
        "pooling_mode_cls_token": false,
        "pooling_mode_mean_tokens": true,
    });
    write_object(&pooling.join("config.json"), settings)?;
    let module = |index: usize, path: &str, kind: &str| {
        entry(index, path, &format!("sentence_transformers.models.{kind}"))
    };
    Ok(vec![
        module(0, "", "Transformer"),
        module(1, "1_Pooling", "Pooling"),
    ])
}

fn entry(index: usize, path: &str, kind: &str) -> Map<String, Value> {
    let fields = [
        ("idx", json!(index)),
        ("name", json!(index.to_string())),
        ("path", json!(path)),
        ("type", json!(kind)),
    ];
    fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// Adds a module, with weights `[outputs, inputs]` and biases where it has some.
fn add(
    folder: &Path,
    modules: &mut Vec<Map<String, Value>>,
    kind: &str,
    layer: Option<(Vec<f32>, Vec<f32>)>,
) -> Result<(), Error> {
    let place = format!("{}_{kind}", modules.len());
    let path = folder.join(&place);
    fs::create_dir_all(&path).map_err(saved(&path))?;
    modules.push(entry(
        modules.len(),
        &place,
        &format!("sentence_transformers.models.{kind}"),
    ));
    let Some((weight, bias)) = layer else {
        return Ok(());
    };
    let (inputs, outputs) = (weight.len() / bias.len(), bias.len());
    let settings = json!({
        "in_features": inputs,
        "out_features": outputs,
        "bias": true,
        "activation_function": "torch.nn.modules.linear.Identity",
    });
    write_object(&path.join("config.json"), settings)?;
    let tensor = |name: &str, shape: Vec<usize>, values| NamedTensor {
        name: format!("linear.{name}"),
        shape,
        values,
    };
    let tensors = [
        tensor("weight", vec![outputs, inputs], weight),
        tensor("bias", vec![outputs], bias),
    ];
    write_tensors(&path, &tensors)
}

fn write_object(path: &Path, value: Value) -> Result<(), Error> {
    match value {
        Value::Object(object) => write_json(path, &object),
        _ => Ok(()),
    }
}

fn write_list(path: &Path, list: &impl serde::Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(list).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })?;
    text.push(b'\n');
    atomic::write_bytes(path, &text).map_err(Error::Save)
}

fn saved(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Save(goldpan_artifact::Error::Write { path, source })
}
