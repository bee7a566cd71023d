//! Trails and events that are pending.

use super::{each, page};
use crate::error::Result;
use crate::event::Event;
use crate::id::{KeyHash, RecordNumber, TopicHash};
use crate::preference::DeedMonth;
use crate::store::contract::{Change, Snapshot};
use crate::store::rows::{EventPlace, Trail};
use ahash::AHashMap;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What of trails and events was put (a row) and dropped (none).
#[derive(Default)]
pub(super) struct Events {
    trails: AHashMap<RecordNumber, (KeyHash, Option<Arc<Trail>>)>,
    places: AHashMap<KeyHash, Option<EventPlace>>,
    events: BTreeMap<EventPlace, Option<Arc<Event>>>,
    topics: BTreeMap<(TopicHash, EventPlace), bool>,
    deeds: BTreeMap<(RecordNumber, i32), Option<Arc<DeedMonth>>>,
    /// Where events were, as fetched.
    warm: AHashMap<KeyHash, Option<EventPlace>>,
}

impl Events {
    pub(super) fn set_trail(&mut self, number: RecordNumber, key: KeyHash, trail: Option<Arc<Trail>>) {
        self.trails.insert(number, (key, trail));
    }

    pub(super) fn put_event(&mut self, place: EventPlace, event: Arc<Event>) {
        self.places.insert(place.key, Some(place));
        self.events.insert(place, Some(event));
    }

    pub(super) fn drop_event(&mut self, place: EventPlace) {
        self.places.insert(place.key, None);
        self.events.insert(place, None);
    }

    pub(super) fn set_topic(&mut self, topic: TopicHash, place: EventPlace, present: bool) {
        self.topics.insert((topic, place), present);
    }

    pub(super) fn set_deeds(&mut self, trail: RecordNumber, month: i32, deeds: Option<Arc<DeedMonth>>) {
        self.deeds.insert((trail, month), deeds);
    }

    pub(super) fn warm_up(&mut self, base: &dyn Snapshot, keys: &[KeyHash]) -> Result<()> {
        self.warm = keys.iter().copied().zip(base.event_places(keys)?).collect();
        Ok(())
    }

    pub(super) fn place(&self, base: &dyn Snapshot, key: KeyHash) -> Result<Option<EventPlace>> {
        match self.places.get(&key).or_else(|| self.warm.get(&key)) {
            Some(place) => Ok(*place),
            None => Ok(base.event_places(&[key])?.pop().flatten()),
        }
    }

    pub(super) fn trail(&self, base: &dyn Snapshot, number: RecordNumber) -> Result<Option<Arc<Trail>>> {
        match self.trails.get(&number) {
            Some((_, trail)) => Ok(trail.clone()),
            None => Ok(base.trails(&[number])?.pop().flatten()),
        }
    }

    pub(super) fn trails(&self, base: &dyn Snapshot, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>> {
        let known = |number: &RecordNumber| self.trails.get(number).map(|(_, trail)| trail.clone());
        each(numbers, known, |numbers| base.trails(numbers))
    }

    pub(super) fn trail_page(
        &self,
        base: &dyn Snapshot,
        from: RecordNumber,
        limit: usize,
    ) -> Result<Vec<(RecordNumber, Arc<Trail>)>> {
        let pending = self.trails.iter().filter(|(number, _)| **number >= from);
        let next = |after: Option<RecordNumber>, limit| {
            base.trail_page(after.map_or(from, |after| RecordNumber(after.0 + 1)), limit)
        };
        page(limit, next, pending.map(|(number, (_, row))| (*number, row.clone())).collect())
    }

    pub(super) fn places(&self, base: &dyn Snapshot, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>> {
        each(keys, |key| self.places.get(key).copied(), |keys| base.event_places(keys))
    }

    pub(super) fn events(&self, base: &dyn Snapshot, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>> {
        each(places, |place| self.events.get(place).cloned(), |places| base.events(places))
    }

    pub(super) fn event_page(
        &self,
        base: &dyn Snapshot,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>> {
        let (since, until) = times.into_inner();
        let first = EventPlace { trail, at: until, key: after.unwrap_or(KeyHash(0)) };
        let pending = self.events.range(first..).take_while(|(place, _)| place.trail == trail && place.at >= since);
        let pending = pending.filter(|(place, _)| after.is_none() || **place != first);
        let next = |last: Option<EventPlace>, limit| match last {
            Some(last) => base.event_page(trail, since..=last.at, Some(last.key), limit),
            None => base.event_page(trail, since..=until, after, limit),
        };
        page(limit, next, pending.map(|(place, event)| (*place, event.clone())).collect())
    }

    pub(super) fn events_about(
        &self,
        base: &dyn Snapshot,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>> {
        let first = EventPlace { trail: *trails.start(), at: i64::MAX, key: KeyHash(0) };
        let pending = self.topics.range((topic, after.map_or(first, |after| after.max(first)))..);
        let pending = pending.take_while(|((of, place), _)| *of == topic && place.trail <= *trails.end());
        let pending = pending.filter(|((_, place), _)| after.is_none_or(|after| *place > after));
        let next = |last: Option<EventPlace>, limit| {
            let rows = base.events_about(topic, trails.clone(), last.or(after), limit)?;
            Ok(rows.into_iter().map(|place| (place, ())).collect())
        };
        let rows = page(limit, next, pending.map(|((_, place), present)| (*place, present.then_some(()))).collect())?;
        Ok(rows.into_iter().map(|(place, ())| place).collect())
    }

    pub(super) fn deeds(
        &self,
        base: &dyn Snapshot,
        trail: RecordNumber,
        months: RangeInclusive<i32>,
    ) -> Result<Vec<(i32, Arc<DeedMonth>)>> {
        let (first, last) = months.clone().into_inner();
        if first > last {
            return Ok(Vec::new());
        }
        let mut rows: BTreeMap<i32, Arc<DeedMonth>> = base.deeds(trail, months)?.into_iter().collect();
        for ((_, month), deeds) in self.deeds.range((trail, first)..=(trail, last)) {
            match deeds {
                Some(deeds) => drop(rows.insert(*month, Arc::clone(deeds))),
                None => drop(rows.remove(month)),
            }
        }
        Ok(rows.into_iter().collect())
    }

    /// What is pending. An event that moves keeps its key, and a trail whose events all went may come again under
    /// another number: what is dropped goes first.
    pub(super) fn append_to(self, changes: &mut Vec<Change>) {
        let dropped = self.events.iter().filter(|(_, event)| event.is_none());
        changes.extend(dropped.map(|(&place, _)| Change::DropEvent { place }));
        let dropped = self.trails.iter().filter(|(_, (_, trail))| trail.is_none());
        changes.extend(dropped.map(|(&number, &(key, _))| Change::DropTrail { number, key }));
        for (number, (key, trail)) in self.trails {
            changes.extend(trail.map(|trail| Change::PutTrail { number, key, trail }));
        }
        for (place, event) in self.events {
            changes.extend(event.map(|event| Change::PutEvent { place, event }));
        }
        changes.extend(self.deeds.into_iter().map(|((trail, month), deeds)| match deeds {
            Some(deeds) => Change::PutDeeds { trail, month, deeds },
            None => Change::DropDeeds { trail, month },
        }));
        changes.extend(self.topics.into_iter().map(|((topic, place), present)| match present {
            true => Change::AddTopic { topic, place },
            false => Change::DropTopic { topic, place },
        }));
    }
}
