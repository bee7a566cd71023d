//! A snapshot: one revision of the tables.

use super::shared::{Pin, Shared};
use super::tables::{Carried, Derived, Evidence};
use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TombstoneHash, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use crate::store::contract::{Revision, Snapshot};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, Meta, Node, Posting, ProfileChange, Trail, WithheldKey, WithheldRow,
};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(super) struct View {
    revision: u64,
    meta: Option<Arc<Meta>>,
    policy: Option<Arc<str>>,
    feed: usize,
    evidence: Pin<Evidence>,
    derived: Option<Pin<Derived>>,
}

impl View {
    pub(super) fn new(shared: &Arc<Shared<Evidence>>) -> Self {
        // A commit holds this lock while it changes a generation, too.
        let tables = shared.read();
        let revision = tables.revision.0;
        Self {
            revision,
            meta: tables.meta.clone(),
            policy: tables.policy.clone(),
            feed: tables.feed.len(),
            evidence: shared.pin(revision),
            derived: tables.generations.get(&tables.current()).map(|generation| generation.pin(revision)),
        }
    }

    /// Asks one question of many rows of the current generation.
    fn each<K, V>(&self, keys: &[K], read: impl Fn(&Derived, &K, u64) -> Option<V>) -> Result<Vec<Option<V>>> {
        let Some(derived) = &self.derived else { return Ok(keys.iter().map(|_| None).collect()) };
        let tables = derived.read();
        Ok(keys.iter().map(|key| read(&tables, key, self.revision)).collect())
    }

    /// Reads a page of the current generation.
    fn page<V>(&self, read: impl Fn(&Derived, u64) -> Vec<V>) -> Result<Vec<V>> {
        Ok(self.derived.as_ref().map_or_else(Vec::new, |derived| read(&derived.read(), self.revision)))
    }
}

impl Snapshot for View {
    fn revision(&self) -> Revision {
        Revision(self.revision)
    }

    fn meta(&self) -> Result<Option<Meta>> {
        Ok(self.meta.as_deref().cloned())
    }

    fn policy(&self) -> Result<Option<Arc<str>>> {
        Ok(self.policy.clone())
    }

    fn numbers(&self, keys: &[KeyHash]) -> Result<Vec<Option<RecordNumber>>> {
        let tables = self.evidence.read();
        Ok(keys.iter().map(|key| tables.numbers.get(key.0, self.revision).copied()).collect())
    }

    fn records(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Record>>>> {
        let tables = self.evidence.read();
        Ok(numbers.iter().map(|number| tables.records.get(number.0, self.revision).cloned()).collect())
    }

    fn record_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Record>)>> {
        let tables = self.evidence.read();
        let rows = tables.records.page(from.0, self.revision).take(limit);
        Ok(rows.map(|(number, record)| (RecordNumber(number), Arc::clone(record))).collect())
    }

    fn trails(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>> {
        let tables = self.evidence.read();
        Ok(numbers.iter().map(|number| tables.trails.get(number.0, self.revision).cloned()).collect())
    }

    fn trail_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Trail>)>> {
        let tables = self.evidence.read();
        let rows = tables.trails.page(from.0, self.revision).take(limit);
        Ok(rows.map(|(number, trail)| (RecordNumber(number), Arc::clone(trail))).collect())
    }

