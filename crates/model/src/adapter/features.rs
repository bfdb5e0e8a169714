//! What of PEFT is refused, by name: an option that changes the numbers is never passed over.

use crate::error::Error;
use serde_json::{Map, Value};
use std::path::Path;

/// Keys that are read, or that change nothing about a trained adapter.
const KNOWN: [&str; 27] = [
    "alpha_pattern",
    "auto_mapping",
    "base_model_name_or_path",
    "bias",
    "corda_config",
    "eva_config",
    "exclude_modules",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "loftq_config",
    "lora_alpha",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "modules_to_save",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "rank_pattern",
    "revision",
    "runtime_config",
    "target_modules",
    "task_type",
    "use_rslora",
];

/// The names of what a key turns on. A key that is not here is named by itself.
const NAMES: [(&str, &str); 15] = [
    ("alora_invocation_tokens", "activated LoRA (aLoRA)"),
    ("arrow_config", "Arrow routing"),
    ("fan_in_fan_out", "a transposed weight"),
    ("kasa_config", "KaSA"),
    ("layer_replication", "replication of layers"),
    ("lora_bias", "a bias in LoRA's matrices"),
    ("megatron_config", "Megatron's parallel layers"),
    ("monteclora_config", "MonteCLoRA"),
    ("target_parameters", "LoRA on bare parameters"),
    ("trainable_token_indices", "training of single tokens"),
    ("use_bdlora", "BD-LoRA"),
    ("use_dora", "DoRA"),
    ("use_qalora", "QALoRA"),
    ("velora_config", "VeLoRA"),
    ("ensure_weight_tying", "tied adapters"),
];

/// Refuses a configuration that asks for more than LoRA on linear layers and a head, or that has a
/// key which this version does not know and which is not empty.
pub(super) fn check(path: &Path, config: &Map<String, Value>) -> Result<(), Error> {
    let refuse = |feature: String| {
        Err(Error::AdapterFeature {
            path: path.to_owned(),
            feature,
        })
    };
    let text = |key: &str| config.get(key).filter(|value| !value.is_null());
    if let Some(kind) = text("peft_type").filter(|kind| *kind != "LORA") {
        return refuse(format!("peft_type {kind}"));
    }
    if let Some(task) = text("task_type").filter(|task| *task != "SEQ_CLS") {
        return refuse(format!("task_type {task}"));
    }
    if let Some(bias) = text("bias").filter(|bias| *bias != "none") {
        return refuse(format!("bias {bias}"));
    }
    let used = config.iter().filter(|(_, value)| !is_empty(value));
    let unknown: Vec<String> = used
        .filter(|(key, _)| !KNOWN.contains(&key.as_str()))
        .map(
            |(key, _)| match NAMES.iter().find(|(known, _)| known == key) {
                Some((_, name)) => format!("{name} ({key})"),
                None => format!("{key} (unknown to this version)"),
            },
        )
        .collect();
    if !unknown.is_empty() {
        return refuse(unknown.join(" with "));
    }
    check_init(path, text("init_lora_weights"))
}

/// Beginnings that take a part of the base model's weights out and into the adapter, or that
/// replace the base model's weights.
const CHANGES_BASE: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

/// Beginnings that leave the base model as it is.
const LEAVES_BASE: [&str; 4] = ["gaussian", "eva", "orthogonal", "mica"];

/// Refuses an adapter that belongs on another base model than the one named. PEFT makes that base
/// anew when it loads the adapter, or leaves that to the user; an adapter that was converted when
/// it was saved has `init_lora_weights` true.
fn check_init(path: &Path, init: Option<&Value>) -> Result<(), Error> {
    let init = match init {
        None | Some(Value::Bool(_)) => return Ok(()),
        Some(Value::String(init)) => init.to_lowercase(),
        Some(other) => other.to_string(),
    };
    if LEAVES_BASE.contains(&init.as_str()) {
        return Ok(());
    }
    if CHANGES_BASE.iter().any(|known| init.starts_with(known)) {
        return Err(Error::AdapterBase {
            path: path.to_owned(),
            init,
        });
    }
    Err(Error::AdapterFeature {
        path: path.to_owned(),
        feature: format!("init_lora_weights {init:?}"),
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// The feature that a tensor belongs to which is neither a LoRA matrix of a linear layer nor a part
/// of the head.
pub(super) fn of_tensor(name: &str) -> String {
    let feature = if name.contains(".lora_embedding_") {
        "LoRA on embeddings"
    } else if name.contains(".lora_magnitude_vector") {
        "DoRA"
    } else if name.contains(".lora_") {
        "LoRA on this module"
    } else {
        "a new value of a frozen weight"
    };
    format!("{feature} (tensor {name})")
}
