//! The precision of products with frozen weights.

use serde::{Deserialize, Serialize};

/// In what numbers the products with frozen weights are computed. Their sums, and everything else, are
/// in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "precision", rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Brain floating point, the range of single precision with 8 bits of mantissa: weights, and what
    /// they are multiplied with, are rounded to it.
    Bf16,
}

impl Precision {
    /// What becomes of a number before it is multiplied.
    #[inline(always)]
    pub(crate) fn round(self, x: f32) -> f32 {
        match self {
            Self::F32 => x,
            Self::Bf16 => to_bf16(x),
        }
    }
}

/// The nearest number that bf16 has; of two, the one whose last bit is 0.
#[inline(always)]
fn to_bf16(x: f32) -> f32 {
    const LOST: u32 = 16;
    let bits = x.to_bits();
    let half = (1 << (LOST - 1)) - 1 + (bits >> LOST & 1);
    let rounded = bits.wrapping_add(half) >> LOST << LOST;
    if x.is_nan() {
        x
    } else {
        f32::from_bits(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::bf16;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_is_that_of_bf16(bits in any::<u32>()) {
            let x = f32::from_bits(bits);
            let expected = bf16::from_f32(x).to_f32();
            let rounded = Precision::Bf16.round(x);
            prop_assert!(rounded == expected || x.is_nan() && rounded.is_nan());
        }
    }
}
