//! The operations on burn's CPU backend.

use crate::attention::Operands;
use crate::embeddings::{TableRows, Tables};
use crate::frozen::PackedLinear;
use crate::layer::LayersCall;
use crate::matrix::{PackedMatrix, Term, products};
use crate::ops::EncoderOps;
use crate::precision::Precision;
use crate::sequences::Sequences;
use crate::{attention, embeddings, gelu, layer, layer_norm};
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

/// A new tensor `[tokens, outputs]` with as many rows as `x`, its values written by `fill`.
fn rows_like(x: &FlexTensor, outputs: usize, fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let shape = [x.shape()[0], outputs];
    let mut values = vec![0.0; shape[0] * shape[1]];
    fill(&mut values);
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// `x W^T + b`, and then `finish` for rows that are in the cache.
fn linear(x: &FlexTensor, layer: &PackedLinear, finish: impl Fn(&mut [f32]) + Sync) -> FlexTensor {
    rows_like(x, layer.bias().len(), |out| {
        let terms: [Term<'_>; 1] = [(&contiguous(x), layer.forward())];
        products(Some(layer.bias()), &terms, out, finish);
    })
}

/// A new tensor of the shape of `x`, written by `fill` from the operands of layer normalisation.
fn normalised(
    [x, residual, gamma]: [&FlexTensor; 3],
    epsilon: f32,
    fill: impl FnOnce(layer_norm::Operands<'_>, &mut [f32]),
) -> FlexTensor {
    filled(x, |out| {
        let operands = layer_norm::Operands {
            x: &contiguous(x),
            residual: &contiguous(residual),
            gamma: &contiguous(gamma),
            epsilon,
        };
        fill(operands, out);
    })
}

impl EncoderOps for Flex {
    fn packed_linear(x: FlexTensor, layer: PackedLinear) -> FlexTensor {
        linear(&x, &layer, |_| {})
    }

    fn packed_linear_backward(grad: FlexTensor, layer: PackedLinear) -> FlexTensor {
        let matrix = layer.backward();
        rows_like(&grad, matrix.outputs(), |out| {
            products(None, &[(&contiguous(&grad), matrix)], out, |_| {});
        })
    }

    fn packed_linear_gelu(x: FlexTensor, layer: PackedLinear) -> FlexTensor {
        linear(&x, &layer, gelu::in_place)
    }

    fn packed_adapted_linear(
        x: FlexTensor,
        low: FlexTensor,
        up: FlexTensor,
        layer: PackedLinear,
    ) -> FlexTensor {
        let rank = low.shape()[1];
        let values = contiguous(&up);
        let up = PackedMatrix::new(rank, layer.bias().len(), Precision::F32, |j, column| {
            column.copy_from_slice(&values[j * rank..][..rank]);
        });
        rows_like(&x, layer.bias().len(), |out| {
            let (x, low) = (contiguous(&x), contiguous(&low));
            let terms: [Term<'_>; 2] = [(&x, layer.forward()), (&low, &up)];
            products(Some(layer.bias()), &terms, out, |_| {});
        })
    }

    fn packed_embeddings(
        words: FlexTensor,
        positions: FlexTensor,
        token_types: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        rows: TableRows,
        epsilon: f32,
    ) -> FlexTensor {
        let gamma = contiguous(&gamma);
        let shape = [rows.len(), gamma.len()];
        let mut out = vec![0.0; shape[0] * shape[1]];
        let tables = Tables {
            words: &contiguous(&words),
            positions: &contiguous(&positions),
            token_type: &contiguous(&token_types)[..gamma.len()],
            gamma: &gamma,
            beta: &contiguous(&beta),
            epsilon,
        };
        embeddings::embed(tables, &rows, &mut out);
        FlexTensor::from_data(TensorData::new(out, shape))
    }

    fn packed_layers(x: FlexTensor, adapters: FlexTensor, call: LayersCall) -> FlexTensor {
        let shape = [call.rows(), call.hidden()];
        let mut out = vec![0.0; shape[0] * shape[1]];
        layer::forward(&call, &contiguous(&x), &contiguous(&adapters), &mut out);
        FlexTensor::from_data(TensorData::new(out, shape))
    }

    fn packed_layers_backward(
        adapters: FlexTensor,
        grad: FlexTensor,
        call: LayersCall,
        of_x: bool,
    ) -> (FlexTensor, FlexTensor) {
        let shape = if of_x {
            [call.tokens(), call.hidden()]
        } else {
            [1, 1]
        };
        let mut dx = vec![0.0; shape[0] * shape[1]];
        let d_adapters = filled(&adapters, |d_adapters| {
            let (adapters, grad) = (contiguous(&adapters), contiguous(&grad));
            let of_x = of_x.then_some(&mut dx[..]);
            layer::backward(&call, &adapters, &grad, of_x, d_adapters);
        });
        (
            FlexTensor::from_data(TensorData::new(dx, shape)),
            d_adapters,
        )
    }

    fn packed_gelu(x: FlexTensor) -> FlexTensor {
        filled(&x, |out| gelu::forward(&contiguous(&x), out))
    }

    fn packed_gelu_backward(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        filled(&x, |out| {
            gelu::backward(&contiguous(&x), &contiguous(&grad), out);
        })
    }

    fn packed_layer_norm(
        x: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        normalised([&x, &residual, &gamma], epsilon, |operands, out| {
            layer_norm::forward(operands, &contiguous(&beta), out);
        })
    }

    fn packed_layer_norm_backward(
        x: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        grad: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        normalised([&x, &residual, &gamma], epsilon, |operands, out| {
            layer_norm::backward(operands, &contiguous(&grad), out);
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
