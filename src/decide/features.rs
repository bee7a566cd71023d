//! What a decision is based on, as numbers.

use crate::error::{Error, Result};
use crate::id::Seed;
use serde::{Deserialize, Serialize};
use std::fmt;

/// No feature is larger than this in size: scale what is.
pub const FEATURE_MAX: f64 = 1_024.0;

/// The most features of a model.
pub const DIMENSIONS_MAX: usize = 256;

const FEATURE: u8 = 40;

/// Features: a list of numbers, as the host declares it, or hashed from names.
///
/// Hashing needs no list of what there may be (Weinberger et al. 2009): a feature `name` of a number, or `name=value`
/// of a word, is hashed by SipHash-1-3 under a fixed key. The lower half of the hash, scaled to the dimensions, says
/// where the number is added, a word counting 1; the top bit says whether it is taken off instead, so that what falls
/// together by chance cancels out on average. The hash is the same everywhere and for ever. Of words nothing but the
/// numbers is kept.
///
/// # Examples
/// ```
/// use onefold::Features;
/// let evening = Features::hashed(8).number("always", 1.0).number("basket", 0.4).category("daypart", "evening");
/// assert_eq!(evening, Features::hashed(8).category("daypart", "evening").number("basket", 0.4).number("always", 1.0));
/// assert_eq!(evening.numbers().len(), 8);
/// ```
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(Vec<f64>);

impl Features {
    /// Takes numbers in the order of the host.
    pub fn new(numbers: impl Into<Vec<f64>>) -> Self {
        Self(numbers.into())
    }

    /// Begins to hash into so many numbers.
    pub fn hashed(dimensions: usize) -> Self {
        Self(vec![0.0; dimensions.min(DIMENSIONS_MAX)])
    }

    /// Adds a number under a name.
    #[must_use]
    pub fn number(self, name: &str, number: f64) -> Self {
        self.add(&[name.as_bytes()], number)
    }

    /// Adds one of several words under a name.
    #[must_use]
    pub fn category(self, name: &str, value: &str) -> Self {
        self.add(&[name.as_bytes(), value.as_bytes()], 1.0)
    }

    /// The numbers.
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    fn add(mut self, parts: &[&[u8]], number: f64) -> Self {
        let hash = Seed::new(0).hash_parts(FEATURE, parts);
        let place = (u128::from(hash as u64) * self.0.len() as u128) >> 64;
        if let Some(entry) = self.0.get_mut(place as usize) {
            *entry += if hash >> 127 == 0 { number } else { -number };
        }
        self
    }

    /// The sums of two lists of numbers.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a + b).collect())
    }

    /// Checks that there are as many numbers as a model has, and that none is out of bounds.
    pub(super) fn check(&self, what: &'static str, dimensions: usize) -> Result<()> {
        if self.0.len() != dimensions || dimensions > DIMENSIONS_MAX {
            let reason = format!("has {} features, not {dimensions} of at most {DIMENSIONS_MAX}", self.0.len());
            return Err(Error::input(what, reason));
        }
        if self.0.iter().any(|number| !(-FEATURE_MAX..=FEATURE_MAX).contains(number)) {
            return Err(Error::input(what, format!("has a feature that is not a number of at most {FEATURE_MAX}")));
        }
        Ok(())
    }
}

/// Shows how many there are.
impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Features({})", self.0.len())
    }
}
