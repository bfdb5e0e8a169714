//! LoRA adapters in PEFT's format: `adapter_model.safetensors` and `adapter_config.json`.

use crate::adaptation::Scales;
use crate::classifier::{head_shapes, last_tensor};
use crate::error::read_json;
use crate::{Device, EncoderConfig, Error, Family, LoraConfig, Parameters, Target, Weights};
use goldpan_artifact::atomic;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What PEFT puts before the names of all tensors.
const ROOT: &str = "base_model.model.";
const MODEL_FILE: &str = "adapter_model.safetensors";
const CONFIG_FILE: &str = "adapter_config.json";

/// A trained adapter: LoRA tensors and the head.
pub struct Adapter {
    /// Where it was read from.
    path: PathBuf,
    /// What LoRA's products are multiplied with.
    pub(crate) scales: Scales,
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Config {
    peft_type: String,
    r: usize,
    lora_alpha: f32,
    #[serde(default)]
    use_rslora: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Adapter {
    /// Reads an adapter folder.
    ///
    /// # Errors
    ///
    /// When a file is damaged, or the adapter uses more of PEFT than plain LoRA: such a feature is
    /// named, never ignored.
    pub fn read(folder: &Path, device: &Device) -> Result<Self, Error> {
        let config_path = folder.join(CONFIG_FILE);
        let config: Config = read_json(config_path.clone())?;
        check(&config_path, &config)?;
        let weights = Weights::open_file(&folder.join(MODEL_FILE))?;
        let mut parameters = Parameters::default();
        for full_name in weights.names() {
            let name = full_name.strip_prefix(ROOT).unwrap_or(full_name);
            if !name.starts_with("classifier.") && target_of(name).is_none() {
                return Err(Error::AdapterFeature {
                    path: folder.join(MODEL_FILE),
                    feature: format!("a change of {name}"),
                });
            }
            let shape = weights.shape(full_name).unwrap_or_default().to_vec();
            let values = weights.values(full_name, &shape)?;
            let matrix = match shape[..] {
                [columns] => [1, columns],
                [rows, columns] => [rows, columns],
                _ => {
                    return Err(Error::Shape {
                        path: folder.join(MODEL_FILE),
                        name: full_name.to_owned(),
                        found: shape,
                        expected: vec![0, 0],
                    });
                }
            };
            parameters.insert(name.to_owned(), values, matrix, device.tensors());
        }
        let rank = config.r as f32;
        let scale = config.lora_alpha / if config.use_rslora { rank.sqrt() } else { rank };
        Ok(Self {
            path: folder.to_owned(),
            scales: Scales::uniform(scale),
            parameters,
        })
    }

    /// Writes an adapter folder that PEFT loads on the base model `base`.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(
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

    /// The tensors.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Checks that every tensor belongs to the model and has the right shape.
    pub(crate) fn check_fits(&self, config: &EncoderConfig) -> Result<(), Error> {
        let classes = self.classes(config.family)?;
        for (name, shape) in head_shapes(config, classes) {
            self.check_shape(name, |found| found == shape, shape)?;
        }
        for (name, _) in self.parameters.iter() {
            let Some((layer, target)) = target_of(name) else {
                continue;
            };
            if layer >= config.layers {
                return Err(Error::Layer {
                    layer,
                    last: config.layers - 1,
                });
            }
            let (inputs, outputs) = target.shape(config);
            if name.contains(".lora_A.") {
                self.check_shape(name, |[_, columns]| columns == inputs, [0, inputs])?;
                self.check_shape(
                    &name.replace(".lora_A.", ".lora_B."),
                    |[rows, _]| rows == outputs,
                    [outputs, 0],
                )?;
            }
        }
        Ok(())
    }

    /// How many classes the head has.
    ///
    /// # Errors
    ///
    /// When there is no head for this family.
    pub fn classes(&self, family: Family) -> Result<usize, Error> {
        let name = last_tensor(family);
        let weight = self
            .parameters
            .get(name)
            .ok_or_else(|| self.missing(name))?;
        Ok(weight.dims()[0])
    }

    fn check_shape(
        &self,
        name: &str,
        fits: impl Fn([usize; 2]) -> bool,
        expected: [usize; 2],
    ) -> Result<(), Error> {
        let found = self
            .parameters
            .get(name)
            .ok_or_else(|| self.missing(name))?
            .dims();
        if fits(found) {
            return Ok(());
        }
        Err(Error::Shape {
            path: self.path.join(MODEL_FILE),
            name: name.to_owned(),
            found: found.to_vec(),
            expected: expected.to_vec(),
        })
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingTensor {
            path: self.path.join(MODEL_FILE),
            name: name.to_owned(),
            family: "sequence-classification".to_owned(),
        }
    }
}

/// Which encoder layer and linear layer a LoRA tensor belongs to.
pub(crate) fn target_of(name: &str) -> Option<(usize, Target)> {
    let rest = name
        .strip_prefix("bert.encoder.layer.")
        .or_else(|| name.strip_prefix("roberta.encoder.layer."))?;
    let (layer, rest) = rest.split_once('.')?;
    let module = rest
        .strip_suffix(".lora_A.weight")
        .or_else(|| rest.strip_suffix(".lora_B.weight"))?;
    let target = Target::ALL
        .into_iter()
        .find(|target| target.path() == module)?;
    Some((layer.parse().ok()?, target))
}

/// Refuses what changes the numbers and is not implemented.
fn check(path: &Path, config: &Config) -> Result<(), Error> {
    let refuse = |feature: String| {
        Err(Error::AdapterFeature {
            path: path.to_owned(),
            feature,
        })
    };
    if config.peft_type != "LORA" {
        return refuse(format!("peft_type {}", config.peft_type));
    }
    if config.r == 0 {
        return refuse("r = 0".to_owned());
    }
    const OFF: [&str; 15] = [
        "use_dora",
        "use_qalora",
        "use_bdlora",
        "lora_bias",
        "fan_in_fan_out",
        "rank_pattern",
        "alpha_pattern",
        "layer_replication",
        "alora_invocation_tokens",
        "trainable_token_indices",
        "megatron_config",
        "velora_config",
        "monteclora_config",
        "arrow_config",
        "target_parameters",
    ];
    for key in OFF {
        let used = match config.rest.get(key) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Object(entries)) => !entries.is_empty(),
            Some(Value::Array(entries)) => !entries.is_empty(),
            Some(_) => true,
        };
        if used {
            return refuse(key.to_owned());
        }
    }
    match config.rest.get("bias").and_then(Value::as_str) {
        None | Some("none") => Ok(()),
        Some(bias) => refuse(format!("bias = {bias:?}")),
    }
}

fn peft_config(lora: &LoraConfig, base: &str) -> Value {
    json!({
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "layers_to_transform": lora.layers,
        "lora_alpha": lora.alpha,
        "lora_dropout": 0.0,
        "modules_to_save": ["classifier", "score"],
        "peft_type": "LORA",
        "r": lora.rank,
        "target_modules": target_modules(lora),
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
    let paths: Vec<String> = lora
        .targets
        .iter()
        .map(|target| target.path().replace('.', r"\."))
        .collect();
    json!(format!(r".*\.layer\.\d+\.({})", paths.join("|")))
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
