//! Every kernel equals its plain-burn twin, forward and backward.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use goldpan_kernels::{Sequences, attention, bias_gelu, layer_norm, plain};
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
    let (got, got_gradients) = with_gradients(inputs.clone(), kernel);
    let (expected, expected_gradients) = with_gradients(inputs, twin);
    assert_close(name, got, expected, 2e-5);
    for (got, expected) in got_gradients.into_iter().zip(expected_gradients) {
        assert_close(name, got, expected, 2e-4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bias_gelu_equals_its_twin(rows in 1_usize..40, width in 1_usize..70, salt in any::<u64>()) {
        let device = Device::flex().autodiff();
        let bias = vector(width, salt ^ 1, &device);
        check(
            "bias_gelu",
            [matrix(rows, width, salt, &device)],
            |[x]| bias_gelu(x, bias.clone()),
            |[x]| plain::bias_gelu(x, bias.clone()),
        );
    }

    #[test]
    fn layer_norm_equals_its_twin(rows in 1_usize..40, width in 2_usize..70, salt in any::<u64>()) {
        let device = Device::flex().autodiff();
        let gamma = vector(width, salt ^ 1, &device);
        let beta = vector(width, salt ^ 2, &device);
        check(
            "layer_norm",
            [matrix(rows, width, salt, &device)],
            |[x]| layer_norm(x, gamma.clone(), beta.clone(), 1e-2),
            |[x]| plain::layer_norm(x, gamma.clone(), beta.clone(), 1e-2),
        );
    }

    #[test]
    fn attention_equals_its_twin(
        lengths in prop::collection::vec((1_usize..30, 1_usize..30), 1..6),
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
    let bias = vector(5, 3, &device);
    assert_close(
        "transposed",
        bias_gelu(x.clone(), bias.clone()),
        plain::bias_gelu(x, bias),
        1e-6,
    );
}
