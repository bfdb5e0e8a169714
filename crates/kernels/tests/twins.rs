//! Every kernel equals its plain-burn twin, forward and backward.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use goldpan_kernels::{
    Adapter, EmbeddingTables, EncoderLayer, FrozenLinear, LayerNorm, Part, Precision, Sequences,
    TableRows, attention, embed, encoder_layers, gelu, plain, residual_layer_norm,
};
use proptest::prelude::*;
use proptest::sample::subsequence;

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
            FrozenLinear::new(&weight, bias, self.precision, &device),
            twin,
        )
    }
}

/// An encoder layer of arbitrary shape, with LoRA of rank `rank` on some parts.
#[derive(Clone, Debug)]
struct AnyEncoderLayer {
    heads: usize,
    hidden: usize,
    inner: usize,
    rank: usize,
    adapted: Vec<Part>,
    salt: u64,
}

fn encoder_layers_of_any_shape() -> impl Strategy<Value = AnyEncoderLayer> {
    let shape = (1_usize..4, 1_usize..20, 1_usize..90, 1_usize..20);
    let adapted = subsequence(Part::ALL.to_vec(), 0..=Part::ALL.len());
    (shape, adapted, any::<u64>()).prop_map(|((heads, size, inner, rank), adapted, salt)| {
        AnyEncoderLayer {
            heads,
            hidden: heads * size,
            inner,
            rank,
            adapted,
            salt,
        }
    })
}

const SCALE: f32 = 0.7;
/// Of states, so that attention does not look at one token alone: there rounding decides between two.
const SMALL: f32 = 0.3;
/// So large that layer norms do not blow up rounding where the values of a token are nearly equal.
const EPSILON: f32 = 0.5;

impl AnyEncoderLayer {
    /// Inputs and outputs of a part.
    fn shape(&self, part: Part) -> (usize, usize) {
        match part {
            Part::Intermediate => (self.hidden, self.inner),
            Part::Output => (self.inner, self.hidden),
            _ => (self.hidden, self.hidden),
        }
    }

    fn part(&self, part: Part, precision: Precision) -> AnyLayer {
        let (inputs, outputs) = self.shape(part);
        AnyLayer {
            inputs,
            outputs,
            precision,
            salt: self.salt ^ part as u64,
        }
    }

    fn norms(&self) -> [LayerNorm; 2] {
        let small = |salt| {
            values(self.hidden, salt)
                .iter()
                .map(|x| x * SMALL)
                .collect()
        };
        [7, 8].map(|salt| LayerNorm {
            gamma: small(self.salt ^ salt),
            beta: small(self.salt ^ salt ^ 16),
            epsilon: EPSILON,
        })
    }

    fn build(&self, precision: Precision, device: &Device) -> EncoderLayer {
        let linears = Part::ALL.map(|part| self.part(part, precision).build(device).0);
        let [attention, output] = self.norms();
        let linears = linears.each_ref();
        EncoderLayer::new(linears, attention, output, self.heads).expect("the device has kernels")
    }

    /// Another layer that goes on with this one's states.
    fn next(&self) -> Self {
        let mut next = self.clone();
        next.salt = self.salt.wrapping_add(1000);
        next.adapted.reverse();
        next.adapted.pop();
        next
    }

    /// The adapters' tensors.
    fn low_rank(&self, device: &Device) -> Vec<Tensor<2>> {
        let mut inputs = Vec::new();
        for &part in &self.adapted {
            let (from, to) = self.shape(part);
            let salt = self.salt ^ 32 ^ part as u64;
            inputs.push(matrix(self.rank, from, salt, device) / from as f32);
            inputs.push(matrix(to, self.rank, salt ^ 64, device));
        }
        inputs
    }

    fn adapters(&self, inputs: &[Tensor<2>]) -> Vec<Adapter> {
        let (pairs, _) = inputs.as_chunks::<2>();
        let adapter = |(&part, [down, up]): (&Part, &[Tensor<2>; 2])| Adapter {
            part,
            down: down.clone(),
            up: up.clone(),
            scale: SCALE,
        };
        self.adapted.iter().zip(pairs).map(adapter).collect()
    }

