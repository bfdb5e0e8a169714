//! The backward pass, from what the forward pass kept.

use super::adapters::{Packed, turn_ups};
use super::forward::{View, gather, scatter, tokens_by_group};
use super::kept::Kept;
use super::pool::sized;
use super::{Layer, LayerNorm, LayersCall, Part};
use crate::matrix::Begin;
use crate::{attention, gelu, layer_norm};
use rayon::prelude::*;
use std::sync::PoisonError;

const NOTHING_KEPT: &str = "only a pass that keeps its states has a backward pass";

/// What a thread works with.
#[derive(Default)]
pub(crate) struct Space {
    pairs: Vec<u32>,
    picked: Vec<f32>,
    /// The gradient of the second layer norm's sum, and of the first one's.
    sums: [Vec<f32>; 2],
    /// The input of the part at hand, made again.
    input: Vec<f32>,
    inner: Vec<f32>,
    attended: Vec<f32>,
    of_q: Vec<f32>,
    of_k: Vec<f32>,
    of_v: Vec<f32>,
    low: Vec<f32>,
    /// The gradients of the states after a layer, and before it.
    states: [Vec<f32>; 2],
    attention: attention::Space,
}

/// Writes the gradient of `x` to `of_x`, where it is wanted, and those of the adapters.
///
/// # Panics
///
/// When the call's forward pass kept nothing.
pub(crate) fn backward(
    call: &LayersCall,
    adapters: &[f32],
    grad: &[f32],
    of_x: Option<&mut [f32]>,
    of_adapters: &mut [f32],
) {
    let Some(kept) = &call.kept else {
        panic!("{NOTHING_KEPT}");
    };
    let mut buffer = kept.lock().unwrap_or_else(PoisonError::into_inner);
    // Below this layer nothing has a gradient.
    let lowest = match of_x {
        Some(_) => Some(0),
        None => call.slots.iter().position(|slots| !slots.is_empty()),
    };
    let Some(lowest) = lowest else {
        return;
    };
    for layer in &call.layers[lowest..] {
        for linear in &layer.0.linears {
            // Made here, since a thread that waits for it must not begin another group.
            linear.backward();
        }
    }
    let adapters: Vec<_> = call
        .slots
        .iter()
        .map(|slots| Packed::backward(slots, adapters))
        .collect();
    let of_xs: Vec<Option<Vec<&mut [f32]>>> = match of_x {
        Some(of_x) => tokens_by_group(of_x, call).into_iter().map(Some).collect(),
        None => call.groups.iter().map(|_| None).collect(),
    };
    let groups = call
        .groups
        .par_iter()
        .zip(call.kept(&mut buffer))
        .zip(of_xs);
    let parts = groups.map(|((group, mut kept), of_x)| {
        let space = &mut *call.first().gradients.take();
        let [mut after, mut before] = std::mem::take(&mut space.states);
        let mut grads = call.first().sums.take();
        // Every adapter from the lowest layer on gets its own; below it there is none.
        sized(&mut grads, of_adapters.len());
        gather(
            grad,
            &group.rows,
            call.hidden(),
            sized(&mut after, grad.len()),
        );
        for index in (lowest..call.layers.len()).rev() {
            let kept = &mut kept[index];
            let of_result = &after[..kept.q.len()];
            let wanted = index > lowest || of_x.is_some();
            let of_states = wanted.then(|| sized(&mut before, kept.x.len()));
            let pass = Pass {
                layer: &call.layers[index].0,
                view: View::new(group, call.is_last(index)),
                adapters: &adapters[index],
                grads: &mut grads,
                space,
            };
            pass.run(of_result, kept, of_states);
            std::mem::swap(&mut after, &mut before);
        }
        if let Some(of_x) = of_x {
            scatter(&after, of_x);
        }
        space.states = [after, before];
        grads
    });
    for part in parts.collect::<Vec<_>>() {
        for (sum, value) in of_adapters.iter_mut().zip(&*part) {
            *sum += value;
        }
    }
    for slots in call.slots.iter() {
        turn_ups(slots, of_adapters);
    }
}

/// A group on its way back through a layer.
struct Pass<'a> {
    layer: &'a Layer,
    view: View<'a>,
    adapters: &'a Packed<'a>,
    grads: &'a mut [f32],
    space: &'a mut Space,
}

