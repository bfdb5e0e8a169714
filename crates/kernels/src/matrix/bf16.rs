//! Numbers in bf16, in pairs: a pair is a word, the first number in its lower half.
//!
//! A word of one operand times a word of the other is two fused multiply-adds, the second numbers' and
//! then the first ones'. That is what the instruction `vdpbf16ps` does, too (but for numbers below
//! 1.2e-38, which it takes for 0), so a sum has the same bits with it and without.

#[cfg(target_arch = "x86_64")]
mod native;

use super::product::{Product, run};
use super::tile::Pairs;
use crate::gelu::gelu;
use crate::math::LANES;
use crate::precision::Precision;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// The product of words that are pairs.
pub(crate) fn product(product: Product<'_, u32>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(bf16) = native::Bf16::detect() {
        return bf16.product(product);
    }
    Arch::new().dispatch(InPairs(product));
}

struct InPairs<'a>(Product<'a, u32>);

impl WithSimd for InPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        run(Pairs(simd), self.0);
    }
}

/// How many words a row of `inputs` numbers takes.
pub(crate) fn words(inputs: usize) -> usize {
    inputs.div_ceil(2)
}

/// The pair of two numbers, each rounded to the nearest.
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> u32 {
    let bits = |x| Precision::Bf16.round(x).to_bits();
    bits(first) >> 16 | bits(second)
}

/// The numbers of a pair.
pub(crate) fn numbers(pair: u32) -> [f32; 2] {
    [pair << 16, pair & 0xFFFF_0000].map(f32::from_bits)
}

/// Writes rows of `inputs` numbers as pairs; a row of odd length ends with a zero.
pub(crate) fn pack_rows(x: &[f32], inputs: usize, pairs: &mut [u32]) {
    let columns = 0..inputs;
    pack(Pack {
        x,
        stride: inputs,
        inputs,
        columns,
        pairs,
        of: |x| x,
    });
}

/// As [`pack_rows`] some columns, of which the first has an even number, with the exact GELU of what is in them:
/// that lies in `x`, each row `stride` after the one before.
pub(crate) fn pack_gelu_columns(
    x: &[f32],
    stride: usize,
    inputs: usize,
    columns: Range<usize>,
    pairs: &mut [u32],
) {
    pack(Pack {
        x,
        stride,
        inputs,
        columns,
        pairs,
        of: gelu,
    });
}

fn pack(pack: Pack<'_, impl Fn(f32) -> f32>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(bf16) = native::Bf16::detect() {
        return bf16.pack(pack);
    }
    Arch::new().dispatch(pack);
}

struct Pack<'a, F> {
    x: &'a [f32],
    stride: usize,
    inputs: usize,
    columns: Range<usize>,
    pairs: &'a mut [u32],
    /// What becomes of each number before it is rounded.
    of: F,
}

impl<F: Fn(f32) -> f32> Pack<'_, F> {
    /// Writes the numbers, a register of them rounded by `round`.
    #[inline(always)]
    fn write(self, round: impl Fn(&[f32; LANES]) -> [u16; LANES]) {
        let Self {
            x,
            stride,
            inputs,
            columns,
            pairs,
            of,
        } = self;
        let numbers: &mut [u16] = bytemuck::cast_slice_mut(pairs);
        let rows = numbers.chunks_exact_mut(2 * words(inputs));
        for (numbers, x) in rows.zip(x.chunks(stride)) {
            let (to, rest) = numbers[columns.clone()].as_chunks_mut();
            let (x, x_rest) = x[..columns.len()].as_chunks();
            for (to, x) in to.iter_mut().zip(x) {
                let mut values = *x;
                for value in &mut values {
                    *value = of(*value);
                }
                *to = round(&values);
            }
            for (to, &x) in rest.iter_mut().zip(x_rest) {
                *to = upper(of(x));
            }
            if columns.end == inputs {
                numbers[columns.end..].fill(0);
            }
        }
    }
}

/// A number rounded to bf16.
#[inline(always)]
fn upper(x: f32) -> u16 {
    (Precision::Bf16.round(x).to_bits() >> 16) as u16
}

// The first number of a pair is the one that comes first in memory.
const _: () = assert!(
    cfg!(target_endian = "little"),
    "numbers lie in pairs as they come"
);

