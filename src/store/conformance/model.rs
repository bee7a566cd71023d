//! The naive store: maps, cloned for every snapshot.

use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TombstoneHash, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use crate::store::contract::{Batch, Change, Snapshot};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, Generation, Meta, Node, Posting, ProfileChange, Trail, WithheldKey,
    WithheldRow,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) revision: u64,
    pub(super) meta: Option<Meta>,
    pub(super) policy: Option<Arc<str>>,
    pub(super) numbers: BTreeMap<KeyHash, RecordNumber>,
    pub(super) records: BTreeMap<RecordNumber, Arc<Record>>,
    pub(super) trails: BTreeMap<RecordNumber, Arc<Trail>>,
    pub(super) places: BTreeMap<KeyHash, EventPlace>,
    pub(super) events: BTreeMap<EventPlace, Arc<Event>>,
    pub(super) topics: BTreeSet<(TopicHash, EventPlace)>,
    pub(super) deeds: BTreeMap<(RecordNumber, i32), Arc<DeedMonth>>,
    pub(super) assertions: BTreeMap<(KeyHash, KeyHash), AssertionRow>,
    pub(super) tombstones: BTreeSet<TombstoneHash>,
    pub(super) anchors: BTreeMap<ProfileNumber, Anchor>,
    pub(super) feed: Vec<ProfileChange>,
    pub(super) generations: BTreeMap<Generation, Derived>,
    /// Generations were retired since: derived rows may answer with a conflict.
    pub(super) retired: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Derived {
    pub(super) nodes: BTreeMap<RecordNumber, Arc<Node>>,
    pub(super) postings: BTreeMap<ValueHash, Arc<Posting>>,
    pub(super) carriers: BTreeSet<(ValueHash, RecordNumber)>,
    pub(super) clusters: BTreeMap<ClusterNumber, Arc<Cluster>>,
    pub(super) members: BTreeSet<(ClusterNumber, RecordNumber)>,
    pub(super) withheld: BTreeMap<WithheldKey, Arc<WithheldRow>>,
}

impl Model {
    pub(super) fn current(&self) -> Generation {
        self.meta.as_ref().map_or_else(Generation::default, |meta| meta.generation)
    }

    pub(super) fn derived(&self) -> Derived {
        self.generations.get(&self.current()).cloned().unwrap_or_default()
    }

    pub(super) fn retire(&mut self, keep: Option<Generation>) {
        let current = self.current();
        self.generations.retain(|&generation, _| generation == current || Some(generation) == keep);
    }

    pub(super) fn apply(&mut self, batch: &Batch) {
        self.revision += 1;
        self.feed.extend(batch.feed.iter().cloned());
        for change in batch.changes.iter().cloned() {
            let derived = self.generations.entry(batch.generation).or_default();
            match change {
                Change::PutMeta(meta) => self.meta = Some(*meta),
                Change::PutPolicy(policy) => self.policy = Some(policy),
                Change::PutRecord { number, key, record } => {
                    self.numbers.insert(key, number);
                    self.records.insert(number, record);
                }
                Change::DropRecord { number, key } => {
                    self.numbers.remove(&key);
                    self.records.remove(&number);
                }
                Change::PutTrail { number, key, trail } => {
                    self.numbers.insert(key, number);
                    self.trails.insert(number, trail);
                }
                Change::DropTrail { number, key } => {
                    self.numbers.remove(&key);
                    self.trails.remove(&number);
                }
                Change::PutEvent { place, event } => {
                    self.places.insert(place.key, place);
                    self.events.insert(place, event);
                }
                Change::DropEvent { place } => {
                    self.places.remove(&place.key);
                    self.events.remove(&place);
                }
                Change::AddTopic { topic, place } => drop(self.topics.insert((topic, place))),
                Change::DropTopic { topic, place } => drop(self.topics.remove(&(topic, place))),
                Change::PutDeeds { trail, month, deeds } => drop(self.deeds.insert((trail, month), deeds)),
                Change::DropDeeds { trail, month } => drop(self.deeds.remove(&(trail, month))),
                Change::PutAssertion(row) => drop(self.assertions.insert((row.a, row.b), *row)),
                Change::DropAssertion { a, b } => drop(self.assertions.remove(&(a, b))),
                Change::AddTombstone { hash } => drop(self.tombstones.insert(hash)),
                Change::DropTombstone { hash } => drop(self.tombstones.remove(&hash)),
                Change::PutAnchor { profile, anchor } => drop(self.anchors.insert(profile, anchor)),
                Change::PutNode { number, node } => drop(derived.nodes.insert(number, node)),
                Change::DropNode { number } => drop(derived.nodes.remove(&number)),
                Change::PutPosting { value, posting } => drop(derived.postings.insert(value, posting)),
                Change::DropPosting { value } => drop(derived.postings.remove(&value)),
                Change::AddCarrier { value, number } => drop(derived.carriers.insert((value, number))),
                Change::DropCarrier { value, number } => drop(derived.carriers.remove(&(value, number))),
                Change::PutCluster { number, cluster } => drop(derived.clusters.insert(number, cluster)),
                Change::DropCluster { number } => drop(derived.clusters.remove(&number)),
                Change::AddMember { cluster, number } => drop(derived.members.insert((cluster, number))),
                Change::DropMember { cluster, number } => drop(derived.members.remove(&(cluster, number))),
                Change::PutWithheld { key, row } => drop(derived.withheld.insert(key, row)),
                Change::DropWithheld { key } => drop(derived.withheld.remove(&key)),
            }
        }
    }
}

