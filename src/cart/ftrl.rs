//! Logistic regression that learns one example at a time.

use super::features::CartFeatures;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// Log odds beyond which a probability is as good as certain.
const LOG_ODDS_MAX: f64 = 35.0;

/// What [`Ftrl`] learns under.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FtrlOptions {
    /// How fast it learns, over 0.
    pub alpha: f64,
    /// What keeps the first steps small, 0 or more.
    pub beta: f64,
    /// Weights that nothing speaks for are 0: L1, 0 or more.
    pub l1: f64,
    /// Weights stay small: L2, 0 or more.
    pub l2: f64,
    /// The most names that it learns; what comes after is counted, and not learned.
    pub features_max: usize,
}

impl Default for FtrlOptions {
    fn default() -> Self {
        Self { alpha: 0.5, beta: 1.0, l1: 0.0, l2: 0.1, features_max: 65_536 }
    }
}

impl FtrlOptions {
    fn check(&self) -> Result<()> {
        if !(self.alpha > 0.0 && self.alpha <= 1e3) {
            return Err(Error::option("alpha", "must be a number over 0, to 1000"));
        }
        for (name, value) in [("beta", self.beta), ("l1", self.l1), ("l2", self.l2)] {
            if !(0.0..=1e6).contains(&value) {
                return Err(Error::option(name, "must be a number from 0 to a million"));
            }
        }
        Ok(())
    }
}

/// Logistic regression by FTRL-Proximal (McMahan and others: Ad click prediction, a view from the trenches, KDD 2013): each
/// name has a step size of its own, and weights that nothing speaks for are exactly 0.
///
/// What it learns depends on the order of the examples. It is deterministic, to the bit, on every machine.
///
/// # Examples
/// ```
/// use onefold::{CartFeatures, Ftrl, FtrlOptions};
/// let (idle, busy) = (CartFeatures::new().flag("idle"), CartFeatures::new().flag("busy"));
/// let mut model = Ftrl::new(FtrlOptions::default())?;
/// assert_eq!(model.predict(&idle)?, 0.5);
/// for _ in 0..200 {
///     model.learn(&idle, true)?;
///     model.learn(&busy, false)?;
/// }
/// assert!(model.predict(&idle)? > 0.7 && model.predict(&busy)? < 0.3);
/// let kept = serde_json::to_string(&model).unwrap();
/// assert_eq!(serde_json::from_str::<Ftrl>(&kept).unwrap(), model);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct Ftrl {
    options: FtrlOptions,
    base: Coordinate,
    // Invariant: finite numbers, no more than `features_max` of them.
    named: BTreeMap<SmolStr, Coordinate>,
    left_out: u64,
}

/// What is known of one name.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Coordinate {
    /// The sum of gradients, less what the steps made of them.
    z: f64,
    /// The sum of their squares.
    n: f64,
}

/// The form in which it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    options: FtrlOptions,
    base: Coordinate,
    named: BTreeMap<SmolStr, Coordinate>,
    left_out: u64,
}

impl From<Ftrl> for Kept {
    fn from(Ftrl { options, base, named, left_out }: Ftrl) -> Self {
        Self { options, base, named, left_out }
    }
}

impl TryFrom<Kept> for Ftrl {
    type Error = Error;

    fn try_from(Kept { options, base, named, left_out }: Kept) -> Result<Self> {
        options.check()?;
        let is_sound = |at: &Coordinate| at.z.is_finite() && at.n.is_finite() && at.n >= 0.0;
        if named.len() > options.features_max || !named.values().chain([&base]).all(is_sound) {
            return Err(Error::corrupt("a model of carts"));
        }
        Ok(Self { options, base, named, left_out })
    }
}

impl Ftrl {
    /// Starts one that has learned nothing.
    ///
    /// # Errors
    /// `Config` where an option is out of its range.
    pub fn new(options: FtrlOptions) -> Result<Self> {
        options.check()?;
        Ok(Self { options, base: Coordinate::default(), named: BTreeMap::new(), left_out: 0 })
    }

    /// How likely it is, 0 to 1. Names that were never learned say nothing. O(features x log names).
    ///
    /// # Errors
    /// `Input` where a feature is no number from -1e6 to 1e6, `Limit` where there are more than 256.
    pub fn predict(&self, features: &CartFeatures) -> Result<f64> {
        features.check()?;
        Ok(self.probability(features))
    }

    fn probability(&self, features: &CartFeatures) -> f64 {
        let of =
            |(name, value): &(SmolStr, f64)| self.named.get(name).map_or(0.0, |at| at.weight(&self.options) * value);
        let odds = features.named().iter().map(of).fold(self.base.weight(&self.options), |sum, part| sum + part);
        1.0 / (1.0 + libm::exp(-odds.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX)))
    }

    /// Learns whether it was so, and answers with what it would have said before. O(features x log names).
    ///
    /// # Errors
    /// As [`predict`](Self::predict); nothing is learned then.
    pub fn learn(&mut self, features: &CartFeatures, outcome: bool) -> Result<f64> {
        let said = self.predict(features)?;
        let gap = said - f64::from(u8::from(outcome));
        self.base.step(&self.options, gap);
        for (name, value) in features.named() {
            if let Some(at) = self.named.get_mut(name) {
                at.step(&self.options, gap * value);
            } else if self.named.len() < self.options.features_max {
                let mut at = Coordinate::default();
                at.step(&self.options, gap * value);
                self.named.insert(name.clone(), at);
            } else {
                self.left_out += 1;
            }
        }
        Ok(said)
    }

    /// What it goes by, by name: what each adds to the log odds. The empty name is of what is so of all.
    pub fn weights(&self) -> impl Iterator<Item = (&str, f64)> {
        let named = self.named.iter().map(|(name, at)| (name.as_str(), at.weight(&self.options)));
        std::iter::once(("", self.base.weight(&self.options))).chain(named)
    }

    /// How often a feature was not learned, because there are too many names.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What it learns under.
    pub fn options(&self) -> &FtrlOptions {
        &self.options
    }
}

impl Coordinate {
    fn weight(&self, options: &FtrlOptions) -> f64 {
        if self.z.abs() <= options.l1 {
            return 0.0;
        }
        let slack = if self.z > 0.0 { self.z - options.l1 } else { self.z + options.l1 };
        let scale = (options.beta + self.n.sqrt()) / options.alpha + options.l2;
        if scale > 0.0 { -slack / scale } else { 0.0 }
    }

    fn step(&mut self, options: &FtrlOptions, gradient: f64) {
        let (weight, squares) = (self.weight(options), self.n + gradient * gradient);
        let pace = (squares.sqrt() - self.n.sqrt()) / options.alpha;
        self.z += gradient - pace * weight;
        self.n = squares;
    }
}

/// Shows how many names it has learned.
impl fmt::Debug for Ftrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ftrl({} names, {} left out)", self.named.len(), self.left_out)
    }
}
