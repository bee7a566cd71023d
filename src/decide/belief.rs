//! What a learner believes of the reward of a candidate.

use crate::random::Random;
use std::sync::LazyLock;

/// What is believed of the reward that an action would bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Belief {
    /// A number, taken as it is.
    Point(f64),
    /// A mean, and how much more it may well be: taken as their sum (optimism in the face of uncertainty).
    Bound {
        /// What is expected.
        mean: f64,
        /// How much is added.
        bonus: f64,
    },
    /// A normal distribution, of which a number is drawn.
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        deviation: f64,
    },
    /// A beta distribution, of which a number is drawn; both parameters 1 or more.
    Beta {
        /// Its first parameter: a prior and the successes.
        a: f64,
        /// Its second parameter: a prior and the failures.
        b: f64,
    },
}

impl Belief {
    /// What is expected.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Point(mean) | Self::Bound { mean, .. } | Self::Normal { mean, .. } => mean,
            Self::Beta { a, b } => a / (a + b),
        }
    }

    /// The reward that is reckoned with: a bound, or what is drawn.
    pub(super) fn draw(&self, random: impl FnOnce() -> Random) -> f64 {
        match *self {
            Self::Point(mean) => mean,
            Self::Bound { mean, bonus } => mean + bonus,
            Self::Normal { mean, deviation } => mean + deviation * random().normal(),
            Self::Beta { a, b } => random().beta(a, b),
        }
    }
}

/// How far from its mean a normal distribution is looked at, in deviations: what is beyond has 10^-12 of the mass.
const REACH: f64 = 7.1;

/// A deviation of this share of the mean is none.
const ROUNDED: f64 = 1e-11;

fn beta_deviation(a: f64, b: f64) -> f64 {
    let (total, mean) = (a + b, a / (a + b));
    (mean * (1.0 - mean) / (total + 1.0)).sqrt()
}

/// The distribution of `value * reward - cost`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    shape: Shape,
    /// One over the value.
    per_value: f64,
    cost: f64,
    /// Where nearly all of it lies, and its deviation.
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) deviation: f64,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Point,
    /// The deviations off the mean are `money * scale + shift`.
    Normal {
        scale: f64,
        shift: f64,
    },
    Beta {
        a: f64,
        b: f64,
        ln_beta: f64,
    },
}

impl Spread {
    pub(super) fn of(belief: &Belief, value: f64, cost: f64) -> Self {
        let money = |reward: f64| value * reward - cost;
        let at = |point: f64| Self {
            shape: Shape::Point,
            per_value: 0.0,
            cost,
            low: money(point),
            high: money(point),
            deviation: 0.0,
        };
        let spread = |shape, low: f64, high: f64, deviation: f64| Self {
            shape,
            per_value: 1.0 / value,
            cost,
            low: money(low),
            high: money(high),
            deviation: value * deviation,
        };
        // What is narrower than this is lost when money is rounded: it is one number, also to whoever draws.
        let wide = |mean: f64, deviation: f64| value * deviation > ROUNDED * (value * mean.abs() + cost.abs());
        match *belief {
            Belief::Point(mean) => at(mean),
            Belief::Bound { mean, bonus } => at(mean + bonus),
            Belief::Normal { mean, deviation } if wide(mean, deviation) => {
                let scale = 1.0 / (value * deviation);
                let shape = Shape::Normal { scale, shift: -money(mean) * scale };
                spread(shape, mean - REACH * deviation, mean + REACH * deviation, deviation)
            }
            Belief::Normal { mean, .. } => at(mean),
            Belief::Beta { a, b } if wide(a / (a + b), beta_deviation(a, b)) => {
                let (total, mean, deviation) = (a + b, a / (a + b), beta_deviation(a, b));
                // The tails are no heavier than those of a gamma distribution (Bernstein's bound at 10^-12).
                let reach = 7.5 * deviation + 28.0 / total;
                let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(total);
                let shape = Shape::Beta { a, b, ln_beta };
                spread(shape, (mean - reach).max(0.0), (mean + reach).min(1.0), deviation)
            }
            Belief::Beta { a, b } => at(a / (a + b)),
        }
    }

    /// Whether it is one number.
    pub(super) fn is_point(&self) -> bool {
        matches!(self.shape, Shape::Point)
    }

