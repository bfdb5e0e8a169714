//! Products of pairs of bf16, and rounding to it, with AVX-512's own instructions.

use super::Pack;
use crate::math::LANES;
use crate::matrix::product::{Product, run};
use crate::matrix::tile::Tile;
use std::arch::x86_64::{
    __m256bh, __m512, __m512bh, __m512i, _mm512_cvtneps_pbh, _mm512_dpbf16_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_epi32, _mm512_maskz_loadu_ps,
    _mm512_set1_epi32, _mm512_setzero_ps,
};
use std::sync::OnceLock;

/// The instructions, on a processor that has them.
#[derive(Clone, Copy)]
pub(crate) struct Bf16(());

impl Bf16 {
    /// None where the processor lacks them.
    pub(crate) fn detect() -> Option<Self> {
        static FOUND: OnceLock<bool> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            is_x86_feature_detected!("avx512bf16")
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("fma")
        });
        found.then_some(Self(()))
    }

    #[allow(unsafe_code)]
    pub(crate) fn product(self, product: Product<'_, u32>) {
        // SAFETY: there is a `Bf16` only where the processor was found to have the features.
        unsafe { with_features(product) };
    }

    #[allow(unsafe_code)]
    pub(crate) fn pack(self, pack: Pack<'_, impl Fn(f32) -> f32>) {
        // SAFETY: as in `product`.
        unsafe { pack_with_features(pack) };
    }
}

/// Numbers below 1.2e-38, which the product takes for 0, become 0.
#[target_feature(enable = "avx512f,avx512bf16,fma")]
#[allow(unsafe_code)]
fn pack_with_features(pack: Pack<'_, impl Fn(f32) -> f32>) {
    pack.write(|values| {
        // SAFETY: a register is read from as many values as it has, unaligned; 256 bits of bf16 are as many
        // numbers of 16 bits, and any bits are both.
        unsafe {
            let rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(values.as_ptr()));
            std::mem::transmute::<__m256bh, [u16; LANES]>(rounded)
        }
    });
}

#[target_feature(enable = "avx512f,avx512bf16,fma")]
fn with_features(product: Product<'_, u32>) {
    run(Native(()), product);
}

/// Made in [`with_features`] alone, into which all of the trait's functions are inlined.
#[derive(Clone, Copy)]
struct Native(());

/// The lanes of the first `count` values of a register.
#[inline(always)]
fn first(count: usize) -> u16 {
    u16::MAX >> (Native::LANES - count.min(Native::LANES))
}

#[allow(unsafe_code)]
impl Tile for Native {
    type Word = u32;
    type Words = __m512i;
    type Sums = __m512;

    const LANES: usize = 16;
    const ROWS: usize = 8;
    const COLUMNS: usize = 3;

    #[inline(always)]
    fn zero(self) -> __m512 {
        // SAFETY: a `Native` exists only below `with_features`.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> __m512 {
        // SAFETY: as in `zero`; the mask leaves out what is beyond the values.
        unsafe { _mm512_maskz_loadu_ps(first(values.len()), values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, sums: __m512, values: &mut [f32]) {
        // SAFETY: as in `zero`; the mask leaves out what is beyond the values.
        unsafe { _mm512_mask_storeu_ps(values.as_mut_ptr(), first(values.len()), sums) }
    }

    #[inline(always)]
    fn splat(self, word: u32) -> __m512i {
        // SAFETY: as in `zero`.
        unsafe { _mm512_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    fn some_words(self, words: &[u32]) -> __m512i {
        // SAFETY: as in `zero`; the mask leaves out what is beyond the words.
        unsafe { _mm512_maskz_loadu_epi32(first(words.len()), words.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn words(self, words: *const u32) -> __m512i {
        // SAFETY: as in `zero`; the caller vouches for the register's words.
        unsafe { _mm512_loadu_si512(words.cast()) }
    }

    #[inline(always)]
    fn mul_add(self, x: __m512i, y: __m512i, sums: __m512) -> __m512 {
        // SAFETY: as in `zero`; both types are 512 bits without any invariant.
        unsafe {
            let [x, y] = [x, y].map(|words| std::mem::transmute::<__m512i, __m512bh>(words));
            _mm512_dpbf16_ps(sums, x, y)
        }
    }
}