/// Compares every read of a snapshot with the model.
pub(super) fn compare(snapshot: &dyn Snapshot, model: &Model, place: &str) {
    let all = usize::MAX;
    let told = |what: &str| format!("{what} of {place}");
    assert_eq!(snapshot.revision().0, model.revision, "{}", told("revision"));
    same(snapshot.meta(), model.meta.clone(), false, &told("meta"));

    same(snapshot.policy(), model.policy.clone(), false, &told("policy"));

    let keys = spread(model.numbers.keys().copied(), [KeyHash(0), KeyHash(3), KeyHash(u128::MAX)]);
    same(snapshot.numbers(&keys), find(&keys, &model.numbers), false, &told("numbers by key"));
    let numbers = spread(model.records.keys().copied(), [RecordNumber(0), RecordNumber(u64::MAX)]);
    same(snapshot.records(&numbers), find(&numbers, &model.records), false, &told("records"));
    for (from, limit) in [(0, all), (0, 0), (3, 2), (u64::MAX, 3)] {
        let expected = page(&model.records, RecordNumber(from), limit);
        same(snapshot.record_page(RecordNumber(from), limit), expected, false, &told("a page of records"));
    }
    events(snapshot, model, &told);
    topics(snapshot, model, &told("events about a topic"));
    deeds(snapshot, model, &told("deeds"));
    assertions(snapshot, model, &told("assertions"));
    let hashes = spread(model.tombstones.iter().copied(), [TombstoneHash(0), TombstoneHash(u128::MAX)]);
    let expected = hashes.iter().map(|hash| model.tombstones.contains(hash)).collect();
    same(snapshot.tombstones(&hashes), expected, false, &told("tombstones"));
    let profiles = spread(model.anchors.keys().copied(), [ProfileNumber(0), ProfileNumber(u64::MAX)]);
    same(snapshot.anchors(&profiles), find(&profiles, &model.anchors), false, &told("anchors"));
    for (from, limit) in [(0, all), (0, 0), (2, 3), (7, 1), (u64::MAX, 3)] {
        let expected = model.feed.iter().filter(|change| change.sequence >= from).take(limit).cloned().collect();
        same(snapshot.changes(from, limit), expected, false, &told("the feed"));
    }
    derived(snapshot, &model.derived(), model.retired, &told);
}

