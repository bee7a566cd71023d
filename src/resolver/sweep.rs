//! Sweeping: what is over its time goes, in bounded steps.

use super::Resolver;
use super::about::{PAGE, places_on};
use super::plan::Planner;
use super::reading::{Reading, moment_of, read_trail};
use crate::error::Result;
use crate::event::Event;
use crate::id::{RecordNumber, ValueHash};
use crate::identifier::{Topic, hash_key, hash_topic, hash_value};
use crate::normalise::normalise_identifier;
use crate::record::{Identifier, Moment, Record};
use crate::retention::{DropReason, Place, Retention, Swept, SweptPlace, Words, may_restrict, tells_consent};
use crate::store::{EventPlace, Snapshot, Trail};
use crate::time::Timestamp;
use ahash::AHashMap;
use std::sync::Arc;

/// Records or events that a step looks at, where nobody says.
const STEP: usize = 1_000;

impl Resolver {
    /// Drops what is over its time: what is left is as if the rest had never been sent.
    ///
    /// **What goes.** A value of a record, an attribute or an identifier, whose [time to live](crate::TimeToLive), counted
    /// from the record's `at`, is over; and one that is declared for purposes, when the time of each of them is over (a
    /// purpose without one lasts for ever). The record stands without it, at the same time, and goes with its last value.
    /// An event goes whole, by the time of its kind and of its purposes: its identifiers stand for as long as it does.
    /// Records that were set aside and events that are nobody's go like others; the ledger ([`Event::LEDGER`]) stays.
    ///
    /// **Consents** are evidence of a choice: one goes only if its kind has a time of its own
    /// ([`event_keep`](crate::PolicyBuilder::event_keep)) that is over, and if the same source told a newer word of the same
    /// purpose and scope, under the same identifiers, which are of people and contacts only, that says all that it says: one
    /// that is no yes, or, where both are yes and the older has no end, a newer yes. So whatever holds, holds without it from
    /// then on. The newest refusal stays for ever, and so does the newest yes. An identifier of a person or contact under
    /// which a word stands that may hold somebody back (any but a yes without an end) stays on records too: the word keeps
    /// the value in any case, and is to be heard. What ties people to each other otherwise may go, as with
    /// [`remove`](Self::remove); then each has the words under their own identifiers. What stays so is counted.
    ///
    /// Sweeping twice is sweeping once. A record or an event that went whole stands again if it is sent again, until the next
    /// sweep; of a record that stands shortened and the same version as it was, the larger stands, as ever, which as a rule
    /// is the shortened. A version with a newer `at` has a time of its own. Reads show what stands; only
    /// [`View::for_purpose`](crate::View::for_purpose) judges by time itself. What was dropped is gone from the files after
    /// [`scrub`](Self::scrub).
    ///
    /// O(records and events), read in pages, and the other carriers of identifiers that go; each step is one commit, of what
    /// is over its time only ([`sweep_step`](Self::sweep_step)). Nothing is read where the policy has no times.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading or writing failed; steps before stay, and sweeping again goes on.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, IdentifierPolicy, Policy, Record, RecordKey, Resolver, Role};
    /// let policy = Policy::builder()
    ///     .identifier(IdentifierPolicy::new("customer_id", Role::Person))
    ///     .attribute(AttributePolicy::new("shoe_size", Compare::Exact).keep("P2Y".parse()?))
    ///     .build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// let ann = Record::new("crm", "42", "2024-02-29T10:00:00Z".parse()?).identifier("customer_id", "C42");
    /// resolver.add(ann.attribute("shoe_size", "38"))?;
    ///
    /// assert!(!resolver.sweep("2026-02-27T23:00:00Z".parse()?)?.anything());
    /// let swept = resolver.sweep("2026-03-01T00:00:00Z".parse()?)?;
    /// assert_eq!((swept.dropped[0].name.as_deref(), swept.dropped[0].count), (Some("shoe_size"), 1));
    /// let left = resolver.record(&RecordKey::new("crm", "42"))?.unwrap().record;
    /// assert!(left.attributes.is_empty() && left.identifiers.len() == 1);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn sweep(&self, now: Timestamp) -> Result<Swept> {
        let mut swept = Swept::default();
        loop {
            swept.add(self.sweep_step(now, swept.next, STEP)?);
            if swept.next.is_none() {
                return Ok(swept);
            }
        }
    }

    /// Makes one step of a [`sweep`](Self::sweep), over at most so many records or events, in one commit: from the
    /// beginning, or from where the step before said. That place may be stored, to go on after a crash; to begin anew is
    /// as good, and so is another `now`. What comes while a sweep is under way may be left to the next.
    ///
    /// O(what it looks at, and the regions of what goes).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading or writing failed; nothing of the step is done then.
    ///
    /// # Examples
    /// ```
    /// use onefold::{EventKind, Event, Policy, Resolver};
    /// let policy = Policy::retail().into_builder().event_keep(&EventKind::View, "P30D".parse()?).build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// for (key, at) in [("1", "2026-01-05T10:00:00Z"), ("2", "2026-03-05T10:00:00Z")] {
    ///     let view = Event::new("web", key, at.parse()?, EventKind::View);
    ///     resolver.add_event(view.identifier("email", "ann@example.org"))?;
    /// }
    /// let (now, mut next, mut dropped) = ("2026-03-06T00:00:00Z".parse()?, None, 0);
    /// loop {
    ///     let step = resolver.sweep_step(now, next, 1)?;
    ///     dropped += step.dropped.iter().map(|dropped| dropped.count).sum::<u64>();
    ///     next = step.next;
    ///     if next.is_none() {
    ///         break;
    ///     }
    /// }
    /// assert_eq!((dropped, resolver.stats()?.counts.events), (1, 1));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn sweep_step(&self, now: Timestamp, from: Option<SweptPlace>, limit: usize) -> Result<Swept> {
        self.write(|planner| {
            let retention = planner.rules.retention(now);
            let mut swept = Swept::default();
            let limit = limit.max(1);
            let next = match from.map_or(Place::Records(RecordNumber(0)), |from| from.0) {
                Place::Records(from) if retention.ends_values() => {
                    let next = planner.sweep_records(&retention, from, limit, &mut swept)?;
                    Some(next.map_or(Place::Trails(RecordNumber(0)), Place::Records))
                }
                from => planner.sweep_events(&retention, now, from, limit, &mut swept)?,
            };
            planner.settle()?;
            swept.next = next.map(SweptPlace);
            Ok(swept)
        })
    }
}