    /// How probable it is to be at most this.
    pub(super) fn at_most(&self, money: f64) -> f64 {
        if money >= self.high {
            return 1.0;
        }
        if money < self.low {
            return 0.0;
        }
        match self.shape {
            Shape::Point => 1.0,
            Shape::Normal { scale, shift } => normal_cdf(money * scale + shift),
            Shape::Beta { a, b, ln_beta } => beta_cdf(a, b, ln_beta, (money + self.cost) * self.per_value),
        }
    }

    /// Its density.
    pub(super) fn density(&self, money: f64) -> f64 {
        match self.shape {
            Shape::Point => 0.0,
            Shape::Normal { scale, shift } => {
                let z = money * scale + shift;
                scale * libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt()
            }
            Shape::Beta { a, b, ln_beta } => {
                let reward = (money + self.cost) * self.per_value;
                self.per_value * libm::exp(beta_log(a, b, ln_beta, reward))
            }
        }
    }
}

/// Steps of the table in one deviation.
const STEPS: f64 = 64.0;

/// The normal distribution function and its slope, in steps of 1/64 from -8 to 8.
static TABLE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let one = |place: i32| {
        let z = f64::from(place) / STEPS;
        let below = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        (below, libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt() / STEPS)
    };
    (-512..=513).map(one).collect()
});

/// The normal distribution function, by cubic interpolation in a table: within 3e-10.
fn normal_cdf(z: f64) -> f64 {
    let place = (z + 8.0) * STEPS;
    if place <= 0.0 || place.is_nan() {
        return 0.0;
    }
    let whole = place as usize;
    let (Some(&(from, rise)), Some(&(to, slope))) = (TABLE.get(whole), TABLE.get(whole + 1)) else { return 1.0 };
    let t = place - whole as f64;
    let (square, rest) = (t * t, 1.0 - t);
    from * (1.0 + 2.0 * t) * rest * rest + rise * t * rest * rest + to * square * (3.0 - 2.0 * t)
        - slope * square * rest
}

/// The logarithm of the density of a beta distribution.
fn beta_log(a: f64, b: f64, ln_beta: f64, x: f64) -> f64 {
    // A parameter of 1 leaves its side alone, also at the end, where the logarithm is none.
    let side = |power: f64, ln: f64| if power == 0.0 { 0.0 } else { power * ln };
    side(a - 1.0, libm::log(x)) + side(b - 1.0, libm::log1p(-x)) - ln_beta
}

/// The beta distribution function: the continued fraction of the incomplete beta function, by Lentz's method (Press et
/// al. 2007, section 6.4), on the side on which it converges fast. O(square root of the larger parameter).
fn beta_cdf(a: f64, b: f64, ln_beta: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - ln_beta);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let large = |number: f64| if number.abs() < TINY { TINY } else { number };
    let (mut c, mut d) = (1.0, 1.0 / large(1.0 - (a + b) * x / (a + 1.0)));
    let mut found = d;
    for step in 1..10_000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / large(1.0 + even * d);
        c = large(1.0 + even / c);
        found *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / large(1.0 + odd * d);
        c = large(1.0 + odd / c);
        found *= d * c;
        if (d * c - 1.0).abs() < 1e-13 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distribution_functions_are_those_of_statrs() {
        for step in -800..=800 {
            let z = f64::from(step) / 100.0 + 0.003;
            let expected = 0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2);
            assert!((normal_cdf(z) - expected).abs() < 3e-10, "{z}");
        }
        for (a, b) in [(1.0, 1.0), (1.0, 100.0), (3.5, 2.0), (40.0, 900.0), (9_000.0, 1_000.0)] {
            let spread = Spread::of(&Belief::Beta { a, b }, 1.0, 0.0);
            for step in 1..100 {
                let x = spread.low + (spread.high - spread.low) * f64::from(step) / 100.0;
                let expected = statrs::function::beta::beta_reg(a, b, x);
                assert!((spread.at_most(x) - expected).abs() < 1e-9, "{a} {b} {x}");
            }
            assert!(statrs::function::beta::beta_reg(a, b, spread.low) < 1e-11, "{a} {b}");
            assert!(statrs::function::beta::beta_reg(a, b, spread.high) > 1.0 - 1e-11, "{a} {b}");
        }
    }
}
