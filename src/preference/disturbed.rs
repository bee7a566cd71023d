//! Which purchases that are counted in months stand alone, and which days have to be settled by hand.
//!
//! A purchase stands alone if no other event of the profile names its order, and no return that names no order has one of
//! its products. Such a one settles to itself, and changes nothing for the others. Everything is kept and judged by day: a
//! day on which one purchase may not stand alone is settled from its events.

use super::deeds::Counter;
use super::month::{DeedMonth, MONTH_DAYS};
use crate::event::{Event, EventKind};
use crate::id::RecordNumber;
use crate::normalise::{glance, order_key, order_name};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use smol_str::SmolStr;
use std::hash::Hasher;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Days of a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Days(u32);

impl Days {
    const ALL: Self = Self(u32::MAX);

    pub(super) fn has(self, day: u8) -> bool {
        1_u32.checked_shl(u32::from(day)).is_some_and(|bit| self.0 & bit != 0)
    }

    fn add(&mut self, day: u8) {
        self.0 |= 1_u32.checked_shl(u32::from(day)).unwrap_or_default();
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<u8> for Days {
    fn from_iter<T: IntoIterator<Item = u8>>(days: T) -> Self {
        let mut all = Self::default();
        days.into_iter().for_each(|day| all.add(day));
        all
    }
}

/// What tells whether the purchases of a month stand alone. Hashes only: two that are one by chance cost a look, no more.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ties {
    /// The days that have returns.
    returns: Days,
    // Invariant: ascending. One for each purchase that names an order: whatever the policy, the same ids have the same hash.
    orders: Vec<(u64, u8)>,
    // Invariant: ascending, each once.
    products: Vec<(u64, u8)>,
}

impl Ties {
    /// Adds a purchase or a return; [`tidy`](Self::tidy) comes after the last.
    pub(super) fn add(&mut self, day: u8, event: &Event) {
        if event.kind == EventKind::Return {
            self.returns.add(day);
            return;
        }
        self.orders.extend(order_name(event).map(|name| (of_order(&name), day)));
        self.products.extend(of_products(event).map(|product| (product, day)));
    }

    pub(super) fn tidy(&mut self) {
        self.orders.sort_unstable();
        self.products.sort_unstable();
        self.products.dedup();
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = Self {
            returns: self.returns.and(other.returns),
            orders: [&*self.orders, &other.orders].concat(),
            products: [&*self.products, &other.products].concat(),
        };
        sum.tidy();
        sum
    }

    pub(super) fn without(&self, days: Days) -> Self {
        let left = |ties: &[(u64, u8)]| ties.iter().copied().filter(|(_, day)| !days.has(*day)).collect();
        Self { returns: self.returns.without(days), orders: left(&self.orders), products: left(&self.products) }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The days on which a product was bought.
    fn bought(&self, product: u64) -> impl Iterator<Item = u8> {
        let from = self.products.partition_point(|(one, _)| *one < product);
        let of_product = self.products.iter().skip(from).take_while(move |(one, _)| *one == product);
        of_product.map(|(_, day)| *day)
    }
}

/// A month of a trail while it is read, and its days that are settled by hand.
pub(crate) struct MonthRead {
    /// The trail.
    pub(crate) trail: RecordNumber,
    month: i32,
    counted: Arc<DeedMonth>,
    unsettled: Days,
    /// Of these, those whose events are read.
    read: Days,
}

impl MonthRead {
    /// Makes one where the days with returns are settled by hand.
    pub(crate) fn new(trail: RecordNumber, month: i32, counted: Arc<DeedMonth>) -> Self {
        let unsettled = counted.ties().returns;
        Self { trail, month, counted, unsettled, read: Days::default() }
    }

    /// Has all days settled by hand.
    pub(crate) fn unsettle(&mut self) {
        self.unsettled = Days::ALL;
    }

    /// The days to read for their purchases and returns, before one: those that were not asked for before, in stretches.
    pub(crate) fn to_read(&mut self, before: i32) -> Vec<RangeInclusive<i32>> {
        let wanted = self.unsettled.without(self.read);
        self.read = self.unsettled;
        let first = self.month.saturating_mul(MONTH_DAYS);
        let days = (0..MONTH_DAYS).filter(|day| wanted.has(*day as u8)).map(|day| first.saturating_add(day));
        let mut stretches: Vec<RangeInclusive<i32>> = Vec::new();
        for day in days.take_while(|day| *day < before) {
            match stretches.last_mut().filter(|stretch| stretch.end().saturating_add(1) == day) {
                Some(stretch) => *stretch = *stretch.start()..=day,
                None => stretches.push(day..=day),
            }
        }
        stretches
    }

    /// Adds what was done before a day, without what is settled by hand.
    pub(super) fn pour(&self, before: i32, counter: &mut Counter) {
        self.counted.pour(self.month, before, self.unsettled, counter);
    }
}

/// Finds the days of a profile's months that have to be settled by hand, where all returns are among some events, and all
/// trades that are in no month; `id_of` says which order a trade is of. O(n log n) in purchases.
///
/// What is settled by hand in turn disturbs nothing more: a day has no returns that were not among the events, and two
/// purchases of one order are found wherever they are.
pub(crate) fn disturb<'a>(
    months: &mut [MonthRead],
    trades: impl Iterator<Item = &'a Event>,
    id_of: impl Fn(&Event) -> Option<SmolStr>,
) {
    let ties = |(place, month): (usize, &MonthRead)| {
        let orders = month.counted.ties().orders.clone();
        orders.into_iter().map(move |(order, day)| (order, place, day))
    };
    let mut orders: Vec<(u64, usize, u8)> = months.iter().enumerate().flat_map(ties).collect();
    for event in trades {
        match id_of(event) {
            Some(id) => orders.push((of_order(&id), usize::MAX, 0)),
            None if event.kind == EventKind::Return => {
                of_products(event)
                    .for_each(|product| months.iter_mut().for_each(|month| month.disturb_product(product)));
            }
            None => {}
        }
    }
    orders.sort_unstable();
    for told in orders.chunk_by(|a, b| a.0 == b.0).filter(|told| told.len() > 1) {
        for (_, place, day) in told {
            months.get_mut(*place).into_iter().for_each(|month| month.unsettled.add(*day));
        }
    }
}

impl MonthRead {
    fn disturb_product(&mut self, product: u64) {
        self.unsettled = self.unsettled.and(self.counted.ties().bought(product).collect());
    }
}

fn of_order(id: &str) -> u64 {
    hash(&order_key(id))
}

fn of_products(event: &Event) -> impl Iterator<Item = u64> {
    event.lines.iter().filter_map(|line| glance::key(line.product.as_ref())).map(hash)
}

/// The same for all time: it is kept.
fn hash(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
