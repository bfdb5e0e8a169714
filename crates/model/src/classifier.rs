//! A sequence classifier: an encoder, a head, and LoRA where it was adapted.

use crate::adaptation::{Adaptation, Scales};
use crate::adapter::Adapter;
use crate::batch::Batch;
use crate::config::{EncoderConfig, Family};
use crate::device::Device;
use crate::dropout::Dropout;
use crate::encoder::{Encoder, Hidden};
use crate::error::Error;
use crate::head::Head;
use crate::linear::Linear;
use crate::lora::{LoraConfig, Target};
use crate::notice::warn_once;
use crate::parameters::Parameters;
use crate::tuning::Tuning;
use crate::weights::Weights;
use burn::tensor::{Int, Tensor, TensorData};
use goldpan_artifact::rng;
use goldpan_kernels::Precision;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadSource {
    /// The base model's own head, whose classes have the same names; its rows in the order asked for.
    Base,
    /// Random numbers, and why.
    New(NewHead),
}

/// Why a training does not start from the base model's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewHead {
    /// It has none.
    NoHead,
    /// Its classes have other names, these.
    OtherClasses(Vec<String>),
    /// It does something else than to give a text one of several classes.
    OtherHead(String),
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
        let classes = classes_of_head(folder, &weights, config)?;
        let head = own_head(&weights, config, classes.len(), device)?;
        Ok((classifier, head.ok_or_else(|| no_head(folder))?))
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
    /// has the same class names, its rows in the order of `classes`, else a random one (normal, deviation
    /// 0.02, biases 0); LoRA's A uniform
    /// within ±1/sqrt(inputs) and B zero, as PEFT begins; in full fine-tuning all other tensors as
    /// the base model has them.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded or `tuning` asks for a layer that it does not have.
    pub fn to_train(
        folder: &Path,
        classes: &[String],
        tuning: &Tuning,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, Parameters, HeadSource), Error> {
        let weights = Weights::open(folder)?;
        let device = &match tuning {
            // What is not frozen starts from the numbers as they are.
            Tuning::Full => device.with_precision(Precision::F32),
            Tuning::Lora(_) | Tuning::Head | Tuning::Probe(_) | Tuning::Auto(_) => device.clone(),
        };
        let classifier = Self::open(folder, &weights, Scales::uniform(tuning.scale()), device)?;
        let config = classifier.encoder.config();
        tuning.check(config)?;
        let (mut parameters, source) =
            match head_by_name(folder, &weights, config, classes, device)? {
                Ok(head) => (head, HeadSource::Base),
                Err(why) => {
                    let head = new_head(config, classes.len(), seed, device);
                    (head, HeadSource::New(why))
                }
            };
        match tuning {
            Tuning::Lora(lora) => new_adapters(&mut parameters, config, lora, seed, device),
            Tuning::Full => {
                let pooler = classifier.pooler.iter().flat_map(Linear::tensors);
                for (name, tensor) in classifier.encoder.tensors().into_iter().chain(pooler) {
                    parameters.set(name, tensor);
                }
            }
            Tuning::Head | Tuning::Probe(_) | Tuning::Auto(_) => {}
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
        let last = last_layer(self.encoder.config().family);
        head_linear(self.inputs(start, adaptation), last, adaptation)
    }

    fn inputs(&self, start: Start, adaptation: Adaptation<'_>) -> Tensor<2> {
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
            Some(pooler) => pooler.adapted(first, trained).tanh(),
            None => head_linear(first, "classifier.dense", adaptation).tanh(),
        }
    }

    /// What the head's last layer sees, `[sequences, hidden]`.
    ///
    /// # Panics
    ///
    /// When `parameters` lack the head.
    pub fn head_inputs(&self, start: Start, parameters: &Parameters) -> Tensor<2> {
        self.inputs(
            start,
            Adaptation {
                parameters,
                scales: &self.scales,
                dropout: None,
            },
        )
    }

    /// Puts other numbers into the head's last layer: weights `[classes, hidden]`, row-major, and biases.
    pub fn set_last_layer(&self, parameters: &mut Parameters, weights: Vec<f32>, bias: Vec<f32>) {
        let config = self.encoder.config();
        let last = last_layer(config.family);
        let (classes, device) = (bias.len(), self.encoder.device());
        let shape = [classes, config.hidden];
        parameters.insert(format!("{last}.weight"), weights, shape, &device);
        parameters.insert(format!("{last}.bias"), bias, [1, classes], &device);
    }
}

