//! Special functions that no crate of ours has: the hypergeometric one, and the trigamma; and the exponential and the
//! logarithm without branches, of which the compiler may do several at once.

use crate::error::{Error, Result};

/// Terms after which a series is given up; near `z` = 1 it takes about 40 / (1 - z) of them.
const TERMS_MAX: u32 = 1_000_000;

/// The hypergeometric function of Gauss, 2F1(a, b; c; z), for 0 <= z < 1.
///
/// It is summed after Euler's transformation, (1 - z)^(c-a-b) 2F1(c-a, c-b; c; z), where that makes the terms smaller: with
/// parameters in the thousands the plain series overflows or cancels. O(40 / (1 - z)) terms.
///
/// # Errors
/// `Input` where a number is not finite, `z` is outside 0..1, `c` is 0 or a negative whole number, or `z` is so near 1 that
/// the series does not end.
///
/// # Examples
/// ```
/// // 2F1(1, 1; 2; z) = -ln(1 - z) / z
/// let value = onefold::hypergeometric(1.0, 1.0, 2.0, 0.5)?;
/// assert!((value - 2.0 * 2.0_f64.ln()).abs() < 1e-14);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> Result<f64> {
    if ![a, b, c, z].iter().all(|number| number.is_finite()) || !(0.0..1.0).contains(&z) {
        return Err(Error::input("z", "of a hypergeometric function must be in 0..1, and its parameters finite"));
    }
    if c <= 0.0 && c.fract() == 0.0 {
        return Err(Error::input("c", "of a hypergeometric function may be neither 0 nor a negative whole number"));
    }
    let unsummed = || Error::input("z", "of a hypergeometric function is too near 1");
    let (other_a, other_b) = (c - a, c - b);
    // The smaller product of the two upper parameters gives the smaller terms.
    if (other_a * other_b).abs() < (a * b).abs() {
        let power = ((c - a - b) * (-z).ln_1p()).exp();
        return Ok(power * (1.0 + other_b / c * series_rest(other_a, other_b, c, z).ok_or_else(unsummed)?));
    }
    Ok(1.0 + b / c * series_rest(a, b, c, z).ok_or_else(unsummed)?)
}

/// What is left of 2F1(a, b; c; z) less 1, divided by b / c: it has a value also where b or c is 0.
pub(crate) fn series_rest(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    let mut term = a * z;
    let mut sum = term;
    for n in 1..TERMS_MAX {
        let n = f64::from(n);
        let ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        term *= ratio;
        sum += term;
        let size = ratio.abs().max(z);
        if term == 0.0 || size < 1.0 && term.abs() <= (1.0 - size) * 0.25 * f64::EPSILON * sum.abs() {
            return sum.is_finite().then_some(sum);
        }
    }
    None
}

/// The second derivative of the logarithm of the gamma function, for x over 0: by recurrence up to where the series of
/// Bernoulli numbers (Abramowitz and Stegun 6.4.12) holds to the last digits.
pub(crate) fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let tail = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];
    let series = tail.iter().rev().fold(0.0, |inner, coefficient| square * (coefficient + inner));
    sum + (1.0 + 0.5 / x + series) / x
}

/// Added to a number, this leaves the nearest whole one in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The exponential function, within 1e-14 of itself; below e^-700 it is that. Powers of two, times Taylor's series to the
/// thirteenth power on half of ln 2 to both sides, the next term being below 5e-18.
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    // ln 2 in two parts, of which the first has zeros at its end: a whole number times it is exact.
    const HIGH: f64 = 6.931_471_803_691_238e-1;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let r = (x - power * HIGH) - power * LOW;
    const SERIES: [f64; 13] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
    ];
    let series = SERIES.into_iter().fold(0.0, |inner, coefficient| inner * r + coefficient);
    (1.0 + r * series) * f64::from_bits(shifted.to_bits().wrapping_add(1_023) << 52)
}

/// The natural logarithm of a positive normal number, within 1e-15 or so of itself or of 1: of a power of two, and of what
/// is left between the roots of 1/2 and of 2, by the series of the inverse hyperbolic tangent, the next term being below
/// 1e-16.
#[inline]
pub(crate) fn ln(x: f64) -> f64 {
    // What is over the root of 1/2 keeps its exponent.
    const ROOT: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    let over = x.to_bits().wrapping_sub(ROOT);
    let power = over as i64 >> 52;
    let rest = f64::from_bits(x.to_bits().wrapping_sub((power as u64) << 52));
    let power = f64::from(power as i32);
    let s = (rest - 1.0) / (rest + 1.0);
    let square = s * s;
    const SERIES: [f64; 9] =
        [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 0.4, 2.0 / 3.0];
    let series = SERIES.iter().fold(0.0, |inner, coefficient| inner * square + coefficient);
    power * std::f64::consts::LN_2 + (2.0 * s + s * square * series)
}

/// The natural logarithm of 1 - x, for 0 <= x < 1: what rounding 1 - x leaves out is put back (Goldberg 1991).
#[inline]
pub(crate) fn ln_rest(x: f64) -> f64 {
    let rest = 1.0 - x;
    ln(rest) + ((1.0 - rest) - x) / rest
}

#[cfg(test)]
mod tests {
    use super::{exp, ln, ln_rest, trigamma};

    #[test]
    fn exponentials_and_logarithms_are_those_of_libm() {
        for step in -7_000..=7_000 {
            let x = f64::from(step) / 10.0 + 0.037;
            let x = x.clamp(-700.0, 700.0);
            assert!((exp(x) / libm::exp(x) - 1.0).abs() < 1e-14, "{x}: {}", exp(x));
            let y = libm::exp(x);
            let expected = libm::log(y);
            assert!((ln(y) - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{y}: {}", ln(y));
        }
        for step in 1..10_000 {
            for x in [f64::from(step) / 10_000.0, f64::from(step) * 1e-12] {
                let (found, expected) = (ln_rest(x), libm::log1p(-x));
                assert!((found - expected).abs() <= 1e-15 * expected.abs().max(x), "{x}: {found}, not {expected}");
                let (found, expected) = (ln(x + 0.5), libm::log(x + 0.5));
                assert!((found - expected).abs() < 1e-15, "{x}: {found}, not {expected}");
            }
        }
        assert_eq!((exp(0.0), ln(1.0), ln_rest(0.0)), (1.0, 0.0, 0.0));
        assert!(exp(-1e9) < 1e-300 && exp(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn trigamma_is_what_tables_say() {
        let check =
            |x: f64, expected: f64| assert!((trigamma(x) / expected - 1.0).abs() < 1e-14, "{x}: {}", trigamma(x));
        check(1.0, std::f64::consts::PI.powi(2) / 6.0);
        check(0.5, std::f64::consts::PI.powi(2) / 2.0);
        check(2.0, std::f64::consts::PI.powi(2) / 6.0 - 1.0);
        check(1e6, 1.000_000_500_000_166_7e-6);
    }
}
