//! Orders and their lines, and how much of each was kept.

use super::Trade;
use super::back::Returns;
use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Line};
use crate::normalise::glance;
use ahash::AHashMap;
use std::ops::Range;
use std::sync::Arc;

/// What purchases and returns come to.
#[derive(Default)]
pub(crate) struct Settled {
    /// By the time and key of the event that counts.
    pub(crate) orders: Vec<SettledOrder>,
    /// Those of all orders, one order after the other.
    pub(crate) lines: Vec<Bought>,
    /// The lines of returns that took nothing out, or not all that they ask for: the places of the return and of its line,
    /// none where it has no lines. In the order of time.
    pub(crate) unmatched: Vec<(usize, Option<usize>)>,
}

/// An order; events by their places.
pub(crate) struct SettledOrder {
    /// The purchase that counts.
    pub(crate) trade: usize,
    /// Others of the order, in the order of time.
    pub(crate) also: Vec<usize>,
    /// The returns that name it, or took something out of it, in the order of time.
    pub(crate) returns: Vec<usize>,
    pub(crate) lines: Range<usize>,
}

/// A line of a purchase, once for each order.
#[derive(Clone, PartialEq)]
pub(crate) struct Bought {
    pub(crate) event: Arc<Event>,
    /// The place of the line in the event; none where the event has no lines.
    place: Option<usize>,
    pub(crate) quantity: Decimal,
    // Invariant: from 0 to the quantity.
    pub(crate) returned: Decimal,
}

impl Bought {
    fn new(event: &Arc<Event>, place: Option<usize>, quantity: Decimal) -> Self {
        Self { event: Arc::clone(event), place, quantity, returned: Decimal::ZERO }
    }

    /// The line; none where nobody said what was bought.
    pub(crate) fn line(&self) -> Option<&Line> {
        self.event.lines.get(self.place?)
    }

    /// How much of it was not given back.
    pub(crate) fn kept(&self) -> Decimal {
        self.quantity.checked_sub(self.returned).unwrap_or(Decimal::ZERO)
    }

    /// Says whether something of it was kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept() > Decimal::ZERO
    }

    pub(super) fn product(&self) -> Option<&str> {
        glance::key(self.line()?.product.as_ref())
    }

    pub(super) fn variant(&self) -> Option<&str> {
        glance::name(self.line()?.variant.as_ref())
    }

    /// Takes out as much as there is, and gives back the rest of what was wanted.
    pub(super) fn take(&mut self, wanted: Decimal) -> Decimal {
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

/// Settles purchases and returns, sorted by time and key, each key once.
///
/// Purchases of one order are one: the oldest that has lines counts, and others are repeats. A purchase that names no order
/// is one of its own. Returns that name their order come first, since what they say is certain, then by time:
///
/// - One that names its order takes out of that order alone, whenever it was bought: without lines, all that is left; by a
///   line's name, what bears it, unless it is another product; else what has its product, the same variant before one that
///   one of the two does not tell.
/// - One that names none takes from what was bought last by its own time, likewise.
/// - A line takes its quantity out; where it says none that can be read, the whole: of all lines of the name, or of the
///   first of the product of which something is left. Nothing goes below 0, and what is asked for beyond is unmatched.
///
/// O(n log n), and for each line that names no order the purchases of its product.
pub(crate) fn settle(trades: &[Trade]) -> Settled {
    let (mut settled, orders) = Settled::of_purchases(trades);
    Returns::new(&mut settled, trades, orders).take_out();
    for order in &mut settled.orders {
        order.returns.sort_unstable();
        order.returns.dedup();
    }
    settled.unmatched.sort_unstable();
    settled
}

impl Settled {
    /// What was bought, and the places of the orders that have a name.
    fn of_purchases(trades: &[Trade]) -> (Self, AHashMap<&str, usize>) {
        let mut orders: Vec<SettledOrder> = Vec::new();
        let mut named: AHashMap<&str, usize> = AHashMap::new();
        let lines_of = |place: usize| trades.get(place).map_or(0, |trade| trade.event.lines.len());
        let purchases = trades.iter().enumerate().filter(|(_, trade)| trade.event.kind == EventKind::Purchase);
        for (place, trade) in purchases {
            let slot = trade.order.as_deref().map(|order| *named.entry(order).or_insert(orders.len()));
            match slot.and_then(|slot| orders.get_mut(slot)) {
                Some(order) if lines_of(order.trade) == 0 && lines_of(place) > 0 => {
                    order.also.push(std::mem::replace(&mut order.trade, place));
                }
                Some(order) => order.also.push(place),
                None => {
                    orders.push(SettledOrder { trade: place, also: Vec::new(), returns: Vec::new(), lines: 0..0 });
                }
            }
        }
        orders.sort_unstable_by_key(|order| order.trade);
        let mut settled = Self { lines: Vec::with_capacity(orders.len()), ..Self::default() };
        for (place, order) in orders.iter_mut().enumerate() {
            order.also.sort_unstable();
            let Some(trade) = trades.get(order.trade) else { continue };
            let start = settled.lines.len();
            if trade.event.lines.is_empty() {
                settled.lines.push(Bought::new(&trade.event, None, Decimal::ONE));
            }
            for (place, line) in trade.event.lines.iter().enumerate() {
                settled.lines.push(Bought::new(&trade.event, Some(place), glance::quantity(line)));
            }
            order.lines = start..settled.lines.len();
            if let Some(slot) = trade.order.as_deref().and_then(|order| named.get_mut(order)) {
                *slot = place;
            }
        }
        settled.orders = orders;
        (settled, named)
    }

    /// The lines of an order.
    pub(crate) fn lines_of(&self, order: &SettledOrder) -> &[Bought] {
        self.lines.get(order.lines.clone()).unwrap_or_default()
    }

    /// The order that a line is of.
    pub(super) fn order_of(&mut self, line: usize) -> Option<&mut SettledOrder> {
        let place = self.orders.partition_point(|order| order.lines.end <= line);
        self.orders.get_mut(place)
    }
}
