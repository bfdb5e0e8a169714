//! The speed of the kernels here and now.

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::tensor::{Tensor, TensorData};
use goldpan_kernels::FrozenLinear;
use goldpan_model::Device;

use crate::cost::encoder::Encoder;

/// Tokens of the product, as of a batch.
const TOKENS: usize = 512;

/// How long is measured.
const LASTS: Duration = Duration::from_millis(120);

/// Operations a second of the encoder's own product, the widening one of its feed-forward part.
pub(super) fn products(encoder: &Encoder, device: &Device) -> f64 {
    let (inputs, outputs) = (encoder.hidden, encoder.intermediate);
    let numbers = |count: usize| -> Vec<f32> {
        let numbers = (0..count).map(|i| (i % 97) as f32 / 97.0 - 0.5);
        numbers.collect()
    };
    let precision = device.precision();
    let tensors = device.tensors();
    let bias = vec![0.0; outputs];
    let layer = FrozenLinear::new(&numbers(inputs * outputs), bias, precision, tensors);
    let x = TensorData::new(numbers(TOKENS * inputs), [TOKENS, inputs]);
    let x = Tensor::from_data(x, tensors);
    // The first one may have to load or compile something.
    black_box(layer.forward(x.clone()).into_data());
    let (began, mut count) = (Instant::now(), 0_u32);
    while count == 0 || began.elapsed() < LASTS {
        black_box(layer.forward(x.clone()).into_data());
        count += 1;
    }
    let operations = 2.0 * (TOKENS * inputs * outputs) as f64;
    f64::from(count) * operations / began.elapsed().as_secs_f64()
}
