//! What a model sees of a customer: days on which was bought, and the row that they come to.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Purchases after the first beyond which no row is taken: a purchase a day for 270 years.
pub const REPEATS_MAX: u32 = 100_000;

/// In what time is told: of rows, of a model, of the periods that it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Days of UTC.
    Days,
    /// Seven of them.
    Weeks,
}

impl TimeUnit {
    /// How many days it has.
    pub fn days(self) -> f64 {
        match self {
            Self::Days => 1.0,
            Self::Weeks => 7.0,
        }
    }
}

/// One day on which somebody bought, however often.
#[derive(Clone, Copy, PartialEq)]
pub struct PurchaseDay {
    /// The day, counted from 1970-01-01 in UTC.
    pub day: i64,
    /// What was paid on it, less what was given back; none where nobody tells.
    pub amount: Option<f64>,
}

/// Shows no day and no amount.
impl fmt::Debug for PurchaseDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurchaseDay")
    }
}

/// The days of each customer, sorted, each once.
pub type DaysByCustomer<C> = BTreeMap<C, Vec<PurchaseDay>>;

/// Gathers purchases into the days of each customer, in any order of the purchases: sums run over sorted amounts, so that
/// the order shows in no bit. A day of which one amount is unknown has none.
///
/// A purchase that cannot be right is left out, with its place and what is wrong. O(n log n).
///
/// # Examples
/// ```
/// let (days, refused) = onefold::purchase_days([
///     ("ann", 20_000, Some(12.5)),
///     ("ann", 20_000, Some(2.5)),
///     ("bob", 20_003, Some(f64::NAN)),
/// ]);
/// assert_eq!(days["ann"][0].amount, Some(15.0));
/// assert_eq!((days.len(), refused[0].0), (1, 2));
/// ```
pub fn purchase_days<C: Ord>(
    purchases: impl IntoIterator<Item = (C, i64, Option<f64>)>,
) -> (DaysByCustomer<C>, Vec<(usize, Error)>) {
    let mut by_customer: BTreeMap<C, Vec<PurchaseDay>> = BTreeMap::new();
    let mut refused = Vec::new();
    for (place, (customer, day, amount)) in purchases.into_iter().enumerate() {
        if amount.is_some_and(|amount| !amount.is_finite() || amount < 0.0) {
            refused.push((place, Error::input("amount", "of a purchase must be a number of 0 or more")));
        } else if day.unsigned_abs() > DAY_MAX {
            refused.push((place, Error::input("day", "of a purchase is outside the years -9999 to 9999")));
        } else {
            by_customer.entry(customer).or_default().push(PurchaseDay { day, amount });
        }
    }
    for days in by_customer.values_mut() {
        merge_days(days);
    }
    (by_customer, refused)
}

/// Days from 1970 to the end of the year 9999, and some.
const DAY_MAX: u64 = 4_400_000;

/// Sorts, and makes one of what is of one day.
fn merge_days(days: &mut Vec<PurchaseDay>) {
    let amount = |day: &PurchaseDay| day.amount.unwrap_or(f64::INFINITY);
    days.sort_unstable_by(|one, other| one.day.cmp(&other.day).then(amount(one).total_cmp(&amount(other))));
    days.dedup_by(|later, kept| {
        let is_one = later.day == kept.day;
        if is_one {
            kept.amount = kept.amount.zip(later.amount).map(|(sum, more)| sum + more);
        }
        is_one
    });
}

/// One customer as the models see them. Times are in the unit that the row was folded in.
///
/// The three numbers are a sufficient statistic of the days, for every model here (Schmittlein, Morrison, Colombo 1987).
#[derive(Clone, Copy, PartialEq)]
pub struct PurchaseRow {
    // Invariant: finite, 0 <= recency <= age, 0 < age, recency is 0 just where repeats is, spending over 0 or none.
    repeats: u32,
    recency: f64,
    age: f64,
    spending: Option<f64>,
}

