//! Sums that do not depend on the order of what they add, and from which anything can be taken out again.
//!
//! Adding floating numbers rounds, and rounding depends on what came before: (a + b) + c is not a + (b + c). A learner
//! that kept such sums would learn something else from the same outcomes in another order, and could forget nothing. So
//! each outcome gives a fixed whole number of 2^-64ths, which depends on that outcome alone, and whole numbers add up
//! to one number in any order; taking one out leaves what was there without it, to the bit. What is computed from the
//! sums (factors, means) is computed from them anew, so it depends on the set of outcomes alone.
//!
//! A number is at most 2^30 in size here ([`FEATURE_MAX`](super::FEATURE_MAX) squared, or times a reward), and a sum
//! holds at most 2^32 of them: it stays below 2^62, which in 2^-64ths fits into 128 bits. What is cut off of a number
//! is below 2^-64.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most outcomes of one sum.
pub(super) const COUNT_MAX: u64 = 1 << 32;

const SCALE: f64 = 18_446_744_073_709_551_616.0;

/// A sum in 2^-64ths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Exact(i128);

impl Exact {
    /// A finite number of at most 2^30 in size.
    pub(super) fn of(number: f64) -> Self {
        Self((number * SCALE) as i128)
    }

    /// Adds.
    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Takes out.
    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// The nearest floating number.
    pub(super) fn number(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

/// Writes digits to formats for people, and two halves to others: not every format knows 128 bits.
impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            ((self.0 >> 64) as i64, self.0 as u64).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let digits = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            return digits.parse().map(Self).map_err(de::Error::custom);
        }
        let (high, low) = <(i64, u64)>::deserialize(deserializer)?;
        Ok(Self(i128::from(high) << 64 | i128::from(low)))
    }
}
