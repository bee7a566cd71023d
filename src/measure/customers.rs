//! What customers did in a period: counts that add up exactly, and the figures that are worked out of them.

use crate::decimal::Decimal;
use crate::error::{Error, Result};
use crate::journey::{Order, OrderStatus};
use crate::time::{DAY, Timestamp};
use serde::Serialize;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One order as measures see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purchase {
    /// Its day, counted from 1970-01-01 in UTC.
    pub day: i64,
    /// What was paid for what was kept; none where nobody tells, or in another currency.
    pub amount: Option<Decimal>,
}

/// Shows no day and no amount.
impl fmt::Debug for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Purchase")
    }
}

/// Reads purchases off orders, sorted by day; of an order that was given back nothing is left. O(n log n).
pub fn purchases_of(orders: &[Order], currency: &str) -> Vec<Purchase> {
    let kept = orders.iter().filter(|order| order.status != OrderStatus::Returned);
    let purchase = |order: &Order| Purchase { day: order.at.day(), amount: order.kept_amount(currency) };
    let mut purchases: Vec<Purchase> = kept.map(purchase).collect();
    purchases.sort_unstable();
    purchases
}

/// Days from one to another, the latter not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    // Invariant: from < until.
    from: i64,
    until: i64,
}

impl Period {
    /// Takes the days, counted from 1970-01-01 in UTC.
    ///
    /// # Errors
    /// `Input` where there is no day from the one to the other.
    pub fn new(from: i64, until: i64) -> Result<Self> {
        if from >= until || until.checked_sub(from).is_none() {
            return Err(Error::input("period", "has no days"));
        }
        Ok(Self { from, until })
    }

    /// The days from one time to another: the day of the first is in, that of the second is not.
    ///
    /// # Errors
    /// `Input` where they are of one day, or the wrong way round.
    pub fn between(from: Timestamp, until: Timestamp) -> Result<Self> {
        Self::new(from.day(), until.day())
    }

    /// The first day.
    pub fn from(self) -> i64 {
        self.from
    }

    /// The day after the last.
    pub fn until(self) -> i64 {
        self.until
    }

    fn has(self, day: i64) -> bool {
        (self.from..self.until).contains(&day)
    }

    /// The days before it, as many as it has.
    fn before(self) -> Self {
        Self { from: self.from.saturating_sub(self.until - self.from), until: self.from }
    }
}

/// Whom a figure is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Everybody.
    All,
    /// Those of a segment.
    Segment(SmolStr),
    /// Those who first bought in a month, as `2026-01`.
    Cohort(SmolStr),
    /// Those whose first purchase came through a channel.
    Channel(SmolStr),
}

/// What is counted of customers in a period. Every count adds up: two halves of the customers make the whole, exactly.
///
/// A customer's *days* are those on which an order was made of which something was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CustomerCounts {
    /// Who bought by the end of the period, ever.
    pub customers: u64,
    /// Who bought in the period.
    pub active: u64,
    /// Who bought for the first time in the period.
    pub new: u64,
    /// Who bought in as many days before the period.
    pub active_before: u64,
    /// Of these, who bought in the period.
    pub retained: u64,
    /// Who bought on a second day by the end of the period.
    pub repeated: u64,
    /// Of the customers, who has been silent for longer than by their own cadence would be usual; as the caller judges.
    pub lapsed: u64,
    /// Of the customers, of whom the caller could judge that.
    pub judged: u64,
    /// Orders of the period.
    pub orders: u64,
    /// Of these, those with a known amount.
    pub orders_paid: u64,
    /// What was paid for them.
    pub revenue: Decimal,
    /// Orders ever, by the end of the period, with a known amount: what they came to.
    pub revenue_ever: Decimal,
    /// Times between one day and the next of one customer, where the next is in the period: how many.
    pub intervals: u64,
    /// And their days together.
    pub interval_days: u64,
    /// Days from the first to the last day of each customer, by the end of the period, together.
    pub relationship_days: u64,
}