    fn event_places(&self, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>> {
        let tables = self.evidence.read();
        Ok(keys.iter().map(|key| tables.places.get(key.0, self.revision).copied()).collect())
    }

    fn events(&self, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>> {
        let tables = self.evidence.read();
        Ok(places.iter().map(|place| tables.events.get(place, self.revision).cloned()).collect())
    }

    fn event_page(
        &self,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>> {
        let first = EventPlace { trail, at: *times.end(), key: after.unwrap_or(KeyHash(0)) };
        let tables = self.evidence.read();
        let rows = tables.events.page(first, self.revision);
        let rows = rows.take_while(|(place, _)| place.trail == trail && place.at >= *times.start());
        let rows = rows.skip_while(|(place, _)| after.is_some() && *place == first).take(limit);
        Ok(rows.map(|(place, event)| (place, Arc::clone(event))).collect())
    }

    fn events_about(
        &self,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>> {
        let first = EventPlace { trail: *trails.start(), at: i64::MAX, key: KeyHash(0) };
        let tables = self.evidence.read();
        let rows = tables.topics.page((topic, after.map_or(first, |after| after.max(first))), self.revision);
        let places = rows.take_while(|((of, place), ())| *of == topic && place.trail <= *trails.end());
        let places = places.map(|((_, place), ())| place).skip_while(|place| Some(*place) == after);
        Ok(places.take(limit).collect())
    }

    fn deeds(&self, trail: RecordNumber, months: RangeInclusive<i32>) -> Result<Vec<(i32, Arc<DeedMonth>)>> {
        let (first, last) = months.into_inner();
        let tables = self.evidence.read();
        let rows = tables.deeds.page((trail, first), self.revision);
        let rows = rows.take_while(|((of, month), _)| *of == trail && *month <= last);
        Ok(rows.map(|((_, month), deeds)| (month, Arc::clone(deeds))).collect())
    }

    fn assertions(&self, keys: &[KeyHash]) -> Result<Vec<AssertionRow>> {
        let tables = self.evidence.read();
        let mut pairs = BTreeSet::new();
        for &key in keys {
            let named = tables.asserted.page((key, KeyHash(0)), self.revision);
            for ((_, other), ()) in named.take_while(|&((one, _), ())| one == key) {
                pairs.extend([(key, other), (other, key)]);
            }
        }
        let rows = pairs.iter().filter_map(|pair| tables.assertions.get(pair, self.revision));
        Ok(rows.map(|row| AssertionRow::clone(row)).collect())
    }

    fn assertion_page(&self, after: Option<(KeyHash, KeyHash)>, limit: usize) -> Result<Vec<AssertionRow>> {
        let tables = self.evidence.read();
        let rows = tables.assertions.page(after.unwrap_or((KeyHash(0), KeyHash(0))), self.revision);
        let rows = rows.skip_while(|&(pair, _)| Some(pair) == after).take(limit);
        Ok(rows.map(|(_, row)| AssertionRow::clone(row)).collect())
    }

    fn tombstones(&self, hashes: &[TombstoneHash]) -> Result<Vec<bool>> {
        let tables = self.evidence.read();
        Ok(hashes.iter().map(|hash| tables.tombstones.get(hash.0, self.revision).is_some()).collect())
    }

    fn anchors(&self, profiles: &[ProfileNumber]) -> Result<Vec<Option<Anchor>>> {
        let tables = self.evidence.read();
        Ok(profiles.iter().map(|profile| tables.anchors.get(profile.0, self.revision).copied()).collect())
    }

    fn changes(&self, from: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        let tables = self.evidence.read();
        let feed = tables.feed.get(..self.feed).unwrap_or_default();
        let first = feed.partition_point(|entries| entries.last().is_none_or(|last| last.sequence < from));
        let feed = feed.iter().skip(first).flatten().skip_while(|change| change.sequence < from);
        Ok(feed.take(limit).cloned().collect())
    }

    fn nodes(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Node>>>> {
        self.each(numbers, |tables, number, at| tables.nodes.get(number.0, at).cloned())
    }

    fn node_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Node>)>> {
        self.page(|tables, at| {
            let rows = tables.nodes.page(from.0, at).take(limit);
            rows.map(|(number, node)| (RecordNumber(number), Arc::clone(node))).collect()
        })
    }

    fn postings(&self, values: &[ValueHash]) -> Result<Vec<Option<Arc<Posting>>>> {
        self.each(values, |tables, value, at| tables.postings.get(value.0, at).map(Carried::posting))
    }

    fn carriers(&self, value: ValueHash, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        self.page(|tables, at| {
            let rows = tables.carriers.page((value, from), at).take_while(|&((of, _), _)| of == value);
            rows.take(limit).map(|((_, number), ())| number).collect()
        })
    }

    fn clusters(&self, numbers: &[ClusterNumber]) -> Result<Vec<Option<Arc<Cluster>>>> {
        self.each(numbers, |tables, number, at| tables.clusters.get(number.0, at).cloned())
    }

    fn profiles(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<ProfileNumber>>> {
        self.each(numbers, |tables, number, revision| {
            let node = tables.nodes.get(number.0, revision)?;
            tables.clusters.get(node.cluster.0, revision).map(|cluster| cluster.profile)
        })
    }

    fn cluster_page(&self, from: ClusterNumber, limit: usize) -> Result<Vec<(ClusterNumber, Arc<Cluster>)>> {
        self.page(|tables, at| {
            let rows = tables.clusters.page(from.0, at).take(limit);
            rows.map(|(number, cluster)| (ClusterNumber(number), Arc::clone(cluster))).collect()
        })
    }

    fn members(&self, cluster: ClusterNumber, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        self.page(|tables, at| {
            let rows = tables.members.page((cluster.0, from), at).take_while(|&((of, _), _)| of == cluster.0);
            rows.take(limit).map(|((_, number), ())| number).collect()
        })
    }

    fn withheld(&self, keys: &[WithheldKey]) -> Result<Vec<Option<Arc<WithheldRow>>>> {
        self.each(keys, |tables, key, at| tables.withheld.get(key, at).cloned())
    }

    fn withheld_page(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<(WithheldKey, Arc<WithheldRow>)>> {
        self.page(|tables, at| {
            let first = WithheldKey::Value(ValueHash(0));
            let rows = tables.withheld.page(after.unwrap_or(first), at).skip_while(|&(key, _)| Some(key) == after);
            rows.take(limit).map(|(key, row)| (key, Arc::clone(row))).collect()
        })
    }
}
