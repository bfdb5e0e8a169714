//! The forward pass.

use super::adapters::Packed;
use super::groups::Group;
use super::kept::{Kept, Shape};
use super::pool::sized;
use super::{Layer, LayerNorm, LayersCall, Part};
use crate::layer_norm::{self, Normal, Operands};
use crate::matrix::{Begin, Rounded};
use crate::sequences::Sequences;
use crate::{attention, gelu};
use rayon::prelude::*;
use std::sync::PoisonError;

/// What a thread works with.
#[derive(Default)]
pub(crate) struct Space {
    pairs: Vec<u32>,
    inner_pairs: Vec<u32>,
    picked: Vec<f32>,
    /// What is added to a residual and normalised.
    result: Vec<f32>,
    /// The states between attention and the feed-forward part.
    middle: Vec<f32>,
    inner: Vec<f32>,
    /// What GELU is applied to: some columns, or all.
    before_gelu: Vec<f32>,
    attention: attention::Space,
    /// The states before a layer, and in the end those after the last.
    states: Vec<f32>,
    /// What a layer makes, where there is no backward pass.
    made: Vec<f32>,
}

/// Writes the states after the layers to `out`, `[rows, hidden]`.
pub(crate) fn forward(call: &LayersCall, x: &[f32], adapters: &[f32], out: &mut [f32]) {
    let adapters: Vec<_> = call
        .slots
        .iter()
        .map(|slots| Packed::forward(slots, adapters))
        .collect();
    let outs = by_group(out, call);
    let spaces = &call.first().spaces;
    match &call.kept {
        None => {
            let groups = call.groups.par_iter().zip(outs);
            groups.for_each(|(group, outs)| {
                let space = &mut *spaces.take();
                let [mut states, mut buffer] =
                    [&mut space.states, &mut space.made].map(std::mem::take);
                let states_of_group = sized(&mut states, group.keys.tokens() * call.hidden());
                gather(x, &group.tokens, call.hidden(), states_of_group);
                for (index, layer) in call.layers.iter().enumerate() {
                    let shape = call.shape(group, index);
                    let mut kept = Kept {
                        x: &mut *states_of_group,
                        ..shape.cut(sized(&mut buffer, shape.count()))
                    };
                    let view = View::new(group, call.is_last(index));
                    layer
                        .0
                        .forward(view, &adapters[index], &mut kept, None, space);
                }
                scatter(states_of_group, outs);
                (space.states, space.made) = (states, buffer);
            });
        }
        Some(kept) => {
            let mut buffer = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let groups = call.groups.par_iter().zip(outs).zip(call.kept(&mut buffer));
            groups.for_each(|((group, outs), mut kept)| {
                let space = &mut *spaces.take();
                gather(x, &group.tokens, call.hidden(), kept[0].x);
                let mut states = std::mem::take(&mut space.states);
                let mut rest = &mut kept[..];
                for (index, layer) in call.layers.iter().enumerate() {
                    let Some((kept, next)) = rest.split_first_mut() else {
                        break;
                    };
                    let out = match next.first_mut() {
                        Some(next) => &mut *next.x,
                        None => sized(&mut states, kept.q.len()),
                    };
                    let view = View::new(group, call.is_last(index));
                    let adapters = &adapters[index];
                    layer.0.forward(view, adapters, kept, Some(out), space);
                    rest = next;
                }
                scatter(&states, outs);
                space.states = states;
            });
        }
    }
}

impl LayersCall {
    /// What is kept of each group at each layer, in a buffer that is made large enough.
    pub(super) fn kept<'a>(&self, buffer: &'a mut Vec<f32>) -> Vec<Vec<Kept<'a>>> {
        let layers = 0..self.layers.len();
        let shapes = |group| layers.clone().map(move |index| self.shape(group, index));
        let groups = self.groups.iter();
        let total = groups
            .clone()
            .flat_map(shapes)
            .map(|shape| shape.count())
            .sum();
        let mut rest = sized(buffer, total);
        let mut cut = |shape: Shape| {
            let (head, tail) = std::mem::take(&mut rest).split_at_mut(shape.count());
            rest = tail;
            shape.cut(head)
        };
        groups
            .map(|group| shapes(group).map(&mut cut).collect())
            .collect()
    }
}