impl Parameters {
    /// The same with the head's classes in another order: the new first is `rows[0]`, and so on.
    #[must_use]
    pub fn with_classes(mut self, family: Family, rows: &[usize]) -> Self {
        let last = last_layer(family);
        let (weight, bias) = (format!("{last}.weight"), format!("{last}.bias"));
        let places: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
        for (name, dimension) in [(weight, 0), (bias, 1)] {
            if let Some(tensor) = self.get(&name).cloned() {
                let data = TensorData::new(places.clone(), [places.len()]);
                let places = Tensor::<1, Int>::from_data(data, &tensor.device());
                self.set(name, tensor.select(dimension, places));
            }
        }
        self
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
pub(crate) fn new_adapters(
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

/// The head's last linear layer.
pub(crate) fn last_layer(family: Family) -> &'static str {
    match family {
        Family::Bert => "classifier",
        Family::Roberta => "classifier.out_proj",
    }
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

fn no_head(folder: &Path) -> Error {
    let path = folder.join("model_head.pkl");
    match path.is_file() {
        true => Error::PickledHead { path },
        false => Error::NoHead {
            path: folder.to_owned(),
        },
    }
}

/// The class names of a folder's own head, in the order of its outputs.
///
/// # Errors
///
/// When it has none, or one that is no classifier of single labels, or whose names are not as many as its
/// outputs.
pub(crate) fn classes_of_head(
    folder: &Path,
    weights: &Weights,
    config: &EncoderConfig,
) -> Result<Vec<String>, Error> {
    let outputs = weights
        .shape(last_tensor(config.family))
        .and_then(<[usize]>::first);
    match (outputs, Head::read(folder)) {
        (Some(outputs), _) => Head::classes_of(folder, *outputs),
        (None, Ok(Head::Other(head))) => Err(Error::OtherHead {
            path: folder.to_owned(),
            head,
        }),
        (None, _) => Err(no_head(folder)),
    }
}

/// The base model's head with its rows in the order of `classes`, where it has the same class names.
fn head_by_name(
    folder: &Path,
    weights: &Weights,
    config: &EncoderConfig,
    classes: &[String],
    device: &Device,
) -> Result<Result<Parameters, NewHead>, Error> {
    let outputs = weights
        .shape(last_tensor(config.family))
        .and_then(<[usize]>::first);
    let names = match (Head::read(folder), outputs) {
        // What the names of a head that is not there are, is of no interest.
        (_, None) => return Ok(Err(NewHead::NoHead)),
        (Err(error), Some(_)) => return Err(error),
        (Ok(Head::Other(head)), Some(_)) => {
            warn_once(format!(
                "{} has {head}, which is not used: a new head is trained",
                folder.display()
            ));
            return Ok(Err(NewHead::OtherHead(head)));
        }
        (Ok(Head::Unnamed(None)), Some(_)) => return Ok(Err(NewHead::NoHead)),
        (Ok(Head::Unnamed(Some(names))), Some(outputs)) if names.len() != *outputs => {
            return Ok(Err(NewHead::NoHead));
        }
        (Ok(_), Some(outputs)) => Head::classes_of(folder, *outputs)?,
    };
    let rows: Option<Vec<usize>> = classes
        .iter()
        .map(|class| names.iter().position(|name| name == class))
        .collect();
    let Some(rows) = rows.filter(|rows| rows.len() == names.len()) else {
        warn_once(format!(
            "{}: its head is for {}, and the texts' classes are {}: a new head is trained",
            folder.display(),
            names.join(", "),
            classes.join(", "),
        ));
        return Ok(Err(NewHead::OtherClasses(names)));
    };
    let head = own_head(weights, config, names.len(), device)?;
    let head = head.ok_or_else(|| no_head(folder))?;
    Ok(Ok(head.with_classes(config.family, &rows)))
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
