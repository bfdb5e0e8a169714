//! Every kernel equals its plain-burn twin, forward and backward.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use goldpan_kernels::{
    FrozenLinear, Precision, Sequences, attention, gelu, plain, residual_layer_norm,
};
use proptest::prelude::*;

/// Values that look random and are the same in every run.
fn values(count: usize, salt: u64) -> Vec<f32> {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 * 3.0 - 3.0
        })
        .collect()
}

fn matrix(rows: usize, columns: usize, salt: u64, device: &Device) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values(rows * columns, salt), [rows, columns]),
        device,
    )
}

fn vector(count: usize, salt: u64, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values(count, salt), [count]), device)
}

fn assert_close(name: &str, got: Tensor<2>, expected: Tensor<2>, tolerance: f32) {
    let worst = (got - expected).abs().max().into_scalar::<f32>();
    assert!(worst <= tolerance, "{name}: off by {worst}");
}

/// The result of `f` and the gradients of its inputs under a fixed weighting of the result.
fn with_gradients<const N: usize>(
    inputs: [Tensor<2>; N],
    f: impl Fn([Tensor<2>; N]) -> Tensor<2>,
) -> (Tensor<2>, [Tensor<2>; N]) {
    let inputs = inputs.map(|x| x.require_grad());
    let out = f(inputs.clone());
    let [rows, columns] = out.dims();
    let weighting = matrix(rows, columns, 99, &out.device());
    let gradients = (out.clone() * weighting).sum().backward();
    let gradients = inputs.map(|x| x.grad(&gradients).expect("the input takes part"));
    (out.inner(), gradients)
}

fn check<const N: usize>(
    name: &str,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    twin: impl Fn([Tensor<2>; N]) -> Tensor<2>,
) {
    check_within(2e-4, name, inputs, kernel, twin);
}

/// As [`check`], for gradients that differ by at most `tolerance`.
fn check_within<const N: usize>(
    tolerance: f32,
    name: &str,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    twin: impl Fn([Tensor<2>; N]) -> Tensor<2>,
) {
    let (got, got_gradients) = with_gradients(inputs.clone(), kernel);
    let (expected, expected_gradients) = with_gradients(inputs, twin);
    assert_close(name, got, expected, 2e-5);
    for (got, expected) in got_gradients.into_iter().zip(expected_gradients) {
        assert_close(&format!("gradient of {name}"), got, expected, tolerance);
    }
}

/// How long sequences are: some need several rounds of queries.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 1_usize..30, 1 => 60_usize..150]
}

/// A linear layer of arbitrary shape.
#[derive(Debug)]
struct AnyLayer {
    inputs: usize,
    outputs: usize,
    precision: Precision,
    salt: u64,
}

fn layers() -> impl Strategy<Value = AnyLayer> {
    let precisions = prop_oneof![Just(Precision::F32), Just(Precision::Bf16)];
    let parts = (1_usize..80, 1_usize..80, precisions, any::<u64>());
    parts.prop_map(|(inputs, outputs, precision, salt)| AnyLayer {
        inputs,
        outputs,
        precision,
        salt,
    })
}

impl AnyLayer {
    /// How much gradients may differ. With bf16 the kernel rounds what comes in, its twin what goes
    /// out.
    fn tolerance(&self) -> f32 {
        match self.precision {
            Precision::F32 => 2e-4,
            Precision::Bf16 => 0.1 * (self.outputs as f32 / self.inputs as f32).sqrt() + 2e-4,
        }
    }

