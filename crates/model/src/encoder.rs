//! The BERT and RoBERTa encoder on packed tokens.

use crate::adaptation::Adaptation;
use crate::batch::Batch;
use crate::config::EncoderConfig;
use crate::device::Device;
use crate::error::Error;
use crate::linear::Linear;
use crate::lora::Target;
use crate::weights::Weights;
use burn::tensor::{Int, Tensor, TensorData};
use goldpan_kernels::Precision;
use goldpan_kernels::{
    Adapter, EmbeddingTables, EncoderLayer, LayerNorm, Part, Sequences, TableRows, attention,
    embed, encoder_layers, has_kernels, residual_layer_norm,
};
use rayon::prelude::*;
use std::ops::Range;

/// The states of packed tokens, `[total_tokens, hidden]`, between two layers.
#[derive(Clone)]
pub struct Hidden {
    /// One row for each token.
    pub states: Tensor<2>,
    /// Where each sequence lies.
    pub sequences: Sequences,
}

/// A frozen encoder.
pub struct Encoder {
    config: EncoderConfig,
    words: Table,
    positions: Table,
    token_types: Table,
    norm: Norm,
    layers: Vec<Layer>,
    precision: Precision,
}

/// A table of embeddings.
struct Table {
    /// The name of its trained twin.
    name: String,
    rows: Tensor<2>,
}

impl Table {
    fn rows(&self, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        let trained = adaptation.and_then(|trained| trained.tensor(&self.name, "weight"));
        trained.unwrap_or_else(|| self.rows.clone())
    }
}

struct Norm {
    /// The name of its trained twin.
    name: String,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
}

impl Norm {
    fn load(
        weights: &Weights,
        prefix: &str,
        name: &str,
        config: &EncoderConfig,
        device: &Device,
    ) -> Result<Self, Error> {
        let part = |part| {
            let name = format!("{prefix}{name}.{part}");
            weights.vector(&name, config.hidden, device.tensors())
        };
        Ok(Self {
            name: config.trained_name(name),
            gamma: part("weight")?,
            beta: part("bias")?,
            epsilon: config.epsilon,
        })
    }

    /// The norm as the kernels take it.
    fn packed(&self) -> LayerNorm {
        let values = |tensor: &Tensor<1>| tensor.clone().into_data().iter::<f32>().collect();
        LayerNorm {
            gamma: values(&self.gamma),
            beta: values(&self.beta),
            epsilon: self.epsilon,
        }
    }

    /// The normalised sum of `x` and `residual`.
    fn forward(
        &self,
        x: Tensor<2>,
        residual: Tensor<2>,
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let normalise = |gamma, beta| residual_layer_norm(x, residual, gamma, beta, self.epsilon);
        match adaptation.and_then(|trained| trained.whole(&self.name)) {
            // The kernel takes its scale and shift as constants.
            Some((gamma, beta)) => {
                normalise(self.gamma.ones_like(), self.beta.zeros_like()) * gamma + beta
            }
            None => normalise(self.gamma.clone(), self.beta.clone()),
        }
    }
}

struct Layer {
    linears: [Linear; Target::ALL.len()],
    attention_norm: Norm,
    output_norm: Norm,
    heads: usize,
    /// The same as one operation, on devices with kernels.
    whole: Option<EncoderLayer>,
}