fn events(snapshot: &dyn Snapshot, model: &Model, told: &dyn Fn(&str) -> String) {
    let numbers = spread(model.trails.keys().copied(), [RecordNumber(0), RecordNumber(u64::MAX)]);
    same(snapshot.trails(&numbers), find(&numbers, &model.trails), false, &told("trails"));
    for (from, limit) in [(0, usize::MAX), (0, 0), (3, 2), (u64::MAX, 3)] {
        let expected = page(&model.trails, RecordNumber(from), limit);
        same(snapshot.trail_page(RecordNumber(from), limit), expected, false, &told("a page of trails"));
    }
    let keys = spread(model.places.keys().copied(), [KeyHash(0), KeyHash(3), KeyHash(u128::MAX)]);
    same(snapshot.event_places(&keys), find(&keys, &model.places), false, &told("places of events"));
    let nowhere = EventPlace { trail: RecordNumber(0), at: 7, key: KeyHash(7) };
    let places = spread(model.events.keys().copied(), [nowhere]);
    same(snapshot.events(&places), find(&places, &model.events), false, &told("events"));
    for place in places {
        let to_place = [(i64::MIN, place.at), (place.at, place.at)].map(|times| (times, Some(place.key)));
        let all = [(i64::MIN, i64::MAX), (-1, 1), (i64::MIN, place.at), (1, -1)].map(|times| (times, None));
        for ((since, until), after) in all.into_iter().chain(to_place) {
            let asked = |one: &EventPlace| one.trail == place.trail && (since..=until).contains(&one.at);
            let comes = |one: &EventPlace| one.at < until || after.is_none_or(|after| one.key > after);
            let rows = model.events.iter().filter(|(one, _)| asked(one) && comes(one));
            let mut rows: Vec<_> = rows.map(|(&place, event)| (place, Arc::clone(event))).collect();
            rows.sort_by_key(|(place, _)| (Reverse(place.at), place.key));
            for limit in [0, 1, usize::MAX] {
                let expected = rows.iter().take(limit).cloned().collect();
                let found = snapshot.event_page(place.trail, since..=until, after, limit);
                same(found, expected, false, &told("a page of events"));
            }
        }
    }
}

fn topics(snapshot: &dyn Snapshot, model: &Model, told: &str) {
    let topics = spread(model.topics.iter().map(|&(topic, _)| topic), [TopicHash(0), TopicHash(u128::MAX)]);
    let nowhere = EventPlace { trail: RecordNumber(1), at: 7, key: KeyHash(7) };
    let afters = model.topics.iter().map(|&(_, place)| Some(place)).chain([None, Some(nowhere)]);
    for limit in [0, 1, usize::MAX] {
        let under = |topic: &TopicHash| {
            let mut places: Vec<EventPlace> =
                model.topics.iter().filter(|(of, _)| of == topic).map(|&(_, place)| place).collect();
            places.sort_by_key(|place| (place.trail, Reverse(place.at), place.key));
            places.truncate(limit);
            places
        };
        let expected = topics.iter().map(under).collect();
        same(snapshot.events_about_each(&topics, limit), expected, false, told);
    }
    for after in afters {
        for &topic in &topics {
            for (first, last) in [(0, u64::MAX), (1, 1), (2, 1), (1, 2)] {
                let trails = RecordNumber(first)..=RecordNumber(last);
                let of_topic = model.topics.iter().filter(|(of, place)| *of == topic && trails.contains(&place.trail));
                let mut places: Vec<EventPlace> = of_topic.map(|&(_, place)| place).collect();
                places.sort_by_key(|place| (place.trail, Reverse(place.at), place.key));
                let start = after.map(|after| (after.trail, Reverse(after.at), after.key));
                places.retain(|place| start.is_none_or(|start| (place.trail, Reverse(place.at), place.key) > start));
                for limit in [0, 1, usize::MAX] {
                    let expected = places.iter().take(limit).copied().collect();
                    same(snapshot.events_about(topic, trails.clone(), after, limit), expected, false, told);
                }
            }
        }
    }
}

fn deeds(snapshot: &dyn Snapshot, model: &Model, told: &str) {
    let trails = spread(model.deeds.keys().map(|&(trail, _)| trail), [RecordNumber(1), RecordNumber(u64::MAX)]);
    for trail in trails {
        for (first, last) in [(i32::MIN, i32::MAX), (-1, 1), (0, 0), (2, i32::MAX)] {
            let of_trail = model.deeds.range((trail, first)..=(trail, last));
            let expected = of_trail.map(|(&(_, month), deeds)| (month, Arc::clone(deeds))).collect();
            same(snapshot.deeds(trail, first..=last), expected, false, told);
        }
    }
}

fn assertions(snapshot: &dyn Snapshot, model: &Model, told: &str) {
    let rows: Vec<AssertionRow> = model.assertions.values().cloned().collect();
    let keys = spread(rows.iter().flat_map(|row| [row.a, row.b]), [KeyHash(0), KeyHash(u128::MAX)]);
    same(snapshot.assertions(&keys), rows.clone(), false, told);
    same(snapshot.assertions(&[]), Vec::new(), false, told);
    for key in keys {
        let expected = rows.iter().filter(|row| row.a == key || row.b == key).cloned().collect();
        same(snapshot.assertions(&[key]), expected, false, told);
    }
    let places = model.assertions.keys().copied().map(Some).chain([None, Some((KeyHash(0), KeyHash(0)))]);
    for after in places {
        for limit in [0, 2, usize::MAX] {
            let rows = model.assertions.iter().filter(|&(&pair, _)| after.is_none_or(|after| pair > after));
            let expected = rows.take(limit).map(|(_, row)| row.clone()).collect();
            same(snapshot.assertion_page(after, limit), expected, false, told);
        }
    }
}

