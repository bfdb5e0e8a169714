//! A sequence classifier: an encoder, a head, and LoRA where it was adapted.

use crate::adaptation::{Adaptation, Scales};
use crate::linear::Linear;
use crate::{Adapter, Batch, Device, Dropout, Encoder, EncoderConfig, Error, Family, Hidden};
use crate::{LoraConfig, Parameters, Precision, Target, Tuning, Weights};
use burn::tensor::Tensor;
use goldpan_artifact::rng;
use goldpan_kernels::Sequences;
use rand::RngExt;
use std::path::Path;

/// A classifier. Its trainable tensors are apart from it, in [`Parameters`].
pub struct Classifier {
    encoder: Encoder,
    /// BERT's frozen pooler.
    pooler: Option<Linear>,
    scales: Scales,
}

/// What a forward pass begins with.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is moved twice"
)]
pub enum Start {
    /// Tokens.
    Tokens(Batch),
    /// What the frozen part below a layer made of them: the states of all tokens, or of each
    /// sequence's first where no layer is left.
    States {
        /// The layer that comes next; the number of layers where none does.
        layer: usize,
        /// The states.
        hidden: Hidden,
    },
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
                let prefix = if bare { "" } else { "bert." };
                let (name, shape) = ("pooler.dense", (config.hidden, config.hidden));
                let pooler = Linear::load(weights, prefix, name, shape, &config, device)?;
                Some(pooler)
            }
            Family::Roberta => None,
        };
        Ok(Self {
            encoder: Encoder::load(weights, config, device)?,
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
        let weights = Weights::open(folder)?;
        let classifier = Self::open(folder, &weights, adapter.scales.clone(), device)?;
        adapter.check_fits(classifier.encoder.config())?;
        Ok(classifier)
    }

    /// A classifier to be trained, and the tensors it starts from: the base model's head where it
    /// has as many classes, else a random one (normal, deviation 0.02, biases 0); LoRA's A uniform
    /// within ±1/sqrt(inputs) and B zero, as PEFT begins; in full fine-tuning all other tensors as
    /// the base model has them.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded or `tuning` asks for a layer that it does not have.
    pub fn to_train(
        folder: &Path,
        classes: usize,
        tuning: &Tuning,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, Parameters, HeadSource), Error> {
        let weights = Weights::open(folder)?;
        let device = &match tuning {
            // What is not frozen starts from the numbers as they are.
            Tuning::Full => device.with_precision(Precision::F32),
            Tuning::Lora(_) | Tuning::Head => device.clone(),
        };
        let classifier = Self::open(folder, &weights, Scales::uniform(tuning.scale()), device)?;
        let config = classifier.encoder.config();
        tuning.check(config)?;
        let (mut parameters, source) = match own_head(&weights, config, classes, device)? {
            Some(head) => (head, HeadSource::Base),
            None => (new_head(config, classes, seed, device), HeadSource::New),
        };
        match tuning {
            Tuning::Lora(lora) => new_adapters(&mut parameters, config, lora, seed, device),
            Tuning::Full => {
                let pooler = classifier.pooler.iter().flat_map(Linear::tensors);
                for (name, tensor) in classifier.encoder.tensors().into_iter().chain(pooler) {
                    parameters.set(name, tensor);
                }
            }
            Tuning::Head => {}
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

    /// What the frozen part makes of a batch: constants in training.
    pub(crate) fn prefix(&self, layer: usize, batch: &Batch) -> Hidden {
        let layers = self.encoder.config().layers;
        let hidden = self.encoder.embed(batch);
        if layer < layers {
            return self.encoder.run(0..layer, hidden);
        }
        let count = hidden.sequences.len();
        Hidden {
            states: self.encoder.run_to_first_tokens(0, hidden, None),
            sequences: Sequences::from_lengths(std::iter::repeat_n(1, count)),
        }
    }

    /// Logits, `[sequences, classes]`.
    ///
    /// # Panics
    ///
    /// When `parameters` lack the head.
    pub fn logits(&self, start: Start, parameters: &Parameters) -> Tensor<2> {
        self.run(start, parameters, None)
    }

    /// Logits, `[sequences, classes]`, with dropout as in training.
    ///
    /// # Panics
    ///
    /// When `parameters` lack the head.
    pub fn training_logits(
        &self,
        start: Start,
        parameters: &Parameters,
        dropout: &Dropout,
    ) -> Tensor<2> {
        self.run(start, parameters, Some(dropout))
    }

    fn run(&self, start: Start, parameters: &Parameters, dropout: Option<&Dropout>) -> Tensor<2> {
        let adaptation = Adaptation {
            parameters,
            scales: &self.scales,
            dropout,
        };
        let trained = Some(adaptation);
        let (layer, hidden) = match start {
            Start::Tokens(batch) => (0, self.encoder.embed_adapted(&batch, trained)),
            Start::States { layer, hidden } => (layer, hidden),
        };
        let layers = self.encoder.config().layers;
        let first = match layer < layers {
            true => self.encoder.run_to_first_tokens(layer, hidden, trained),
            false => hidden.states,
        };
        match &self.pooler {
            Some(pooler) => {
                let pooled = pooler.adapted(first, trained).tanh();
                head_linear(pooled, "classifier", adaptation)
            }
            None => {
                let dense = head_linear(first, "classifier.dense", adaptation).tanh();
                head_linear(dense, "classifier.out_proj", adaptation)
            }
        }
    }
}

fn head_linear(x: Tensor<2>, name: &str, adaptation: Adaptation<'_>) -> Tensor<2> {
    let Some((weight, bias)) = adaptation.whole(name) else {
        panic!("the parameters have no {name}");
    };
    let x = match adaptation.dropout {
        Some(dropout) => dropout.on_head(x, name),
        None => x,
    };
    x.matmul(weight.transpose()) + bias
}

/// New LoRA tensors: A random, B zero.
fn new_adapters(
    parameters: &mut Parameters,
    config: &EncoderConfig,
    lora: &LoraConfig,
    seed: u64,
    device: &Device,
) {
    let device = device.tensors();
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
            let shape = [lora.rank, inputs];
            parameters.insert(format!("{name}.lora_A.weight"), a, shape, device);
            let shape = [outputs, lora.rank];
            parameters.insert(format!("{name}.lora_B.weight"), b, shape, device);
        }
    }
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
