//! Taking out of orders what was given back.

use super::Trade;
use super::settle::{Bought, Settled};
use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Line};
use crate::normalise::glance;
use ahash::AHashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::ops::Range;

/// Lines that were bought, by their places.
type Places = SmallVec<[usize; 8]>;

/// Returns on their way into what was bought.
pub(super) struct Returns<'a> {
    settled: &'a mut Settled,
    trades: &'a [Trade],
    /// The orders that have a name, by it.
    orders: AHashMap<&'a str, usize>,
    // Filled when the first return asks for it.
    by_product: Option<AHashMap<SmolStr, Vec<usize>>>,
}

/// How much a line of a return takes out.
#[derive(Clone, Copy)]
enum Asked {
    /// So much, of one line after the other.
    Quantity(Decimal),
    /// All of the first of which something is left.
    First,
    /// All of all.
    All,
}

impl<'a> Returns<'a> {
    pub(super) fn new(settled: &'a mut Settled, trades: &'a [Trade], orders: AHashMap<&'a str, usize>) -> Self {
        Self { settled, trades, orders, by_product: None }
    }

    pub(super) fn take_out(mut self) {
        let returns = |trade: &Trade| trade.event.kind == EventKind::Return;
        let trades = self.trades;
        for (place, trade) in trades.iter().enumerate().filter(|(_, trade)| returns(trade)) {
            if let Some(order) = &trade.order {
                self.named(place, &trade.event, order);
            }
        }
        for (place, trade) in trades.iter().enumerate().filter(|(_, trade)| returns(trade)) {
            if trade.order.is_none() {
                self.unnamed(place, &trade.event);
            }
        }
    }

    /// Takes out what a return gives back that names its order.
    fn named(&mut self, place: usize, event: &Event, order: &str) {
        let found = self.orders.get(order).copied();
        let order = found.and_then(|order| self.settled.orders.get_mut(order));
        let lines = order.map_or(0..0, |order| {
            order.returns.push(place);
            order.lines.clone()
        });
        if event.lines.is_empty() && !self.take(place, &lines.clone().collect(), Asked::All) {
            self.settled.unmatched.push((place, None));
        }
        for (number, line) in event.lines.iter().enumerate() {
            let mut bears = self.bearing(lines.clone(), line);
            let mut asked = Asked::All;
            if bears.is_empty() {
                (bears, asked) = (self.fitting(lines.clone(), line), Asked::First);
            }
            let asked = glance::stated_quantity(line).map_or(asked, Asked::Quantity);
            if !self.take(place, &bears, asked) {
                self.settled.unmatched.push((place, Some(number)));
            }
        }
    }

    /// Takes out what a return gives back that names no order.
    fn unnamed(&mut self, place: usize, event: &Event) {
        if event.lines.is_empty() {
            self.settled.unmatched.push((place, None));
        }
        for (number, line) in event.lines.iter().enumerate() {
            let product = glance::key(line.product.as_ref());
            let sold = product.and_then(|product| self.by_product().get(product).cloned()).unwrap_or_default();
            let by_then = |place: &usize| {
                let bought = self.settled.lines.get(*place);
                bought.is_some_and(|bought| bought.event.at.microseconds() <= event.at.microseconds())
            };
            let found = self.fitting(sold.into_iter().rev().filter(by_then), line);
            let asked = glance::stated_quantity(line).map_or(Asked::First, Asked::Quantity);
            if !self.take(place, &found, asked) {
                self.settled.unmatched.push((place, Some(number)));
            }
        }
    }

    /// The lines of an order that a line of a return names. The name of a line of another receipt is none of another product's.
    fn bearing(&self, lines: Range<usize>, back: &Line) -> Places {
        let Some(name) = glance::name(back.line.as_ref()) else { return Places::new() };
        let product = glance::key(back.product.as_ref());
        let bears = |bought: &Bought| {
            let own = bought.line().and_then(|line| glance::name(line.line.as_ref()));
            own == Some(name) && (product.is_none() || bought.product().is_none() || bought.product() == product)
        };
        lines.filter(|place| self.settled.lines.get(*place).is_some_and(bears)).collect()
    }

    /// Of some lines those that have the product of a line of a return: those that tell the same of the variant, then those
    /// where one of the two tells nothing.
    fn fitting(&self, lines: impl Iterator<Item = usize>, back: &Line) -> Places {
        let Some(product) = glance::key(back.product.as_ref()) else { return Places::new() };
        let variant = glance::name(back.variant.as_ref());
        let (mut same, mut untold) = (Places::new(), Places::new());
        for place in lines {
            let Some(bought) = self.settled.lines.get(place).filter(|bought| bought.product() == Some(product)) else {
                continue;
            };
            if bought.variant() == variant {
                same.push(place);
            } else if bought.variant().is_none() || variant.is_none() {
                untold.push(place);
            }
        }
        same.extend(untold);
        same
    }

    /// Takes out of lines, and says whether all that was asked for was there.
    fn take(&mut self, place: usize, lines: &Places, asked: Asked) -> bool {
        let mut rest = if let Asked::Quantity(quantity) = asked { quantity } else { Decimal::ZERO };
        let mut found = false;
        for &line in lines {
            let Some(bought) = self.settled.lines.get_mut(line).filter(|bought| bought.is_kept()) else { continue };
            match asked {
                Asked::Quantity(_) if rest == Decimal::ZERO => break,
                Asked::Quantity(_) => rest = bought.take(rest),
                Asked::First | Asked::All => rest = bought.take(bought.kept()),
            }
            found = true;
            if let Some(order) = self.settled.order_of(line) {
                order.returns.push(place);
            }
            if matches!(asked, Asked::First) {
                break;
            }
        }
        match asked {
            Asked::Quantity(_) => rest == Decimal::ZERO,
            Asked::First | Asked::All => found,
        }
    }

    /// The lines of each product, in the order of time.
    fn by_product(&mut self) -> &AHashMap<SmolStr, Vec<usize>> {
        let settled = &*self.settled;
        self.by_product.get_or_insert_with(|| {
            let mut products: AHashMap<SmolStr, Vec<usize>> = AHashMap::new();
            for (place, bought) in settled.lines.iter().enumerate() {
                if let Some(product) = bought.product() {
                    products.entry(product.into()).or_default().push(place);
                }
            }
            products
        })
    }
}
