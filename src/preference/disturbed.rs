//! Which purchases that are counted in months stand alone, and which have to be settled by hand.
//!
//! A purchase stands alone if no other event of the profile names its order, and no return that names no order has one of
//! its products. Such a one settles to itself, and changes nothing for the others.

use super::deeds::Counter;
use super::month::DeedMonth;
use super::signal::Signal;
use crate::event::{Event, EventKind};
use crate::id::RecordNumber;
use crate::normalise::{glance, order_key, order_name};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;

/// What tells whether the purchases of a month stand alone, by their times in microseconds. Hashes only: two that are one by
/// chance cost a look, no more.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ties {
    // Invariant: ascending, each once.
    returns: Vec<i64>,
    // Invariant: ascending. One for each purchase that names an order; ids that some policy takes for one have one hash.
    orders: Vec<(u64, i64)>,
    // Invariant: ascending, each once.
    products: Vec<(u64, i64)>,
}

impl Ties {
    /// Adds a purchase or a return; [`tidy`](Self::tidy) comes after the last.
    pub(super) fn add(&mut self, event: &Event) {
        let at = event.at.microseconds();
        if event.kind == EventKind::Return {
            self.returns.push(at);
            return;
        }
        self.orders.extend(order_name(event).map(|name| (of_order(&name), at)));
        self.products.extend(of_products(event).map(|product| (product, at)));
    }

    pub(super) fn tidy(&mut self) {
        self.returns.sort_unstable();
        self.returns.dedup();
        self.orders.sort_unstable();
        self.products.sort_unstable();
        self.products.dedup();
    }

    /// The sum of two. O(n log n).
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = Self {
            returns: [&*self.returns, &other.returns].concat(),
            orders: [&*self.orders, &other.orders].concat(),
            products: [&*self.products, &other.products].concat(),
        };
        sum.tidy();
        sum
    }

    /// Those of the times that are left.
    pub(super) fn without(&self, is_gone: impl Fn(i64) -> bool) -> Self {
        let left = |ties: &[(u64, i64)]| ties.iter().copied().filter(|(_, at)| !is_gone(*at)).collect();
        let returns = self.returns.iter().copied().filter(|at| !is_gone(*at)).collect();
        Self { returns, orders: left(&self.orders), products: left(&self.products) }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// When a product was bought.
    fn bought(&self, product: u64) -> impl Iterator<Item = i64> {
        let from = self.products.partition_point(|(one, _)| *one < product);
        let of_product = self.products.iter().skip(from).take_while(move |(one, _)| *one == product);
        of_product.map(|(_, at)| *at)
    }
}

/// A month of a trail.
pub(crate) struct TrailMonth {
    pub(crate) trail: RecordNumber,
    pub(crate) month: i32,
    pub(crate) counted: Arc<DeedMonth>,
}

impl TrailMonth {
    /// When something was given back, with the trail.
    pub(crate) fn returns(&self) -> impl Iterator<Item = (RecordNumber, i64)> {
        self.counted.ties().returns.iter().map(|at| (self.trail, *at))
    }

    /// Adds what was done before a day with some signals.
    pub(super) fn pour(&self, before: i32, signals: impl Fn(Signal) -> bool, counter: &mut Counter) {
        self.counted.pour(self.month, before, signals, counter);
    }
}

/// Finds the trails and times of the purchases in a profile's months that may not stand alone, where all its returns are
/// among some trades, and all its purchases that are in no month; `id_of` says which order a trade is of.
///
/// What is settled by hand disturbs nothing in turn: all returns are known, and purchases of one order are found together.
/// O(n log n) in the purchases that name an order, and in what is found.
pub(crate) fn disturbed<'a>(
    months: &[TrailMonth],
    trades: impl Iterator<Item = &'a Event>,
    id_of: impl Fn(&Event) -> Option<SmolStr>,
) -> BTreeSet<(RecordNumber, i64)> {
    let mut found = BTreeSet::new();
    let mut orders: Vec<(u64, Option<(RecordNumber, i64)>)> = Vec::new();
    for TrailMonth { trail, counted, .. } in months {
        orders.extend(counted.ties().orders.iter().map(|(order, at)| (*order, Some((*trail, *at)))));
    }
    for event in trades {
        match id_of(event) {
            Some(id) => orders.push((of_order(&id), None)),
            None if event.kind == EventKind::Return => {
                for (product, month) in of_products(event).flat_map(|product| months.iter().map(move |m| (product, m)))
                {
                    found.extend(month.counted.ties().bought(product).map(|at| (month.trail, at)));
                }
            }
            None => {}
        }
    }
    // Each month is sorted, which a stable sort takes up.
    orders.sort_by_key(|(order, _)| *order);
    let shared = orders.chunk_by(|a, b| a.0 == b.0).filter(|told| told.len() > 1);
    found.extend(shared.flatten().filter_map(|(_, place)| *place));
    found
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
