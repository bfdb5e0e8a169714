//! LoRA adapters in PEFT's format: `adapter_model.safetensors` and `adapter_config.json`.

mod config;
mod features;
mod pattern;
mod targets;
mod write;

use crate::adaptation::Scales;
use crate::classifier::{
    POOLER, classes_of_head, head_shapes, last_tensor, lora_name, saved_shape,
};
use crate::config::{EncoderConfig, Family};
use crate::device::Device;
use crate::error::Error;
use crate::lora::{LoraConfig, Target};
use crate::parameters::{Parameters, is_of_head};
use crate::trained;
use crate::tuning::TuningKind;
use crate::weights::Weights;
use config::Config;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
pub(crate) use write::encode;

/// What PEFT puts before the names of all tensors.
const ROOT: &str = "base_model.model.";
pub(crate) const MODEL_FILE: &str = "adapter_model.safetensors";
pub(crate) const CONFIG_FILE: &str = "adapter_config.json";
/// What PEFT wrote before safetensors: a pickle, which may hold a program.
const PICKLE: &str = "adapter_model.bin";
/// The endings of the two matrices' names.
const A: &str = ".lora_A.weight";
const B: &str = ".lora_B.weight";

/// A trained adapter: LoRA tensors and the head, or the head alone.
pub struct Adapter {
    /// The file with the tensors.
    path: PathBuf,
    /// None for a head alone.
    config: Option<Config>,
    /// What LoRA's products are multiplied with.
    pub(crate) scales: Scales,
    parameters: Parameters,
}

impl Adapter {
    /// Reads an adapter folder, or one with a head alone.
    ///
    /// # Errors
    ///
    /// When a file is damaged, or the adapter uses more of PEFT than LoRA on linear layers: such a
    /// feature is named, never ignored.
    pub fn read(folder: &Path, device: &Device) -> Result<Self, Error> {
        if trained::has_head_alone(folder) {
            return Ok(Self {
                path: folder.to_owned(),
                config: None,
                scales: Scales::uniform(0.0),
                parameters: trained::read_trained(folder, TuningKind::Head, device)?,
            });
        }
        let config = Config::read(&folder.join(CONFIG_FILE))?;
        let path = folder.join(MODEL_FILE);
        if !path.exists() && folder.join(PICKLE).exists() {
            return Err(Error::AdapterFeature {
                path,
                feature: format!("{PICKLE} in the place of this file"),
            });
        }
        let weights = Weights::open_file(&path)?;
        let mut parameters = Parameters::default();
        let mut scales = BTreeMap::new();
        for full_name in weights.names() {
            let name = full_name.strip_prefix(ROOT).unwrap_or(full_name);
            match module_of(name) {
                Some(module) if target_of(name).is_some() || module == POOLER => {
                    scales.insert(module.to_owned(), config.scale(module)?);
                }
                None if is_of_head(name) => {}
                _ => {
                    return Err(Error::AdapterFeature {
                        path,
                        feature: features::of_tensor(name),
                    });
                }
            }
            let shape = weights.shape(full_name).unwrap_or_default().to_vec();
            let values = weights.values(full_name, &shape)?;
            let matrix = match shape[..] {
                [columns] => [1, columns],
                [rows, columns] => [rows, columns],
                _ => {
                    return Err(Error::Shape {
                        path,
                        name: full_name.to_owned(),
                        found: shape,
                        expected: vec![0, 0],
                    });
                }
            };
            parameters.insert(name.to_owned(), values, matrix, device.tensors());
        }
        Ok(Self {
            path,
            config: Some(config),
            scales: Scales::new(0.0, scales),
            parameters,
        })
    }

    /// Takes what the adapter has no own values for of the head from the base model, as PEFT does
    /// where `modules_to_save` names none.
    ///
    /// # Errors
    ///
    /// When the base model cannot be read or has no head, or the adapter lacks a tensor that its
    /// configuration promises.
    pub fn with_head_of(mut self, base: &Path, device: &Device) -> Result<Self, Error> {
        let config = EncoderConfig::read(base)?;
        let is_there = |name: &str| self.parameters.get(name).is_some();
        if head_shapes(&config, 0)
            .iter()
            .all(|(name, _)| is_there(name))
        {
            return Ok(self);
        }
        let weights = Weights::open(base)?;
        let no_head = || Error::NoHead {
            path: base.to_owned(),
        };
        let last = last_tensor(config.family);
        let classes = match self.parameters.get(last) {
            Some(tensor) => tensor.dims()[0],
            None => classes_of_head(base, &weights, &config)?.len(),
        };
        for (name, shape) in head_shapes(&config, classes) {
            if self.parameters.get(name).is_some() {
                continue;
            }
            if self
                .config
                .as_ref()
                .is_some_and(|config| config.saves(name))
            {
                return Err(self.missing(name));
            }
            if !weights.has(name) {
                return Err(no_head());
            }
            let values = weights.values(name, saved_shape(name, &shape))?;
            self.parameters
                .insert(name.to_owned(), values, shape, device.tensors());
        }
        Ok(self)
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
        write::write(folder, parameters, lora, base)
    }

