//! Taking out of orders what was given back.

use super::order::{Order, OrderLine};
use crate::decimal::Decimal;
use crate::event::Event;
use crate::issue::{Issue, IssueReason, What};
use crate::normalise::{NormalisedLine, read_lines};
use crate::record::RecordKey;
use smol_str::{SmolStr, format_smolstr};
use std::collections::BTreeMap;

/// Takes returns, each with its order id, out of orders, both in the order of time. Those that name their order come
/// first: what they say is certain.
pub(super) fn take_out(orders: &mut [Order], returns: &[(Option<SmolStr>, &Event)]) -> Vec<Issue> {
    let named: BTreeMap<SmolStr, usize> =
        orders.iter().enumerate().filter_map(|(place, order)| Some((order.id.clone()?, place))).collect();
    let mut issues = Vec::new();
    for (id, event) in returns {
        let Some(id) = id else { continue };
        let order = named.get(id).and_then(|place| orders.get_mut(*place));
        settle(event, &mut issues, order, |order, back, wanted| Some(order.as_mut()?.take(back, wanted)));
        if let Some(order) = named.get(id).and_then(|place| orders.get_mut(*place)) {
            order.returns.push(event.key.clone());
        }
    }
    let sold = Sold::new(orders);
    for (_, event) in returns.iter().filter(|(id, _)| id.is_none()) {
        settle(event, &mut issues, &mut *orders, |orders, back, wanted| sold.take(orders, event, back, wanted));
    }
    // Those without an id came after those with one.
    let at: BTreeMap<&RecordKey, usize> =
        returns.iter().enumerate().map(|(place, (_, event))| (&event.key, place)).collect();
    for order in orders {
        order.returns.sort_by_key(|key| at.get(key).copied());
        order.returns.dedup();
    }
    issues
}

/// Takes out the lines of a return one by one; `take` gives what of a quantity finds nothing.
fn settle<T>(
    event: &Event,
    issues: &mut Vec<Issue>,
    mut from: T,
    take: impl Fn(&mut T, &NormalisedLine, Decimal) -> Option<Decimal>,
) {
    let mut unmatched = |field: SmolStr| {
        let (key, reason) = (event.key.clone(), IssueReason::Unmatched);
        issues.push(Issue { what: What::Event, key, field, reason });
    };
    let lines = read_lines(event);
    if lines.is_empty() {
        unmatched(SmolStr::new_static("lines"));
    }
    for (place, back) in lines.iter().enumerate() {
        let wanted = back.quantity.unwrap_or(Decimal::ONE);
        if take(&mut from, back, wanted).unwrap_or(wanted) > Decimal::ZERO {
            unmatched(format_smolstr!("lines[{place}]"));
        }
    }
}

impl Order {
    /// Takes out a line that names this order. A line of the name it gives is the only one that it can mean.
    fn take(&mut self, back: &NormalisedLine, wanted: Decimal) -> Decimal {
        let means = |line: &OrderLine| {
            let other = line.product.is_some() && back.product.is_some() && line.product != back.product;
            back.line.is_some() && line.line == back.line && !other
        };
        if self.lines.iter().any(means) {
            return self.lines.iter_mut().filter(|line| means(line)).fold(wanted, |wanted, line| line.take(wanted));
        }
        [Fit::Exact, Fit::Untold].into_iter().fold(wanted, |wanted, fit| {
            let fitting = self.lines.iter_mut().filter(|line| fit.allows(line, back));
            fitting.fold(wanted, |wanted, line| line.take(wanted))
        })
    }
}

impl OrderLine {
    /// Takes out as much as there is, and gives back the rest of what was wanted.
    fn take(&mut self, wanted: Decimal) -> Decimal {
        let kept = self.kept();
        if wanted >= kept {
            self.returned = self.quantity;
            return wanted.checked_sub(kept).unwrap_or(wanted);
        }
        match self.returned.checked_add(wanted) {
            Some(returned) => {
                self.returned = returned;
                Decimal::ZERO
            }
            None => wanted,
        }
    }
}

/// How a line that was bought stands to one that was given back, by product and variant.
#[derive(Clone, Copy)]
enum Fit {
    /// The same variant.
    Exact,
    /// One of the two does not tell the variant.
    Untold,
}

impl Fit {
    fn allows(self, line: &OrderLine, back: &NormalisedLine) -> bool {
        let same = back.product.is_some() && line.product == back.product;
        same && match self {
            Self::Exact => line.variant == back.variant,
            Self::Untold => line.variant.is_some() != back.variant.is_some(),
        }
    }
}

/// Where each product was bought: places of orders and lines, in the order of time.
struct Sold(BTreeMap<SmolStr, Vec<(usize, usize)>>);

impl Sold {
    fn new(orders: &[Order]) -> Self {
        let mut sold: BTreeMap<SmolStr, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, order) in orders.iter().enumerate() {
            for (line, bought) in order.lines.iter().enumerate() {
                let Some(product) = &bought.product else { continue };
                sold.entry(product.clone()).or_default().push((place, line));
            }
        }
        Self(sold)
    }

    /// Takes out a line that names no order, of what was bought last before it.
    fn take(&self, orders: &mut [Order], event: &Event, back: &NormalisedLine, mut wanted: Decimal) -> Option<Decimal> {
        let places = self.0.get(back.product.as_ref()?)?;
        for fit in [Fit::Exact, Fit::Untold] {
            for &(place, line) in places.iter().rev() {
                let Some(order) = orders.get_mut(place) else { continue };
                let before = (order.at.microseconds(), &order.because) < (event.at.microseconds(), &event.key);
                let Some(line) = order.lines.get_mut(line) else { continue };
                if !before || !fit.allows(line, back) || wanted == Decimal::ZERO {
                    continue;
                }
                let left = line.take(wanted);
                if left < wanted {
                    order.returns.push(event.key.clone());
                }
                wanted = left;
            }
        }
        Some(wanted)
    }
}
