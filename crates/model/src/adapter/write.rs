//! Adapter folders that PEFT loads.

use super::{CONFIG_FILE, MODEL_FILE, ROOT};
use crate::error::Error;
use crate::lora::{LoraConfig, Target};
use crate::parameters::Parameters;
use goldpan_artifact::atomic;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Writes an adapter folder that PEFT loads on the base model `base`.
pub(super) fn write(
    folder: &Path,
    parameters: &Parameters,
    lora: &LoraConfig,
    base: &str,
) -> Result<(), Error> {
    let path = folder.join(MODEL_FILE);
    let bytes = encode(parameters, ROOT, &path)?;
    atomic::write_bytes(&path, &bytes).map_err(Error::Save)?;
    let config = peft_config(lora, base);
    let text = format!("{config:#}\n");
    atomic::write_bytes(folder.join(CONFIG_FILE), text.as_bytes()).map_err(Error::Save)
}

fn peft_config(lora: &LoraConfig, base: &str) -> Value {
    let targets = target_modules(lora);
    // PEFT takes the layers from a pattern alone.
    let layers = lora.layers.as_ref().filter(|_| targets.is_array());
    json!({
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "layers_to_transform": layers,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "modules_to_save": ["classifier", "score"],
        "peft_type": "LORA",
        "r": lora.rank,
        "target_modules": targets,
        "task_type": "SEQ_CLS",
        "use_dora": false,
        "use_rslora": false,
    })
}

/// PEFT matches a listed name with the end of a module's path, so that `output.dense` alone would
/// take in `attention.output.dense` too; a pattern says what is meant.
fn target_modules(lora: &LoraConfig) -> Value {
    let ambiguous =
        lora.targets.contains(&Target::Output) && !lora.targets.contains(&Target::AttentionOutput);
    if !ambiguous {
        return json!(lora.targets);
    }
    let layers = match &lora.layers {
        None => r"\d+".to_owned(),
        Some(layers) => {
            let numbers: Vec<String> = layers.iter().map(usize::to_string).collect();
            format!("({})", numbers.join("|"))
        }
    };
    let paths: Vec<String> = lora
        .targets
        .iter()
        .map(|target| target.path().replace('.', r"\."))
        .collect();
    json!(format!(r".*\.layer\.{layers}\.({})", paths.join("|")))
}

/// The tensors as the bytes of a safetensors file, their names after `root`.
pub(crate) fn encode(parameters: &Parameters, root: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let encoding = |source| Error::Encode {
        path: path.to_owned(),
        source,
    };
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
        .iter()
        .map(|(name, tensor)| {
            let shape = Parameters::saved_shape(name, tensor);
            let data = tensor.clone().inner().into_data();
            let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
            (format!("{root}{name}"), shape, bytes)
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), bytes)?,
            ))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(encoding)?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    serialize(views, Some(metadata)).map_err(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(targets: &[Target], layers: Option<&[usize]>) -> Value {
        let lora = LoraConfig {
            rank: 4,
            alpha: 8.0,
            targets: targets.iter().copied().collect(),
            layers: layers.map(|layers| layers.iter().copied().collect()),
            dropout: 0.0,
        };
        peft_config(&lora, "base")
    }

    #[test]
    fn modules_are_listed_where_that_is_unambiguous() {
        let listed = config(&[Target::Query, Target::Value], Some(&[1, 3]));
        assert_eq!(listed["target_modules"], json!(["query", "value"]));
        assert_eq!(listed["layers_to_transform"], json!([1, 3]));
        let all = config(&Target::ALL, None);
        assert!(all["target_modules"].is_array());
        assert!(all["layers_to_transform"].is_null());
    }

    #[test]
    fn a_pattern_holds_the_layers_too() {
        let pattern = config(&[Target::Query, Target::Output], Some(&[1, 3]));
        let expected = r".*\.layer\.(1|3)\.(attention\.self\.query|output\.dense)";
        assert_eq!(pattern["target_modules"], json!(expected));
        assert!(pattern["layers_to_transform"].is_null());
        let everywhere = config(&[Target::Output], None);
        assert_eq!(
            everywhere["target_modules"],
            json!(r".*\.layer\.\d+\.(output\.dense)")
        );
    }
}
