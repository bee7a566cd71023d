//! What a customer is worth: expected purchases, times what is spent on them, discounted.

use super::fit::LifetimeModel;
use super::row::PurchaseRow;
use super::spending::SpendingModel;
use crate::error::{Error, Result};
use serde::Serialize;

/// Periods beyond which no horizon is computed.
pub const PERIODS_MAX: u32 = 10_000;

/// How far and at what rate to look ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueRequest {
    /// How long a period is, in the unit of the model.
    pub period: f64,
    /// How many of them.
    pub periods: u32,
    /// What money of the next period is worth less than money now, as 0.01 a period; what comes in a period counts at its end.
    pub discount: f64,
    /// The share of what is spent that is a gain, as 0.3; 1 gives turnover.
    pub margin: f64,
}

impl ValueRequest {
    /// Asks for so many periods, without discount, for turnover.
    pub fn new(period: f64, periods: u32) -> Self {
        Self { period, periods, discount: 0.0, margin: 1.0 }
    }

    /// Discounts by a rate for each period.
    #[must_use]
    pub fn discount(self, discount: f64) -> Self {
        Self { discount, ..self }
    }

    /// Counts a share of what is spent.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    fn check(&self) -> Result<()> {
        let number = |value: f64| value.is_finite() && value >= 0.0;
        if !number(self.period) || self.period == 0.0 {
            return Err(Error::option("period", "must be a number over 0"));
        }
        if self.periods > PERIODS_MAX {
            return Err(Error::limit("the number of periods", u64::from(PERIODS_MAX)));
        }
        if !number(self.discount) {
            return Err(Error::option("discount", "must be a rate of 0 or more, as 0.01"));
        }
        if !number(self.margin) || self.margin > 1.0 {
            return Err(Error::option("margin", "must be a share from 0 to 1"));
        }
        Ok(())
    }
}

/// What a customer is worth, and what that rests on.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub struct CustomerValue {
    /// The discounted gain within the horizon.
    pub value: f64,
    /// Purchase days to be expected within the horizon: the measure of churn.
    pub expected: f64,
    /// What is to be expected on each of them.
    pub spending: f64,
    /// The probability that the customer is still one.
    pub alive: f64,
}

/// Shows no number: they are one person's.
impl std::fmt::Debug for CustomerValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomerValue")
    }
}

/// Works out the discounted value of a customer: purchases expected in each period, times spending, times margin.
/// O(periods) expectations.
///
/// # Errors
/// `Config` for a request that cannot be right; `Limit` for more than [`PERIODS_MAX`] periods; else as
/// [`LifetimeLaw::expected`](crate::LifetimeLaw::expected).
///
/// # Examples
/// ```
/// use onefold::{LifetimeKind, PurchaseRow, TimeUnit, ValueRequest, customer_value, fit_lifetime, fit_spending};
/// let row = |repeats: u32, mean| PurchaseRow::new(repeats, 5.0 + f64::from(repeats), 39.0)?.with_spending(mean);
/// let rows: Vec<_> = (0..200).map(|n| row(1 + n % 7, 10.0 + f64::from(n % 11))).collect::<Result<_, _>>()?;
/// let (model, spending) = (fit_lifetime(LifetimeKind::Pareto, &rows, TimeUnit::Weeks)?, fit_spending(&rows)?);
/// let year = ValueRequest::new(1.0, 52);
/// let plain = customer_value(&model, &spending, &rows[3], &year)?;
/// let discounted = customer_value(&model, &spending, &rows[3], &year.discount(0.002))?;
/// assert!((plain.value - plain.expected * plain.spending).abs() < 1e-9 * plain.value);
/// assert!(0.0 < discounted.value && discounted.value < plain.value);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn customer_value(
    model: &LifetimeModel,
    spending: &SpendingModel,
    row: &PurchaseRow,
    request: &ValueRequest,
) -> Result<CustomerValue> {
    request.check()?;
    let spent = spending.expected(row)?;
    let (mut before, mut discounted, mut worth) = (0.0, 0.0, 1.0);
    for period in 1..=request.periods {
        let expected = model.expected(row, request.period * f64::from(period))?;
        worth /= 1.0 + request.discount;
        discounted += (expected - before) * worth;
        before = expected;
    }
    let value = discounted * spent * request.margin;
    Ok(CustomerValue { value, expected: before, spending: spent, alive: model.alive(row)? })
}
