//! Modules after the pooling: vectors to vectors.

use crate::error::Error;
use crate::json_file::JsonFile;
use crate::weights::Weights;
use serde_json::Value;
use std::path::Path;

/// What is done to a text's vector.
pub(super) enum Step {
    /// A linear layer and its activation.
    Dense(Dense),
    /// A layer normalisation.
    LayerNorm { gamma: Vec<f32>, beta: Vec<f32> },
    /// Scaled to length 1.
    Normalize,
}

/// A linear layer, `[outputs, inputs]`, and what follows it.
pub(super) struct Dense {
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
    activation: Activation,
    residual: Option<Residual>,
    inputs: usize,
    outputs: usize,
}

/// What is added to the output.
enum Residual {
    /// The input.
    Same,
    /// The input, multiplied by this, `[outputs, inputs]`.
    Projected(Vec<f32>),
}

#[derive(Clone, Copy)]
enum Activation {
    Identity,
    Tanh,
    Relu,
    Gelu,
    Sigmoid,
    Silu,
}

/// Activations by the ends of their names in torch.
const ACTIVATIONS: [(&str, Activation); 6] = [
    ("Identity", Activation::Identity),
    ("Tanh", Activation::Tanh),
    ("ReLU", Activation::Relu),
    ("GELU", Activation::Gelu),
    ("Sigmoid", Activation::Sigmoid),
    ("SiLU", Activation::Silu),
];

/// What torch adds to a variance.
const EPSILON: f32 = 1e-5;

/// The keys of the module's `config.json`.
const KEYS: [&str; 7] = [
    "in_features",
    "out_features",
    "bias",
    "activation_function",
    "module_input_name",
    "module_output_name",
    "use_residual",
];

impl Dense {
    /// Reads a module's folder. `width` is that of the vectors that come in.
    pub fn read(folder: &Path, width: usize) -> Result<Self, Error> {
        let file = JsonFile::read(folder.join("config.json"))?;
        file.check_keys(|key| KEYS.contains(&key))?;
        let size = |key: &'static str| {
            let value = file.values.get(key).unwrap_or(&Value::Null);
            let size = value.as_u64().filter(|size| (1..=1 << 20).contains(size));
            size.map(|size| size as usize)
                .ok_or_else(|| file.unsupported(key, value, "a number of components there"))
        };
        for key in ["module_input_name", "module_output_name"] {
            if let Some(value) = file.given(key).filter(|name| *name != "sentence_embedding") {
                return Err(file.unsupported(key, value, "sentence_embedding there"));
            }
        }
        let activation = match file.given("activation_function") {
            None => Activation::Tanh,
            Some(value) => {
                let name = value.as_str().filter(|name| name.starts_with("torch.nn."));
                let last = name.and_then(|name| name.rsplit('.').next());
                let found = ACTIVATIONS.iter().find(|(name, _)| Some(*name) == last);
                let supported =
                    "the activations Identity, Tanh, ReLU, GELU, Sigmoid and SiLU of torch";
                let (_, activation) = found
                    .ok_or_else(|| file.unsupported("activation_function", value, supported))?;
                *activation
            }
        };
        let (inputs, outputs) = (size("in_features")?, size("out_features")?);
        file.check_width("in_features", inputs, width)?;
        let weights = Weights::open(folder)?;
        let shape = [outputs, inputs];
        let weight = weights.values("linear.weight", &shape)?;
        let bias = file.flag("bias", true)?;
        let bias = bias
            .then(|| weights.values("linear.bias", &[outputs]))
            .transpose()?;
        let residual = match (file.flag("use_residual", false)?, inputs == outputs) {
            (false, _) => None,
            (true, true) => Some(Residual::Same),
            (true, false) => Some(Residual::Projected(
                weights.values("residual.weight", &shape)?,
            )),
        };
        let projected = matches!(residual, Some(Residual::Projected(_)));
        only(
            &weights,
            &[
                ("linear.weight", true),
                ("linear.bias", bias.is_some()),
                ("residual.weight", projected),
            ],
        )?;
        Ok(Self {
            weight,
            bias,
            activation,
            residual,
            inputs,
            outputs,
        })
    }

    fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.inputs);
        let mut out: Vec<f32> = rows.map(|row| dot(row, vector)).collect();
        if let Some(bias) = &self.bias {
            out.iter_mut()
                .zip(bias)
                .for_each(|(out, bias)| *out += bias);
        }
        out.iter_mut().for_each(|x| *x = self.activation.of(*x));
        match &self.residual {
            None => {}
            Some(Residual::Same) => out.iter_mut().zip(vector).for_each(|(out, x)| *out += x),
            Some(Residual::Projected(weight)) => {
                let rows = weight.chunks_exact(self.inputs);
                out.iter_mut()
                    .zip(rows)
                    .for_each(|(out, row)| *out += dot(row, vector));
            }
        }
        out
    }
}

impl Activation {
    fn of(self, x: f32) -> f32 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let wide = f64::from(x);
        match self {
            Self::Identity => x,
            Self::Tanh => wide.tanh() as f32,
            Self::Relu => x.max(0.0),
            Self::Gelu => {
                (0.5 * wide * (1.0 + libm::erf(wide * std::f64::consts::FRAC_1_SQRT_2))) as f32
            }
            Self::Sigmoid => sigmoid(wide) as f32,
            Self::Silu => (wide * sigmoid(wide)) as f32,
        }
    }
}

impl Step {
    /// Reads the folder of a layer normalisation.
    pub fn layer_norm(folder: &Path, width: usize) -> Result<Self, Error> {
        let file = JsonFile::read(folder.join("config.json"))?;
        file.check_keys(|key| key == "dimension")?;
        let said = file.values.get("dimension").and_then(Value::as_u64);
        file.check_width("dimension", said.unwrap_or_default() as usize, width)?;
        let weights = Weights::open(folder)?;
        only(&weights, &[("norm.weight", true), ("norm.bias", true)])?;
        Ok(Self::LayerNorm {
            gamma: weights.values("norm.weight", &[width])?,
            beta: weights.values("norm.bias", &[width])?,
        })
    }

    /// How wide the vectors are after it.
    pub fn width(&self, before: usize) -> usize {
        match self {
            Self::Dense(dense) => dense.outputs,
            Self::LayerNorm { .. } | Self::Normalize => before,
        }
    }

    /// The vector after it.
    pub fn apply(&self, mut vector: Vec<f32>) -> Vec<f32> {
        match self {
            Self::Dense(dense) => return dense.apply(&vector),
            Self::Normalize => super::normalize(&mut vector),
            Self::LayerNorm { gamma, beta } => {
                let count = vector.len() as f64;
                let mean = vector.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
                let squares = vector.iter().map(|x| (f64::from(*x) - mean).powi(2));
                let variance = squares.sum::<f64>() / count;
                let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
                for (x, (gamma, beta)) in vector.iter_mut().zip(gamma.iter().zip(beta)) {
                    *x = ((f64::from(*x) - mean) * scale) as f32 * gamma + beta;
                }
            }
        }
        vector
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum::<f64>() as f32
}

/// Refuses tensors that are not the module's.
fn only(weights: &Weights, known: &[(&str, bool)]) -> Result<(), Error> {
    let is_known = |name: &str| known.iter().any(|(known, there)| *there && *known == name);
    match weights.names().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => Err(Error::ModuleTensor {
            path: weights.root().to_owned(),
            name: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(KEYS.iter().chain(&["dimension"]));
    }
}
