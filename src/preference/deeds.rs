//! Everything that events say of what somebody likes, counted.

use super::population::EXPOSURE_DAYS;
use super::signal::{PARTS, Signal, SignalWeights};
use super::tally::{Counted, Tally, day_of};
use crate::record::RecordKey;
use crate::time::Timestamp;
use ahash::AHashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// How often what was done with which value of which facet, by UTC day. What was given back, and what is told of an order
/// twice, is left out.
///
/// Counts are whole numbers, the same bit for bit in whatever order events come. What is to be forgotten is left out of the
/// sum: nothing is ever taken off. Two deeds cannot be added: a return in one may be of a purchase in the other. To add, fold
/// all events together, or [merge](crate::Shopper::merge) what keeps them.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, Signal, tallies};
/// use std::sync::Arc;
/// let told = |source: &str, day: &str, kind| -> onefold::Result<Event> {
///     Ok(Event::new(source, day, format!("2026-01-{day}T10:00:00Z").parse()?, kind).order("O-1"))
/// };
/// let scarf = Line::new("scarf").line("1").facet("colour", "grey").quantity("2");
/// let bought = told("web", "05", EventKind::Purchase)?.line(scarf.clone());
/// let receipt = told("pos", "06", EventKind::Purchase)?.line(scarf);
/// let returned = told("pos", "09", EventKind::Return)?.line(Line::default().line("1"));
/// let mut events = vec![Arc::new(bought), Arc::new(receipt)];
/// assert_eq!(tallies(&events).count(Signal::Bought, "colour", "grey"), 1);
/// events.push(Arc::new(returned));
/// assert_eq!(tallies(&events).count(Signal::Bought, "colour", "grey"), 0);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Deeds {
    // Invariant: ascending by day and signal, each once, over 0.
    pub(super) facets: Facets,
    pub(super) unmatched: Vec<RecordKey>,
}

/// Counts by facet and value.
pub(super) type Facets = BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<Count>>>;

/// What was done on a day, and how often.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count {
    pub(super) day: i32,
    pub(super) signal: Signal,
    pub(super) count: u64,
}

impl Deeds {
    /// How often something was done with a value, on all days.
    pub fn count(&self, signal: Signal, facet: &str, value: &str) -> u64 {
        let of_signal = self.days(facet, value).iter().filter(|day| day.signal == signal);
        of_signal.fold(0, |sum, day| sum.saturating_add(day.count))
    }

    /// The returns of which some line was of nothing that was bought, or of more than was left of it, the oldest first.
    pub fn unmatched_returns(&self) -> &[RecordKey] {
        &self.unmatched
    }

    /// What the deeds weigh, as a [`Population`](crate::Population) and an [`Affinity`](crate::Affinity) read it.
    pub fn tally(&self, weights: &SignalWeights) -> Tally {
        let mut tally = Tally::of_parts();
        let weighed = Weighed::new(self, weights);
        for facet in self.facets.keys() {
            for (value, days) in weighed.values_of(facet) {
                days.for_each(|(day, parts)| tally.add_parts(facet.clone(), value.clone(), day, parts));
            }
        }
        tally
    }

    /// How often a value was shown in the [`EXPOSURE_DAYS`] that end with one, and how often that was taken up: anything done
    /// with the value counts, whether or not it was shown on the day. O(days).
    pub fn exposure(&self, facet: &str, value: &str, until: Timestamp) -> (u64, u64) {
        exposure(self.days(facet, value), day_of(until))
    }

    /// The values of a facet that were shown in the days that end with one, how often, and how often that was taken up.
    pub(crate) fn exposures(&self, facet: &str, until: i32) -> impl Iterator<Item = (&SmolStr, u64, u64)> {
        let values = self.facets.get(facet).into_iter().flatten();
        values
            .map(move |(value, days)| (value, exposure(days, until)))
            .filter_map(|(value, (shown, taken_up))| (shown > 0).then_some((value, shown, taken_up)))
    }

    fn days(&self, facet: &str, value: &str) -> &[Count] {
        self.facets.get(facet).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }
}

fn exposure(days: &[Count], until: i32) -> (u64, u64) {
    let recent = days.iter().filter(|day| day.day <= until && day.day > until.saturating_sub(EXPOSURE_DAYS));
    let (shown, done) = recent.fold((0_u64, 0_u64), |(shown, done), day| match day.signal {
        Signal::Shown => (shown.saturating_add(day.count), done),
        Signal::Rejected => (shown, done),
        _ => (shown, done.saturating_add(day.count)),
    });
    (shown, done.min(shown))
}