impl CustomerCounts {
    /// Adds those of others. None where an amount has more digits than there is room for.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            customers: self.customers + other.customers,
            active: self.active + other.active,
            new: self.new + other.new,
            active_before: self.active_before + other.active_before,
            retained: self.retained + other.retained,
            repeated: self.repeated + other.repeated,
            lapsed: self.lapsed + other.lapsed,
            judged: self.judged + other.judged,
            orders: self.orders + other.orders,
            orders_paid: self.orders_paid + other.orders_paid,
            revenue: self.revenue.checked_add(other.revenue)?,
            revenue_ever: self.revenue_ever.checked_add(other.revenue_ever)?,
            intervals: self.intervals + other.intervals,
            interval_days: self.interval_days + other.interval_days,
            relationship_days: self.relationship_days + other.relationship_days,
        })
    }

    /// The figures that come of the counts; `spent` is what was spent to win customers in the period.
    pub fn figures(&self, spent: Option<Decimal>) -> CustomerFigures {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let each = |amount: Decimal, of: u64| (of > 0).then(|| amount.nearest() / of as f64);
        let retention = share(self.retained, self.active_before);
        CustomerFigures {
            acquisition_cost: spent.and_then(|spent| each(spent, self.new)),
            average_order_value: each(self.revenue, self.orders_paid),
            orders_per_customer: share(self.orders, self.active),
            purchase_interval_days: share(self.interval_days, self.intervals),
            relationship_days: share(self.relationship_days, self.customers),
            repurchase_rate: share(self.repeated, self.customers),
            retention_rate: retention,
            churn_rate: retention.map(|rate| 1.0 - rate),
            lapsed_rate: share(self.lapsed, self.judged),
            revenue_per_customer: each(self.revenue, self.active),
            value_to_date: each(self.revenue_ever, self.customers),
        }
    }
}

/// Figures of a group of customers in a period; each none where there is nothing to divide by.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CustomerFigures {
    /// What it cost to win a new customer (CAC).
    pub acquisition_cost: Option<f64>,
    /// Revenue per order (AOV), of orders with a known amount.
    pub average_order_value: Option<f64>,
    /// Orders of the period per customer who bought in it.
    pub orders_per_customer: Option<f64>,
    /// Days between one day and the next on which a customer bought.
    pub purchase_interval_days: Option<f64>,
    /// Days from a customer's first day to the last so far.
    pub relationship_days: Option<f64>,
    /// Of the customers, who came back on another day.
    pub repurchase_rate: Option<f64>,
    /// Of who bought in as many days before, who bought again.
    pub retention_rate: Option<f64>,
    /// Who did not.
    pub churn_rate: Option<f64>,
    /// Who is silent for longer than usual for them.
    pub lapsed_rate: Option<f64>,
    /// Revenue of the period per customer who bought in it.
    pub revenue_per_customer: Option<f64>,
    /// Revenue ever per customer (the lifetime value so far).
    pub value_to_date: Option<f64>,
}

impl CustomerFigures {
    /// Every figure with its name.
    pub fn named(&self) -> [Figure; 11] {
        [
            ("acquisition_cost", self.acquisition_cost),
            ("average_order_value", self.average_order_value),
            ("orders_per_customer", self.orders_per_customer),
            ("purchase_interval_days", self.purchase_interval_days),
            ("relationship_days", self.relationship_days),
            ("repurchase_rate", self.repurchase_rate),
            ("retention_rate", self.retention_rate),
            ("churn_rate", self.churn_rate),
            ("lapsed_rate", self.lapsed_rate),
            ("revenue_per_customer", self.revenue_per_customer),
            ("value_to_date", self.value_to_date),
        ]
    }
}

/// Counts one customer in a period. `lapsed` judges from the days of purchase, sorted and each once, whether the customer has
/// been silent for too long at the end; none where nobody can tell. O(n log n).
pub fn count_customer(
    purchases: &[Purchase],
    period: Period,
    lapsed: &dyn Fn(&[i64]) -> Option<bool>,
) -> Option<CustomerCounts> {
    let seen: Vec<&Purchase> = purchases.iter().filter(|purchase| purchase.day < period.until).collect();
    let mut days: Vec<i64> = seen.iter().map(|purchase| purchase.day).collect();
    days.sort_unstable();
    days.dedup();
    let (Some(&first), Some(&last)) = (days.first(), days.last()) else { return Some(CustomerCounts::default()) };
    let bought_in = |period: Period| days.iter().any(|&day| period.has(day));
    let (active, before) = (bought_in(period), bought_in(period.before()));
    let verdict = lapsed(&days);
    let mut counts = CustomerCounts {
        customers: 1,
        active: u64::from(active),
        new: u64::from(period.has(first)),
        active_before: u64::from(before),
        retained: u64::from(active && before),
        repeated: u64::from(days.len() > 1),
        lapsed: u64::from(verdict == Some(true)),
        judged: u64::from(verdict.is_some()),
        relationship_days: last.abs_diff(first),
        ..CustomerCounts::default()
    };
    for (day, next) in days.iter().zip(days.iter().skip(1)).filter(|(_, next)| period.has(**next)) {
        counts.intervals += 1;
        counts.interval_days += next.abs_diff(*day);
    }
    for purchase in seen {
        let is_in = period.has(purchase.day);
        counts.orders += u64::from(is_in);
        let Some(amount) = purchase.amount else { continue };
        counts.revenue_ever = counts.revenue_ever.checked_add(amount)?;
        if is_in {
            counts.orders_paid += 1;
            counts.revenue = counts.revenue.checked_add(amount)?;
        }
    }
    Some(counts)
}

