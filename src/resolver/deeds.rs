//! What was done: counted trail by trail and month by month as events come and go, and summed up for a profile on read.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::{PAGE, each_event};
use super::plan::Planner;
use super::read::View;
use crate::catalogue::Shopper;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ProfileId, RecordNumber};
use crate::identifier::Topic;
use crate::normalise::order_id;
use crate::preference::{DeedMonth, Deeds, Folded, TrailMonth, day_of, disturbed, is_counted, month_of};
use crate::store::{EventPlace, Node, Snapshot, Trail};
use crate::time::{DAY, Timestamp};
use crate::trade::is_trade;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Trails of at least so many events are kept counted; those of fewer are counted when they are read, in one page.
const COUNTED_FROM: u64 = PAGE as u64;

/// What a profile did until a time.
struct Past {
    /// The day of that time.
    today: i32,
    /// The days before, of trails that are kept counted.
    months: Vec<TrailMonth>,
    /// What was done today, and on all other trails.
    events: Vec<Arc<Event>>,
}

/// The deeds that a plan has to count.
#[derive(Default)]
pub(super) struct Tallied {
    /// Events that came, by trail.
    came: BTreeMap<RecordNumber, Vec<Arc<Event>>>,
    /// The days that an event went from, by trail: they are counted anew.
    stale: BTreeMap<RecordNumber, BTreeSet<i32>>,
    /// By how many events each trail grew.
    grew: BTreeMap<RecordNumber, i64>,
}

impl Tallied {
    pub(super) fn came(&mut self, place: EventPlace, event: &Arc<Event>) {
        *self.grew.entry(place.trail).or_default() += 1;
        if is_counted(event) {
            self.came.entry(place.trail).or_default().push(Arc::clone(event));
        }
    }

    pub(super) fn went(&mut self, place: EventPlace, event: &Event) {
        *self.grew.entry(place.trail).or_default() -= 1;
        if is_counted(event) {
            self.stale.entry(place.trail).or_default().insert(day_of(event.at));
        }
    }
}

