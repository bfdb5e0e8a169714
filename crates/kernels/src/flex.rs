//! The operations on burn's CPU backend.

use crate::attention::Operands;
use crate::ops::EncoderOps;
use crate::{Sequences, attention, gelu, layer_norm};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;

/// The values in row-major order, copied only where the tensor is a strided view.
fn contiguous(tensor: &FlexTensor) -> std::borrow::Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(values) => values.into(),
        None => {
            let tensor = tensor.to_contiguous();
            tensor.storage::<f32>().to_vec().into()
        }
    }
}

/// A new tensor of the shape of `like`, its values written by `fill`.
fn filled(like: &FlexTensor, fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let shape = like.shape();
    let mut values = vec![0.0; shape.num_elements()];
    fill(&mut values);
    FlexTensor::from_data(TensorData::new(values, shape))
}

impl EncoderOps for Flex {
    fn packed_bias_gelu(x: FlexTensor, bias: FlexTensor) -> FlexTensor {
        filled(&x, |out| {
            gelu::forward(&contiguous(&x), &contiguous(&bias), out)
        })
    }

    fn packed_bias_gelu_backward(x: FlexTensor, bias: FlexTensor, grad: FlexTensor) -> FlexTensor {
        filled(&x, |out| {
            gelu::backward(&contiguous(&x), &contiguous(&bias), &contiguous(&grad), out);
        })
    }

    fn packed_layer_norm(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        filled(&x, |out| {
            let (gamma, beta) = (contiguous(&gamma), contiguous(&beta));
            layer_norm::forward(&contiguous(&x), &gamma, &beta, epsilon, out);
        })
    }

    fn packed_layer_norm_backward(
        x: FlexTensor,
        gamma: FlexTensor,
        grad: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        filled(&x, |out| {
            let (gamma, grad) = (contiguous(&gamma), contiguous(&grad));
            layer_norm::backward(&contiguous(&x), &gamma, &grad, epsilon, out);
        })
    }

    fn packed_attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> FlexTensor {
        filled(&q, |out| {
            attention::forward(
                Operands {
                    q: &contiguous(&q),
                    k: &contiguous(&k),
                    v: &contiguous(&v),
                    queries: &queries,
                    keys: &keys,
                    heads,
                    width: q.shape()[1],
                },
                out,
            );
        })
    }

    fn packed_attention_backward(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        grad: FlexTensor,
        queries: Sequences,
        keys: Sequences,
        heads: usize,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let mut dk = vec![0.0; k.shape().num_elements()];
        let mut dv = vec![0.0; v.shape().num_elements()];
        let dq = filled(&q, |dq| {
            let operands = Operands {
                q: &contiguous(&q),
                k: &contiguous(&k),
                v: &contiguous(&v),
                queries: &queries,
                keys: &keys,
                heads,
                width: q.shape()[1],
            };
            attention::backward(operands, &contiguous(&grad), dq, &mut dk, &mut dv);
        });
        let tensor = |values| FlexTensor::from_data(TensorData::new(values, k.shape()));
        (dq, tensor(dk), tensor(dv))
    }
}