/// A customer, as measures see one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CustomerHistory {
    /// What was bought.
    pub purchases: Vec<Purchase>,
    /// The segments that the customer is in.
    pub segments: Vec<SmolStr>,
    /// The channel of the first purchase, where it is known.
    pub first_channel: Option<SmolStr>,
}

impl CustomerHistory {
    /// Reads a customer off orders, in any order of them. O(n log n).
    ///
    /// # Examples
    /// ```
    /// use onefold::{CustomerHistory, Event, EventKind, Line, orders};
    /// let event = Event::new("web", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase);
    /// let (orders, _) = orders(&[event.line(Line::new("coat").amount("310.00", "EUR")).into()], |_| None);
    /// let customer = CustomerHistory::of_orders(&orders, "EUR");
    /// assert_eq!((customer.purchases.len(), customer.first_channel.as_deref()), (1, Some("web")));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn of_orders(orders: &[Order], currency: &str) -> Self {
        let kept = orders.iter().filter(|order| order.status != OrderStatus::Returned);
        let first = kept.min_by_key(|order| (order.at.microseconds(), &order.because));
        Self {
            purchases: purchases_of(orders, currency),
            segments: Vec::new(),
            first_channel: first.map(|order| order.channel.clone()),
        }
    }

    /// The groups that the customer is in, by what was bought before a day: everybody, the segments, and by the first
    /// purchase its month and its channel.
    pub(super) fn groups(&self, until: i64) -> BTreeSet<Group> {
        let first = self.purchases.iter().map(|purchase| purchase.day).min().filter(|first| *first < until);
        let segments = self.segments.iter().cloned().map(Group::Segment);
        let by_first = first.into_iter().flat_map(|day| {
            let channel = self.first_channel.clone().map(Group::Channel);
            channel.into_iter().chain([Group::Cohort(month_of(day))])
        });
        segments.chain(by_first).chain([Group::All]).collect()
    }
}

/// Counts customers in a period, by group: everybody, each segment, each month and each channel of a first purchase.
/// O(n log n).
///
/// The counts are whole numbers and decimals: neither the order of customers nor how they are cut into parts shows.
///
/// # Errors
/// `Limit` where amounts have more digits than there is room for.
///
/// # Examples
/// ```
/// use onefold::{CustomerHistory, Group, Period, Purchase, measure_customers};
/// let purchase = |day, amount: &str| Purchase { day, amount: amount.parse().ok() };
/// let ann = CustomerHistory { purchases: vec![purchase(20_000, "30.00"), purchase(20_040, "20.00")], ..Default::default() };
/// let bob = vec![purchase(20_035, "10.00")];
/// let bob = CustomerHistory { purchases: bob, segments: vec!["vip".into()], first_channel: None };
/// let counts = measure_customers([&ann, &bob], Period::new(20_030, 20_060)?, &|_| None)?;
/// let all = &counts[&Group::All];
/// assert_eq!((all.customers, all.new, all.active_before, all.retained), (2, 1, 1, 1));
/// let figures = all.figures(Some("50".parse()?));
/// assert_eq!((figures.acquisition_cost, figures.average_order_value), (Some(50.0), Some(15.0)));
/// assert_eq!((figures.purchase_interval_days, figures.repurchase_rate), (Some(40.0), Some(0.5)));
/// assert_eq!(counts[&Group::Segment("vip".into())].orders, 1);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn measure_customers<'a>(
    customers: impl IntoIterator<Item = &'a CustomerHistory>,
    period: Period,
    lapsed: &dyn Fn(&[i64]) -> Option<bool>,
) -> Result<BTreeMap<Group, CustomerCounts>> {
    let room = || Error::limit("the digits of an amount", 28);
    let mut found: BTreeMap<Group, CustomerCounts> = BTreeMap::from([(Group::All, CustomerCounts::default())]);
    for customer in customers {
        let counts = count_customer(&customer.purchases, period, lapsed).ok_or_else(room)?;
        for group in customer.groups(period.until) {
            let sum = found.entry(group).or_default();
            *sum = sum.plus(counts).ok_or_else(room)?;
        }
    }
    Ok(found)
}