fn derived(snapshot: &dyn Snapshot, model: &Derived, gone: bool, told: &dyn Fn(&str) -> String) {
    let numbers = spread(model.nodes.keys().copied(), [RecordNumber(0), RecordNumber(u64::MAX)]);
    same(snapshot.nodes(&numbers), find(&numbers, &model.nodes), gone, &told("nodes"));
    let values = model.postings.keys().copied().chain(model.carriers.iter().map(|&(value, _)| value));
    let values = spread(values, [ValueHash(0), ValueHash(3), ValueHash(u128::MAX)]);
    same(snapshot.postings(&values), find(&values, &model.postings), gone, &told("postings"));
    let clusters = model.clusters.keys().copied().chain(model.members.iter().map(|&(cluster, _)| cluster));
    let clusters = spread(clusters, [ClusterNumber(0), ClusterNumber(u64::MAX)]);
    same(snapshot.clusters(&clusters), find(&clusters, &model.clusters), gone, &told("clusters"));
    for (from, limit) in [(0, usize::MAX), (0, 0), (0, 1), (3, 2), (9, usize::MAX), (u64::MAX, 1)] {
        let number = RecordNumber(from);
        let expected = page(&model.nodes, number, limit);
        same(snapshot.node_page(number, limit), expected, gone, &told("a page of nodes"));
        let expected = page(&model.clusters, ClusterNumber(from), limit);
        same(snapshot.cluster_page(ClusterNumber(from), limit), expected, gone, &told("a page of clusters"));
        for &value in &values {
            let found = model.carriers.range((value, number)..=(value, RecordNumber(u64::MAX)));
            let expected = found.take(limit).map(|&(_, number)| number).collect();
            same(snapshot.carriers(value, number, limit), expected, gone, &told("carriers"));
        }
        for &cluster in &clusters {
            let found = model.members.range((cluster, number)..=(cluster, RecordNumber(u64::MAX)));
            let expected = found.take(limit).map(|&(_, number)| number).collect();
            same(snapshot.members(cluster, number, limit), expected, gone, &told("members"));
        }
    }
    let first = WithheldKey::Value(ValueHash(0));
    let last = WithheldKey::Link(KeyHash(u128::MAX), KeyHash(u128::MAX));
    let keys = spread(model.withheld.keys().copied(), [first, last]);
    same(snapshot.withheld(&keys), find(&keys, &model.withheld), gone, &told("withheld joins"));
    for after in keys.into_iter().map(Some).chain([None]) {
        for limit in [0, 1, usize::MAX] {
            let rows = model.withheld.iter().filter(|&(&key, _)| after.is_none_or(|after| key > after));
            let expected = rows.take(limit).map(|(&key, row)| (key, Arc::clone(row))).collect();
            same(snapshot.withheld_page(after, limit), expected, gone, &told("a page of withheld joins"));
        }
    }
}

/// Keys that are there and keys that are not, in an order that is not theirs, one of them twice.
fn spread<K: Copy>(there: impl Iterator<Item = K>, others: impl IntoIterator<Item = K>) -> Vec<K> {
    let mut keys: Vec<K> = there.chain(others).collect();
    keys.reverse();
    keys.extend(keys.first().copied());
    keys
}

fn find<K: Ord, V: Clone>(keys: &[K], rows: &BTreeMap<K, V>) -> Vec<Option<V>> {
    keys.iter().map(|key| rows.get(key).cloned()).collect()
}

fn page<K: Ord + Copy, V: Clone>(rows: &BTreeMap<K, V>, from: K, limit: usize) -> Vec<(K, V)> {
    rows.range(from..).take(limit).map(|(&key, row)| (key, row.clone())).collect()
}

fn same<T: PartialEq + Debug>(found: Result<T>, expected: T, gone: bool, told: &str) {
    match found {
        Err(error) if gone && error.kind() == ErrorKind::Conflict => {}
        Err(error) => panic!("{told} cannot be read: {error}"),
        Ok(found) => assert_eq!(found, expected, "{told}: found is not what was written"),
    }
}
