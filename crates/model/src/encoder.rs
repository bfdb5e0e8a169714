//! The BERT and RoBERTa encoder on packed tokens.

use crate::linear::Linear;
use crate::{Batch, EncoderConfig, Error, Parameters, Target, Weights};
use burn::tensor::{Device, Int, Tensor, TensorData};
use goldpan_kernels::{Sequences, attention, bias_gelu, layer_norm};
use std::ops::Range;

/// The states of packed tokens, `[total_tokens, hidden]`, between two layers.
#[derive(Clone)]
pub struct Hidden {
    /// One row for each token.
    pub states: Tensor<2>,
    /// Where each sequence lies.
    pub sequences: Sequences,
}

/// LoRA tensors and what their product is multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct Adaptation<'a> {
    pub parameters: &'a Parameters,
    pub scale: f32,
}

/// A frozen encoder.
pub struct Encoder {
    config: EncoderConfig,
    words: Tensor<2>,
    positions: Tensor<2>,
    token_type: Tensor<2>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Norm {
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
}

impl Norm {
    fn load(
        weights: &Weights,
        name: &str,
        config: &EncoderConfig,
        device: &Device,
    ) -> Result<Self, Error> {
        Ok(Self {
            gamma: weights.vector(&format!("{name}.weight"), config.hidden, device)?,
            beta: weights.vector(&format!("{name}.bias"), config.hidden, device)?,
            epsilon: config.epsilon,
        })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        layer_norm(x, self.gamma.clone(), self.beta.clone(), self.epsilon)
    }
}

struct Layer {
    /// The name that its LoRA tensors begin with.
    name: String,
    linears: [Linear; Target::ALL.len()],
    attention_norm: Norm,
    output_norm: Norm,
}

impl Encoder {
    /// Loads the encoder of a model, with or without a head around it.
    ///
    /// # Errors
    ///
    /// When a tensor is missing, misshapen or not finite.
    pub fn load(weights: &Weights, config: EncoderConfig, device: &Device) -> Result<Self, Error> {
        let prefix = prefix(weights, &config)?;
        let embeddings = format!("{prefix}embeddings");
        let table = |name: &str, rows| {
            weights.matrix(
                &format!("{embeddings}.{name}.weight"),
                [rows, config.hidden],
                device,
            )
        };
        let layers =
            (0..config.layers).map(|index| Layer::load(weights, &prefix, index, &config, device));
        Ok(Self {
            words: table("word_embeddings", config.vocabulary)?,
            positions: table("position_embeddings", config.positions)?,
            token_type: table("token_type_embeddings", config.token_types)?.narrow(0, 0, 1),
            norm: Norm::load(weights, &format!("{embeddings}.LayerNorm"), &config, device)?,
            layers: layers.collect::<Result<_, _>>()?,
            config,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// The device the weights are on.
    pub fn device(&self) -> Device {
        self.words.device()
    }

    /// The word embeddings, `[vocabulary, hidden]`.
    pub(crate) fn words(&self) -> &Tensor<2> {
        &self.words
    }

    /// The states before the first layer.
    pub fn embed(&self, batch: &Batch) -> Hidden {
        let words = self.words.clone().select(0, batch.tokens.clone());
        let positions = self.positions.clone().select(0, batch.positions.clone());
        Hidden {
            states: self
                .norm
                .forward(words + positions + self.token_type.clone()),
            sequences: batch.sequences.clone(),
        }
    }

    /// Runs the layers in `range` on the states before them.
    pub fn run(&self, range: Range<usize>, hidden: Hidden) -> Hidden {
        self.run_adapted(range, hidden, None)
    }

    /// The states after the last layer.
    pub fn forward(&self, batch: &Batch) -> Hidden {
        self.run(0..self.layers.len(), self.embed(batch))
    }

    pub(crate) fn run_adapted(
        &self,
        range: Range<usize>,
        hidden: Hidden,
        lora: Option<Adaptation<'_>>,
    ) -> Hidden {
        let Hidden { states, sequences } = hidden;
        let states = self.layers[range].iter().fold(states, |states, layer| {
            let heads = self.config.heads;
            layer.forward(states.clone(), &sequences, states, &sequences, heads, lora)
        });
        Hidden { states, sequences }
    }

    /// Runs the last layer for the first token of each sequence alone: `[sequences, hidden]`.
    pub(crate) fn last_layer_of_first_tokens(
        &self,
        hidden: Hidden,
        lora: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let starts = hidden.sequences.ranges().map(|range| range.start);
        let starts: Vec<usize> = starts.collect();
        self.last_layer_of_tokens(hidden, &starts, lora)
    }

    /// Runs the last layer for one token of each sequence alone, by its row: `[sequences, hidden]`.
    pub(crate) fn last_layer_of_tokens(
        &self,
        hidden: Hidden,
        rows: &[usize],
        lora: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let Hidden { states, sequences } = hidden;
        let count = rows.len();
        let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &self.device());
        let picked = states.clone().select(0, rows);
        let single = Sequences::from_lengths(std::iter::repeat_n(1, count));
        self.layers[self.layers.len() - 1].forward(
            picked,
            &single,
            states,
            &sequences,
            self.config.heads,
            lora,
        )
    }
}

/// What the encoder's tensor names begin with: nothing, or the family where a head is around it.
fn prefix(weights: &Weights, config: &EncoderConfig) -> Result<String, Error> {
    let with_head = format!("{}.", config.family.prefix());
    let word_embeddings = "embeddings.word_embeddings.weight";
    [String::new(), with_head]
        .into_iter()
        .find(|prefix| weights.has(&format!("{prefix}{word_embeddings}")))
        .ok_or_else(|| Error::MissingTensor {
            path: weights.root().to_owned(),
            name: word_embeddings.to_owned(),
            family: config.family.to_string(),
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
        let name = format!("{prefix}encoder.layer.{index}");
        let linear = |target: Target| {
            let (inputs, outputs) = target.shape(config);
            Linear::load(
                weights,
                &format!("{name}.{}", target.path()),
                inputs,
                outputs,
                device,
            )
        };
        let [query, key, value, attention, intermediate, output] = Target::ALL;
        Ok(Self {
            linears: [
                linear(query)?,
                linear(key)?,
                linear(value)?,
                linear(attention)?,
                linear(intermediate)?,
                linear(output)?,
            ],
            attention_norm: Norm::load(
                weights,
                &format!("{name}.attention.output.LayerNorm"),
                config,
                device,
            )?,
            output_norm: Norm::load(weights, &format!("{name}.output.LayerNorm"), config, device)?,
            name: format!("{}.encoder.layer.{index}", config.family.prefix()),
        })
    }

    /// `x` are the states that are carried on, `context` those that are attended to.
    fn forward(
        &self,
        x: Tensor<2>,
        queries: &Sequences,
        context: Tensor<2>,
        keys: &Sequences,
        heads: usize,
        lora: Option<Adaptation<'_>>,
    ) -> Tensor<2> {
        let q = self.project(Target::Query, x.clone(), lora);
        let k = self.project(Target::Key, context.clone(), lora);
        let v = self.project(Target::Value, context, lora);
        let attended = attention(q, k, v, queries, keys, heads);
        let attended = self.project(Target::AttentionOutput, attended, lora);
        let x = self.attention_norm.forward(attended + x);
        let inner = self.product(Target::Intermediate, x.clone(), lora);
        let inner = bias_gelu(inner, self.linear(Target::Intermediate).bias.clone());
        let out = self.project(Target::Output, inner, lora);
        self.output_norm.forward(out + x)
    }

    fn linear(&self, target: Target) -> &Linear {
        &self.linears[target as usize]
    }

    fn project(&self, target: Target, x: Tensor<2>, lora: Option<Adaptation<'_>>) -> Tensor<2> {
        self.product(target, x, lora) + self.linear(target).bias.clone().unsqueeze()
    }

    /// `x W^T`, plus `scale * (x A^T) B^T` where the layer is adapted.
    fn product(&self, target: Target, x: Tensor<2>, lora: Option<Adaptation<'_>>) -> Tensor<2> {
        let frozen = self.linear(target).product(x.clone());
        let Some(lora) = lora else { return frozen };
        let tensor = |part| {
            let name = format!("{}.{}.{part}.weight", self.name, target.path());
            lora.parameters.get(&name).cloned()
        };
        match (tensor("lora_A"), tensor("lora_B")) {
            (Some(a), Some(b)) => {
                let low = x.matmul(a.transpose()) * lora.scale;
                frozen + low.matmul(b.transpose())
            }
            _ => frozen,
        }
    }
}
