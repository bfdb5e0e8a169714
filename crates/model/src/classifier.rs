//! A sequence classifier: an encoder, a head, and LoRA where it was adapted.

use crate::adaptation::{Adaptation, Scales};
use crate::linear::Linear;
use crate::{Adapter, Batch, Device, Encoder, EncoderConfig, Error, Family, Hidden, LoraConfig};
use crate::{Parameters, Target, Weights};
use burn::tensor::Tensor;
use goldpan_artifact::rng;
use rand::RngExt;
use std::path::Path;

/// A classifier. Its trainable tensors are apart from it, in [`Parameters`].
pub struct Classifier {
    encoder: Encoder,
    /// BERT's frozen pooler.
    pooler: Option<Linear>,
    scales: Scales,
}

/// Where the head that training starts from came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadSource {
    /// The base model's own head, which has as many classes.
    Base,
    /// Random numbers.
    New,
}

/// The path of BERT's pooler in a model with a head.
pub(crate) const POOLER: &str = "bert.pooler.dense";

impl Classifier {
    /// Opens the base model of a classifier whose LoRA products are scaled by `scales`.
    fn open(
        folder: &Path,
        weights: &Weights,
        scales: Scales,
        device: &Device,
    ) -> Result<Self, Error> {
        let config = EncoderConfig::read(folder)?;
        let pooler = match config.family {
            Family::Bert => {
                let bare = weights.has("pooler.dense.weight");
                let name = if bare { "pooler.dense" } else { POOLER };
                let width = config.hidden;
                Some(Linear::load(weights, name, width, width, device.tensors())?)
            }
            Family::Roberta => None,
        };
        Ok(Self {
            encoder: Encoder::load(weights, config, device.tensors())?,
            pooler,
            scales,
        })
    }

    /// The base model with its own head, as a model trained to classify has.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded or has no head.
    pub fn with_own_head(folder: &Path, device: &Device) -> Result<(Self, Parameters), Error> {
        let weights = Weights::open(folder)?;
        let classifier = Self::open(folder, &weights, Scales::uniform(0.0), device)?;
        let config = classifier.encoder.config();
        let no_head = || Error::NoHead {
            path: folder.to_owned(),
        };
        let classes = weights
            .shape(last_tensor(config.family))
            .and_then(|shape| shape.first());
        let classes = *classes.ok_or_else(no_head)?;
        let head = own_head(&weights, config, classes, device)?.ok_or_else(no_head)?;
        Ok((classifier, head))
    }

    /// The base model with a trained adapter.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded, or the adapter does not fit it.
    pub fn with_adapter(folder: &Path, adapter: &Adapter, device: &Device) -> Result<Self, Error> {
        let classifier = Self::open(
            folder,
            &Weights::open(folder)?,
            adapter.scales.clone(),
            device,
        )?;
        adapter.check_fits(classifier.encoder.config())?;
        Ok(classifier)
    }