/// The rows of `out` that belong to each sequence of each group.
pub(super) fn by_group<'a>(out: &'a mut [f32], call: &LayersCall) -> Vec<Vec<&'a mut [f32]>> {
    by_range(out, call, |group| &group.rows)
}

/// The rows of `of_x` of the tokens of each sequence of each group.
pub(super) fn tokens_by_group<'a>(
    of_x: &'a mut [f32],
    call: &LayersCall,
) -> Vec<Vec<&'a mut [f32]>> {
    by_range(of_x, call, |group| &group.tokens)
}

fn by_range<'a>(
    mut out: &'a mut [f32],
    call: &LayersCall,
    ranges: impl Fn(&Group) -> &[std::ops::Range<usize>],
) -> Vec<Vec<&'a mut [f32]>> {
    let mut owners: Vec<_> = call
        .groups
        .iter()
        .enumerate()
        .flat_map(|(owner, group)| {
            ranges(group)
                .iter()
                .map(move |range| (range.start, range.len(), owner))
        })
        .collect();
    owners.sort_unstable();
    let mut parts: Vec<Vec<_>> = call.groups.iter().map(|_| Vec::new()).collect();
    for (_, rows, owner) in owners {
        let (head, tail) = std::mem::take(&mut out).split_at_mut(rows * call.hidden());
        parts[owner].push(head);
        out = tail;
    }
    parts
}

/// Lays rows end to end.
pub(super) fn gather(x: &[f32], ranges: &[std::ops::Range<usize>], width: usize, to: &mut [f32]) {
    let mut to = to;
    for range in ranges {
        let (head, tail) = to.split_at_mut(range.len() * width);
        head.copy_from_slice(&x[range.start * width..range.end * width]);
        to = tail;
    }
}

/// Gives each part its values.
pub(super) fn scatter(values: &[f32], parts: Vec<&mut [f32]>) {
    let mut values = values;
    for part in parts {
        let (head, tail) = values.split_at(part.len());
        part.copy_from_slice(head);
        values = tail;
    }
}

/// A group as a layer sees it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub keys: &'a Sequences,
    pub queries: &'a Sequences,
    /// The tokens that have rows of the result, where these are not all.
    pub picked: Option<&'a [usize]>,
}

impl<'a> View<'a> {
    pub(super) fn new(group: &'a Group, last: bool) -> Self {
        Self {
            keys: &group.keys,
            queries: group.queries(last),
            picked: group.picked(last),
        }
    }

    /// The rows of `x`, the group's tokens, that the result has rows of.
    pub(super) fn queried<'b>(
        self,
        x: &'b [f32],
        width: usize,
        space: &'b mut Vec<f32>,
    ) -> &'b [f32] {
        let Some(picked) = self.picked else {
            return x;
        };
        let rows = sized(space, picked.len() * width);
        for (row, &token) in rows.chunks_exact_mut(width).zip(picked) {
            row.copy_from_slice(&x[token * width..][..width]);
        }
        rows
    }
}

