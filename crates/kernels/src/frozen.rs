//! Frozen linear layers.

use crate::matrix::PackedMatrix;
use crate::ops::{self, EncoderOps};
use crate::plain;
use crate::precision::Precision;
use burn::backend::Dispatch;
use burn::tensor::{Device, Tensor, TensorData};
use std::sync::{Arc, OnceLock};

/// `x W^T + b` with constants `W` and `b`: laid out for the kernels where the device has them.
#[derive(Clone, Debug)]
pub struct FrozenLinear {
    layer: Layer,
    device: Device,
}

#[derive(Clone, Debug)]
enum Layer {
    Packed(PackedLinear),
    Plain(Box<plain::Linear>),
}

/// A frozen linear layer as the kernels take it; copies share it.
#[derive(Clone, Debug)]
pub struct PackedLinear(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    forward: PackedMatrix,
    /// Made for the first backward pass.
    backward: OnceLock<PackedMatrix>,
    bias: Vec<f32>,
}

impl PackedLinear {
    pub(crate) fn forward(&self) -> &PackedMatrix {
        &self.0.forward
    }

    pub(crate) fn backward(&self) -> &PackedMatrix {
        self.0.backward.get_or_init(|| self.forward().transposed())
    }

    pub(crate) fn bias(&self) -> &[f32] {
        &self.0.bias
    }
}

impl FrozenLinear {
    /// The layer with the weight `[outputs, inputs]`, row-major, and the bias `[outputs]`. Its products
    /// are computed in `precision`.
    ///
    /// # Panics
    ///
    /// When the weight is not `outputs` rows of at least one value.
    pub fn new(weight: &[f32], bias: Vec<f32>, precision: Precision, device: &Device) -> Self {
        let outputs = bias.len();
        let inputs = weight.len() / outputs;
        assert_eq!(weight.len(), outputs * inputs, "the weight is a matrix");
        let layer = match ops::has_kernels(device) {
            true => Layer::Packed(PackedLinear(Arc::new(Parts {
                forward: PackedMatrix::new(inputs, outputs, precision, |j, column| {
                    column.copy_from_slice(&weight[j * inputs..][..inputs]);
                }),
                backward: OnceLock::new(),
                bias,
            }))),
            false => {
                let weight = TensorData::new(weight.to_vec(), [outputs, inputs]);
                Layer::Plain(Box::new(plain::Linear::new(
                    Tensor::from_data(weight, device),
                    Tensor::from_data(TensorData::new(bias, [outputs]), device),
                    precision,
                )))
            }
        };
        Self {
            layer,
            device: device.clone(),
        }
    }

    /// The layer as the kernels take it, where the device has them.
    pub(crate) fn packed(&self) -> Option<PackedLinear> {
        match &self.layer {
            Layer::Packed(packed) => Some(packed.clone()),
            Layer::Plain(_) => None,
        }
    }

    /// The weight as it is multiplied, `[outputs, inputs]`.
    pub fn weight(&self) -> Tensor<2> {
        match &self.layer {
            Layer::Packed(packed) => {
                let matrix = packed.forward();
                let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
                let transposed = matrix.transposed();
                let mut weight = vec![0.0; outputs * inputs];
                for (j, row) in weight.chunks_exact_mut(inputs).enumerate() {
                    transposed.row(j, row);
                }
                let data = TensorData::new(weight, [outputs, inputs]);
                Tensor::from_data(data, &self.device)
            }
            Layer::Plain(layer) => layer.weight(),
        }
    }

    /// The bias, `[outputs]`.
    pub fn bias(&self) -> Tensor<1> {
        match &self.layer {
            Layer::Packed(packed) => Tensor::from_data(packed.bias(), &self.device),
            Layer::Plain(layer) => layer.bias(),
        }
    }

    /// `x W^T + b`; `x` is `[tokens, inputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.layer {
            Layer::Packed(packed) => Tensor::from_dispatch(
                <Dispatch as EncoderOps>::packed_linear(x.into_dispatch(), packed.clone()),
            ),
            Layer::Plain(layer) => layer.forward(x),
        }
    }

    /// The exact GELU of [`FrozenLinear::forward`].
    pub fn forward_gelu(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.layer {
            Layer::Packed(packed) => Tensor::from_dispatch(
                <Dispatch as EncoderOps>::packed_linear_gelu(x.into_dispatch(), packed.clone()),
            ),
            Layer::Plain(layer) => plain::gelu(layer.forward(x)),
        }
    }

    /// `x W^T + b + low up^T`, a low-rank update beside the layer: `low` is `[tokens, rank]`, `up`
    /// `[outputs, rank]`.
    pub fn forward_adapted(&self, x: Tensor<2>, low: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
        match &self.layer {
            Layer::Packed(packed) => {
                Tensor::from_dispatch(<Dispatch as EncoderOps>::packed_adapted_linear(
                    x.into_dispatch(),
                    low.into_dispatch(),
                    up.into_dispatch(),
                    packed.clone(),
                ))
            }
            Layer::Plain(layer) => layer.forward(x) + low.matmul(up.transpose()),
        }
    }
}