/// The figures of every group, with what was spent in the period to win customers, by channel, as the host knows it: that of a
/// channel falls on those who first bought through it, all of it on everybody, and none on other groups, for which nobody can
/// tell what was spent. A channel on which was spent and that won nobody is there, without a cost each. O(n log n).
///
/// # Errors
/// `Limit` where amounts have more digits than there is room for.
///
/// # Examples
/// ```
/// use onefold::{CustomerHistory, Group, Period, Purchase, acquisition_figures, measure_customers};
/// use std::collections::BTreeMap;
/// let customer = |channel: &str| CustomerHistory {
///     purchases: vec![Purchase { day: 20_035, amount: None }],
///     first_channel: Some(channel.into()),
///     ..Default::default()
/// };
/// let customers = [customer("web"), customer("web"), customer("shop")];
/// let counts = measure_customers(&customers, Period::new(20_030, 20_060)?, &|_| None)?;
/// let spent = BTreeMap::from([("web".into(), "30".parse()?), ("radio".into(), "60".parse()?)]);
/// let figures = acquisition_figures(&counts, &spent)?;
/// let cost = |group: Group| figures[&group].acquisition_cost;
/// assert_eq!((cost(Group::All), cost(Group::Channel("web".into()))), (Some(30.0), Some(15.0)));
/// assert_eq!((cost(Group::Channel("shop".into())), cost(Group::Channel("radio".into()))), (None, None));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn acquisition_figures(
    counts: &BTreeMap<Group, CustomerCounts>,
    spent: &BTreeMap<SmolStr, Decimal>,
) -> Result<BTreeMap<Group, CustomerFigures>> {
    let room = || Error::limit("the digits of an amount", 28);
    let mut all = (!spent.is_empty()).then_some(Decimal::ZERO);
    for amount in spent.values() {
        all = Some(all.unwrap_or_default().checked_add(*amount).ok_or_else(room)?);
    }
    let barren = spent.keys().map(|channel| (Group::Channel(channel.clone()), CustomerCounts::default()));
    let counts = barren.chain(counts.iter().map(|(group, counts)| (group.clone(), *counts)));
    let figures = counts.map(|(group, counts)| {
        let spent = match &group {
            Group::All => all,
            Group::Channel(channel) => spent.get(channel).copied(),
            Group::Segment(_) | Group::Cohort(_) => None,
        };
        (group, counts.figures(spent))
    });
    Ok(figures.collect())
}

/// The month of a day, as `2026-01`.
fn month_of(day: i64) -> SmolStr {
    let at = Timestamp::from_microseconds(day.saturating_mul(DAY));
    at.map_or_else(|_| day.to_smolstr(), |at| format_smolstr!("{:.7}", at.to_string()))
}

/// A figure and its name.
type Figure = (&'static str, Option<f64>);

/// A figure with identities resolved, and without.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distortion {
    /// The figure.
    pub figure: SmolStr,
    /// Over people.
    pub resolved: Option<f64>,
    /// Over the customers that each source knows by itself.
    pub unresolved: Option<f64>,
    /// By how much the latter is off, as a share of the former; none where either is, or the former is 0.
    pub off: Option<f64>,
}

/// Tells by how much figures are off where one person is taken for several. O(1).
pub fn distortions(resolved: &CustomerFigures, unresolved: &CustomerFigures) -> Vec<Distortion> {
    let told = |((figure, resolved), (_, unresolved)): (Figure, Figure)| {
        let off = resolved.zip(unresolved).filter(|(right, _)| *right != 0.0);
        let off = off.map(|(right, wrong)| (wrong - right) / right);
        Distortion { figure: figure.into(), resolved, unresolved, off }
    };
    resolved.named().into_iter().zip(unresolved.named()).map(told).collect()
}
