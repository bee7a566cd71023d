//! Special functions that no crate of ours has: the hypergeometric one, and the trigamma.

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

#[cfg(test)]
mod tests {
    use super::trigamma;

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
