//! Decimal numbers as they are written: money, quantities.

use crate::error::{Error, Result};
use serde::{Serialize, Serializer};
use std::fmt;

/// A decimal number, exact, of at most 28 digits.
///
/// # Examples
/// ```
/// use onefold::Decimal;
/// let price: Decimal = "310.00".parse()?;
/// assert_eq!(price.to_string(), "310.00");
/// assert_eq!(price, "310".parse()?);
/// assert!(Decimal::ZERO > "-0.4".parse()?);
/// assert!("12,50".parse::<Decimal>().is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(rust_decimal::Decimal);

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(rust_decimal::Decimal::ZERO);
    /// One.
    pub const ONE: Self = Self(rust_decimal::Decimal::ONE);

    /// How many whole hundredths it is, towards zero. It fits: 28 digits and two more.
    pub(crate) fn hundredths(self) -> i128 {
        let (mantissa, scale) = (self.0.mantissa(), self.0.scale());
        match scale.checked_sub(2) {
            Some(digits) => mantissa / 10_i128.pow(digits),
            None => mantissa * 10_i128.pow(2 - scale),
        }
    }

    /// Adds another, to the last digit; none where the sum has more digits than there is room for. O(1).
    ///
    /// # Examples
    /// ```
    /// use onefold::Decimal;
    /// let (price, cent): (Decimal, Decimal) = ("310.00".parse()?, "0.01".parse()?);
    /// assert_eq!(price.checked_add(cent), Some("310.01".parse()?));
    /// assert_eq!(cent.checked_sub(price), Some("-309.99".parse()?));
    /// let large: Decimal = "1000000000000000000000000000".parse()?;
    /// assert_eq!(large.checked_add(cent), None);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = self.0.checked_add(other.0)?;
        // The crate rounds what does not fit.
        let scale = self.0.normalize().scale().max(other.0.normalize().scale());
        (sum.scale() >= scale).then_some(Self(sum))
    }

    /// Takes another away, likewise. O(1).
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// So much of it as a part is of a whole, rounded to the fourth digit after the point, half to even; none where there is
    /// no room for it, or the whole is nothing.
    pub(crate) fn portion(self, part: Self, whole: Self) -> Option<Self> {
        Some(Self(self.0.checked_mul(part.0)?.checked_div(whole.0)?.round_dp(4)))
    }

    /// The number nearest to it.
    pub(crate) fn nearest(self) -> f64 {
        // A decimal is written in a form that always reads as a number.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The quotient, to 28 digits; none where it has more, or the divisor is nothing.
    pub(crate) fn checked_div(self, other: Self) -> Option<Self> {
        self.0.checked_div(other.0).map(Self)
    }
}

impl std::ops::Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::str::FromStr for Decimal {
    type Err = Error;

    /// Reads digits with at most one point and a sign before them, and white space around them.
    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let is_plain = trimmed.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-'));
        // The crate takes `_` between digits, which no source means.
        let number = is_plain.then(|| rust_decimal::Decimal::from_str_exact(trimmed).ok()).flatten();
        number.map(Self).ok_or_else(|| Error::input("number", "is not a decimal number of at most 28 digits"))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Writes text: a number of JSON may lose digits.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Shows no amount.
impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<number>")
    }
}
