//! The laws that customers are taken to follow, and what each says of one of them.

use super::beta_geometric::Leaving;
use super::leaving::mean_over_leaving;
use super::pareto;
use super::row::PurchaseRow;
use crate::error::{Error, Result};
use crate::special::series_rest;
use serde::{Deserialize, Serialize};

/// How customers buy and leave, with the parameters of everybody. `alpha` and `beta` are times, in the unit of the rows; the
/// others are plain numbers.
///
/// While active, a customer buys at random at a constant rate; the rates of all are gamma with shape `r` and scale
/// `1 / alpha`. The laws differ in how customers leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "snake_case")]
pub enum LifetimeLaw {
    /// BG/NBD (Fader, Hardie, Lee 2005): after each repeat with a probability that is Beta(a, b) over all.
    BetaGeometric {
        /// Shape of the rates.
        r: f64,
        /// Inverse scale of the rates.
        alpha: f64,
        /// First shape of the probabilities to leave.
        a: f64,
        /// Second shape of them.
        b: f64,
    },
    /// MBG/NBD (Batislam, Denizel, Filiztekin 2007; Hoppe, Wagner 2007): likewise, and after the first purchase too.
    ModifiedBetaGeometric {
        /// Shape of the rates.
        r: f64,
        /// Inverse scale of the rates.
        alpha: f64,
        /// First shape of the probabilities to leave.
        a: f64,
        /// Second shape of them.
        b: f64,
    },
    /// Pareto/NBD (Schmittlein, Morrison, Colombo 1987): at any time, at a rate that is gamma over all.
    Pareto {
        /// Shape of the rates of purchase.
        r: f64,
        /// Inverse scale of them.
        alpha: f64,
        /// Shape of the rates of leaving.
        s: f64,
        /// Inverse scale of them.
        beta: f64,
    },
    /// NBD (Ehrenberg 1959): never. The expected purchases are the customer's own rate, shrunk to that of all.
    Rate {
        /// Shape of the rates.
        r: f64,
        /// Inverse scale of the rates.
        alpha: f64,
    },
}

/// By how much the first parameter of the series may be below 0: its terms then alternate, and their digits cancel.
const CANCELLING_MAX: f64 = 8.0;

/// The argument of the series from which on it is too long.
const LONG: f64 = 0.98;

/// The logarithm from which on its terms are too large.
const OVERFLOWING: f64 = 20.0;

/// A law of one of the beta-geometric pair, its parameters by name.
struct BetaGeometric {
    leaving: Leaving,
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
}

