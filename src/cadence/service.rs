//! When something must be served: by date, or by use, whichever comes first.

use super::season::date;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Months of the longest rule: a hundred years.
const MONTHS_MAX: u32 = 1_200;

/// A rule of service, as "every 12 months or 15,000 km".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ServiceRule {
    /// So many months after the last service, on the same day of the month or the last that there is.
    pub months: Option<u32>,
    /// So much use after the last service, in the unit of the meter.
    pub usage: Option<f64>,
}

/// What a meter showed on a day.
#[derive(Clone, Copy, PartialEq)]
pub struct Reading {
    /// The day, counted from 1970-01-01 in UTC.
    pub day: i64,
    /// What it showed.
    pub meter: f64,
}

/// Shows neither: how far somebody drives is personal.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// What makes a service due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceCause {
    /// The months have passed.
    Date,
    /// So much was used, as far as readings tell.
    Usage,
}

/// When a service is due.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub struct ServiceDue {
    /// The day.
    pub day: f64,
    /// Which half of the rule comes first.
    pub cause: ServiceCause,
    /// Use in a day, where readings tell; by the line through the first and the last of them.
    pub usage_per_day: Option<f64>,
    /// Readings that are not of a meter that only goes up, and were left out.
    pub left_out: u64,
}

/// Shows no day.
impl fmt::Debug for ServiceDue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceDue({:?})", self.cause)
    }
}

impl ServiceRule {
    /// A rule by date alone.
    pub fn months(months: u32) -> Self {
        Self { months: Some(months), usage: None }
    }

    /// Adds a limit of use; whichever comes first makes the service due.
    #[must_use]
    pub fn or_usage(self, usage: f64) -> Self {
        Self { usage: Some(usage), ..self }
    }

    /// Works out when the next service is due after the last one, from readings in any order; those after `now` are not seen.
    /// Use goes on as it went from the first reading to the last. None where no half of the rule can tell: no months are set,
    /// and readings do not show how much is used. O(n log n).
    ///
    /// Readings that cannot be right (no number, or lower than an earlier one) are left out and counted.
    ///
    /// # Errors
    /// `Config` for a rule without months and usage, of over 100 years, or of a usage that is not over 0; `Input` for a last
    /// service after `now`, or with a reading that is no number.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Reading, ServiceCause, ServiceRule};
    /// let rule = ServiceRule::months(12).or_usage(15_000.0);
    /// let last = Reading { day: 20_454, meter: 30_000.0 };
    /// // 2026-01-01 and a year on, where nothing is read; sooner for who drives 100 km a day.
    /// assert_eq!(rule.due(last, &[], 20_500)?.unwrap().day, 20_819.0);
    /// let due = rule.due(last, &[Reading { day: 20_474, meter: 32_000.0 }], 20_500)?.unwrap();
    /// assert_eq!((due.day, due.cause), (20_604.0, ServiceCause::Usage));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn due(&self, last: Reading, readings: &[Reading], now: i64) -> Result<Option<ServiceDue>> {
        self.check()?;
        if last.day > now {
            return Err(Error::input("last service", "is after now"));
        }
        if !last.meter.is_finite() || last.meter < 0.0 {
            return Err(Error::input("last service", "must have a reading of 0 or more"));
        }
        let by_date = self.months.and_then(|months| months_after(last.day, months));
        let (usage_per_day, left_out) = usage_per_day(last, readings, now);
        let by_usage = self.usage.zip(usage_per_day).map(|(usage, rate)| last.day as f64 + usage / rate);
        let due = |day, cause| ServiceDue { day, cause, usage_per_day, left_out };
        Ok(match (by_date, by_usage) {
            (Some(date), Some(usage)) if usage < date => Some(due(usage, ServiceCause::Usage)),
            (Some(date), _) => Some(due(date, ServiceCause::Date)),
            (None, Some(usage)) => Some(due(usage, ServiceCause::Usage)),
            (None, None) => None,
        })
    }

    fn check(&self) -> Result<()> {
        if self.months.is_none() && self.usage.is_none() {
            return Err(Error::option("rule", "must have months or a usage"));
        }
        if self.months.is_some_and(|months| months == 0 || months > MONTHS_MAX) {
            return Err(Error::option("months", "must be from 1 to 1,200"));
        }
        if self.usage.is_some_and(|usage| !usage.is_finite() || usage <= 0.0) {
            return Err(Error::option("usage", "must be a number over 0"));
        }
        Ok(())
    }
}

fn months_after(day: i64, months: u32) -> Option<f64> {
    let from = date(day)?;
    let to = from.checked_add(jiff::Span::new().months(i64::from(months))).ok()?;
    Some(day as f64 + f64::from(from.until(to).ok()?.get_days()))
}

/// Use in a day over all readings, the last service among them, and how many were left out.
fn usage_per_day(last: Reading, readings: &[Reading], now: i64) -> (Option<f64>, u64) {
    let seen = readings.iter().filter(|reading| reading.day <= now);
    let (mut kept, wrong): (Vec<Reading>, Vec<Reading>) =
        seen.partition(|reading| reading.meter.is_finite() && reading.meter >= 0.0);
    kept.push(last);
    kept.sort_by(|one, other| one.day.cmp(&other.day).then(one.meter.total_cmp(&other.meter)));
    let mut left_out = wrong.len() as u64;
    let mut highest = f64::NEG_INFINITY;
    kept.retain(|reading| {
        let rises = reading.meter >= highest;
        highest = highest.max(reading.meter);
        left_out += u64::from(!rises);
        rises
    });
    let ends = kept.first().zip(kept.last());
    let rate = ends.and_then(|(first, last)| {
        let (days, used) = (last.day.checked_sub(first.day)?, last.meter - first.meter);
        (days > 0 && used > 0.0).then(|| used / days as f64)
    });
    (rate, left_out)
}