impl<F: Fn(f32) -> f32> WithSimd for Pack<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        self.write(|values| {
            let mut rounded = [0; LANES];
            for (rounded, &value) in rounded.iter_mut().zip(values) {
                *rounded = upper(value);
            }
            rounded
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::product::{Begin, Left, Right};
    use proptest::prelude::*;

    fn values(count: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-4.0_f32..4.0, count)
    }

    proptest! {
        #[test]
        fn every_way_of_multiplying_is_one_chain(
            (rows, depth, columns, x, y) in (1_usize..20, 1_usize..400, 1_usize..60).prop_flat_map(
                |(rows, depth, columns)| (
                    Just(rows),
                    Just(depth),
                    Just(columns),
                    values(rows * depth * 2),
                    values(depth * columns * 2),
                )
            )
        ) {
            let pairs = |values: &[f32]| -> Vec<u32> {
                values.as_chunks::<2>().0.iter().map(|&[a, b]| pair(a, b)).collect()
            };
            let (x, y) = (pairs(&x), pairs(&y));
            let mut expected = vec![0.0_f32; rows * columns];
            for (r, row) in expected.chunks_exact_mut(columns).enumerate() {
                for (c, sum) in row.iter_mut().enumerate() {
                    for k in 0..depth {
                        let (x, y) = (numbers(x[r * depth + k]), numbers(y[k * columns + c]));
                        *sum = x[0].mul_add(y[0], x[1].mul_add(y[1], *sum));
                    }
                }
            }
            let ways: [fn(Product<'_, u32>); 2] =
                [product, |product| Arch::new().dispatch(InPairs(product))];
            for way in ways {
                let mut out = vec![f32::NAN; rows * columns];
                way(Product {
                    rows,
                    depth,
                    columns,
                    left: Left::rows(&x, depth),
                    right: Right::Rows { values: &y, stride: columns },
                    begin: Begin::Zero,
                    out: &mut out,
                    stride: columns,
                });
                let bits = |values: &[f32]| -> Vec<u32> {
                    values.iter().map(|value| value.to_bits()).collect()
                };
                prop_assert_eq!(bits(&out), bits(&expected));
            }
        }

        #[test]
        fn rows_are_packed_with_a_zero_at_an_odd_end(
            (inputs, x) in (1_usize..40).prop_flat_map(|inputs| (Just(inputs), values(3 * inputs)))
        ) {
            let mut pairs = vec![u32::MAX; 3 * words(inputs)];
            pack_rows(&x, inputs, &mut pairs);
            for (x, pairs) in x.chunks_exact(inputs).zip(pairs.chunks_exact(words(inputs))) {
                let unpacked: Vec<f32> = pairs.iter().flat_map(|&pair| numbers(pair)).collect();
                let rounded = x.iter().map(|&x| Precision::Bf16.round(x));
                let expected: Vec<f32> = rounded.chain((inputs % 2 == 1).then_some(0.0)).collect();
                prop_assert_eq!(unpacked, expected);
            }
        }

        /// Columns in whatever parts, with what is in them somewhere else, are those of whole rows.
        #[test]
        fn gelu_is_packed_in_parts_as_at_once(
            (inputs, x) in (1_usize..120).prop_flat_map(|inputs| (Just(inputs), values(3 * inputs))),
            part in 1_usize..30,
        ) {
            let part = 2 * part;
            let of: Vec<f32> = x.iter().map(|&x| gelu(x)).collect();
            let mut expected = vec![u32::MAX; 3 * words(inputs)];
            pack_rows(&of, inputs, &mut expected);
            let mut pairs = vec![u32::MAX; 3 * words(inputs)];
            for first in (0..inputs).step_by(part) {
                let columns = first..inputs.min(first + part);
                let block: Vec<f32> = x
                    .chunks_exact(inputs)
                    .flat_map(|row| row[columns.clone()].to_vec())
                    .collect();
                pack_gelu_columns(&block, columns.len(), inputs, columns, &mut pairs);
            }
            prop_assert_eq!(&pairs, &expected);
            pairs.fill(u32::MAX);
            Arch::new().dispatch(Pack {
                x: &x,
                stride: inputs,
                inputs,
                columns: 0..inputs,
                pairs: &mut pairs,
                of: gelu,
            });
            prop_assert_eq!(&pairs, &expected);
        }

        /// The processor's own rounding is ours, but for numbers that its product takes for 0.
        #[test]
        fn every_way_of_rounding_gives_the_same_bits(bits in prop::collection::vec(any::<u32>(), 32)) {
            let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
            let mut pairs = vec![0; 16];
            pack_rows(&x, 32, &mut pairs);
            for (&x, rounded) in x.iter().zip(pairs.iter().flat_map(|&pair| numbers(pair))) {
                let expected = Precision::Bf16.round(x);
                match x.is_nan() {
                    true => prop_assert!(rounded.is_nan()),
                    false if x.is_subnormal() => prop_assert!([0.0, expected].contains(&rounded)),
                    false => prop_assert_eq!(rounded, expected),
                }
            }
        }
    }
}