    /// The layer and its twin.
    fn build(&self, device: &Device) -> (FrozenLinear, plain::Linear) {
        let device = device.clone().inner();
        let count = self.inputs * self.outputs;
        let scale = 1.0 / (self.inputs as f32).sqrt();
        let weight: Vec<f32> = values(count, self.salt).iter().map(|x| x * scale).collect();
        let bias = values(self.outputs, self.salt ^ 5);
        let matrix = TensorData::new(weight.clone(), [self.outputs, self.inputs]);
        let twin = plain::Linear::new(
            Tensor::from_data(matrix, &device),
            Tensor::from_data(bias.as_slice(), &device),
            self.precision,
        );
        (
            FrozenLinear::new(weight, bias, self.precision, &device),
            twin,
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn gelu_equals_its_twin(rows in 1_usize..40, width in 1_usize..70, salt in any::<u64>()) {
        let device = Device::flex().autodiff();
        check("gelu", [matrix(rows, width, salt, &device)], |[x]| gelu(x), |[x]| plain::gelu(x));
    }

    #[test]
    fn residual_layer_norm_equals_its_twin(
        rows in 1_usize..40,
        width in 2_usize..70,
        salt in any::<u64>(),
    ) {
        let device = Device::flex().autodiff();
        let gamma = vector(width, salt ^ 1, &device);
        let beta = vector(width, salt ^ 2, &device);
        check(
            "residual_layer_norm",
            [3, 4].map(|i| matrix(rows, width, salt ^ i, &device)),
            |[x, y]| residual_layer_norm(x, y, gamma.clone(), beta.clone(), 1e-2),
            |[x, y]| plain::layer_norm(x + y, gamma.clone(), beta.clone(), 1e-2),
        );
    }

    #[test]
    fn linear_equals_its_twin(layer in layers(), rows in 1_usize..120, salt in any::<u64>()) {
        let device = Device::flex().autodiff();
        let (frozen, twin) = layer.build(&device);
        let x = matrix(rows, layer.inputs, salt, &device);
        check_within(
            layer.tolerance(),
            "linear",
            [x.clone()],
            |[x]| frozen.forward(x),
            |[x]| twin.forward(x),
        );
        check_within(
            layer.tolerance(),
            "linear and gelu",
            [x],
            |[x]| frozen.forward_gelu(x),
            |[x]| plain::gelu(twin.forward(x)),
        );
    }

    #[test]
    fn adapted_linear_equals_its_twin(
        layer in layers(),
        rows in 1_usize..120,
        rank in 1_usize..20,
        salt in any::<u64>(),
    ) {
        let device = Device::flex().autodiff();
        let (frozen, twin) = layer.build(&device);
        let inputs = [
            matrix(rows, layer.inputs, salt, &device),
            matrix(rows, rank, salt ^ 1, &device),
            matrix(layer.outputs, rank, salt ^ 2, &device),
        ];
        check_within(
            layer.tolerance(),
            "adapted linear",
            inputs,
            |[x, low, up]| frozen.forward_adapted(x, low, up),
            |[x, low, up]| twin.forward(x) + low.matmul(up.transpose()),
        );
    }

    #[test]
    fn attention_equals_its_twin(
        lengths in prop::collection::vec((lengths(), lengths()), 1..6),
        heads in 1_usize..5,
        size in 1_usize..20,
        salt in any::<u64>(),
    ) {
        let device = Device::flex().autodiff();
        let (queries, keys): (Vec<_>, Vec<_>) = lengths.into_iter().unzip();
        let queries = Sequences::from_lengths(queries);
        let keys = Sequences::from_lengths(keys);
        let rows = [queries.tokens(), keys.tokens(), keys.tokens()];
        let inputs = [0, 1, 2].map(|i| matrix(rows[i], heads * size, salt ^ i as u64, &device));
        check(
            "attention",
            inputs,
            |[q, k, v]| attention(q, k, v, &queries, &keys, heads),
            |[q, k, v]| plain::attention(q, k, v, &queries, &keys, heads),
        );
    }
}

#[test]
fn a_sequence_does_not_see_its_neighbours() {
    let device = Device::flex();
    let alone = Sequences::from_lengths([7]);
    let together = Sequences::from_lengths([7, 11]);
    let [q, k, v] = [1, 2, 3].map(|salt| matrix(18, 24, salt, &device));
    let both = attention(q.clone(), k.clone(), v.clone(), &together, &together, 4);
    let first = attention(
        q.narrow(0, 0, 7),
        k.narrow(0, 0, 7),
        v.narrow(0, 0, 7),
        &alone,
        &alone,
        4,
    );
    both.narrow(0, 0, 7)
        .into_data()
        .assert_eq(&first.into_data(), true);
}

#[test]
fn strided_inputs_are_read_in_row_order() {
    let device = Device::flex();
    let x = Tensor::<2>::random([5, 9], Distribution::Default, &device).transpose();
    assert_close("transposed", gelu(x.clone()), plain::gelu(x), 1e-6);
}

#[test]
fn a_frozen_linear_gives_its_weight_back() {
    let device = Device::flex();
    let weight = values(7 * 45, 3);
    let bias = values(45, 4);
    let layer = FrozenLinear::new(weight.clone(), bias.clone(), Precision::F32, &device);
    let expected = TensorData::new(weight, [45, 7]);
    layer.weight().into_data().assert_eq(&expected, true);
    let expected = TensorData::new(bias, [45]);
    layer.bias().into_data().assert_eq(&expected, true);
}