impl Layer {
    /// Writes the states after the layer to `out`, or over those before it, `kept.x`.
    ///
    /// Where there will be no backward pass, memory is used again as soon as it can be: the less there is, the
    /// more of it stays in the second-level cache.
    fn forward(
        &self,
        view: View<'_>,
        adapters: &Packed<'_>,
        kept: &mut Kept<'_>,
        out: Option<&mut [f32]>,
        space: &mut Space,
    ) {
        let values = kept.q.len();
        let hidden = self.linears[0].forward().inputs();
        let x = &*kept.x;
        let queried = view.queried(x, hidden, &mut space.picked);
        let pairs = &mut space.pairs;
        let low = &mut kept.low;
        let mut linear = |part: Part, x: &[f32], rounded: &Rounded<'_>, out: &mut [f32]| {
            let linear = &self.linears[part as usize];
            linear
                .forward()
                .product(rounded, Begin::Bias(linear.bias()), out);
            if let Some(adapter) = adapters.of(part) {
                adapter.add(x, low[part as usize], out);
            }
        };
        let rounded = self.linears[Part::Key as usize].forward().rounded(x, pairs);
        linear(Part::Key, x, &rounded, kept.k);
        linear(Part::Value, x, &rounded, kept.v);
        match view.picked {
            None => linear(Part::Query, x, &rounded, kept.q),
            Some(_) => {
                let matrix = self.linears[Part::Query as usize].forward();
                linear(
                    Part::Query,
                    queried,
                    &matrix.rounded(queried, pairs),
                    kept.q,
                );
            }
        }
        let operands = attention::Operands {
            q: kept.q,
            k: kept.k,
            v: kept.v,
            queries: view.queries,
            keys: view.keys,
            heads: self.heads,
            width: hidden,
        };
        for (index, range) in view.queries.ranges().enumerate() {
            let attended = &mut kept.attended[range.start * hidden..range.end * hidden];
            attention::forward_sequence(operands, index, attended, &mut space.attention);
        }
        let matrix = self.linears[Part::AttentionOutput as usize].forward();
        let rounded = matrix.rounded(kept.attended, pairs);
        let backward = &mut kept.backward;
        let (result, middle) = match backward {
            Some(_) => (
                sized(&mut space.result, values),
                sized(&mut space.middle, values),
            ),
            None => (&mut kept.k[..values], &mut kept.v[..values]),
        };
        linear(Part::AttentionOutput, kept.attended, &rounded, result);
        let normal = backward.as_mut().map(|kept| &mut kept.attention_normal);
        self.attention_norm.forward(result, queried, normal, middle);

        let wide = &self.linears[Part::Intermediate as usize];
        let narrow = self.linears[Part::Output as usize].forward();
        let rounded = wide.forward().rounded(middle, pairs);
        let before_gelu = backward.as_mut().map(|kept| &mut *kept.before_gelu);
        let (count, inner) = (middle.len() / hidden, wide.bias().len());
        match [Part::Intermediate, Part::Output].map(|part| adapters.of(part)) {
            [None, None] => {
                // Some columns at a time, which are still in the first-level cache when GELU reads them.
                let mut before_gelu = before_gelu;
                let pairs = &mut space.inner_pairs;
                let mut rows = narrow.gelu_space(count, &mut space.inner, pairs);
                for block in wide.forward().blocks() {
                    let columns = block.len();
                    let (before, stride) = match &mut before_gelu {
                        Some(before) => (&mut before[block.start..], inner),
                        None => (sized(&mut space.before_gelu, count * columns), columns),
                    };
                    let bias = Begin::Bias(wide.bias());
                    let matrix = wide.forward();
                    matrix.product_of(block.clone(), &rounded, bias, before, stride);
                    rows.write(before, stride, inner, block);
                }
                linear(Part::Output, &[], &rows.rounded(), result);
            }
            _ => {
                let before = match before_gelu {
                    Some(before) => before,
                    None => sized(&mut space.before_gelu, count * inner),
                };
                linear(Part::Intermediate, middle, &rounded, before);
                let inner = sized(&mut space.inner, before.len());
                gelu::of(before, inner);
                let rounded = narrow.rounded(inner, pairs);
                linear(Part::Output, inner, &rounded, result);
            }
        }
        let normal = backward.as_mut().map(|kept| &mut kept.output_normal);
        let out = out.unwrap_or(&mut kept.x[..values]);
        self.output_norm.forward(result, middle, normal, out);
    }
}

impl LayerNorm {
    /// The normalised sum of `x` and `residual`, and what the backward pass needs of it, where there is one.
    fn forward(
        &self,
        x: &[f32],
        residual: &[f32],
        normal: Option<&mut (&mut [f32], &mut [f32])>,
        out: &mut [f32],
    ) {
        let operands = Operands {
            x,
            residual,
            gamma: &self.gamma,
            epsilon: self.epsilon,
        };
        match normal {
            Some((rows, scales)) => {
                let normal = Normal { rows, scales };
                layer_norm::forward_keeping(operands, &self.beta, normal, out);
            }
            None => layer_norm::forward_rows(operands, &self.beta, out),
        }
    }
}