impl PurchaseRow {
    /// Takes a row as it stands in a table: days with a purchase after the first (x), time from the first to the last (t_x),
    /// and from the first to the end of what was seen (T).
    ///
    /// # Errors
    /// `Input` that names the number: one that is not finite or is negative, an age of 0, a recency over the age, a recency
    /// without repeats or repeats without one, or more than [`REPEATS_MAX`] repeats.
    pub fn new(repeats: u32, recency: f64, age: f64) -> Result<Self> {
        let wrong = |what: &str, reason: &str| Err(Error::input(what, reason));
        if repeats > REPEATS_MAX {
            return Err(Error::limit("the number of repeats in a row", u64::from(REPEATS_MAX)));
        }
        if !age.is_finite() || age <= 0.0 {
            return wrong("age", "must be a number over 0: nothing was seen of the customer after the first purchase");
        }
        if !recency.is_finite() || recency < 0.0 || recency > age {
            return wrong("recency", "must be a number from 0 to the age");
        }
        if (repeats == 0) != (recency == 0.0) {
            return wrong("recency", "must be 0 just where there is no repeat");
        }
        Ok(Self { repeats, recency, age, spending: None })
    }

    /// Adds what was spent on a day with a purchase after the first, on average.
    ///
    /// # Errors
    /// `Input` where it is no number of 0 or more, or there is no such day.
    pub fn with_spending(self, mean: f64) -> Result<Self> {
        if !mean.is_finite() || mean < 0.0 {
            return Err(Error::input("spending", "must be a number of 0 or more"));
        }
        if self.repeats == 0 {
            return Err(Error::input("spending", "is told of the days after the first, and there is none"));
        }
        Ok(Self { spending: Some(mean), ..self })
    }

    /// Folds the days of one customer up to and with `end_day`: later ones are not seen, and neither their order nor their
    /// repetition shows. None where there is no day before the end: then nothing was seen of how they go on.
    ///
    /// The spending is the mean over the days after the first of which the amount is known and over 0 (Fader and Hardie 2013
    /// leave the first out, which is often unlike the others). O(n log n).
    ///
    /// # Errors
    /// `Input` for an amount that is no number or is negative; `Limit` for more than [`REPEATS_MAX`] days.
    ///
    /// # Examples
    /// ```
    /// use onefold::{PurchaseDay, PurchaseRow, TimeUnit};
    /// let day = |day, amount| PurchaseDay { day, amount: Some(amount) };
    /// let days = [day(0, 30.0), day(14, 10.0), day(35, 20.0), day(90, 99.0)];
    /// let row = PurchaseRow::fold(&days, 70, TimeUnit::Weeks)?.unwrap();
    /// assert_eq!((row.repeats(), row.recency(), row.age(), row.spending()), (2, 5.0, 10.0, Some(15.0)));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn fold(days: &[PurchaseDay], end_day: i64, unit: TimeUnit) -> Result<Option<Self>> {
        let mut seen: Vec<PurchaseDay> = days.iter().filter(|day| day.day <= end_day).copied().collect();
        if seen.iter().filter_map(|day| day.amount).any(|amount| !amount.is_finite() || amount < 0.0) {
            return Err(Error::input("amount", "of a day must be a number of 0 or more"));
        }
        merge_days(&mut seen);
        let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return Ok(None) };
        if first.day == end_day {
            return Ok(None);
        }
        let repeats = u32::try_from(seen.len() - 1).unwrap_or(u32::MAX);
        let since_first = |day: i64| (i128::from(day) - i128::from(first.day)) as f64 / unit.days();
        let row = Self::new(repeats, since_first(last.day), since_first(end_day))?;
        let (sum, count) = seen
            .iter()
            .skip(1)
            .filter_map(|day| day.amount.filter(|amount| *amount > 0.0))
            .fold((0.0, 0_u32), |(sum, count), amount| (sum + amount, count + 1));
        Ok(Some(if count == 0 { row } else { row.with_spending(sum / f64::from(count))? }))
    }

    /// Days with a purchase after the first (x).
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// Time from the first purchase to the last (t_x).
    pub fn recency(&self) -> f64 {
        self.recency
    }

    /// Time from the first purchase to the end of what was seen (T).
    pub fn age(&self) -> f64 {
        self.age
    }

    /// Spent on a day with a purchase after the first, on average; none where no amount is known.
    pub fn spending(&self) -> Option<f64> {
        self.spending
    }

    /// Purchases after the first per unit of time: what the customer's own history says alone.
    pub fn own_rate(&self) -> f64 {
        f64::from(self.repeats) / self.age
    }
}

/// Shows no number: they are one person's.
impl fmt::Debug for PurchaseRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurchaseRow")
    }
}
