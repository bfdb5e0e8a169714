//! Elementary functions that the compiler can vectorise, and sums of one fixed order.

use pulp::Simd;

/// How many partial sums a reduction keeps.
pub(crate) const LANES: usize = 16;

/// e^x, within 2 ulp for x in [-87, 88] and clamped outside.
///
/// Cody-Waite reduction to |r| <= ln(2)/2 and a degree-6 polynomial (the coefficients of Cephes'
/// `expf`).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut p: f32 = 1.987_569_1e-4;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 0.5);
    let y = p.mul_add(r * r, r) + 1.0;
    // The last bits of `rounded` are n as an integer: a conversion would not become vector instructions.
    let power = rounded.to_bits().wrapping_sub(ROUND.to_bits());
    y * f32::from_bits(power.wrapping_add(127) << 23)
}

/// The error function, absolute error below 5e-7: 4.2 ulp of 1.
///
/// The odd rational approximation on [-4, 4] that Eigen and XLA use.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p: f32 = -2.726_142e-10;
    p = p.mul_add(x2, 2.770_681_5e-8);
    p = p.mul_add(x2, -2.101_024e-6);
    p = p.mul_add(x2, -5.692_506_5e-5);
    p = p.mul_add(x2, -7.349_906_4e-4);
    p = p.mul_add(x2, -2.954_6e-3);
    p = p.mul_add(x2, -1.609_603_3e-2);
    let mut q: f32 = -1.456_607_2e-5;
    q = q.mul_add(x2, -2.133_740_5e-4);
    q = q.mul_add(x2, -1.682_827e-3);
    q = q.mul_add(x2, -7.373_329_3e-3);
    q = q.mul_add(x2, -1.426_473_9e-2);
    x * p / q
}

/// The sum of `term` of what rows of one length have at each place, in one fixed order.
#[inline(always)]
pub(crate) fn sum<const N: usize>(rows: [&[f32]; N], term: impl Fn([f32; N]) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let rows = rows.map(|row| row[..rows[0].len()].as_chunks::<LANES>());
    let (parts, rest) = rows[0];
    for index in 0..parts.len() {
        let parts = rows.map(|(parts, _)| &parts[index]);
        for (lane, partial) in lanes.iter_mut().enumerate() {
            *partial += term(parts.map(|part| part[lane]));
        }
    }
    for (lane, partial) in lanes.iter_mut().enumerate().take(rest.len()) {
        *partial += term(rows.map(|(_, rest)| rest[lane]));
    }
    halved(lanes, |a, b| a + b)
}

/// As [`sum`] for each of some rows of `count` whole registers, beside each other: a sum alone waits for each of its
/// additions. `term` gets the numbers of the row and of the register.
#[inline(always)]
pub(crate) fn sums_of_rows<S: Simd, const N: usize>(
    simd: S,
    count: usize,
    mut term: impl FnMut(usize, usize) -> S::f32s,
) -> [f32; N] {
    let registers = LANES / S::F32_LANES;
    let mut partials = [[simd.splat_f32s(0.0); LANES]; N];
    for first in (0..count).step_by(registers) {
        for register in 0..registers {
            for (row, partials) in partials.iter_mut().enumerate() {
                let term = term(row, first + register);
                partials[register] = simd.add_f32s(partials[register], term);
            }
        }
    }
    let mut sums = [0.0; N];
    for (sum, partials) in sums.iter_mut().zip(&partials) {
        let mut lanes = [0.0; LANES];
        let parts = S::as_mut_simd_f32s(&mut lanes).0;
        parts.copy_from_slice(&partials[..registers]);
        *sum = halved(lanes, |a, b| a + b);
    }
    sums
}

/// As [`sum`] for each lane: `terms` are what its row has at each place.
#[inline(always)]
pub(crate) fn lane_sums<S: Simd>(
    simd: S,
    mut terms: impl ExactSizeIterator<Item = S::f32s>,
) -> S::f32s {
    let mut partials = [simd.splat_f32s(0.0); LANES];
    while terms.len() > 0 {
        for partial in &mut partials {
            if let Some(term) = terms.next() {
                *partial = simd.add_f32s(*partial, term);
            }
        }
    }
    halved(partials, |a, b| simd.add_f32s(a, b))
}

/// One value of all: `join` of each of the first half with that of the second, again and again.
#[inline(always)]
fn halved<T: Copy>(mut values: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for index in 0..width {
            values[index] = join(values[index], values[index + width]);
        }
        width /= 2;
    }
    values[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_ulp_of_libm() {
        for step in -86_999..88_000 {
            let x = step as f32 * 1e-3;
            let expected = libm::exp(f64::from(x)) as f32;
            let ulp = (exp(x).to_bits() as i64 - expected.to_bits() as i64).abs();
            assert!(ulp <= 2, "exp({x}) is {} instead of {expected}", exp(x));
        }
    }

    #[test]
    fn erf_is_within_five_tenths_of_a_millionth_of_libm() {
        for step in -60_000..=60_000 {
            let x = step as f32 * 1e-4;
            let error = (f64::from(erf(x)) - libm::erf(f64::from(x))).abs();
            assert!(error < 5e-7, "erf({x}) is off by {error}");
        }
    }

    #[test]
    fn a_sum_takes_every_term_once() {
        for count in 0..70_usize {
            let numbers: Vec<f32> = (0..count).map(|number| number as f32).collect();
            let total = sum([&numbers, &numbers], |[a, b]| a + b);
            assert_eq!(total, (count * count.saturating_sub(1)) as f32);
        }
    }
}