impl LifetimeLaw {
    /// The word for it, as in a file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BetaGeometric { .. } => "BG/NBD",
            Self::ModifiedBetaGeometric { .. } => "MBG/NBD",
            Self::Pareto { .. } => "Pareto/NBD",
            Self::Rate { .. } => "NBD",
        }
    }

    /// The parameters with their names, in the order of the literature.
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::BetaGeometric { r, alpha, a, b } | Self::ModifiedBetaGeometric { r, alpha, a, b } => {
                vec![("r", r), ("alpha", alpha), ("a", a), ("b", b)]
            }
            Self::Pareto { r, alpha, s, beta } => vec![("r", r), ("alpha", alpha), ("s", s), ("beta", beta)],
            Self::Rate { r, alpha } => vec![("r", r), ("alpha", alpha)],
        }
    }

    /// The probability that the customer is still one. It says little by itself: whoever never came back cannot have left by
    /// BG/NBD, and is alive with certainty. Ask for [`expected`](Self::expected) purchases to know who is being lost.
    ///
    /// O(1), for Pareto/NBD some 10 logarithms.
    ///
    /// # Errors
    /// `Input` where a parameter is not a number over 0.
    ///
    /// # Examples
    /// ```
    /// use onefold::{LifetimeLaw, PurchaseRow};
    /// let law = LifetimeLaw::BetaGeometric { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };
    /// let (early, late) = (PurchaseRow::new(5, 12.0, 39.0)?, PurchaseRow::new(5, 37.0, 39.0)?);
    /// assert!(law.alive(&early)? < 0.2 && law.alive(&late)? > 0.8);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn alive(&self, row: &PurchaseRow) -> Result<f64> {
        self.check()?;
        let odds = self.odds_gone(f64::from(row.repeats()), row.recency(), row.age());
        Ok(1.0 / (1.0 + odds))
    }

    /// Purchase days to be expected of the customer within a period from now on, given the row: the measure of churn. It is
    /// low for those who left and for those who seldom come, and both count for nothing in the period.
    ///
    /// O(1) for Pareto/NBD and NBD; else some 40 (1 + period / (alpha + age)) terms of a hypergeometric series, in the form of
    /// Euler, which neither overflows nor has a gap where `a` is 1, and a few hundred at most.
    ///
    /// # Errors
    /// `Input` where a parameter is not a number over 0, or the period not one of 0 or more.
    pub fn expected(&self, row: &PurchaseRow, period: f64) -> Result<f64> {
        check_period(period)?;
        let alive = self.alive(row)?;
        Ok(alive * self.expected_alive(f64::from(row.repeats()), row.age(), period))
    }

    /// Purchase days after the first to be expected within a period from somebody's first purchase on.
    ///
    /// # Errors
    /// As of [`expected`](Self::expected).
    pub fn expected_new(&self, period: f64) -> Result<f64> {
        check_period(period)?;
        self.check()?;
        let alive = match *self {
            Self::ModifiedBetaGeometric { a, b, .. } => b / (a + b),
            _ => 1.0,
        };
        Ok(alive * self.expected_alive(0.0, 0.0, period))
    }

    /// The odds of having left, to still being a customer.
    pub(super) fn odds_gone(&self, repeats: f64, recency: f64, age: f64) -> f64 {
        match *self {
            Self::Rate { .. } => 0.0,
            Self::Pareto { r, alpha, s, beta } => pareto::odds_gone(repeats, recency, age, [r, alpha, s, beta]),
            Self::BetaGeometric { r, alpha, a, b } => {
                BetaGeometric { leaving: Leaving::AfterRepeat, r, alpha, a, b }.odds_gone(repeats, recency, age)
            }
            Self::ModifiedBetaGeometric { r, alpha, a, b } => {
                BetaGeometric { leaving: Leaving::AfterAny, r, alpha, a, b }.odds_gone(repeats, recency, age)
            }
        }
    }

    /// What is expected of a customer who is still one.
    fn expected_alive(&self, repeats: f64, age: f64, period: f64) -> f64 {
        match *self {
            Self::Rate { r, alpha } => (r + repeats) / (alpha + age) * period,
            Self::Pareto { r, alpha, s, beta } => {
                // The mean of (1 - exp(-m t)) / m over the rates of leaving, m.
                let log = (period / (beta + age)).ln_1p();
                (r + repeats) / (alpha + age) * (beta + age) * shrinking(s - 1.0, log)
            }
            Self::BetaGeometric { r, alpha, a, b } => {
                BetaGeometric { leaving: Leaving::AfterRepeat, r, alpha, a, b }.expected_alive(repeats, age, period)
            }
            Self::ModifiedBetaGeometric { r, alpha, a, b } => {
                BetaGeometric { leaving: Leaving::AfterAny, r, alpha, a, b }.expected_alive(repeats, age, period)
            }
        }
    }

    /// Says what is wrong with parameters that come from elsewhere.
    ///
    /// # Errors
    /// `Input` that names the parameter.
    pub fn check(&self) -> Result<()> {
        let check = |(name, value): (&str, f64)| {
            let fits = value.is_finite() && value > 0.0;
            if fits { Ok(()) } else { Err(Error::input(name, "must be a number over 0")) }
        };
        match *self {
            Self::BetaGeometric { r, alpha, a, b } | Self::ModifiedBetaGeometric { r, alpha, a, b } => {
                [("r", r), ("alpha", alpha), ("a", a), ("b", b)].into_iter().try_for_each(check)
            }
            Self::Pareto { r, alpha, s, beta } => {
                [("r", r), ("alpha", alpha), ("s", s), ("beta", beta)].into_iter().try_for_each(check)
            }
            Self::Rate { r, alpha } => [("r", r), ("alpha", alpha)].into_iter().try_for_each(check),
        }
    }
}

impl BetaGeometric {
    fn odds_gone(&self, repeats: f64, recency: f64, age: f64) -> f64 {
        let chances = self.leaving.chances(repeats);
        if chances == 0.0 {
            return 0.0;
        }
        let since = ((age - recency) / (self.alpha + recency)).ln_1p();
        ((self.r + repeats) * since + (self.a / (self.b + chances - 1.0)).ln()).exp()
    }

    /// `C / (a - 1) * [1 - (1 - z)^(a-1) 2F1(C - r - x, a - 1; C; z)]` with `C = a + b + k - 1` and
    /// `z = t / (alpha + T + t)`: formula 10 of the paper after Euler's transformation, which takes the powers of `r + x` out.
    /// Both terms are divided by `a - 1` before they are subtracted. Where the series would cancel, be long, or overflow, the
    /// mean over the probabilities to leave is taken number by number.
    fn expected_alive(&self, repeats: f64, age: f64, period: f64) -> f64 {
        let chances = self.leaving.chances(repeats);
        let c = self.a + self.b + chances - 1.0;
        let power = self.r + repeats;
        let before = self.alpha + age;
        let z = period / (before + period);
        let log = (period / before).ln_1p();
        let less = self.a - 1.0;
        if power - c < CANCELLING_MAX
            && z < LONG
            && less * log < OVERFLOWING
            && let Some(rest) = series_rest(c - power, less, c, z)
        {
            return (c * shrinking(less, log) - (-less * log).exp() * rest).max(0.0);
        }
        mean_over_leaving(self.a, self.b + chances, |leaving, log_leaving| {
            let grown = leaving * period / before;
            // So many purchases are to come of one who leaves with this probability after each.
            if grown < 1e-9 {
                power * period / before
            } else {
                -(-power * grown.ln_1p()).exp_m1() * (-log_leaving).exp()
            }
        })
    }
}

/// `(1 - exp(-power * log)) / power`, also where the power is 0.
fn shrinking(power: f64, log: f64) -> f64 {
    if power == 0.0 { log } else { -(-power * log).exp_m1() / power }
}

fn check_period(period: f64) -> Result<()> {
    if period.is_finite() && period >= 0.0 {
        Ok(())
    } else {
        Err(Error::input("period", "must be a number of 0 or more"))
    }
}