impl Pass<'_> {
    /// From the gradient of the states after the layer to those of the adapters and of the states before
    /// it, where these are wanted.
    fn run(self, grad: &[f32], kept: &mut Kept<'_>, of_x: Option<&mut [f32]>) {
        let Self {
            layer,
            view,
            adapters,
            grads,
            space,
        } = self;
        let Some(for_backward) = &kept.backward else {
            panic!("{NOTHING_KEPT}");
        };
        let before_gelu = &*for_backward.before_gelu;
        let hidden = layer.linears[0].forward().inputs();
        let x = &*kept.x;
        let low = &kept.low;
        let (pairs, low_space) = (&mut space.pairs, &mut space.low);
        // The gradient of a part's input from that of its result; the input is read for LoRA alone.
        let mut back =
            |part: Part, grad: &[f32], input: &[f32], of_input: Option<(Begin<'_>, &mut [f32])>| {
                let matrix = layer.linears[part as usize].backward();
                let mut of_input = of_input;
                if let Some((begin, out)) = &mut of_input {
                    matrix.product(&matrix.rounded(grad, pairs), *begin, out);
                }
                if let Some(adapter) = adapters.of(part) {
                    let rows = grad.len() / matrix.inputs();
                    let space = sized(low_space, rows * adapter.rank());
                    let out = of_input.map(|(_, out)| out);
                    adapter.backward(input, low[part as usize], grad, out, grads, space);
                }
            };

        let [of_output, of_middle] = &mut space.sums;
        let of_output = sized(of_output, grad.len());
        of_output.copy_from_slice(grad);
        let (normal, scales) = &for_backward.output_normal;
        layer_norm::backward_kept(&layer.output_norm.gamma, normal, scales, of_output);

        let of_inner = sized(&mut space.inner, before_gelu.len());
        let input = match adapters.of(Part::Output) {
            Some(_) => {
                let input = sized(&mut space.input, before_gelu.len());
                gelu::of(before_gelu, input);
                &*input
            }
            None => &[],
        };
        back(
            Part::Output,
            of_output,
            input,
            Some((Begin::Zero, of_inner)),
        );
        gelu::backward_in_place(before_gelu, of_inner);

        // The states between attention and the feed-forward part: as the residual, and by it.
        let of_middle = sized(of_middle, grad.len());
        of_middle.copy_from_slice(of_output);
        let (normal, scales) = &for_backward.attention_normal;
        let input = match adapters.of(Part::Intermediate) {
            Some(_) => scaled(&layer.attention_norm, normal, &mut space.input),
            None => &[],
        };
        back(
            Part::Intermediate,
            of_inner,
            input,
            Some((Begin::Out, of_middle)),
        );
        layer_norm::backward_kept(&layer.attention_norm.gamma, normal, scales, of_middle);

        let of_attended = sized(&mut space.attended, grad.len());
        let input = &*kept.attended;
        back(
            Part::AttentionOutput,
            of_middle,
            input,
            Some((Begin::Zero, of_attended)),
        );
        let operands = attention::Operands {
            q: kept.q,
            k: kept.k,
            v: kept.v,
            queries: view.queries,
            keys: view.keys,
            heads: layer.heads,
            width: hidden,
        };
        let of_q = sized(&mut space.of_q, grad.len());
        let (of_k, of_v) = (
            sized(&mut space.of_k, x.len()),
            sized(&mut space.of_v, x.len()),
        );
        for (index, (rows, keys)) in view.queries.ranges().zip(view.keys.ranges()).enumerate() {
            let rows = rows.start * hidden..rows.end * hidden;
            let keys = keys.start * hidden..keys.end * hidden;
            let out = [&mut of_q[rows], &mut of_k[keys.clone()], &mut of_v[keys]];
            attention::backward_sequence(operands, index, of_attended, out, &mut space.attention);
        }

        match (of_x, view.picked) {
            (None, _) => {
                let queried = view.queried(x, hidden, &mut space.picked);
                back(Part::Query, of_q, queried, None);
                back(Part::Key, of_k, x, None);
                back(Part::Value, of_v, x, None);
            }
            (Some(of_x), None) => {
                of_x.copy_from_slice(of_middle);
                back(Part::Query, of_q, x, Some((Begin::Out, &mut *of_x)));
                back(Part::Key, of_k, x, Some((Begin::Out, &mut *of_x)));
                back(Part::Value, of_v, x, Some((Begin::Out, of_x)));
            }
            (Some(of_x), Some(picked)) => {
                let queried = view.queried(x, hidden, &mut space.picked);
                back(
                    Part::Query,
                    of_q,
                    queried,
                    Some((Begin::Out, &mut *of_middle)),
                );
                back(Part::Key, of_k, x, Some((Begin::Zero, &mut *of_x)));
                back(Part::Value, of_v, x, Some((Begin::Out, &mut *of_x)));
                for (row, &token) in of_middle.chunks_exact(hidden).zip(picked) {
                    let out = &mut of_x[token * hidden..][..hidden];
                    for (out, value) in out.iter_mut().zip(row) {
                        *out += value;
                    }
                }
            }
        }
    }
}

/// A layer norm's result from the rows that it scales.
fn scaled<'a>(norm: &LayerNorm, normal: &[f32], space: &'a mut Vec<f32>) -> &'a [f32] {
    let out = sized(space, normal.len());
    out.copy_from_slice(normal);
    for row in out.chunks_exact_mut(norm.gamma.len()) {
        for (value, (gamma, beta)) in row.iter_mut().zip(norm.gamma.iter().zip(&norm.beta)) {
            *value = *value * gamma + beta;
        }
    }
    out
}
