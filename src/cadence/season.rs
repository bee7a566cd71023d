//! Months in which more or less is bought, or nothing at all.

use crate::error::{Error, Result};
use crate::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

/// Days as long as a year of 365.25 of them: how a season goes on in the next year.
const YEARS_MAX: u32 = 200;

/// How much is bought in each month of the year, 1 being usual; 0 where it is closed. Days of a season count as so many days
/// as their month says: a gap over a closed summer is short, and a due date does not fall into it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 12]", into = "[f64; 12]")]
pub struct Season {
    // Invariant: 0 to 100 each, and one of at least 0.01.
    months: [f64; 12],
}

impl Season {
    /// Takes the factors of January to December.
    ///
    /// # Errors
    /// `Input` where one is not a number from 0 to 100, or none is as much as 0.01.
    pub fn new(months: [f64; 12]) -> Result<Self> {
        if months.iter().any(|factor| !(0.0..=100.0).contains(factor)) {
            return Err(Error::input("months", "must be numbers from 0 to 100"));
        }
        if months.iter().all(|factor| *factor < 0.01) {
            return Err(Error::input("months", "must have one in which something is bought"));
        }
        Ok(Self { months })
    }

    /// Takes months (1 to 12) in which nothing is bought; all others are usual.
    ///
    /// # Errors
    /// `Input` where a month is none of the twelve, or all are closed.
    pub fn closed(closed: &[u8]) -> Result<Self> {
        let mut months = [1.0; 12];
        for month in closed {
            let factor = usize::from(*month).checked_sub(1).and_then(|place| months.get_mut(place));
            *factor.ok_or_else(|| Error::input("month", "must be from 1 to 12"))? = 0.0;
        }
        Self::new(months)
    }

    /// Learns the months from days on which anybody bought, between two days: bought in a month, beside what its days would
    /// have at the mean of all, each plus `strength` purchases (shrinkage: a month with few tells little). None where the time
    /// is under a year, for which months cannot be compared. O(days).
    ///
    /// # Errors
    /// `Config` where the strength is not a number over 0.
    ///
    /// # Examples
    /// ```
    /// use onefold::Season;
    /// // Two years, with a purchase a day in December and every tenth day else.
    /// let days = (0..730).filter(|day| day % 365 >= 334 || day % 10 == 0);
    /// let season = Season::learn(days, 0, 729, 20.0)?.unwrap();
    /// assert!(season.months()[11] > 2.5 && season.months()[5] < 1.0);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn learn(days: impl IntoIterator<Item = i64>, from: i64, to: i64, strength: f64) -> Result<Option<Self>> {
        if !strength.is_finite() || strength <= 0.0 {
            return Err(Error::option("strength", "must be a number over 0"));
        }
        if to.saturating_sub(from) < 364 || to.saturating_sub(from) > i64::from(YEARS_MAX) * 366 {
            return Ok(None);
        }
        let mut bought = [0.0; 12];
        let mut open = [0.0; 12];
        let add = |counts: &mut [f64; 12], day: i64| {
            counts.iter_mut().skip(month(day)).take(1).for_each(|count| *count += 1.0);
        };
        (from..=to).for_each(|day| add(&mut open, day));
        days.into_iter().filter(|day| (from..=to).contains(day)).for_each(|day| add(&mut bought, day));
        let rate = bought.iter().sum::<f64>() / open.iter().sum::<f64>();
        let mut months = [1.0; 12];
        for ((factor, bought), open) in months.iter_mut().zip(bought).zip(open) {
            *factor = ((bought + strength) / (rate * open + strength)).min(100.0);
        }
        Self::new(months).map(Some)
    }

    /// The factors of January to December.
    pub fn months(&self) -> &[f64; 12] {
        &self.months
    }

    /// Days of the season from one day to another: each counts as its month says. O(days), of at most 200 years.
    pub fn elapsed(&self, from: i64, to: i64) -> f64 {
        let to = to.min(from.saturating_add(i64::from(YEARS_MAX) * 366));
        (from.saturating_add(1)..=to).map(|day| self.factor(day)).sum()
    }

    /// The day on which so much of the season has passed since another; at most 200 years on. O(days).
    pub fn day_after(&self, from: i64, elapsed: f64) -> f64 {
        let (mut left, mut day) = (elapsed, from);
        let last = from.saturating_add(i64::from(YEARS_MAX) * 366);
        while day < last {
            let factor = self.factor(day.saturating_add(1));
            if factor > 0.0 && left <= factor {
                return day as f64 + left / factor;
            }
            left -= factor;
            day += 1;
        }
        last as f64
    }

    fn factor(&self, day: i64) -> f64 {
        self.months.get(month(day)).copied().unwrap_or(1.0)
    }
}

/// The month of a day, from 0.
fn month(day: i64) -> usize {
    date(day).map_or(0, |date| usize::from(date.month().unsigned_abs()).saturating_sub(1))
}

/// The date of a day; none outside the years -9999 to 9999.
pub(super) fn date(day: i64) -> Option<jiff::civil::Date> {
    let at = Timestamp::from_microseconds(day.checked_mul(DAY)?).ok()?;
    let at = jiff::Timestamp::from_microsecond(at.microseconds()).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(at).date())
}

impl TryFrom<[f64; 12]> for Season {
    type Error = Error;

    fn try_from(months: [f64; 12]) -> Result<Self> {
        Self::new(months)
    }
}

impl From<Season> for [f64; 12] {
    fn from(season: Season) -> Self {
        season.months
    }
}
