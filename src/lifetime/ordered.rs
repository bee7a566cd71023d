//! Purchase days from the orders that a profile holds.

use super::row::{PurchaseDay, merge_days};
use crate::decimal::Decimal;
use crate::journey::{Order, OrderStatus};

/// Reads the purchase days off the orders of one profile, sorted; what was given back is left out, and an order of which
/// nothing is left is no purchase. The amount of a day is known where all that was kept has one in the `currency`; of a line
/// that was kept in part, so much of its amount as of its quantity.
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
    let kept = orders.iter().filter(|order| order.status != OrderStatus::Returned);
    let day = |order: &Order| PurchaseDay {
        day: order.at.day(),
        amount: amount(order, currency).filter(|amount| *amount >= 0.0),
    };
    let mut days: Vec<PurchaseDay> = kept.map(day).collect();
    merge_days(&mut days);
    days
}

/// What the kept lines of an order cost.
fn amount(order: &Order, currency: &str) -> Option<f64> {
    let mut sum = Decimal::ZERO;
    let mut parts = 0.0;
    let kept = order.lines.iter().filter(|line| line.kept() > Decimal::ZERO);
    for line in kept.clone() {
        let paid = line.amount.filter(|_| line.currency.as_deref() == Some(currency))?;
        if line.returned == Decimal::ZERO {
            sum = sum.checked_add(paid)?;
        } else {
            parts += paid.nearest() * line.kept().nearest() / line.quantity.nearest();
        }
    }
    (kept.count() > 0).then(|| sum.nearest() + parts)
}
