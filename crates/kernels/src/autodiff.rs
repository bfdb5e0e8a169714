//! The operations under automatic differentiation: forward kernels with hand-written backward passes.

use crate::embeddings::TableRows;
use crate::frozen::PackedLinear;
use crate::layer::LayersCall;
use crate::ops::EncoderOps;
use crate::sequences::Sequences;
use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;

#[derive(Debug)]
struct Linear(PackedLinear);

impl<B: EncoderOps> Backward<B, 1> for Linear {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::packed_linear_backward(grad, self.0)
        });
    }
}

#[derive(Debug)]
struct AdaptedLinear(PackedLinear);

impl<B: EncoderOps> Backward<B, 3> for AdaptedLinear {
    /// `low` and `up`.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (low, up) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let [x, of_low, of_up] = ops.parents;
        if let Some(of_up) = of_up {
            let transposed = B::float_transpose(grad.clone());
            grads.register::<B>(of_up.id, B::float_matmul(transposed, low));
        }
        if let Some(of_low) = of_low {
            grads.register::<B>(of_low.id, B::float_matmul(grad.clone(), up));
        }
        if let Some(x) = x {
            grads.register::<B>(x.id, B::packed_linear_backward(grad, self.0));
        }
    }
}

#[derive(Debug)]
struct Layers;

impl<B: EncoderOps> Backward<B, 2> for Layers {
    /// The adapters, and the pass with what it kept.
    type State = (FloatTensor<B>, LayersCall);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (adapters, call) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let [of_x, of_adapters] = ops.parents;
        let (dx, d_adapters) = B::packed_layers_backward(adapters, grad, call, of_x.is_some());
        if let Some(of_x) = of_x {
            grads.register::<B>(of_x.id, dx);
        }
        if let Some(of_adapters) = of_adapters {
            grads.register::<B>(of_adapters.id, d_adapters);
        }
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: EncoderOps> Backward<B, 1> for Gelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::packed_gelu_backward(x, grad)
        });
    }
}

#[derive(Debug)]
struct LayerNorm {
    epsilon: f32,
}

impl<B: EncoderOps> Backward<B, 2> for LayerNorm {
    /// `x`, `residual` and `gamma`.
    type State = [FloatTensor<B>; 3];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x, residual, gamma] = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let grad = B::packed_layer_norm_backward(x, residual, gamma, grad, self.epsilon);
        for parent in ops.parents.into_iter().flatten() {
            grads.register::<B>(parent.id, grad.clone());
        }
    }
}

#[derive(Debug)]
struct Attention {
    queries: Sequences,
    keys: Sequences,
    heads: usize,
}

impl<B: EncoderOps> Backward<B, 3> for Attention {
    type State = [FloatTensor<B>; 3];

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [q, k, v] = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let (dq, dk, dv) =
            B::packed_attention_backward(q, k, v, grad, self.queries, self.keys, self.heads);
        for (parent, grad) in ops.parents.into_iter().zip([dq, dk, dv]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

/// A tensor with a place in the graph; it does not depend on the checkpointing strategy.
type Tracked<B> = FloatTensor<Autodiff<B>>;

/// The value inside, whatever its place in the graph.
fn value<B: EncoderOps>(tensor: &Tracked<B>) -> FloatTensor<B> {
    tensor.primitive().clone()
}

impl<B: EncoderOps, C: CheckpointStrategy> EncoderOps for Autodiff<B, C> {
    fn packed_linear(x: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self> {
        let out = B::packed_linear(value(&x), layer.clone());
        match Linear(layer)
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_linear_backward(grad: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self> {
        Tracked::<B>::new(B::packed_linear_backward(value(&grad), layer))
    }

    fn packed_linear_gelu(x: FloatTensor<Self>, layer: PackedLinear) -> FloatTensor<Self> {
        Self::packed_gelu(Self::packed_linear(x, layer))
    }

    fn packed_adapted_linear(
        x: FloatTensor<Self>,
        low: FloatTensor<Self>,
        up: FloatTensor<Self>,
        layer: PackedLinear,
    ) -> FloatTensor<Self> {
        let (value_low, value_up) = (value(&low), value(&up));
        let state = (value_low.clone(), value_up.clone());
        let out = B::packed_adapted_linear(value(&x), value_low, value_up, layer.clone());
        let nodes = [x.node(), low.node(), up.node()];
        let operation = AdaptedLinear(layer);
        match operation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_embeddings(
        words: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        token_types: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        rows: TableRows,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let [words, positions, token_types] = [&words, &positions, &token_types].map(value);
        let (gamma, beta) = (value(&gamma), value(&beta));
        let out = B::packed_embeddings(words, positions, token_types, gamma, beta, rows, epsilon);
        Tracked::<B>::new(out)
    }

    fn packed_layers(
        x: FloatTensor<Self>,
        adapters: FloatTensor<Self>,
        call: LayersCall,
    ) -> FloatTensor<Self> {
        let (value_x, value_adapters) = (value(&x), value(&adapters));
        let nodes = [x.node(), adapters.node()];
        match Layers.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let call = call.keeping();
                let state = (value_adapters.clone(), call.clone());
                prep.finish(state, B::packed_layers(value_x, value_adapters, call))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::packed_layers(value_x, value_adapters, call))
            }
        }
    }

    fn packed_layers_backward(
        adapters: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        call: LayersCall,
        of_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (adapters, grad) = (value(&adapters), value(&grad));
        let (dx, d_adapters) = B::packed_layers_backward(adapters, grad, call, of_x);
        (Tracked::<B>::new(dx), Tracked::<B>::new(d_adapters))
    }

    fn packed_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let inner = value(&x);
        let out = B::packed_gelu(inner.clone());
        match Gelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(inner, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_gelu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Tracked::<B>::new(B::packed_gelu_backward(value(&x), value(&grad)))
    }

    fn packed_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let state = [value(&x), value(&residual), value(&gamma)];
        let [value_x, value_residual, gamma] = state.clone();
        let out = B::packed_layer_norm(value_x, value_residual, gamma, value(&beta), epsilon);
        let nodes = [x.node(), residual.node()];
        let operation = LayerNorm { epsilon };
        match operation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_layer_norm_backward(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        Tracked::<B>::new(B::packed_layer_norm_backward(
            value(&x),
            value(&residual),
            value(&gamma),
            value(&grad),
            epsilon,
        ))
    }

    fn packed_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> FloatTensor<Self> {
        let operation = Attention {
            queries: queries.clone(),
            keys: keys.clone(),
            heads,
        };
        let values = [value(&q), value(&k), value(&v)];
        let [value_q, value_k, value_v] = values.clone();
        let out = B::packed_attention(value_q, value_k, value_v, queries, keys, heads);
        let nodes = [q.node(), k.node(), v.node()];
        match operation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(values, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (q, k, v, grad) = (value(&q), value(&k), value(&v), value(&grad));
        let (dq, dk, dv) = B::packed_attention_backward(q, k, v, grad, queries, keys, heads);
        (
            Tracked::<B>::new(dq),
            Tracked::<B>::new(dk),
            Tracked::<B>::new(dv),
        )
    }
}