impl Encoder {
    /// Loads the encoder of a model, with or without a head around it.
    ///
    /// # Errors
    ///
    /// When a tensor is missing, misshapen or not finite, or is not part of such a model.
    pub fn load(weights: &Weights, config: EncoderConfig, device: &Device) -> Result<Self, Error> {
        let prefix = prefix(weights, &config)?;
        weights.check_sizes(&prefix, &config)?;
        weights.check_known(&prefix, &config)?;
        let table = |name: &str, rows| -> Result<Table, Error> {
            let name = format!("embeddings.{name}");
            let shape = [rows, config.hidden];
            Ok(Table {
                rows: weights.matrix(&format!("{prefix}{name}.weight"), shape, device.tensors())?,
                name: config.trained_name(&name),
            })
        };
        let indices = (0..config.layers).into_par_iter();
        let layer = |index| Layer::load(weights, &prefix, index, &config, device);
        let layers: Vec<Result<Layer, Error>> = indices.map(layer).collect();
        Ok(Self {
            words: table("word_embeddings", config.vocabulary)?,
            positions: table("position_embeddings", config.positions)?,
            token_types: table("token_type_embeddings", config.token_types)?,
            norm: Norm::load(weights, &prefix, "embeddings.LayerNorm", &config, device)?,
            // The error of the lowest layer that has one.
            layers: layers.into_iter().collect::<Result<_, _>>()?,
            precision: device.precision(),
            config,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// The device the weights are on.
    pub fn device(&self) -> burn::tensor::Device {
        self.words.rows.device()
    }

    /// The precision of the products with frozen weights.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// The word embeddings, `[vocabulary, hidden]`.
    pub(crate) fn words(&self) -> &Tensor<2> {
        &self.words.rows
    }

    /// The states before the first layer.
    pub fn embed(&self, batch: &Batch) -> Hidden {
        self.embed_adapted(batch, None)
    }

    /// Runs the layers in `range` on the states before them.
    pub fn run(&self, range: Range<usize>, hidden: Hidden) -> Hidden {
        self.run_adapted(range, hidden, None)
    }

    /// What the layers below one make of a batch, which are constants in training; where none is left above,
    /// the states of each sequence's first token.
    pub(crate) fn prefix(&self, layer: usize, batch: &Batch) -> Hidden {
        let hidden = self.embed(batch);
        if layer < self.layers.len() {
            return self.run(0..layer, hidden);
        }
        let count = hidden.sequences.len();
        Hidden {
            states: self.run_to_first_tokens(0, hidden, None),
            sequences: Sequences::from_lengths(std::iter::repeat_n(1, count)),
        }
    }

    /// The states after the last layer.
    pub fn forward(&self, batch: &Batch) -> Hidden {
        self.run(0..self.layers.len(), self.embed(batch))
    }

    /// Every tensor by the name that a model with a head gives it; a vector is `[1, length]`.
    pub(crate) fn tensors(&self) -> Vec<(String, Tensor<2>)> {
        let tables = [&self.words, &self.positions, &self.token_types];
        let mut all: Vec<(String, Tensor<2>)> = tables
            .into_iter()
            .map(|table| (format!("{}.weight", table.name), table.rows.clone()))
            .collect();
        let mut norms = vec![&self.norm];
        for layer in &self.layers {
            norms.extend([&layer.attention_norm, &layer.output_norm]);
            all.extend(layer.linears.iter().flat_map(Linear::tensors));
        }
        for norm in norms {
            all.push((
                format!("{}.weight", norm.name),
                norm.gamma.clone().unsqueeze(),
            ));
            all.push((format!("{}.bias", norm.name), norm.beta.clone().unsqueeze()));
        }
        all
    }

    pub(crate) fn embed_adapted(
        &self,
        batch: &Batch,
        adaptation: Option<Adaptation<'_>>,
    ) -> Hidden {
        let tables = [&self.words, &self.positions, &self.token_types];
        let trained = adaptation.is_some_and(|trained| {
            let table = |table: &Table| trained.tensor(&table.name, "weight").is_some();
            tables.into_iter().any(table) || trained.whole(&self.norm.name).is_some()
        });
        let states = match trained || !has_kernels(&self.device()) {
            true => self.embed_by_steps(batch, adaptation),
            false => embed(
                EmbeddingTables {
                    words: self.words.rows.clone(),
                    positions: self.positions.rows.clone(),
                    token_types: self.token_types.rows.clone(),
                    gamma: self.norm.gamma.clone(),
                    beta: self.norm.beta.clone(),
                    epsilon: self.norm.epsilon,
                },
                &TableRows::new(&batch.tokens, &batch.positions),
            ),
        };
        Hidden {
            states,
            sequences: batch.sequences.clone(),
        }
    }

    /// The states before the first layer, operation by operation.
    fn embed_by_steps(&self, batch: &Batch, adaptation: Option<Adaptation<'_>>) -> Tensor<2> {
        let select = |table: &Table, rows: &[u32]| {
            let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
            let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &self.device());
            table.rows(adaptation).select(0, rows)
        };
        let words = select(&self.words, &batch.tokens);
        let positions = select(&self.positions, &batch.positions);
        let token_type = self.token_types.rows(adaptation).narrow(0, 0, 1);
        self.norm.forward(words, positions + token_type, adaptation)
    }

    pub(crate) fn run_adapted(
        &self,
        range: Range<usize>,
        hidden: Hidden,
        adaptation: Option<Adaptation<'_>>,
    ) -> Hidden {
        let Hidden { states, sequences } = hidden;
        let states = self.layers_on(range, states, &sequences, None, adaptation);
        Hidden { states, sequences }
    }

    /// Runs the layers from `first` on, the last one for the first token of each sequence alone:
    /// `[sequences, hidden]`.
    pub(crate) fn run_to_first_tokens(
        &self,
        first: usize,
        hidden: Hidden,
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let starts = hidden.sequences.ranges().map(|range| range.start);
        let starts: Vec<usize> = starts.collect();
        self.run_to_tokens(first, hidden, &starts, adaptation)
    }

    /// Runs the layers from `first` on, the last one for one token of each sequence alone, by its row:
    /// `[sequences, hidden]`.
    pub(crate) fn run_to_tokens(
        &self,
        first: usize,
        hidden: Hidden,
        rows: &[usize],
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let Hidden { states, sequences } = hidden;
        let layers = first..self.layers.len();
        self.layers_on(layers, states, &sequences, Some(rows), adaptation)
    }

    /// The states after some layers, of all tokens, or of the token in row `picked[i]` for each sequence `i`.
    fn layers_on(
        &self,
        range: Range<usize>,
        states: Tensor<2>,
        sequences: &Sequences,
        picked: Option<&[usize]>,
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let layers = &self.layers[range];
        let whole: Option<Vec<_>> = layers.iter().map(|layer| layer.whole.clone()).collect();
        let adapters = layers.iter().map(|layer| layer.adapters(adaptation));
        let adapters: Option<Vec<_>> = adapters.collect();
        if let (Some(whole), Some(adapters)) = (whole, adapters)
            && !whole.is_empty()
        {
            return encoder_layers(&whole, states, sequences, picked, &adapters);
        }
        let mut states = states;
        for (index, layer) in layers.iter().enumerate() {
            let picked = picked.filter(|_| index + 1 == layers.len());
            states = layer.forward(states, sequences, picked, adaptation);
        }
        states
    }
}

/// What the encoder's tensor names begin with: nothing, or the family where a head is around it.
pub(crate) fn prefix(weights: &Weights, config: &EncoderConfig) -> Result<String, Error> {
    let with_head = format!("{}.", config.family.prefix());
    let word_embeddings = "embeddings.word_embeddings.weight";
    let prefixes = [String::new(), with_head.clone()];
    let has = |prefix: &&String| weights.has(&format!("{prefix}{word_embeddings}"));
    if let Some(prefix) = prefixes.iter().find(has) {
        return Ok(prefix.clone());
    }
    let other = weights
        .names()
        .find_map(|name| name.strip_suffix(word_embeddings));
    Err(match other {
        Some(found) => Error::Prefix {
            path: weights.root().to_owned(),
            found: found.to_owned(),
            expected: format!("nothing or {with_head:?}"),
        },
        None => Error::MissingTensor {
            path: weights.root().to_owned(),
            name: word_embeddings.to_owned(),
            family: config.family.to_string(),
        },
    })
}

impl Layer {
    fn load(
        weights: &Weights,
        prefix: &str,
        index: usize,
        config: &EncoderConfig,
        device: &Device,
    ) -> Result<Self, Error> {
        let name = format!("encoder.layer.{index}");
        let linear = |target: Target| {
            let name = format!("{name}.{}", target.path());
            Linear::load(weights, prefix, &name, target.shape(config), config, device)
        };
        let norm =
            |part: &str| Norm::load(weights, prefix, &format!("{name}.{part}"), config, device);
        let [query, key, value, attention, intermediate, output] = Target::ALL;
        let linears = [
            linear(query)?,
            linear(key)?,
            linear(value)?,
            linear(attention)?,
            linear(intermediate)?,
            linear(output)?,
        ];
        let attention_norm = norm("attention.output.LayerNorm")?;
        let output_norm = norm("output.LayerNorm")?;
        let parts = linears.each_ref().map(Linear::frozen);
        let norms = (attention_norm.packed(), output_norm.packed());
        Ok(Self {
            whole: EncoderLayer::new(parts, norms.0, norms.1, config.heads),
            linears,
            attention_norm,
            output_norm,
            heads: config.heads,
        })
    }

    /// The states after this layer, operation by operation.
    fn forward(
        &self,
        states: Tensor<2>,
        sequences: &Sequences,
        picked: Option<&[usize]>,
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let Some(picked) = picked else {
            return self.steps(states.clone(), sequences, states, sequences, adaptation);
        };
        let rows: Vec<i32> = picked.iter().map(|&row| row as i32).collect();
        let count = rows.len();
        let device = states.device().inner();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device);
        let x = states.clone().select(0, rows);
        let single = Sequences::from_lengths(std::iter::repeat_n(1, count));
        self.steps(x, &single, states, sequences, adaptation)
    }

    /// LoRA of each part; none where something else is trained, or dropped.
    fn adapters(&self, adaptation: Option<Adaptation<'_>>) -> Option<Vec<Adapter>> {
        let Some(trained) = adaptation else {
            return Some(Vec::new());
        };
        let norms = [&self.attention_norm.name, &self.output_norm.name];
        if norms.into_iter().any(|name| trained.whole(name).is_some()) {
            return None;
        }
        let mut adapters = Vec::new();
        for (part, linear) in Part::ALL.into_iter().zip(&self.linears) {
            if linear.is_changed(trained) {
                let (down, up, scale) = linear.low_rank(trained)?;
                adapters.push(Adapter {
                    part,
                    down,
                    up,
                    scale,
                });
            }
        }
        Some(adapters)
    }

    /// The layer operation by operation. `x` are the states that are carried on, `context` those that are
    /// attended to.
    fn steps(
        &self,
        x: Tensor<2>,
        queries: &Sequences,
        context: Tensor<2>,
        keys: &Sequences,
        adaptation: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let linear = |target: Target, x| self.linears[target as usize].adapted(x, adaptation);
        let q = linear(Target::Query, x.clone());
        let k = linear(Target::Key, context.clone());
        let v = linear(Target::Value, context);
        let attended = attention(q, k, v, queries, keys, self.heads);
        let attended = linear(Target::AttentionOutput, attended);
        let x = self.attention_norm.forward(attended, x, adaptation);
        let inner = self.linears[Target::Intermediate as usize].adapted_gelu(x.clone(), adaptation);
        let out = linear(Target::Output, inner);
        self.output_norm.forward(out, x, adaptation)
    }
}