    /// A classifier to be trained, and the tensors it starts from: the base model's head where it
    /// has as many classes, else a random one (normal, deviation 0.02, biases 0); LoRA's A uniform
    /// within ±1/sqrt(inputs) and B zero, as PEFT begins.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded or `lora` asks for a layer that it does not have.
    pub fn to_train(
        folder: &Path,
        classes: usize,
        lora: &LoraConfig,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, Parameters, HeadSource), Error> {
        let weights = Weights::open(folder)?;
        let classifier = Self::open(folder, &weights, Scales::uniform(lora.scale()), device)?;
        let config = classifier.encoder.config();
        lora.check(config)?;
        let (mut parameters, source) = match own_head(&weights, config, classes, device)? {
            Some(head) => (head, HeadSource::Base),
            None => (new_head(config, classes, seed, device), HeadSource::New),
        };
        for layer in (0..config.layers).filter(|&layer| lora.adapts(layer)) {
            for &target in &lora.targets {
                let (inputs, outputs) = target.shape(config);
                let name = lora_name(config.family, layer, target);
                let bound = 1.0 / (inputs as f32).sqrt();
                let mut random = rng(seed, &format!("train/init/{name}.lora_A"));
                let a = (0..lora.rank * inputs)
                    .map(|_| random.random_range(-bound..bound))
                    .collect();
                let b = vec![0.0; outputs * lora.rank];
                let device = device.tensors();
                parameters.insert(
                    format!("{name}.lora_A.weight"),
                    a,
                    [lora.rank, inputs],
                    device,
                );
                parameters.insert(
                    format!("{name}.lora_B.weight"),
                    b,
                    [outputs, lora.rank],
                    device,
                );
            }
        }
        Ok((classifier, parameters, source))
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// How many classes these parameters tell apart.
    pub fn classes(&self, parameters: &Parameters) -> usize {
        let weight = parameters.get(last_tensor(self.encoder.config().family));
        weight.map_or(0, |weight| weight.dims()[0])
    }

    /// The states before layer `layer` for layers that nothing adapts: constants in training.
    pub fn prefix(&self, layer: usize, batch: &Batch) -> Hidden {
        self.encoder.run(0..layer, self.encoder.embed(batch))
    }

    /// Logits, `[sequences, classes]`.
    pub fn logits(&self, batch: &Batch, parameters: &Parameters) -> Tensor<2> {
        self.logits_from(0, self.encoder.embed(batch), parameters)
    }

    /// Logits, `[sequences, classes]`, from the states before layer `layer`.
    ///
    /// # Panics
    ///
    /// When `layer` is the number of layers or more, or `parameters` lack the head.
    pub fn logits_from(&self, layer: usize, hidden: Hidden, parameters: &Parameters) -> Tensor<2> {
        let lora = Adaptation {
            parameters,
            scales: &self.scales,
        };
        let last = self.encoder.config().layers - 1;
        let hidden = self.encoder.run_adapted(layer..last, hidden, Some(lora));
        let first = self.encoder.last_layer_of_first_tokens(hidden, Some(lora));
        match &self.pooler {
            Some(pooler) => {
                let pooled = pooler.forward(first.clone());
                let pooled = match lora.product(POOLER, first) {
                    Some(added) => pooled + added,
                    None => pooled,
                };
                head_linear(pooled.tanh(), "classifier", parameters)
            }
            None => {
                let dense = head_linear(first, "classifier.dense", parameters).tanh();
                head_linear(dense, "classifier.out_proj", parameters)
            }
        }
    }
}

fn head_linear(x: Tensor<2>, name: &str, parameters: &Parameters) -> Tensor<2> {
    let tensor = |part: &str| {
        let name = format!("{name}.{part}");
        match parameters.get(&name) {
            Some(tensor) => tensor.clone(),
            None => panic!("the parameters have no {name}"),
        }
    };
    x.matmul(tensor("weight").transpose()) + tensor("bias")
}

/// The name that the LoRA tensors of a linear layer begin with.
pub(crate) fn lora_name(family: Family, layer: usize, target: Target) -> String {
    format!(
        "{}.encoder.layer.{layer}.{}",
        family.prefix(),
        target.path()
    )
}

/// The head's last weight, whose rows are the classes.
pub(crate) fn last_tensor(family: Family) -> &'static str {
    match family {
        Family::Bert => "classifier.weight",
        Family::Roberta => "classifier.out_proj.weight",
    }
}

/// The head's tensors and their shapes.
pub(crate) fn head_shapes(
    config: &EncoderConfig,
    classes: usize,
) -> Vec<(&'static str, [usize; 2])> {
    let hidden = config.hidden;
    match config.family {
        Family::Bert => vec![
            ("classifier.bias", [1, classes]),
            ("classifier.weight", [classes, hidden]),
        ],
        Family::Roberta => vec![
            ("classifier.dense.bias", [1, hidden]),
            ("classifier.dense.weight", [hidden, hidden]),
            ("classifier.out_proj.bias", [1, classes]),
            ("classifier.out_proj.weight", [classes, hidden]),
        ],
    }
}

/// The shape that a tensor of the head has in a file: one dimension for a bias.
pub(crate) fn saved_shape<'a>(name: &str, shape: &'a [usize; 2]) -> &'a [usize] {
    match name.ends_with(".bias") {
        true => &shape[1..],
        false => shape,
    }
}

/// The base model's head, where it has one with these many classes.
fn own_head(
    weights: &Weights,
    config: &EncoderConfig,
    classes: usize,
    device: &Device,
) -> Result<Option<Parameters>, Error> {
    if weights.shape(last_tensor(config.family)) != Some(&[classes, config.hidden]) {
        return Ok(None);
    }
    let mut head = Parameters::default();
    for (name, shape) in head_shapes(config, classes) {
        let values = weights.values(name, saved_shape(name, &shape))?;
        head.insert(name.to_owned(), values, shape, device.tensors());
    }
    Ok(Some(head))
}

fn new_head(config: &EncoderConfig, classes: usize, seed: u64, device: &Device) -> Parameters {
    let mut head = Parameters::default();
    for (name, shape) in head_shapes(config, classes) {
        let count = shape[0] * shape[1];
        let values = match name.ends_with(".bias") {
            true => vec![0.0; count],
            false => normal(count, 0.02, seed, name),
        };
        head.insert(name.to_owned(), values, shape, device.tensors());
    }
    head
}

/// Normally distributed numbers by the Box-Muller transform.
fn normal(count: usize, deviation: f64, seed: u64, name: &str) -> Vec<f32> {
    let mut random = rng(seed, &format!("train/init/{name}"));
    (0..count)
        .map(|_| {
            let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
            let angle = std::f64::consts::TAU * random.random::<f64>();
            (deviation * radius * angle.cos()) as f32
        })
        .collect()
}
