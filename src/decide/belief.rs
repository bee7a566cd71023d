//! What a learner believes of the reward of a candidate.

use super::panel::{NODES, Panel};
use crate::random::Random;
use crate::special::{exp, ln, ln_rest};
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

/// A function that ends as a higher power than this is smooth there.
const POWER: f64 = 8.0;

/// The largest number below 1.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

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
    /// The place in the table is `money * scale + shift`.
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
                let scale = STEPS / (value * deviation);
                let shape = Shape::Normal { scale, shift: MIDDLE - money(mean) * scale };
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
            Shape::Normal { scale, shift } => normal_cdf(&TABLE, money * scale + shift),
            Shape::Beta { a, b, ln_beta } => beta_cdf(a, b, ln_beta, (money + self.cost) * self.per_value),
        }
    }

    /// Multiplies by how probable it is to be at most this, at each node of a panel. `reached` is that at the panel's
    /// beginning, and is moved to its end: the densities of betas, which cost less than their distribution functions, are
    /// integrated from there.
    pub(super) fn times_at_most(&self, panel: &Panel, reached: &mut f64, products: &mut [f64; NODES]) {
        match self.shape {
            Shape::Point => {}
            Shape::Normal { scale, shift } => {
                let table: &[[f64; 4]] = &TABLE;
                for (product, money) in products.iter_mut().zip(&panel.nodes) {
                    *product *= normal_cdf(table, money * scale + shift);
                }
                *reached = normal_cdf(table, panel.to * scale + shift);
            }
            Shape::Beta { a, b, .. } if self.is_rough(a, b, panel) => {
                for (product, money) in products.iter_mut().zip(&panel.nodes) {
                    *product *= self.at_most(*money);
                }
                *reached = self.at_most(panel.to);
            }
            Shape::Beta { .. } => {
                let densities = self.densities(panel);
                for (product, step) in products.iter_mut().zip(panel.steps(&densities)) {
                    *product *= *reached + step;
                }
                *reached += panel.integral(&densities);
            }
        }
    }

    /// Its densities at the nodes of a panel.
    pub(super) fn densities(&self, panel: &Panel) -> [f64; NODES] {
        match self.shape {
            Shape::Point => [0.0; NODES],
            Shape::Normal { scale, shift } => {
                let front = scale / STEPS / (2.0 * std::f64::consts::PI).sqrt();
                let mut found = panel.nodes;
                for number in &mut found {
                    let z = (*number * scale + shift - MIDDLE) / STEPS;
                    *number = front * exp(-0.5 * z * z);
                }
                found
            }
            Shape::Beta { a, b, ln_beta } => {
                let mut found = panel.nodes;
                for number in &mut found {
                    let x = ((*number + self.cost) * self.per_value).clamp(f64::MIN_POSITIVE, BELOW_ONE);
                    *number = self.per_value * exp((a - 1.0) * ln(x) + (b - 1.0) * ln_rest(x) - ln_beta);
                }
                found
            }
        }
    }

    /// Whether it ends as a low or a broken power.
    pub(super) fn ends_sharply(&self) -> bool {
        matches!(self.shape, Shape::Beta { b, .. } if b < POWER)
    }

    /// Whether the density of a beta is no polynomial in a panel, nearly: where it ends, and where it begins or ends as a
    /// power that is not whole.
    fn is_rough(&self, a: f64, b: f64, panel: &Panel) -> bool {
        let reward = |money: f64| (money + self.cost) * self.per_value;
        let (from, to) = (reward(panel.from), reward(panel.to));
        let broken = |power: f64| power.fract() != 0.0 && power < POWER;
        to > 1.0 || broken(a) && from < to - from || broken(b) && 1.0 - to < to - from
    }
}

/// Steps of the table in one deviation, and the step of the mean.
const STEPS: f64 = 64.0;
const MIDDLE: f64 = 512.0;

/// The normal distribution function in steps of 1/64 from -8 to 8: there, and its first three derivatives in steps, each
/// over its factorial.
static TABLE: LazyLock<Vec<[f64; 4]>> = LazyLock::new(|| {
    let one = |place: i32| {
        let z = (f64::from(place) - MIDDLE) / STEPS;
        let below = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        let slope = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt() / STEPS;
        [below, slope, -z * slope / (2.0 * STEPS), (z * z - 1.0) * slope / (6.0 * STEPS * STEPS)]
    };
    (0..=1024).map(one).collect()
});

/// The normal distribution function at a place of the table: Taylor's series to the third power from the nearest step,
/// the next term being at most 2^-28 / 24 times 0.55, so within 1e-10, and of a tail within 1e-6 of itself.
fn normal_cdf(table: &[[f64; 4]], place: f64) -> f64 {
    // Added to a number, this leaves the nearest whole one in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let place = place.clamp(0.0, 2.0 * MIDDLE);
    let rounded = place + ROUND;
    let t = place - (rounded - ROUND);
    let Some([a, b, c, d]) = table.get(rounded.to_bits() as usize & 2047) else { return 0.0 };
    a + t * (b + t * (c + t * d))
}

/// The beta distribution function: the continued fraction of the incomplete beta function (Press et al. 1992, section
/// 6.4), on the side on which it converges fast. O(square root of the larger parameter).
fn beta_cdf(a: f64, b: f64, ln_beta: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = exp(a * ln(x) + b * ln_rest(x) - ln_beta);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The fraction by its convergents, each brought to a denominator of 1.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut last = (1.0, 1.0);
    let mut found = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    last = (last.0 * found, last.1 * found);
    for step in 1..10_000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let half = (found + even * last.0, 1.0 + even * last.1);
        let scale = 1.0 / (half.1 + odd);
        let next = (half.0 + odd * found) * scale;
        last = (half.0 * scale, half.1 * scale);
        let done = (next - found).abs() < 1e-13 * next.abs();
        found = next;
        if done {
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
            let found = normal_cdf(&TABLE, MIDDLE + STEPS * z);
            assert!((found - expected).abs() <= 1e-10_f64.min(1e-6 * expected), "{z}: {found}, not {expected}");
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