    /// The tensors.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Checks that the tensors are those that the configuration asks for in this model, and that
    /// they have the right shapes.
    pub(crate) fn check_fits(&self, config: &EncoderConfig) -> Result<(), Error> {
        let classes = self.classes(config.family)?;
        self.check_tensors(config, &head_shapes(config, classes))
    }

    /// The same of an adapter without a head.
    pub(crate) fn check_fits_encoder(&self, config: &EncoderConfig) -> Result<(), Error> {
        self.check_tensors(config, &[])
    }

    fn check_tensors(
        &self,
        config: &EncoderConfig,
        head: &[(&str, [usize; 2])],
    ) -> Result<(), Error> {
        for (name, shape) in head {
            self.check_shape(name, *shape)?;
        }
        let modules = modules(config);
        for (module, [inputs, outputs]) in &modules {
            let (a, b) = (format!("{module}{A}"), format!("{module}{B}"));
            let mut there = [&a, &b].into_iter();
            let there = there.find(|name| self.parameters.get(name).is_some());
            let covering = match &self.config {
                Some(config) if config.targets.cover(module)? => Some(config),
                _ => None,
            };
            match (covering, there) {
                (Some(config), _) => {
                    let rank = config.rank(module)?;
                    self.check_shape(&a, [rank, *inputs])?;
                    self.check_shape(&b, [*outputs, rank])?;
                }
                (None, Some(name)) => return Err(self.stray(name)),
                (None, None) => {}
            }
        }
        for (name, _) in self.parameters.iter() {
            let known = match module_of(name) {
                Some(module) => modules.contains_key(module),
                None => head.iter().any(|(known, _)| *known == name),
            };
            if !known {
                return Err(self.stray(name));
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

    fn check_shape(&self, name: &str, expected: [usize; 2]) -> Result<(), Error> {
        let found = self
            .parameters
            .get(name)
            .ok_or_else(|| self.missing(name))?
            .dims();
        if found == expected {
            return Ok(());
        }
        Err(Error::Shape {
            path: self.path.clone(),
            name: name.to_owned(),
            found: found.to_vec(),
            expected: expected.to_vec(),
        })
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingTensor {
            path: self.path.clone(),
            name: name.to_owned(),
            family: "sequence-classification".to_owned(),
        }
    }

    fn stray(&self, name: &str) -> Error {
        Error::StrayTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        }
    }
}

/// Those of the tensors that are LoRA's.
pub(crate) fn lora_only(parameters: &Parameters) -> Parameters {
    let mut lora = Parameters::default();
    for (name, tensor) in parameters.iter() {
        if module_of(name).is_some() {
            lora.set(name.to_owned(), tensor.clone());
        }
    }
    lora
}

/// The modules of a model that LoRA can adapt, with their inputs and outputs.
fn modules(config: &EncoderConfig) -> BTreeMap<String, [usize; 2]> {
    let mut modules = BTreeMap::new();
    for layer in 0..config.layers {
        for target in Target::ALL {
            let (inputs, outputs) = target.shape(config);
            modules.insert(lora_name(config.family, layer, target), [inputs, outputs]);
        }
    }
    if config.family == Family::Bert {
        modules.insert(POOLER.to_owned(), [config.hidden, config.hidden]);
    }
    modules
}

/// The module that a LoRA matrix belongs to.
pub(crate) fn module_of(name: &str) -> Option<&str> {
    name.strip_suffix(A).or_else(|| name.strip_suffix(B))
}

/// Which encoder layer and linear layer a LoRA tensor belongs to.
pub(crate) fn target_of(name: &str) -> Option<(usize, Target)> {
    let module = module_of(name)?;
    let rest = module
        .strip_prefix("bert.encoder.layer.")
        .or_else(|| module.strip_prefix("roberta.encoder.layer."))?;
    let (layer, path) = rest.split_once('.')?;
    let target = Target::ALL
        .into_iter()
        .find(|target| target.path() == path)?;
    Some((layer.parse().ok()?, target))
}