impl Planner<'_> {
    /// Sweeps a page of records; answers where the next begins.
    fn sweep_records(
        &mut self,
        retention: &Retention<'_>,
        from: RecordNumber,
        limit: usize,
        swept: &mut Swept,
    ) -> Result<Option<RecordNumber>> {
        let mut restricting: AHashMap<ValueHash, bool> = AHashMap::new();
        let page = self.overlay.record_page(from, limit)?;
        let last = page.last().map(|(number, _)| *number).filter(|_| page.len() == limit);
        for (number, record) in page {
            swept.seen += 1;
            let held = self.held(retention, &record, &mut restricting)?;
            swept.identifiers_kept += held.len() as u64;
            let Some(shortened) = retention.shorten(&record, &held) else { continue };
            swept.count(shortened.gone);
            match shortened.record {
                Some(left) => {
                    swept.records_shortened += 1;
                    self.put_version(number, &Reading::of(self.rules, self.seed, Arc::new(left), None))?;
                }
                None => {
                    swept.records_removed += 1;
                    self.remove(hash_key(self.seed, &record.key))?;
                }
            }
        }
        Ok(last.map(|last| RecordNumber(last.0 + 1)))
    }

    /// The identifiers of a record that are over their time and stay: a consent stands under them that may hold somebody
    /// back, and with it the value. Without them it would not be heard.
    fn held(
        &self,
        retention: &Retention<'_>,
        record: &Record,
        restricting: &mut AHashMap<ValueHash, bool>,
    ) -> Result<Vec<Identifier>> {
        let mut held = Vec::new();
        for sent in retention.due_identifiers(record) {
            let Ok((kind, value)) = normalise_identifier(self.rules, sent) else { continue };
            if !self.rules.kinds.get(usize::from(kind)).is_some_and(|rule| rule.role.makes_known()) {
                continue;
            }
            let value = hash_value(self.seed, self.rules, kind, &value);
            let restricts = match restricting.get(&value) {
                Some(known) => *known,
                None => self.is_restricting(value)?,
            };
            restricting.insert(value, restricts);
            held.extend(restricts.then(|| sent.clone()));
        }
        Ok(held)
    }

    /// Whether a consent that may hold somebody back was told under a value. O(carriers, and consents on them).
    fn is_restricting(&self, value: ValueHash) -> Result<bool> {
        let Some(posting) = self.overlay.posting(value)? else { return Ok(false) };
        for carriers in self.overlay.all_carriers(value, &posting)?.chunks(PAGE) {
            for (number, node) in carriers.iter().zip(self.overlay.nodes(carriers)?) {
                if node.is_some_and(|node| node.vertex.record().is_none())
                    && self.any_word(*number, &mut |event| may_restrict(event))?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Visits the consents on a trail, a page at a time, until one is what is looked for.
    fn any_word(&self, trail: RecordNumber, is_it: &mut dyn FnMut(&Event) -> bool) -> Result<bool> {
        for places in places_on(&self.overlay, hash_topic(self.seed, Topic::Consent), trail)?.chunks(PAGE) {
            if self.overlay.events(places)?.iter().flatten().any(|event| is_it(event)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sweeps events from a place on; answers where to go on.
    fn sweep_events(
        &mut self,
        retention: &Retention<'_>,
        now: Timestamp,
        from: Place,
        limit: usize,
        swept: &mut Swept,
    ) -> Result<Option<Place>> {
        if !retention.ends_events() {
            return Ok(None);
        }
        let (from, mut within) = match from {
            Place::Records(_) => (RecordNumber(0), None),
            Place::Trails(from) => (from, None),
            Place::Events(trail, at, key) => (trail, Some(EventPlace { trail, at, key })),
        };
        // Each trail has an event at least.
        let page = self.overlay.trail_page(from, limit.min(PAGE))?;
        let last = page.last().map(|(number, _)| Place::Trails(RecordNumber(number.0 + 1)));
        let mut left = limit;
        for (number, trail) in page {
            if left == 0 {
                return Ok(Some(Place::Trails(number)));
            }
            let within = within.take().filter(|within| within.trail == number);
            if trail.source == Event::LEDGER {
                left -= 1;
                continue;
            }
            let until = within.map_or(i64::MAX, |within| within.at);
            let events = self.overlay.event_page(number, i64::MIN..=until, within.map(|within| within.key), left)?;
            swept.seen += events.len() as u64;
            let is_full = events.len() == left;
            left -= events.len();
            let last = events.last().map(|(place, _)| *place).filter(|_| is_full);
            let oldest_before = if last.is_none() { until } else { i64::MIN };
            self.sweep_trail(retention, now, (number, &trail), (events, oldest_before), swept)?;
            if let Some(last) = last {
                return Ok(Some(Place::Events(number, last.at, last.key)));
            }
        }
        Ok(last)
    }

    /// Drops those of some events of a trail that are over their time. Of those that are left, the oldest is the trail's if
    /// it is before the time that comes with them.
    fn sweep_trail(
        &mut self,
        retention: &Retention<'_>,
        now: Timestamp,
        (number, trail): (RecordNumber, &Trail),
        (events, oldest_before): (Vec<(EventPlace, Arc<Event>)>, i64),
        swept: &mut Swept,
    ) -> Result<()> {
        let (mut gone, mut words): (Vec<Moment>, Option<Words>) = (Vec::new(), None);
        let mut oldest_left: Option<Moment> = None;
        for (place, event) in events {
            let moment = moment_of(&event);
            let dropped = if !tells_consent(&event) {
                retention.drops(&event)
            } else if retention.ends_word(&event) {
                let words = match &mut words {
                    Some(words) => words,
                    none => none.insert(self.words_on(number, trail, now)?),
                };
                let says_nothing = words.replace(&event);
                swept.consents_kept += u64::from(!says_nothing);
                says_nothing.then(|| retention.named(&event, DropReason::TimeToLive))
            } else {
                None
            };
            if let Some(dropped) = dropped {
                swept.count([dropped]);
                self.drop_event(place, &event);
                gone.push(moment);
            } else if oldest_left.as_ref().is_none_or(|oldest| moment < *oldest) {
                oldest_left = Some(moment);
            }
        }
        let oldest_left = oldest_left.filter(|oldest| oldest.at < oldest_before);
        if gone.is_empty() { Ok(()) } else { self.shorten(number, &gone, oldest_left) }
    }

    /// The words on a trail; none where it is under anything but identifiers of people and contacts: whose an event on a
    /// device is depends on its time. O(consents on the trail), a page at a time.
    fn words_on(&self, number: RecordNumber, trail: &Trail, now: Timestamp) -> Result<Words> {
        let mut words = Words::default();
        let (identifiers, dormant) = read_trail(self.rules, trail);
        let is_known = |kind: u16| self.rules.kinds.get(usize::from(kind)).is_some_and(|rule| rule.role.makes_known());
        if dormant || !identifiers.iter().all(|(kind, _)| is_known(*kind)) {
            return Ok(words);
        }
        self.any_word(number, &mut |event| {
            words.hear(event, now);
            false
        })?;
        Ok(words)
    }
}
