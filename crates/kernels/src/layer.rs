//! Whole encoder layers as one operation: attention and the feed-forward part, with their residuals and
//! layer norms, frozen but for LoRA beside their linears.
//!
//! Texts are independent of each other, so a batch is cut into groups of whole sequences. A thread takes
//! a group through all layers, forward or backward, while the group's states stay in its cache, and waits
//! for no other. The groups follow from the sequences alone, and what is summed over them is summed in
//! their order: a result is the same on any number of threads.

mod adapters;
mod backward;
mod forward;
mod groups;
mod kept;
mod pool;

use crate::frozen::{FrozenLinear, PackedLinear};
use crate::ops::EncoderOps;
use crate::sequences::Sequences;
use adapters::Slot;
use burn::backend::Dispatch;
use burn::tensor::Tensor;
use groups::Group;
use kept::Shape;
use pool::{Loan, Pool};
use std::sync::{Arc, Mutex};

pub(crate) use backward::backward;
pub(crate) use forward::forward;

/// A linear layer of an encoder layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are BERT's")]
pub enum Part {
    Query,
    Key,
    Value,
    AttentionOutput,
    Intermediate,
    Output,
}

impl Part {
    /// All parts, in the order of the forward pass.
    pub const ALL: [Self; 6] = [
        Self::Query,
        Self::Key,
        Self::Value,
        Self::AttentionOutput,
        Self::Intermediate,
        Self::Output,
    ];
}

/// LoRA beside a part: `scale * x down^T up^T` is added to its result.
pub struct Adapter {
    /// The part.
    pub part: Part,
    /// LoRA's A, `[rank, inputs]`.
    pub down: Tensor<2>,
    /// LoRA's B, `[outputs, rank]`.
    pub up: Tensor<2>,
    /// What the product is multiplied with.
    pub scale: f32,
}

/// The scale and shift of a layer norm, and what is added to variances.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// The scale, `[hidden]`.
    pub gamma: Vec<f32>,
    /// The shift, `[hidden]`.
    pub beta: Vec<f32>,
    /// What is added to a variance.
    pub epsilon: f32,
}

/// A frozen encoder layer on a device with kernels; copies share it.
#[derive(Clone, Debug)]
pub struct EncoderLayer(Arc<Layer>);

#[derive(Debug)]
struct Layer {
    linears: [PackedLinear; Part::ALL.len()],
    attention_norm: LayerNorm,
    output_norm: LayerNorm,
    heads: usize,
    /// Stands in where nothing is adapted.
    no_adapters: Tensor<1>,
    spaces: Pool<forward::Space>,
    gradients: Pool<backward::Space>,
    kept: Pool<Vec<f32>>,
    sums: Pool<Vec<f32>>,
}

impl EncoderLayer {
    /// The layer with these linears, in the order of [`Part::ALL`]; none on a device without kernels.
    pub fn new(
        linears: [&FrozenLinear; Part::ALL.len()],
        attention_norm: LayerNorm,
        output_norm: LayerNorm,
        heads: usize,
    ) -> Option<Self> {
        let packed: Option<Vec<_>> = linears.iter().map(|linear| linear.packed()).collect();
        let device = linears[0].bias().device();
        Some(Self(Arc::new(Layer {
            linears: packed?.try_into().ok()?,
            attention_norm,
            output_norm,
            heads,
            no_adapters: Tensor::zeros([1], &device),
            spaces: Pool::default(),
            gradients: Pool::default(),
            kept: Pool::default(),
            sums: Pool::default(),
        })))
    }
}

/// The states after `layers`, of all tokens of `x`, `[tokens, hidden]`, or of the token in row `picked[i]`
/// for each sequence `i`; `adapters` are those of each layer.
///
/// # Panics
///
/// When shapes do not fit, the picked rows are not one of each sequence, or there is no layer.
pub fn encoder_layers(
    layers: &[EncoderLayer],
    x: Tensor<2>,
    sequences: &Sequences,
    picked: Option<&[usize]>,
    adapters: &[Vec<Adapter>],
) -> Tensor<2> {
    let first = &layers[0].0;
    let hidden = first.linears[0].forward().inputs();
    assert_eq!(
        x.dims(),
        [sequences.tokens(), hidden],
        "the sequences cover x"
    );
    assert_eq!(
        layers.len(),
        adapters.len(),
        "each layer has adapters, if none"
    );
    if let Some(picked) = picked {
        let own = sequences
            .ranges()
            .zip(picked)
            .all(|(range, row)| range.contains(row));
        assert!(
            own && picked.len() == sequences.len(),
            "each sequence has a picked row"
        );
    }
    let call = LayersCall {
        slots: adapters::slots(layers, adapters).into(),
        groups: groups::cut(sequences, picked).into(),
        rows: picked.map_or(sequences.tokens(), <[usize]>::len),
        layers: layers.into(),
        kept: None,
    };
    let adapters = adapters::flat(adapters).unwrap_or_else(|| first.no_adapters.clone());
    Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_layers(
        x.into_dispatch(),
        adapters.into_dispatch(),
        call,
    ))
}

/// One pass through layers.
#[derive(Clone, Debug)]
pub struct LayersCall {
    layers: Arc<[EncoderLayer]>,
    groups: Arc<[Group]>,
    /// The rows of the result.
    rows: usize,
    /// The adapters of each layer.
    slots: Arc<[Vec<Slot>]>,
    /// What the backward pass needs of the forward pass, where there will be one.
    kept: Option<Arc<Mutex<Loan<Vec<f32>>>>>,
}

impl LayersCall {
    /// The same pass, whose backward pass will be asked for.
    pub(crate) fn keeping(self) -> Self {
        let buffer = self.first().kept.take();
        Self {
            kept: Some(Arc::new(Mutex::new(buffer))),
            ..self
        }
    }

    /// The columns of `x` and of the result.
    pub(crate) fn hidden(&self) -> usize {
        self.first().linears[0].forward().inputs()
    }

    /// The rows of `x`.
    pub(crate) fn tokens(&self) -> usize {
        self.groups.iter().map(|group| group.keys.tokens()).sum()
    }

    /// The rows of the result.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The first layer. Its pools serve all.
    fn first(&self) -> &Layer {
        &self.layers[0].0
    }

    /// Whether this is the last layer.
    fn is_last(&self, index: usize) -> bool {
        index + 1 == self.layers.len()
    }

    /// What is kept of a group at a layer has this shape.
    fn shape(&self, group: &Group, index: usize) -> Shape {
        Shape {
            tokens: group.keys.tokens(),
            rows: group.queries(self.is_last(index)).tokens(),
            hidden: self.hidden(),
            keeping: self.kept.is_some(),
            inner: self.layers[index].0.linears[Part::Intermediate as usize]
                .bias()
                .len(),
            ranks: adapters::ranks(&self.slots[index]),
        }
    }
}