    /// What the layer computes, by burn's operations.
    fn twin(
        &self,
        x: Tensor<2>,
        inputs: &[Tensor<2>],
        sequences: &Sequences,
        picked: Option<&[usize]>,
    ) -> Tensor<2> {
        let device = x.device();
        let adapters = self.adapters(inputs);
        let linear = |part: Part, x: Tensor<2>| {
            let plain = self.part(part, Precision::F32).build(&device).1;
            let adapter = adapters.iter().find(|adapter| adapter.part == part);
            let out = plain.forward(x.clone());
            match adapter {
                Some(Adapter {
                    down, up, scale, ..
                }) => {
                    let low = x.matmul(down.clone().transpose()) * *scale;
                    out + low.matmul(up.clone().transpose())
                }
                None => out,
            }
        };
        let norm = |index: usize, x: Tensor<2>| {
            let LayerNorm { gamma, beta, .. } = &self.norms()[index];
            let device = device.clone().inner();
            let vector = |values: &Vec<f32>| Tensor::from_data(values.as_slice(), &device);
            plain::layer_norm(x, vector(gamma), vector(beta), EPSILON)
        };
        let (queried, queries) = match picked {
            None => (x.clone(), sequences.clone()),
            Some(picked) => {
                let rows: Vec<i32> = picked.iter().map(|&row| row as i32).collect();
                let rows = Tensor::from_data(rows.as_slice(), &device.clone().inner());
                let single = Sequences::from_lengths(picked.iter().map(|_| 1));
                (x.clone().select(0, rows), single)
            }
        };
        let q = linear(Part::Query, queried.clone());
        let (k, v) = (linear(Part::Key, x.clone()), linear(Part::Value, x));
        let attended = plain::attention(q, k, v, &queries, sequences, self.heads);
        let middle = norm(0, linear(Part::AttentionOutput, attended) + queried);
        let inner = plain::gelu(linear(Part::Intermediate, middle.clone()));
        norm(1, linear(Part::Output, inner) + middle)
    }
}

/// Two layers, one behind the other.
struct Two([AnyEncoderLayer; 2]);

impl Two {
    fn new(layer: &AnyEncoderLayer) -> Self {
        Self([layer.clone(), layer.next()])
    }

    fn build(&self, precision: Precision, device: &Device) -> [EncoderLayer; 2] {
        self.0
            .each_ref()
            .map(|layer| layer.build(precision, device))
    }

    /// The states before the layers, and the adapters' tensors.
    fn inputs(&self, tokens: usize, device: &Device) -> Vec<Tensor<2>> {
        let [first, second] = &self.0;
        let x = matrix(tokens, first.hidden, first.salt ^ 99, device) * SMALL;
        let adapters = [first, second].map(|layer| layer.low_rank(device));
        [x].into_iter()
            .chain(adapters.into_iter().flatten())
            .collect()
    }

    /// The adapters of both.
    fn adapters(&self, inputs: &[Tensor<2>]) -> [Vec<Adapter>; 2] {
        let [first, second] = &self.0;
        let (of_first, of_second) = inputs[1..].split_at(2 * first.adapted.len());
        [first.adapters(of_first), second.adapters(of_second)]
    }

    fn twin(
        &self,
        inputs: &[Tensor<2>],
        sequences: &Sequences,
        picked: Option<&[usize]>,
    ) -> Tensor<2> {
        let [first, second] = &self.0;
        let (of_first, of_second) = inputs[1..].split_at(2 * first.adapted.len());
        let x = first.twin(inputs[0].clone(), of_first, sequences, None);
        second.twin(x, of_second, sequences, picked)
    }
}

/// A picked row of each sequence.
fn picked(sequences: &Sequences, salt: usize) -> Vec<usize> {
    let row = |range: std::ops::Range<usize>| range.start + salt % range.len();
    sequences.ranges().map(row).collect()
}

/// The result of `f` and the gradients of all its inputs.
fn all_gradients(
    inputs: &[Tensor<2>],
    f: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) -> (Tensor<2>, Vec<Tensor<2>>) {
    let inputs: Vec<_> = inputs.iter().map(|x| x.clone().require_grad()).collect();
    let (out, gradients) = gradients(&inputs, f);
    let gradient = |x: &Tensor<2>| x.grad(&gradients).expect("the input takes part");
    (out, inputs.iter().map(gradient).collect())
}

