//! Deeds, folded from events and from months that are counted.

use super::deeds::{Count, Counter, Deeds, tidy};
use super::disturbed::TrailMonth;
use super::signal::{Signal, visit, visit_bought, visit_told};
use super::tally::day_of;
use crate::event::{Event, EventKind};
use crate::normalise::{order_name, standing};
use crate::trade::{self, Bought, Trade};
use smol_str::SmolStr;
use std::sync::Arc;

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
    Folded::of(standing(events), id_of).deeds
}

/// Deeds, with all purchases and returns that they were folded from, so that those of other events can be added.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Folded {
    // Invariant: what is bought is what `trades` settle to.
    deeds: Deeds,
    // Invariant: purchases and returns, by time and key, each key once.
    trades: Vec<Trade>,
    // Invariant: what `trades` settle to.
    purchases: Vec<Bought>,
}

impl Deeds {
    /// Folds what months tell of the days before one, and events that are not in them: what was done from that day on, and
    /// elsewhere. What is in the months but has to be settled with these comes too: all returns, and each purchase that may
    /// not stand alone, which is taken off and counted as it settles.
    pub(crate) fn of_months<'a>(
        months: &[TrailMonth],
        before: i32,
        events: impl Iterator<Item = &'a Arc<Event>>,
        unsettled: &'a [Arc<Event>],
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        let mut counter = Counter::default();
        months.iter().for_each(|month| month.pour(before, |_| true, &mut counter));
        let mut folded = Folded::counted(counter, events.chain(unsettled), id_of);
        for event in unsettled.iter().filter(|event| event.kind == EventKind::Purchase) {
            let day = day_of(event.at);
            visit_bought(event, &mut |facet, value| folded.deeds.take_off(facet, value, day));
        }
        folded.settle();
        folded.deeds
    }

    /// Takes one off what was bought on a day.
    fn take_off(&mut self, facet: &str, value: &str, day: i32) {
        let days = self.facets.get_mut(facet).and_then(|values| values.get_mut(value));
        let Some(days) = days else { return };
        let Ok(place) = days.binary_search_by_key(&(day, Signal::Bought), |count| (count.day, count.signal)) else {
            return;
        };
        match days.get_mut(place).filter(|count| count.count > 1) {
            Some(count) => count.count -= 1,
            None => drop(days.remove(place)),
        }
    }
}

impl Folded {
    /// Folds events, each key once.
    pub(crate) fn of<'a>(
        events: impl Iterator<Item = &'a Arc<Event>>,
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        Self::of_months(&[], i32::MIN, events, id_of)
    }

    /// Folds what months tell of the days before one, and events: all purchases and returns, and what else was done from
    /// that day on, and elsewhere.
    pub(crate) fn of_months<'a>(
        months: &[TrailMonth],
        before: i32,
        events: impl Iterator<Item = &'a Arc<Event>>,
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        let mut counter = Counter::default();
        months.iter().for_each(|month| month.pour(before, |signal| signal != Signal::Bought, &mut counter));
        let mut folded = Self::counted(counter, events, id_of);
        folded.settle();
        folded
    }

    /// Counts events, and takes up purchases and returns, which are not settled yet.
    fn counted<'a>(
        mut counter: Counter,
        events: impl Iterator<Item = &'a Arc<Event>>,
        id_of: impl Fn(&Event) -> Option<SmolStr>,
    ) -> Self {
        let mut folded = Self::default();
        for event in events {
            match Signal::of(&event.kind) {
                Some(signal) if signal != Signal::Bought => {
                    let one = Count { day: day_of(event.at), signal, count: 1 };
                    visit(event, signal, &mut |facet, value| counter.add(facet, value, one));
                }
                _ if trade::is_trade(event) => {
                    folded.trades.push(Trade { event: Arc::clone(event), order: id_of(event) });
                }
                _ => {}
            }
        }
        trade::sort(&mut folded.trades);
        counter.pour(&mut folded.deeds.facets);
        folded
    }

    /// Adds what other events were folded to. The same events must not be in both: what is no purchase would count twice.
    /// O(size of both).
    pub(crate) fn merge(&mut self, other: &Self) {
        for values in self.deeds.facets.values_mut() {
            values.values_mut().for_each(|days| days.retain(|day| day.signal != Signal::Bought));
        }
        for (facet, values) in &other.deeds.facets {
            let mine = self.deeds.facets.entry(facet.clone()).or_default();
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

    /// What was done, counted.
    pub(crate) fn deeds(&self) -> &Deeds {
        &self.deeds
    }

    /// What was bought, each order once, the oldest first; what was given back too, as such.
    pub(crate) fn purchases(&self) -> &[Bought] {
        &self.purchases
    }

    /// Counts what the purchases settle to, none of which is counted yet.
    fn settle(&mut self) {
        let settled = trade::settle(&self.trades);
        self.purchases = settled.lines;
        let unmatched = settled.unmatched.iter().filter_map(|(place, _)| self.trades.get(*place));
        self.deeds.unmatched = unmatched.map(|trade| trade.event.key.clone()).collect();
        self.deeds.unmatched.dedup();
        let mut counter = Counter::default();
        for lines in self.purchases.chunk_by(|a, b| Arc::ptr_eq(&a.event, &b.event)) {
            let mut kept = lines.iter().filter(|purchase| purchase.is_kept()).peekable();
            let Some(event) = kept.peek().map(|purchase| &purchase.event) else { continue };
            let bought = Count { day: day_of(event.at), signal: Signal::Bought, count: 1 };
            let lines = kept.filter_map(|purchase| purchase.line()).filter(|line| !line.gift);
            visit_told(event, lines, &mut |facet, value| counter.add(facet, value, bought));
        }
        counter.pour(&mut self.deeds.facets);
        // What only was bought and given back leaves no trace.
        self.deeds.facets.retain(|_, values| {
            values.retain(|_, days| !days.is_empty());
            !values.is_empty()
        });
    }
}
