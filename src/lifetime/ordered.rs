//! Purchase days from the orders that a profile holds.

use super::row::PurchaseDay;
use crate::decimal::Decimal;
use crate::journey::{Order, OrderStatus};
use std::collections::BTreeMap;

/// Reads the purchase days off the orders of one profile, sorted; what was given back is left out, and an order of which
/// nothing is left is no purchase. The amount of a day is the sum of what [`Order::kept_amount`] says of its orders, added up
/// as decimals and converted once; it is known where all of these are.
///
/// The profile's orders are those of all its records: a merge of two profiles gives the days of both. O(n log n).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, days_of_orders, orders};
/// use std::sync::Arc;
///
/// let event = |key: &str, at: &str, kind| Ok::<_, onefold::Error>(Event::new("web", key, at.parse()?, kind));
/// let line = Line::new("socks").quantity("2").amount("20.00", "EUR");
/// let events = [
///     event("1", "2026-01-05T10:00:00Z", EventKind::Purchase)?.order("o-1").line(line.clone()),
///     event("2", "2026-01-05T19:00:00Z", EventKind::Purchase)?.order("o-2").line(line),
///     event("3", "2026-01-09T12:00:00Z", EventKind::Return)?.order("o-2").line(Line::new("socks").quantity("1")),
/// ];
/// let (orders, _) = orders(&events.map(Arc::new), |event| event.order.clone());
/// let days = days_of_orders(&orders, "EUR");
/// assert_eq!((days.len(), days[0].amount), (1, Some(30.0)));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn days_of_orders(orders: &[Order], currency: &str) -> Vec<PurchaseDay> {
    let mut days: BTreeMap<i64, Option<Decimal>> = BTreeMap::new();
    for order in orders.iter().filter(|order| order.status != OrderStatus::Returned) {
        let amount = order.kept_amount(currency).filter(|amount| *amount >= Decimal::ZERO);
        let sum = days.entry(order.at.day()).or_insert(Some(Decimal::ZERO));
        *sum = sum.zip(amount).and_then(|(sum, more)| sum.checked_add(more));
    }
    let day = |(day, amount): (i64, Option<Decimal>)| PurchaseDay { day, amount: amount.map(Decimal::nearest) };
    days.into_iter().map(day).collect()
}