/// Sorts, and adds up what is of one day and signal.
pub(super) fn tidy(days: &mut Vec<Count>) {
    days.sort_unstable();
    days.dedup_by(|next, kept| {
        let same = (next.day, next.signal) == (kept.day, kept.signal);
        if same {
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
}

/// Counts while events are read, by hash.
#[derive(Default)]
pub(super) struct Counter {
    facets: AHashMap<SmolStr, AHashMap<SmolStr, Vec<Count>>>,
}

/// So many of the newest counts are looked through for one to add to: those of a day, where events come in order.
const LOOK_BACK: usize = 4;

impl Counter {
    pub(super) fn add(&mut self, facet: &str, value: &str, one: Count) {
        // Nearly always both are there: a key is made for the first only.
        if let Some(days) = self.facets.get_mut(facet).and_then(|values| values.get_mut(value)) {
            let same = |day: &&mut Count| (day.day, day.signal) == (one.day, one.signal);
            match days.iter_mut().rev().take(LOOK_BACK).find(same) {
                Some(day) => day.count = day.count.saturating_add(one.count),
                None => days.push(one),
            }
            return;
        }
        self.facets.entry(facet.into()).or_default().insert(value.into(), vec![one]);
    }

    /// Adds counts of one value.
    pub(super) fn extend(&mut self, facet: &SmolStr, value: &SmolStr, counts: impl Iterator<Item = Count>) {
        let values = match self.facets.get_mut(facet) {
            Some(values) => values,
            None => self.facets.entry(facet.clone()).or_default(),
        };
        match values.get_mut(value) {
            Some(days) => days.extend(counts),
            None => {
                let days: Vec<Count> = counts.collect();
                if !days.is_empty() {
                    values.insert(value.clone(), days);
                }
            }
        }
    }

    /// Adds all to sorted counts.
    pub(super) fn pour(self, facets: &mut Facets) {
        for (facet, values) in self.facets {
            let mine = facets.entry(facet).or_default();
            for (value, days) in values {
                let counted = mine.entry(value).or_default();
                counted.extend(days);
                tidy(counted);
            }
        }
    }
}

/// Deeds under weights.
#[derive(Clone, Copy)]
pub(crate) struct Weighed<'a> {
    deeds: &'a Deeds,
    /// What the signals count, in parts, by their places.
    weights: [u64; Signal::ALL.len()],
}

impl<'a> Weighed<'a> {
    pub(crate) fn new(deeds: &'a Deeds, weights: &SignalWeights) -> Self {
        Self { deeds, weights: Signal::ALL.map(|signal| weights.parts(signal)) }
    }

    fn weight(&self, signal: Signal) -> u64 {
        self.weights.get(signal as usize).copied().unwrap_or_default()
    }
}

impl<'a> Counted<'a> for Weighed<'a> {
    fn parts(&self) -> u32 {
        PARTS
    }

    fn size(&self, facet: &str) -> usize {
        self.deeds.facets.get(facet).into_iter().flat_map(BTreeMap::values).map(Vec::len).sum()
    }

    fn values_of(&self, facet: &str) -> impl Iterator<Item = (&'a SmolStr, impl Iterator<Item = (i32, u64)>)> {
        let weighed = *self;
        let values = self.deeds.facets.get(facet).into_iter().flatten();
        values.map(move |(value, counts)| (value, Days { counts, weighed }))
    }
}

/// What each day of a value weighs.
struct Days<'a> {
    counts: &'a [Count],
    weighed: Weighed<'a>,
}

impl Iterator for Days<'_> {
    type Item = (i32, u64);

    fn next(&mut self) -> Option<(i32, u64)> {
        loop {
            let day = self.counts.first()?.day;
            let mut sum = 0_u64;
            while let Some((one, rest)) = self.counts.split_first().filter(|(one, _)| one.day == day) {
                sum = sum.saturating_add(one.count.saturating_mul(self.weighed.weight(one.signal)));
                self.counts = rest;
            }
            if sum > 0 {
                return Some((day, sum));
            }
        }
    }
}

/// Shows how many facets and values, never which.
impl fmt::Debug for Deeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: usize = self.facets.values().map(BTreeMap::len).sum();
        write!(f, "Deeds({} facets, {values} values)", self.facets.len())
    }
}
