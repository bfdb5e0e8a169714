//! The operations as the encoder calls them, and the extension trait that routes them.

use crate::embeddings::TableRows;
use crate::frozen::PackedLinear;
use crate::layer::LayersCall;
use crate::plain;
use crate::sequences::Sequences;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{Device, Tensor};

/// The encoder's fused operations. `gamma`, `beta` and the layers are constants to their backward pass.
#[backend_extension(Flex, Autodiff)]
pub trait EncoderOps: Backend {
    /// `x W^T + b`; `x` is `[tokens, inputs]`.
    fn packed_linear(x: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self>;

    /// The gradient of `x` in [`EncoderOps::packed_linear`].
    fn packed_linear_backward(grad: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self>;

    /// `gelu(x W^T + b)`.
    fn packed_linear_gelu(x: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self>;

    /// `x W^T + b + low up^T`; `low` is `[tokens, rank]`, `up` `[outputs, rank]`.
    fn packed_adapted_linear(
        x: FloatTensor<Self>,
        low: FloatTensor<Self>,
        up: FloatTensor<Self>,
        layer: PackedLinear,
    ) -> FloatTensor<Self>;

    /// The normalised sum of each token's rows of the tables, [`embed`]; all are constants.
    fn packed_embeddings(
        words: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        token_types: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        rows: TableRows,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// Whole encoder layers, [`crate::encoder_layers`]; `adapters` has all of LoRA's tensors.
    fn packed_layers(
        x: FloatTensor<Self>,
        adapters: FloatTensor<Self>,
        call: LayersCall,
    ) -> FloatTensor<Self>;

    /// The gradients of `x` (one value that means nothing, where it is not wanted) and of `adapters` in
    /// [`EncoderOps::packed_layers`], from what the call kept.
    fn packed_layers_backward(
        adapters: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        call: LayersCall,
        of_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `gelu(x)`, element by element.
    fn packed_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x` in [`EncoderOps::packed_gelu`].
    fn packed_gelu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Layer normalisation of each row of `x + residual`, `[tokens, width]`.
    fn packed_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// The gradient of `x`, which is that of `residual`, in [`EncoderOps::packed_layer_norm`].
    fn packed_layer_norm_backward(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// Attention of each sequence of `queries` to that of `keys`; `q`, `k` and `v` are
    /// `[tokens, heads * size]`.
    fn packed_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> FloatTensor<Self>;

    /// The gradients of `q`, `k` and `v` in [`EncoderOps::packed_attention`].
    fn packed_attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Whether this device runs the kernels of this crate.
pub fn has_kernels(device: &Device) -> bool {
    matches!(
        device.clone().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    )
}

/// Tables of embeddings, `[rows, width]` each, and the layer norm of their sum: all constants.
pub struct EmbeddingTables {
    /// A row for each word.
    pub words: Tensor<2>,
    /// A row for each position.
    pub positions: Tensor<2>,
    /// The first row is that of all tokens.
    pub token_types: Tensor<2>,
    /// The norm's scale, `[width]`.
    pub gamma: Tensor<1>,
    /// The norm's shift, `[width]`.
    pub beta: Tensor<1>,
    /// What the norm adds to a variance.
    pub epsilon: f32,
}

/// The states before the first layer, `[tokens, width]`, on a device with kernels.
///
/// # Panics
///
/// When a token has a row that a table lacks.
pub fn embed(tables: EmbeddingTables, rows: &TableRows) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_embeddings(
        tables.words.into_dispatch(),
        tables.positions.into_dispatch(),
        tables.token_types.into_dispatch(),
        tables.gamma.into_dispatch(),
        tables.beta.into_dispatch(),
        rows.clone(),
        tables.epsilon,
    ))
}

/// The exact (erf) GELU of each element.
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    if has_kernels(&x.device()) {
        Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_gelu(x.into_dispatch()))
    } else {
        plain::gelu(x)
    }
}

/// Layer normalisation of each row of `x + residual`.
///
/// Shapes: `x` and `residual` are `[tokens, width]`, `gamma` and `beta` `[width]`. The latter are
/// constants: they get no gradient; train them with [`plain::layer_norm`].
pub fn residual_layer_norm(
    x: Tensor<2>,
    residual: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
) -> Tensor<2> {
    if has_kernels(&x.device()) {
        Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_layer_norm(
            x.into_dispatch(),
            residual.into_dispatch(),
            gamma.into_dispatch(),
            beta.into_dispatch(),
            epsilon,
        ))
    } else {
        plain::layer_norm(x + residual, gamma, beta, epsilon)
    }
}

/// Scaled dot-product attention with `heads` heads: the queries of each sequence attend to the keys
/// of the sequence of the same number.
///
/// Shapes: `q` and the result are `[queries.tokens(), heads * size]`, `k` and `v`
/// `[keys.tokens(), heads * size]`.
///
/// # Panics
///
/// When the sequences do not cover the rows, differ in number, or `heads` does not divide the width.
pub fn attention(
    q: Tensor<2>,
    k: Tensor<2>,
    v: Tensor<2>,
    queries: &Sequences,
    keys: &Sequences,
    heads: usize,
) -> Tensor<2> {
    let [tokens, width] = q.dims();
    assert_eq!(tokens, queries.tokens(), "the queries cover the rows of q");
    assert_eq!(
        k.dims(),
        [keys.tokens(), width],
        "the keys cover the rows of k"
    );
    assert_eq!(v.dims(), k.dims(), "k and v have one shape");
    assert_eq!(
        queries.len(),
        keys.len(),
        "each sequence has queries and keys"
    );
    assert_eq!(width % heads, 0, "the heads divide the width");
    if has_kernels(&q.device()) {
        Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_attention(
            q.into_dispatch(),
            k.into_dispatch(),
            v.into_dispatch(),
            queries.clone(),
            keys.clone(),
            heads,
        ))
    } else {
        plain::attention(q, k, v, queries, keys, heads)
    }
}
