//! What a tile's inner loop is made of: registers of words, and of sums of their products.

use pulp::Simd;

/// A way of multiplying that processors have: words of two operands into sums in f32.
pub(crate) trait Tile: Copy {
    /// What the operands consist of.
    type Word: Copy;
    /// A register of words.
    type Words: Copy;
    /// A register of sums.
    type Sums: Copy;

    /// Sums in a register.
    const LANES: usize;
    /// The most rows and registers of columns of a tile: its sums and operands fill the registers.
    const ROWS: usize;
    const COLUMNS: usize;

    fn zero(self) -> Self::Sums;

    /// The sums that these values begin, at most a register.
    fn load(self, values: &[f32]) -> Self::Sums;

    /// Writes as many sums as there are values.
    fn store(self, sums: Self::Sums, values: &mut [f32]);

    /// The same word in every lane.
    fn splat(self, word: Self::Word) -> Self::Words;

    /// At most a register of words, and after them words of zero.
    fn some_words(self, words: &[Self::Word]) -> Self::Words;

    /// A register of words.
    ///
    /// # Safety
    ///
    /// As many words as there are lanes can be read from `words` on.
    #[allow(unsafe_code)]
    unsafe fn words(self, words: *const Self::Word) -> Self::Words;

    /// `sums + x y`, fused.
    fn mul_add(self, x: Self::Words, y: Self::Words, sums: Self::Sums) -> Self::Sums;
}

/// Words that are f32.
#[derive(Clone, Copy)]
pub(crate) struct Single<S>(pub S);

impl<S: Simd> Tile for Single<S> {
    type Word = f32;
    type Words = S::f32s;
    type Sums = S::f32s;

    const LANES: usize = S::F32_LANES;
    const ROWS: usize = if S::REGISTER_COUNT >= 32 { 8 } else { 6 };
    const COLUMNS: usize = if S::REGISTER_COUNT >= 32 { 3 } else { 2 };

    #[inline(always)]
    fn zero(self) -> S::f32s {
        self.0.splat_f32s(0.0)
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> S::f32s {
        match S::as_simd_f32s(values).0 {
            [whole] => *whole,
            _ => self.0.partial_load_f32s(values),
        }
    }

    #[inline(always)]
    fn store(self, sums: S::f32s, values: &mut [f32]) {
        match S::as_mut_simd_f32s(values).0 {
            [whole] => *whole = sums,
            _ => self.0.partial_store_f32s(values, sums),
        }
    }

    #[inline(always)]
    fn splat(self, word: f32) -> S::f32s {
        self.0.splat_f32s(word)
    }

    #[inline(always)]
    fn some_words(self, words: &[f32]) -> S::f32s {
        self.0.partial_load_f32s(words)
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn words(self, words: *const f32) -> S::f32s {
        // SAFETY: the caller vouches for the register's values; any bits are f32, and the read needs
        // no alignment.
        unsafe { words.cast::<S::f32s>().read_unaligned() }
    }

    #[inline(always)]
    fn mul_add(self, x: S::f32s, y: S::f32s, sums: S::f32s) -> S::f32s {
        self.0.mul_add_f32s(x, y, sums)
    }
}

/// Words that are pairs of bf16, on processors that cannot multiply these: the two are multiplied in
/// f32, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Pairs<S>(pub S);

impl<S: Simd> Tile for Pairs<S> {
    type Word = u32;
    /// The numbers in the upper half of each pair, and those in the lower half.
    type Words = (S::f32s, S::f32s);
    type Sums = S::f32s;

    const LANES: usize = S::F32_LANES;
    const ROWS: usize = if S::REGISTER_COUNT >= 32 { 6 } else { 4 };
    const COLUMNS: usize = if S::REGISTER_COUNT >= 32 { 3 } else { 2 };

    #[inline(always)]
    fn zero(self) -> S::f32s {
        Single(self.0).zero()
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> S::f32s {
        Single(self.0).load(values)
    }

    #[inline(always)]
    fn store(self, sums: S::f32s, values: &mut [f32]) {
        Single(self.0).store(sums, values);
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Self::Words {
        let value = |bits| self.0.splat_f32s(f32::from_bits(bits));
        (value(word & UPPER), value(word << 16))
    }

    #[inline(always)]
    fn some_words(self, words: &[u32]) -> Self::Words {
        both(self.0, self.0.partial_load_u32s(words))
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn words(self, words: *const u32) -> Self::Words {
        // SAFETY: the caller vouches for the register's words; any bits are u32, and the read needs
        // no alignment.
        both(self.0, unsafe { words.cast::<S::u32s>().read_unaligned() })
    }

    #[inline(always)]
    fn mul_add(self, x: Self::Words, y: Self::Words, sums: S::f32s) -> S::f32s {
        let sums = self.0.mul_add_f32s(x.0, y.0, sums);
        self.0.mul_add_f32s(x.1, y.1, sums)
    }
}

/// The bits of a pair that are its upper number's.
const UPPER: u32 = 0xFFFF_0000;

/// The upper and the lower number of each pair.
#[inline(always)]
fn both<S: Simd>(simd: S, pairs: S::u32s) -> (S::f32s, S::f32s) {
    let upper = simd.and_u32s(pairs, simd.splat_u32s(UPPER));
    let lower = simd.wrapping_dyn_shl_u32s(pairs, simd.splat_u32s(16));
    (
        simd.transmute_f32s_u32s(upper),
        simd.transmute_f32s_u32s(lower),
    )
}
