//! LoRA's tensors in one, and as the products take them.

use super::{Adapter, EncoderLayer, Part};
use crate::matrix::{Begin, Left, Panel, Product, Right};
use burn::tensor::Tensor;
use pulp::Arch;
use std::ops::Range;

/// Where an adapter lies in the tensor that has all of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub part: Part,
    pub rank: usize,
    scale: f32,
    inputs: usize,
    outputs: usize,
    /// A, `[rank, inputs]`.
    down: Range<usize>,
    /// B, `[outputs, rank]`.
    up: Range<usize>,
}

/// The places of the adapters of each layer.
pub(crate) fn slots(layers: &[EncoderLayer], adapters: &[Vec<Adapter>]) -> Vec<Vec<Slot>> {
    let mut end = 0;
    let mut slot = |layer: &EncoderLayer, adapter: &Adapter| {
        let matrix = layer.0.linears[adapter.part as usize].forward();
        let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
        let [rank, _] = adapter.down.dims();
        assert_eq!(
            adapter.down.dims(),
            [rank, inputs],
            "A takes the part's inputs"
        );
        assert_eq!(
            adapter.up.dims(),
            [outputs, rank],
            "B gives the part's outputs"
        );
        let down = end..end + rank * inputs;
        let up = down.end..down.end + outputs * rank;
        end = up.end;
        Slot {
            part: adapter.part,
            rank,
            scale: adapter.scale,
            inputs,
            outputs,
            down,
            up,
        }
    };
    let layers = layers.iter().zip(adapters);
    layers
        .map(|(layer, adapters)| {
            adapters
                .iter()
                .map(|adapter| slot(layer, adapter))
                .collect()
        })
        .collect()
}

/// The rank of each part's adapter, 0 where it has none.
pub(crate) fn ranks(slots: &[Slot]) -> [usize; Part::ALL.len()] {
    let mut ranks = [0; Part::ALL.len()];
    for slot in slots {
        ranks[slot.part as usize] = slot.rank;
    }
    ranks
}

/// The adapters' tensors one behind the other, as [`slots`] places them; none where there are none.
pub(crate) fn flat(adapters: &[Vec<Adapter>]) -> Option<Tensor<1>> {
    let flat = |tensor: &Tensor<2>| {
        let [rows, columns] = tensor.dims();
        tensor.clone().reshape([rows * columns])
    };
    let adapters = adapters.iter().flatten();
    let parts: Vec<_> = adapters
        .flat_map(|adapter| [flat(&adapter.down), flat(&adapter.up)])
        .collect();
    (!parts.is_empty()).then(|| Tensor::cat(parts, 0))
}

/// The adapters of a layer for one pass.
pub(crate) struct Packed<'a>([Option<Low<'a>>; Part::ALL.len()]);

/// One adapter.
pub(crate) struct Low<'a> {
    slot: &'a Slot,
    /// A, `[rank, inputs]`.
    down: &'a [f32],
    /// The matrix that x, or in the backward pass its gradient, is multiplied with first: A^T,
    /// `[inputs, rank]`, or B, `[outputs, rank]`.
    first: Panel,
    /// B^T, `[rank, outputs]`; empty in the backward pass.
    up_turned: Vec<f32>,
}

impl<'a> Packed<'a> {
    pub(crate) fn forward(slots: &'a [Slot], values: &'a [f32]) -> Self {
        Self::new(slots, values, |slot, down, up| {
            let first = Panel::new(slot.inputs, slot.rank, |k, j| down[j * slot.inputs + k]);
            (first, turned(up, slot.rank))
        })
    }

    pub(crate) fn backward(slots: &'a [Slot], values: &'a [f32]) -> Self {
        Self::new(slots, values, |slot, _, up| {
            let first = Panel::new(slot.outputs, slot.rank, |k, j| up[k * slot.rank + j]);
            (first, Vec::new())
        })
    }

    fn new(
        slots: &'a [Slot],
        values: &'a [f32],
        pack: impl Fn(&Slot, &[f32], &[f32]) -> (Panel, Vec<f32>),
    ) -> Self {
        let mut packed = [const { None }; Part::ALL.len()];
        for slot in slots {
            let (down, up) = (&values[slot.down.clone()], &values[slot.up.clone()]);
            let (first, up_turned) = pack(slot, down, up);
            packed[slot.part as usize] = Some(Low {
                slot,
                down,
                first,
                up_turned,
            });
        }
        Self(packed)
    }

