//! What customers are expected to be worth, by group: a law learned of them, and sums that add up exactly.

use super::customers::{CustomerHistory, Group};
use crate::error::Result;
use crate::lifetime::{
    CustomerValue, LifetimeKind, LifetimeModel, PurchaseDay, PurchaseRow, SpendingModel, TimeUnit, ValueRequest,
    customer_value, fit_lifetime, fit_spending,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Values are added as whole millionths, so that neither the order of customers nor how they are cut into parts shows.
const MILLION: f64 = 1e6;

/// The laws of buying and of spending, learned from customers up to a day.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueModel {
    /// The last day that was seen, counted from 1970-01-01 in UTC.
    pub end: i64,
    /// When they buy.
    pub lifetime: LifetimeModel,
    /// What they spend.
    pub spending: SpendingModel,
}

/// What customers of a group are expected to buy and be worth; it adds up exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PredictedValue {
    /// Customers of whom that can be told: those who first bought before the last day.
    pub customers: u64,
    /// What they are worth together, in millionths of the currency.
    pub value_millionths: i128,
    /// Purchase days that are expected of them, in millionths of one.
    pub expected_millionths: i128,
}

impl ValueModel {
    /// Learns both laws from what customers bought up to and with a day, as [`fit_lifetime`] and [`fit_spending`] do; the
    /// order of customers does not show.
    ///
    /// # Errors
    /// As of these: above all where nobody came back.
    pub fn learn<'a>(
        customers: impl IntoIterator<Item = &'a CustomerHistory>,
        end: i64,
        kind: LifetimeKind,
        unit: TimeUnit,
    ) -> Result<Self> {
        let rows = customers.into_iter().map(|customer| row_of(customer, end, unit));
        let rows: Vec<PurchaseRow> = rows.filter_map(Result::transpose).collect::<Result<_>>()?;
        Ok(Self { end, lifetime: fit_lifetime(kind, &rows, unit)?, spending: fit_spending(&rows)? })
    }

    /// What one customer is worth; none of who first bought on the last day or later. As [`customer_value`].
    ///
    /// # Errors
    /// As there.
    pub fn value(&self, customer: &CustomerHistory, request: &ValueRequest) -> Result<Option<CustomerValue>> {
        let row = row_of(customer, self.end, self.lifetime.unit)?;
        row.map(|row| customer_value(&self.lifetime, &self.spending, &row, request)).transpose()
    }
}

impl PredictedValue {
    /// Adds those of others.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            customers: self.customers.saturating_add(other.customers),
            value_millionths: self.value_millionths.saturating_add(other.value_millionths),
            expected_millionths: self.expected_millionths.saturating_add(other.expected_millionths),
        }
    }

    /// What they are worth together.
    pub fn value(&self) -> f64 {
        self.value_millionths as f64 / MILLION
    }

    /// What each is worth on average; none of nobody.
    pub fn value_each(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.value() / self.customers as f64)
    }

    /// Purchase days that are expected of each on average: under 1, most are about to be lost. None of nobody.
    pub fn expected_each(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.expected_millionths as f64 / MILLION / self.customers as f64)
    }
}

/// Works out what customers are expected to be worth, by group, as [`measure_customers`](crate::measure_customers) groups
/// them at the end of what the model has seen. Each is rounded to a millionth before they are added. What
/// [`customer_value`] costs, for each.
///
/// # Errors
/// As of [`ValueModel::value`].
///
/// # Examples
/// ```
/// use onefold::{CustomerHistory, Group, LifetimeKind, Purchase, TimeUnit, ValueModel, ValueRequest, measure_value};
/// let customer = |gap: i64| CustomerHistory {
///     purchases: (0..200 / gap).map(|n| Purchase { day: n * gap, amount: format!("{}", 10 + gap % 7).parse().ok() }).collect(),
///     segments: if gap < 20 { vec!["often".into()] } else { vec![] },
///     first_channel: None,
/// };
/// let customers: Vec<_> = (5..90).map(customer).collect();
/// let model = ValueModel::learn(&customers, 200, LifetimeKind::ModifiedBetaGeometric, TimeUnit::Days)?;
/// let values = measure_value(&customers, &model, &ValueRequest::new(30.0, 12).discount(0.01))?;
/// let (all, often) = (values[&Group::All], values[&Group::Segment("often".into())]);
/// assert_eq!((all.customers, often.customers), (85, 15));
/// assert!(often.value_each() > all.value_each() && often.value() < all.value());
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn measure_value<'a>(
    customers: impl IntoIterator<Item = &'a CustomerHistory>,
    model: &ValueModel,
    request: &ValueRequest,
) -> Result<BTreeMap<Group, PredictedValue>> {
    let mut found = BTreeMap::from([(Group::All, PredictedValue::default())]);
    for customer in customers {
        let Some(worth) = model.value(customer, request)? else { continue };
        let millionths = |number: f64| (number * MILLION).round() as i128;
        let one = PredictedValue {
            customers: 1,
            value_millionths: millionths(worth.value),
            expected_millionths: millionths(worth.expected),
        };
        for group in customer.groups(model.end.saturating_add(1)) {
            let sum: &mut PredictedValue = found.entry(group).or_default();
            *sum = sum.plus(one);
        }
    }
    Ok(found)
}

fn row_of(customer: &CustomerHistory, end: i64, unit: TimeUnit) -> Result<Option<PurchaseRow>> {
    let day = |purchase: &super::customers::Purchase| PurchaseDay {
        day: purchase.day,
        amount: purchase.amount.map(crate::decimal::Decimal::nearest).filter(|amount| *amount >= 0.0),
    };
    let days: Vec<PurchaseDay> = customer.purchases.iter().map(day).collect();
    PurchaseRow::fold(&days, end, unit)
}