/// The result of `f`, and the gradients under a fixed weighting of it.
fn gradients(
    inputs: &[Tensor<2>],
    f: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) -> (Tensor<2>, burn::tensor::Gradients) {
    let out = f(inputs);
    let [rows, columns] = out.dims();
    let weighting = matrix(rows, columns, 99, &out.device());
    let gradients = (out.clone() * weighting).sum().backward();
    (out.inner(), gradients)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn encoder_layers_equal_their_twin(
        layer in encoder_layers_of_any_shape(),
        lengths in prop::collection::vec(lengths(), 1..9),
        pick in prop::option::of(any::<usize>()),
    ) {
        let device = Device::flex().autodiff();
        let sequences = Sequences::from_lengths(lengths);
        let picked = pick.map(|salt| picked(&sequences, salt));
        let picked = picked.as_deref();
        let two = Two::new(&layer);
        let layers = two.build(Precision::F32, &device);
        let inputs = two.inputs(sequences.tokens(), &device);
        let forward = |inputs: &[Tensor<2>]| {
            let adapters = two.adapters(inputs);
            encoder_layers(&layers, inputs[0].clone(), &sequences, picked, &adapters)
        };
        let (got, got_gradients) = all_gradients(&inputs, forward);
        let twin = |inputs: &[Tensor<2>]| two.twin(inputs, &sequences, picked);
        let (expected, expected_gradients) = all_gradients(&inputs, twin);
        assert_close("layers", got.clone(), expected, 2e-4);
        for (got, expected) in got_gradients.iter().zip(expected_gradients) {
            let largest = expected.clone().abs().max().into_scalar::<f32>();
            assert_close("gradient of layers", got.clone(), expected, 2e-4 * largest + 1e-4);
        }

        // Without a backward pass.
        let constants: Vec<_> = inputs.iter().map(|x| x.clone().inner()).collect();
        forward(&constants).into_data().assert_eq(&got.clone().into_data(), true);

        // With constant states before the layers, the adapters' gradients stay the same.
        let mut inputs: Vec<_> = inputs.iter().map(|x| x.clone().require_grad()).collect();
        inputs[0] = inputs[0].clone().inner();
        if inputs.len() > 1 {
            let (again, gradients) = gradients(&inputs, forward);
            again.into_data().assert_eq(&got.into_data(), true);
            for (x, got) in inputs.iter().zip(got_gradients).skip(1) {
                let gradient = x.grad(&gradients).expect("the adapter takes part");
                gradient.into_data().assert_eq(&got.into_data(), true);
            }
        }
    }

    #[test]
    fn layers_give_the_same_bits_on_any_number_of_threads(
        layer in encoder_layers_of_any_shape(),
        lengths in prop::collection::vec(lengths(), 1..9),
        bf16 in any::<bool>(),
    ) {
        let device = Device::flex().autodiff();
        let sequences = Sequences::from_lengths(lengths);
        let precision = if bf16 { Precision::Bf16 } else { Precision::F32 };
        let two = Two::new(&layer);
        let layers = two.build(precision, &device);
        let inputs = two.inputs(sequences.tokens(), &device);
        let results = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all_gradients(&inputs, |inputs| {
                let adapters = two.adapters(inputs);
                encoder_layers(&layers, inputs[0].clone(), &sequences, None, &adapters)
            }))
        });
        let [(one, of_one), (three, of_three)] = results;
        one.into_data().assert_eq(&three.into_data(), true);
        for (one, three) in of_one.into_iter().zip(of_three) {
            one.into_data().assert_eq(&three.into_data(), true);
        }
    }

    #[test]
    fn a_text_has_the_same_states_in_any_batch(
        layer in encoder_layers_of_any_shape(),
        lengths in prop::collection::vec(lengths(), 2..9),
        bf16 in any::<bool>(),
    ) {
        let device = Device::flex();
        let precision = if bf16 { Precision::Bf16 } else { Precision::F32 };
        let two = Two::new(&layer);
        let layers = two.build(precision, &device);
        let together = Sequences::from_lengths(lengths.iter().copied());
        let inputs = two.inputs(together.tokens(), &device);
        let run = |x: Tensor<2>, sequences: &Sequences| {
            encoder_layers(&layers, x, sequences, None, &two.adapters(&inputs))
        };
        let all = run(inputs[0].clone(), &together);
        let alone = Sequences::from_lengths([lengths[1]]);
        let part = |x: &Tensor<2>| x.clone().narrow(0, lengths[0], lengths[1]);
        let one = run(part(&inputs[0]), &alone);
        one.into_data().assert_eq(&part(&all).into_data(), true);
    }

    #[test]
    fn embeddings_equal_their_twin(
        rows in prop::collection::vec((0_u32..9, 0_u32..5), 1..200),
        width in 2_usize..70,
        salt in any::<u64>(),
    ) {
        let device = Device::flex();
        let (of_words, of_positions): (Vec<u32>, Vec<u32>) = rows.into_iter().unzip();
        let tables = || EmbeddingTables {
            words: matrix(9, width, salt, &device),
            positions: matrix(5, width, salt ^ 1, &device),
            token_types: matrix(2, width, salt ^ 2, &device),
            gamma: vector(width, salt ^ 3, &device),
            beta: vector(width, salt ^ 4, &device),
            epsilon: EPSILON,
        };
        let got = embed(tables(), &TableRows::new(&of_words, &of_positions));
        let EmbeddingTables { words, positions, token_types, gamma, beta, epsilon } = tables();
        let select = |table: Tensor<2>, rows: Vec<u32>| {
            let rows: Vec<i32> = rows.into_iter().map(|row| row as i32).collect();
            table.select(0, Tensor::from_data(rows.as_slice(), &device))
        };
        let sum = select(words, of_words) + select(positions, of_positions);
        let sum = sum + token_types.narrow(0, 0, 1);
        assert_close("embeddings", got, plain::layer_norm(sum, gamma, beta, epsilon), 2e-5);
    }

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
    let layer = FrozenLinear::new(&weight, bias.clone(), Precision::F32, &device);
    let expected = TensorData::new(weight, [45, 7]);
    layer.weight().into_data().assert_eq(&expected, true);
    let expected = TensorData::new(bias, [45]);
    layer.bias().into_data().assert_eq(&expected, true);
}
