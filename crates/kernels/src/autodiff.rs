//! The operations under automatic differentiation: forward kernels with hand-written backward passes.

use crate::Sequences;
use crate::ops::EncoderOps;
use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;

#[derive(Debug)]
struct BiasGelu;

impl<B: EncoderOps> Backward<B, 1> for BiasGelu {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, bias) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::packed_bias_gelu_backward(x, bias, grad)
        });
    }
}

#[derive(Debug)]
struct LayerNorm {
    epsilon: f32,
}

impl<B: EncoderOps> Backward<B, 1> for LayerNorm {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, gamma) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::packed_layer_norm_backward(x, gamma, grad, self.epsilon)
        });
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
    fn packed_bias_gelu(x: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let (value_x, bias) = (value(&x), value(&bias));
        match BiasGelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(
                (value_x.clone(), bias.clone()),
                B::packed_bias_gelu(value_x, bias),
            ),
            OpsKind::UnTracked(prep) => prep.finish(B::packed_bias_gelu(value_x, bias)),
        }
    }

    fn packed_bias_gelu_backward(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Tracked::<B>::new(B::packed_bias_gelu_backward(
            value(&x),
            value(&bias),
            value(&grad),
        ))
    }

    fn packed_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (value_x, gamma, beta) = (value(&x), value(&gamma), value(&beta));
        let operation = LayerNorm { epsilon };
        match operation
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(
                (value_x.clone(), gamma.clone()),
                B::packed_layer_norm(value_x, gamma, beta, epsilon),
            ),
            OpsKind::UnTracked(prep) => {
                prep.finish(B::packed_layer_norm(value_x, gamma, beta, epsilon))
            }
        }
    }

    fn packed_layer_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        Tracked::<B>::new(B::packed_layer_norm_backward(
            value(&x),
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
