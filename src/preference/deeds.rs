//! Everything that events say of what somebody likes, counted.

use super::month::DeedMonth;
use super::population::EXPOSURE_DAYS;
use super::signal::{PARTS, Signal, SignalWeights, visit, visit_line, visit_whole};
use super::tally::{Counted, Tally, day_of};
use crate::event::Event;
use crate::normalise::{order_name, standing};
use crate::record::RecordKey;
use crate::time::Timestamp;
use crate::trade::{self, Bought, Trade};
use ahash::AHashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How often what was done with which value of which facet, by UTC day; and the purchases and returns themselves, since what
/// was given back may be known elsewhere than what was bought.
///
/// Counts are whole numbers, so that the deeds of a person are the sum of those of her records, bit for bit, however they are
/// added up. What is to be forgotten is left out of the sum: nothing is ever taken off.
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
/// let mut deeds = tallies(&[Arc::new(bought), Arc::new(receipt)]);
/// assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), 1);
/// deeds.merge(&tallies(&[Arc::new(returned)]));
/// assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), 0);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Deeds {
    // Invariant: ascending by day and signal, each once, over 0. What is bought is what `trades` settle to.
    facets: BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<Count>>>,
    // Invariant: purchases and returns, by time and key, each key once.
    trades: Vec<Trade>,
    // Invariant: what `trades` settle to.
    purchases: Vec<Bought>,
    unmatched: Vec<RecordKey>,
}

/// What was done on a day, and how often.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count {
    pub(super) day: i32,
    pub(super) signal: Signal,
    pub(super) count: u64,
}

/// Folds the events of a profile, in any order. Where several have one key, the version that
/// [stands](Event::supersedes) counts. Purchases and returns are settled as by [`orders`](crate::orders), each under the order
/// that it names. O(events, their facets, and the logarithm of how many are purchases).
pub fn tallies(events: &[Arc<Event>]) -> Deeds {
    tallies_by(events, order_name)
}

/// Folds the events of a profile as [`tallies`] does, where `id_of` says of which order a purchase or a return is: under a
/// policy, [`order_id`](crate::order_id).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, Policy, Rules, Signal, order_id, tallies, tallies_by};
/// use std::sync::Arc;
/// let rules = Rules::new(Policy::retail())?;
/// let at = "2026-01-05T10:00:00Z".parse()?;
/// let told = |source: &str| Event::new(source, "1", at, EventKind::Purchase).line(Line::new("scarf").facet("colour", "grey"));
/// let events = [told("web").order("o-77"), told("pos").identifier("order_id", "O 77")].map(Arc::new);
/// let deeds = tallies_by(&events, |event| order_id(&rules, event));
/// assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), 1);
/// assert_eq!(tallies(&events).count(Signal::Bought, "colour", "grey"), 2);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn tallies_by(events: &[Arc<Event>], id_of: impl Fn(&Event) -> Option<SmolStr>) -> Deeds {
    Deeds::of(standing(events), id_of)
}

impl Deeds {
    /// Folds events, each key once.
    pub(crate) fn of<'a>(
        events: impl Iterator<Item = &'a Arc<Event>>,
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        Self::of_months(std::iter::empty(), i32::MIN, events, id_of)
    }

    /// Folds what months tell of the days before one, and events that are not in them: purchases, returns, and what was
    /// done from that day on.
    pub(crate) fn of_months<'a>(
        months: impl Iterator<Item = (i32, &'a DeedMonth)>,
        before: i32,
        events: impl Iterator<Item = &'a Arc<Event>>,
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        let mut deeds = Self::default();
        let mut counter = Counter::default();
        months.for_each(|(month, counted)| counted.pour(month, before, &mut counter));
        for event in events {
            match Signal::of(&event.kind) {
                Some(signal) if signal != Signal::Bought => {
                    let one = Count { day: day_of(event.at), signal, count: 1 };
                    visit(event, signal, &mut |facet, value| counter.add(facet, value, one));
                }
                _ if trade::is_trade(event) => {
                    deeds.trades.push(Trade { event: Arc::clone(event), order: id_of(event) });
                }
                _ => {}
            }
        }
        trade::sort(&mut deeds.trades);
        counter.pour(&mut deeds.facets);
        deeds.settle();
        deeds
    }

    /// Adds the deeds of other events. The same events must not be in both: what is no purchase would count twice.
    /// O(size of both).
    pub fn merge(&mut self, other: &Self) {
        for values in self.facets.values_mut() {
            values.values_mut().for_each(|days| days.retain(|day| day.signal != Signal::Bought));
        }
        for (facet, values) in &other.facets {
            let mine = self.facets.entry(facet.clone()).or_default();
            for (value, days) in values {
                let counted = mine.entry(value.clone()).or_default();
                counted.extend(days.iter().filter(|day| day.signal != Signal::Bought));
                tidy(counted);
            }
        }
        self.trades.extend(other.trades.iter().cloned());
        trade::sort(&mut self.trades);
        self.trades.dedup_by(|a, b| a.event.key == b.event.key);
        self.settle();
    }

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

    /// What was bought, each order once, the oldest first; what was given back too, as such.
    pub(crate) fn purchases(&self) -> &[Bought] {
        &self.purchases
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

    /// Counts what the purchases settle to; nothing that is bought is counted yet.
    fn settle(&mut self) {
        let settled = trade::settle(&self.trades);
        self.purchases = settled.lines;
        let unmatched = settled.unmatched.iter().filter_map(|(place, _)| self.trades.get(*place));
        self.unmatched = unmatched.map(|trade| trade.event.key.clone()).collect();
        self.unmatched.dedup();
        let mut counter = Counter::default();
        for lines in self.purchases.chunk_by(|a, b| Arc::ptr_eq(&a.event, &b.event)) {
            let Some(event) = lines.first().map(|purchase| &purchase.event) else { continue };
            let bought = Count { day: day_of(event.at), signal: Signal::Bought, count: 1 };
            let mut sign = |facet: &str, value: &str| counter.add(facet, value, bought);
            let mut told = false;
            for purchase in lines.iter().filter(|purchase| purchase.is_kept()) {
                let line = purchase.line();
                if let Some(line) = line.filter(|line| !line.gift) {
                    visit_line(line, &mut sign);
                }
                told |= line.is_none_or(|line| !line.gift);
            }
            if told {
                visit_whole(event, &mut sign);
            }
        }
        counter.pour(&mut self.facets);
        // What only was bought and given back leaves no trace.
        self.facets.retain(|_, values| {
            values.retain(|_, days| !days.is_empty());
            !values.is_empty()
        });
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
fn tidy(days: &mut Vec<Count>) {
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
    fn add(&mut self, facet: &str, value: &str, one: Count) {
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
    fn pour(self, facets: &mut BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<Count>>>) {
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
        write!(f, "Deeds({} facets, {values} values, {} purchases)", self.facets.len(), self.purchases.len())
    }
}