impl Planner<'_> {
    /// Counts the deeds on trails of many events. A day that lost one is counted anew from the events that are left.
    /// O(size of the months that change, and the events of such days).
    pub(super) fn count_deeds(&mut self) -> Result<()> {
        let Tallied { mut came, mut stale, grew } = std::mem::take(&mut self.tallied);
        for (trail, grew) in grew {
            let events = self.overlay.trail(trail)?.map_or(0, |trail| trail.events);
            let was_counted = events.saturating_add_signed(grew.saturating_neg()) >= COUNTED_FROM;
            match (was_counted, events >= COUNTED_FROM) {
                (false, false) => {}
                (true, false) => {
                    for (month, _) in self.overlay.deeds(trail, i32::MIN..=i32::MAX)? {
                        self.overlay.set_deeds(trail, month, None);
                    }
                }
                (false, true) => {
                    let mut all = Vec::new();
                    self.read_counted(trail, i64::MIN, i64::MAX, &mut all)?;
                    for (month, deeds) in DeedMonth::of(all.iter().map(|event| &**event)) {
                        self.overlay.set_deeds(trail, month, Some(Arc::new(deeds)));
                    }
                }
                (true, true) => {
                    let came = came.remove(&trail).unwrap_or_default();
                    self.count_on(trail, came, &stale.remove(&trail).unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }

    /// Counts what came to a trail whose deeds are counted, and the days that lost some anew.
    fn count_on(&mut self, trail: RecordNumber, mut came: Vec<Arc<Event>>, stale: &BTreeSet<i32>) -> Result<()> {
        came.retain(|event| !stale.contains(&day_of(event.at)));
        for &day in stale {
            let first = i64::from(day).saturating_mul(DAY);
            self.read_counted(trail, first, first.saturating_add(DAY - 1), &mut came)?;
        }
        let mut added = DeedMonth::of(came.iter().map(|event| &**event));
        let months: BTreeSet<i32> = added.keys().copied().chain(stale.iter().map(|&day| month_of(day))).collect();
        for month in months {
            let stood = self.overlay.deeds(trail, month..=month)?.pop();
            let gone: BTreeSet<i32> = stale.iter().copied().filter(|&day| month_of(day) == month).collect();
            let left = match &stood {
                Some((_, stood)) if gone.is_empty() => Arc::clone(stood),
                Some((_, stood)) => Arc::new(stood.without(&gone)),
                None => Arc::default(),
            };
            let sum = match added.remove(&month) {
                Some(added) if left.is_empty() => Arc::new(added),
                Some(added) => Arc::new(left.plus(&added)),
                None => left,
            };
            if !sum.is_empty() {
                self.overlay.set_deeds(trail, month, Some(sum));
            } else if stood.is_some() {
                self.overlay.set_deeds(trail, month, None);
            }
        }
        Ok(())
    }

    fn read_counted(&self, trail: RecordNumber, since: i64, until: i64, into: &mut Vec<Arc<Event>>) -> Result<()> {
        each_event(&self.overlay, trail, since..=until, &mut |_, event| {
            into.extend(Some(event).filter(|event| is_counted(event)));
            Ok(())
        })
    }
}

impl View {
    /// What a profile did until a time, counted: what its [`Population`](crate::Population) and its affinities are read
    /// from. None if the id leads nowhere. What a purpose sees of it: [`ForPurpose::deeds`](crate::ForPurpose::deeds).
    ///
    /// O(months and values of its trails, n log n in the purchases that name an order, the returns and the purchases that
    /// they or receipts may be of, and the events of the last day), and the events of trails of nobody known that follow a
    /// device, and of those that carry an order as an identifier.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn deeds(&self, id: ProfileId, now: Timestamp) -> Result<Option<Deeds>> {
        self.subject(id)?.map(|subject| self.deeds_of(&subject, now)).transpose()
    }

    pub(super) fn deeds_of(&self, subject: &Subject, now: Timestamp) -> Result<Deeds> {
        let id_of = |event: &Event| order_id(&self.rules, event);
        let Past { today, months, events } = self.past(subject, now)?;
        let until = i64::from(today).saturating_mul(DAY);
        let is_past = |(_, at): &(RecordNumber, i64)| *at < until;
        let returned: BTreeSet<_> = months.iter().flat_map(TrailMonth::returns).filter(is_past).collect();
        let mut unsettled = Vec::new();
        self.read_trades(returned.iter(), &mut unsettled)?;
        let trades = events.iter().chain(&unsettled).map(|event| &**event).filter(|event| is_trade(event));
        let found = disturbed(&months, trades, id_of);
        self.read_trades(found.difference(&returned).filter(|place| is_past(place)), &mut unsettled)?;
        Ok(Deeds::of_months(&months, today, events.iter(), &unsettled, id_of))
    }

    /// What the events of a profile until a time say of what it likes, owns and looks for: what
    /// [`rank`](crate::rank) and [`suppress`](crate::suppress) judge by. None if the id leads nowhere. What a purpose sees of
    /// it: [`ForPurpose::shopper`](crate::ForPurpose::shopper).
    ///
    /// As [`deeds`](Self::deeds), and O(purchases and returns, searches, carts and refusals).
    ///
    /// # Errors
    /// As there.
    pub fn shopper(&self, id: ProfileId, now: Timestamp) -> Result<Option<Shopper>> {
        self.subject(id)?.map(|subject| self.shopper_of(&subject, now)).transpose()
    }

    pub(super) fn shopper_of(&self, subject: &Subject, now: Timestamp) -> Result<Shopper> {
        let Past { today, months, mut events } = self.past(subject, now)?;
        events.retain(|event| !is_trade(event));
        let trades = self.events_under(Topic::Trade, subject)?;
        events.extend(trades.into_iter().filter(|event| event.at.microseconds() <= now.microseconds()));
        let folded = Folded::of_months(&months, today, events.iter(), |event| order_id(&self.rules, event));
        Ok(Shopper::from_folded(folded, self.events_under(Topic::Attention, subject)?, now))
    }

    fn past(&self, subject: &Subject, now: Timestamp) -> Result<Past> {
        let today = day_of(now);
        let (mut past, mut users) = (Past { today, months: Vec::new(), events: Vec::new() }, Users::default());
        let numbers: Vec<RecordNumber> = subject.trails.iter().map(|(trail, _)| *trail).collect();
        let rows = self.snapshot.trails(&numbers)?;
        for (&(trail, ref node), row) in subject.trails.iter().zip(rows) {
            let counted = row.is_some_and(|row| self.reads_months(node, &row));
            let since = if counted { i64::from(today).saturating_mul(DAY) } else { i64::MIN };
            if counted {
                let months = self.snapshot.deeds(trail, i32::MIN..=month_of(today))?;
                past.months.extend(months.into_iter().map(|(month, counted)| TrailMonth { trail, month, counted }));
            }
            each_event(&*self.snapshot, trail, since..=now.microseconds(), &mut |place, event| {
                if is_counted(&event) && users.of(&*self.snapshot, node, place.at)? == subject.number {
                    past.events.push(event);
                }
                Ok(())
            })?;
        }
        Ok(past)
    }

    /// Says whether what was done on a trail is read from its months. Of one that follows a device, not all days are theirs;
    /// and a purchase that names no order may be of one that its trail carries, of which months know nothing.
    fn reads_months(&self, node: &Node, trail: &Trail) -> bool {
        let order = self.rules.policy.event.order.as_ref();
        let carries_order = trail.identifiers.iter().any(|sent| Some(&sent.kind) == order);
        trail.events >= COUNTED_FROM && node.vertex.follows().is_none() && !carries_order
    }

    /// Reads the purchases and returns on trails at some times.
    fn read_trades<'a>(
        &self,
        places: impl Iterator<Item = &'a (RecordNumber, i64)>,
        into: &mut Vec<Arc<Event>>,
    ) -> Result<()> {
        for &(trail, at) in places {
            each_event(&*self.snapshot, trail, at..=at, &mut |_, event| {
                into.extend(Some(event).filter(|event| is_trade(event)));
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::deeds`].
    ///
    /// # Errors
    /// As there.
    pub fn deeds(&self, id: ProfileId, now: Timestamp) -> Result<Option<Deeds>> {
        self.view()?.deeds(id, now)
    }

    /// See [`View::shopper`].
    ///
    /// # Errors
    /// As there.
    pub fn shopper(&self, id: ProfileId, now: Timestamp) -> Result<Option<Shopper>> {
        self.view()?.shopper(id, now)
    }
}
