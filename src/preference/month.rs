//! What was done on a trail in a month, packed to be kept.

use super::deeds::{Count, Counter};
use super::disturbed::Ties;
use super::signal::{Signal, visit, visit_bought};
use super::tally::{day_at, day_of};
use crate::event::Event;
use crate::trade::is_trade;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The days of a month: a count of days, not the calendar's, since 1970-01-01.
const MONTH_DAYS: i32 = 32;

/// How often what was done with which value of which facet, on the days of a month. Purchases are counted as if each
/// stood alone, with what tells whether it does: a return, or a receipt of the same order, may be known elsewhere.
///
/// A month is 32 days of UTC; month 0 begins on 1970-01-01.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeedMonth {
    // Invariant: ascending by facet and value, each once; the third says where its counts end.
    values: Vec<(SmolStr, SmolStr, u32)>,
    // Invariant: of each value ascending by day and signal, each once, over 0.
    counts: Vec<DayCount>,
    ties: Ties,
}

/// How often something was done on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct DayCount {
    /// From 0, of the month.
    day: u8,
    signal: Signal,
    count: u32,
}

/// A facet, a value of it, and a count.
type CountOf = (SmolStr, SmolStr, DayCount);

/// The month of a day.
pub(crate) fn month_of(day: i32) -> i32 {
    day.div_euclid(MONTH_DAYS)
}

/// Says whether an event is counted in months: it is a deed, or a return, which takes purchases out.
pub(crate) fn is_counted(event: &Event) -> bool {
    Signal::of(&event.kind).is_some() || is_trade(event)
}

impl DeedMonth {
    /// Counts events, by month. O(facets log facets).
    pub(crate) fn of<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<i32, Self> {
        let mut found: BTreeMap<i32, (Vec<CountOf>, Ties)> = BTreeMap::new();
        for event in events.filter(|event| is_counted(event)) {
            let day = day_of(event.at);
            let (signs, ties) = found.entry(month_of(day)).or_default();
            if is_trade(event) {
                ties.add(event);
            }
            let Some(signal) = Signal::of(&event.kind) else { continue };
            let one = DayCount { day: day.rem_euclid(MONTH_DAYS) as u8, signal, count: 1 };
            let mut sign = |facet: &str, value: &str| signs.push((facet.into(), value.into(), one));
            match signal {
                Signal::Bought => visit_bought(event, &mut sign),
                _ => visit(event, signal, &mut sign),
            }
        }
        found.into_iter().map(|(month, (signs, ties))| (month, Self::packed(signs, ties))).collect()
    }

    /// The sum of two months. O(both).
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.values().peekable(), other.values().peekable());
        let mut sum = Self { ties: self.ties.plus(&other.ties), ..Self::default() };
        loop {
            let order = match (mine.peek(), theirs.peek()) {
                (Some((a, ..)), Some((b, ..))) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return sum,
            };
            let one = if order.is_le() { mine.next() } else { None };
            let other = if order.is_ge() { theirs.next() } else { None };
            let Some((facet, value)) = one.or(other).map(|(name, _)| name) else { return sum };
            let counts = one.into_iter().chain(other).flat_map(|(_, counts)| counts.iter().copied());
            sum.push(facet, value, counts.collect());
        }
    }

    /// The month without some of its days. O(size).
    pub(crate) fn without(&self, days: &BTreeSet<i32>) -> Self {
        let gone = |count: &DayCount| days.iter().any(|day| day.rem_euclid(MONTH_DAYS) == i32::from(count.day));
        let ties = self.ties.without(|at| days.contains(&day_at(at)));
        let mut left = Self { ties, ..Self::default() };
        for ((facet, value), counts) in self.values() {
            left.push(facet, value, counts.iter().copied().filter(|count| !gone(count)).collect());
        }
        left
    }

    /// Whether nothing was done in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.ties.is_empty()
    }

    /// What tells whether its purchases stand alone.
    pub(super) fn ties(&self) -> &Ties {
        &self.ties
    }

    /// Adds what was done before a day with some signals.
    pub(super) fn pour(&self, month: i32, before: i32, signals: impl Fn(Signal) -> bool, counter: &mut Counter) {
        let first = month.saturating_mul(MONTH_DAYS);
        for ((facet, value), counts) in self.values() {
            let on = |count: &DayCount| first.saturating_add(i32::from(count.day));
            let counts = counts.iter().take_while(|count| on(count) < before);
            let counts = counts.filter(|count| signals(count.signal));
            counter.extend(
                facet,
                value,
                counts.map(|count| Count { day: on(count), signal: count.signal, count: u64::from(count.count) }),
            );
        }
    }

    fn packed(mut signs: Vec<CountOf>, mut ties: Ties) -> Self {
        signs.sort_unstable();
        ties.tidy();
        let mut packed = Self { ties, ..Self::default() };
        for same in signs.chunk_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1)) {
            let Some((facet, value, _)) = same.first() else { continue };
            packed.push(facet, value, same.iter().map(|(.., count)| *count).collect());
        }
        packed
    }

    /// Adds a value that comes after all others.
    fn push(&mut self, facet: &SmolStr, value: &SmolStr, mut counts: Vec<DayCount>) {
        counts.sort_unstable();
        counts.dedup_by(|next, kept| {
            let same = (next.day, next.signal) == (kept.day, kept.signal);
            if same {
                kept.count = kept.count.saturating_add(next.count);
            }
            same
        });
        if !counts.is_empty() {
            self.counts.extend(counts);
            self.values.push((facet.clone(), value.clone(), self.counts.len() as u32));
        }
    }

    fn values(&self) -> impl Iterator<Item = ((&SmolStr, &SmolStr), &[DayCount])> {
        let starts = std::iter::once(0).chain(self.values.iter().map(|(.., end)| *end));
        self.values.iter().zip(starts).map(|((facet, value, end), start)| {
            ((facet, value), self.counts.get(start as usize..*end as usize).unwrap_or_default())
        })
    }
}

/// Shows how many values and counts there are.
impl fmt::Debug for DeedMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeedMonth({} values, {} counts)", self.values.len(), self.counts.len())
    }
}
