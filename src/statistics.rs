//! Shares and how sure of them one can be.

use crate::error::{Error, Result};
use statrs::function::beta::beta_reg;
use statrs::function::erf::erf_inv;

/// A value that fewer people have than this is written down in no [`Population`](crate::Population) and no
/// [`Model`](crate::Model) that is learned here: what so few have could tell who they are.
pub const PROFILES_MIN: u64 = 20;

/// Newton steps after which a quantile is as near as it comes; each doubles the digits, or halves the bracket.
const STEPS_MAX: usize = 100;

/// An interval in which a share lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound, 0 to 1.
    pub lower: f64,
    /// The upper bound, 0 to 1.
    pub upper: f64,
}

/// The score interval of a share (Wilson, 1927), without continuity correction. O(1).
///
/// # Errors
/// `Input` where there are no trials, more successes than trials, or `level` is not between 0 and 1.
///
/// # Examples
/// ```
/// let interval = onefold::wilson(1, 10, 0.95)?;
/// assert!((interval.lower - 0.0179).abs() < 1e-4 && (interval.upper - 0.4042).abs() < 1e-4);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn wilson(successes: u64, trials: u64, level: f64) -> Result<Interval> {
    check(successes, trials, level)?;
    let (k, n) = (successes as f64, trials as f64);
    let z = std::f64::consts::SQRT_2 * erf_inv(level);
    let (share, square) = (k / n, z * z);
    let middle = (share + square / (2.0 * n)) / (1.0 + square / n);
    let half = z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    // At the ends the two terms are one number, and their difference is what rounding leaves.
    let lower = if successes == 0 { 0.0 } else { (middle - half).max(0.0) };
    let upper = if successes == trials { 1.0 } else { (middle + half).min(1.0) };
    Ok(Interval { lower, upper })
}

/// The equal-tailed credible interval of a share under the prior of Jeffreys, Beta(1/2, 1/2). O(1).
///
/// # Errors
/// `Input` where there are no trials, more successes than trials, or `level` is not between 0 and 1.
///
/// # Examples
/// ```
/// let interval = onefold::jeffreys(1, 10, 0.95)?;
/// assert!(interval.lower < 0.1 && interval.upper > 0.1);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn jeffreys(successes: u64, trials: u64, level: f64) -> Result<Interval> {
    check(successes, trials, level)?;
    let (a, b) = (successes as f64 + 0.5, (trials - successes) as f64 + 0.5);
    let tail = (1.0 - level) / 2.0;
    Ok(Interval { lower: beta_quantile(tail, a, b), upper: beta_quantile(1.0 - tail, a, b) })
}

fn check(successes: u64, trials: u64, level: f64) -> Result<()> {
    if trials == 0 || successes > trials {
        return Err(Error::input("successes", "must be at most as many as the trials, of which there must be one"));
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::input("level", "must lie between 0 and 1, as 0.95"));
    }
    Ok(())
}

/// The value below which a Beta distribution has so much of its mass; `a` and `b` over 0, `p` in 0..=1.
///
/// Newton's method on the regularised incomplete beta function, in a bracket.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let positive = |number: f64| number.is_finite() && number > 0.0;
    if !(positive(a) && positive(b)) || p.is_nan() || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = Some(near_quantile(p, a, b)).filter(|x| *x > 0.0 && *x < 1.0).unwrap_or(a / (a + b));
    let ln_beta = statrs::function::beta::ln_beta(a, b);
    for _ in 0..STEPS_MAX {
        let reached = beta_reg(a, b, x);
        let over = reached - p;
        if over > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = ((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta).exp();
        // Down in the tail the logarithm is nearly straight, where the value itself would creep.
        let is_tail = p < 0.5 && reached > 0.0;
        let step = if is_tail { x * (-(reached / p).ln() * reached / (density * x)).exp() } else { x - over / density };
        // Where it is as near as it comes it may be its own bound, and half the bracket would lead away.
        if (step - x).abs() <= 4.0 * f64::EPSILON * x {
            return step;
        }
        let next = if step > low && step < high { step } else { f64::midpoint(low, high) };
        if (next - x).abs() <= f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}

/// About that value, to begin with: by a normal distribution (Abramowitz and Stegun 1964, 26.5.22), or by the powers at the two
/// ends where the density has none in the middle (Press et al. 2007, 6.4). What searches for it by itself, as AS 109 does,
/// leaves the range now and then.
fn near_quantile(p: f64, a: f64, b: f64) -> f64 {
    // Far down, where the power of the density is all there is of it.
    let far = ((p.ln() + a.ln() + statrs::function::beta::ln_beta(a, b)) / a).exp();
    if far * b.max(1.0) < 0.01 {
        return far;
    }
    if a >= 1.0 && b >= 1.0 {
        let t = (-2.0 * p.min(1.0 - p).ln()).sqrt();
        let tail = (2.307_53 + t * 0.270_61) / (1.0 + t * (0.992_29 + t * 0.044_81)) - t;
        let normal = if p < 0.5 { -tail } else { tail };
        let (one, other) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
        let (skew, mean) = ((normal * normal - 3.0) / 6.0, 2.0 / (one + other));
        let w = normal * (skew + mean).sqrt() / mean - (other - one) * (skew + 5.0 / 6.0 - 2.0 / (3.0 * mean));
        return a / (a + b * (2.0 * w).exp());
    }
    let (low, high) = ((a * (a / (a + b)).ln()).exp() / a, (b * (b / (a + b)).ln()).exp() / b);
    let sum = low + high;
    if p < low / sum { (a * sum * p).powf(1.0 / a) } else { 1.0 - (b * sum * (1.0 - p)).powf(1.0 / b) }
}
