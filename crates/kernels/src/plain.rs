//! The same operations built from burn's own, for devices without kernels and as the kernels' check.

use crate::precision::Precision;
use crate::sequences::Sequences;
use burn::tensor::{Bool, Device, FloatDType, Int, Tensor, TensorData, activation};

/// As [`crate::FrozenLinear`].
#[derive(Clone, Debug)]
pub struct Linear {
    /// The weight seen as `[inputs, outputs]`.
    transposed: Tensor<2>,
    bias: Tensor<1>,
    precision: Precision,
}

impl Linear {
    /// The layer with a weight `[outputs, inputs]` and a bias `[outputs]`.
    pub fn new(weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Self {
        Self {
            transposed: rounded(weight, precision).transpose(),
            bias,
            precision,
        }
    }

    /// The weight as it is multiplied.
    pub fn weight(&self) -> Tensor<2> {
        self.transposed.clone().transpose()
    }

    /// The bias.
    pub fn bias(&self) -> Tensor<1> {
        self.bias.clone()
    }

    /// `x W^T + b`; `x` is `[tokens, inputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        rounded(x, self.precision).matmul(self.transposed.clone()) + self.bias().unsqueeze()
    }
}

fn rounded(x: Tensor<2>, precision: Precision) -> Tensor<2> {
    match precision {
        Precision::F32 => x,
        Precision::Bf16 => x.cast(FloatDType::BF16).cast(FloatDType::F32),
    }
}

/// As [`crate::gelu`].
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    activation::gelu(x)
}

/// As [`crate::residual_layer_norm`] of a sum `x`; `gamma` and `beta` may be trained.
pub fn layer_norm(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f32) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().square().mean_dim(1);
    centred / (variance + epsilon).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
}

/// As [`crate::attention`]: the sequences are padded to the longest, the padding masked out.
pub fn attention(
    q: Tensor<2>,
    k: Tensor<2>,
    v: Tensor<2>,
    queries: &Sequences,
    keys: &Sequences,
    heads: usize,
) -> Tensor<2> {
    let device = q.device().inner();
    let width = q.dims()[1];
    let size = width / heads;
    let batch = queries.len();
    let (asking, answering) = (Padded::new(queries, &device), Padded::new(keys, &device));

    let by_head = |x: Tensor<2>, padded: &Padded| -> Tensor<4> {
        x.select(0, padded.from_packed.clone())
            .reshape([batch, padded.longest, heads, size])
            .swap_dims(1, 2)
    };
    let scores = by_head(q, &asking).matmul(by_head(k, &answering).transpose());
    let padding = answering
        .padding
        .clone()
        .reshape([batch, 1, 1, answering.longest])
        .expand([batch, heads, asking.longest, answering.longest]);
    let scores = (scores / (size as f32).sqrt()).mask_fill(padding, -1e30);
    activation::softmax(scores, 3)
        .matmul(by_head(v, &answering))
        .swap_dims(1, 2)
        .reshape([batch * asking.longest, width])
        .select(0, asking.to_packed)
}

/// Where tokens go when each sequence is padded to the longest.
struct Padded {
    longest: usize,
    /// The packed row for each padded slot; any row for padding.
    from_packed: Tensor<1, Int>,
    /// The padded slot of each packed row.
    to_packed: Tensor<1, Int>,
    /// True where a slot is padding.
    padding: Tensor<1, Bool>,
}

impl Padded {
    fn new(sequences: &Sequences, device: &Device) -> Self {
        let longest = sequences.longest();
        let slots = sequences.len() * longest;
        let mut from_packed = vec![0_i32; slots];
        let mut padding = vec![true; slots];
        let mut to_packed = Vec::with_capacity(sequences.tokens());
        for (sequence, range) in sequences.ranges().enumerate() {
            for (position, token) in range.enumerate() {
                let slot = sequence * longest + position;
                from_packed[slot] = token as i32;
                padding[slot] = false;
                to_packed.push(slot as i32);
            }
        }
        Self {
            longest,
            from_packed: Tensor::from_data(TensorData::from(from_packed.as_slice()), device),
            to_packed: Tensor::from_data(TensorData::from(to_packed.as_slice()), device),
            padding: Tensor::from_data(TensorData::from(padding.as_slice()), device),
        }
    }
}