    pub(crate) fn of(&self, part: Part) -> Option<&Low<'a>> {
        self.0[part as usize].as_ref()
    }
}

/// The matrix of `columns` columns with rows and columns exchanged.
fn turned(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    let mut turned = vec![0.0; values.len()];
    for (r, row) in values.chunks_exact(columns).enumerate() {
        for (c, &value) in row.iter().enumerate() {
            turned[c * rows + r] = value;
        }
    }
    turned
}

/// A product of row-major matrices: `[rows, depth]`, or its transpose, by `[depth, columns]`.
fn multiply(
    [rows, depth, columns]: [usize; 3],
    left: Left<'_, f32>,
    right: &[f32],
    begin: Begin<'_>,
    out: &mut [f32],
) {
    let right = Right::Rows {
        values: right,
        stride: columns,
    };
    product([rows, depth, columns], left, right, begin, out);
}

fn product(
    [rows, depth, columns]: [usize; 3],
    left: Left<'_, f32>,
    right: Right<'_, f32>,
    begin: Begin<'_>,
    out: &mut [f32],
) {
    Arch::new().dispatch(Product {
        rows,
        depth,
        columns,
        left,
        right,
        begin,
        out,
        stride: columns,
    });
}

impl Low<'_> {
    /// Adds `scale * x A^T B^T` to `out`; `low`, `[rows, rank]`, becomes `scale * x A^T`.
    pub(crate) fn add(&self, x: &[f32], low: &mut [f32], out: &mut [f32]) {
        let Slot {
            rank,
            inputs,
            outputs,
            ..
        } = *self.slot;
        let rows = x.len() / inputs;
        let shape = [rows, inputs, rank];
        let first = self.first.right();
        product(shape, Left::rows(x, inputs), first, Begin::Zero, low);
        self.scale(low);
        let shape = [rows, rank, outputs];
        multiply(
            shape,
            Left::rows(low, rank),
            &self.up_turned,
            Begin::Out,
            out,
        );
    }

    /// From the gradient of the part's result to those of A and B, which are written to `grads` (B's with
    /// rows and columns exchanged), and of `x`, which is added to `of_x`. `low_grad` is space.
    pub(crate) fn backward(
        &self,
        x: &[f32],
        low: &[f32],
        grad: &[f32],
        of_x: Option<&mut [f32]>,
        grads: &mut [f32],
        low_grad: &mut [f32],
    ) {
        let Slot {
            rank,
            inputs,
            outputs,
            ..
        } = *self.slot;
        let rows = grad.len() / outputs;
        let shape = [rows, outputs, rank];
        let first = self.first.right();
        product(
            shape,
            Left::rows(grad, outputs),
            first,
            Begin::Zero,
            low_grad,
        );
        self.scale(low_grad);
        let (of_up, of_down) = (self.slot.up.clone(), self.slot.down.clone());
        let shape = [rank, rows, outputs];
        multiply(
            shape,
            Left::columns(low, rank),
            grad,
            Begin::Zero,
            &mut grads[of_up],
        );
        let shape = [rank, rows, inputs];
        multiply(
            shape,
            Left::columns(low_grad, rank),
            x,
            Begin::Zero,
            &mut grads[of_down],
        );
        if let Some(of_x) = of_x {
            let shape = [rows, rank, inputs];
            multiply(
                shape,
                Left::rows(low_grad, rank),
                self.down,
                Begin::Out,
                of_x,
            );
        }
    }

    fn scale(&self, low: &mut [f32]) {
        for value in low {
            *value *= self.slot.scale;
        }
    }

    /// The rank.
    pub(crate) fn rank(&self) -> usize {
        self.slot.rank
    }
}

/// Turns the gradients of every B, which [`Low::backward`] writes the other way round.
pub(crate) fn turn_ups(slots: &[Slot], grads: &mut [f32]) {
    for slot in slots {
        let up = &mut grads[slot.up.clone()];
        let right = turned(up, slot.outputs);
        up.copy_from_slice(&right);
    }
}
